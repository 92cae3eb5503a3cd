# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mitogen, which keeps one Python a host running for all tasks, in the environment that requirements/mitogen.txt makes."""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

from tests.bench.results import BenchFailed
from tests.gates.environments import MITOGEN
from tests.gates.process import site_packages

PYTHON = MITOGEN / "bin/python"


def environment(used: bool) -> dict[str, str]:
    """What Ansible's environment has to hold in there; used: whether Mitogen runs the tasks."""
    plugins = _packages() / "ansible_mitogen/plugins/strategy"
    return {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(plugins)} if used else {}


def versions() -> dict[str, str]:
    """Those of Mitogen and of the ansible-core there."""
    found = {each.metadata["Name"].lower(): each.version for each in distributions(path=[str(_packages())])}
    return {"mitogen": found["mitogen"], "ansible_core_there": found["ansible-core"]}


def _packages() -> Path:
    if not PYTHON.exists():
        raise BenchFailed(f"{MITOGEN.name} is missing, the environment with Mitogen; `make bench` makes it")
    return site_packages(MITOGEN)
