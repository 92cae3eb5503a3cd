# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever runs a playbook here runs the checkout, and is ended where it would not: see tests/integration/test_checkout.py."""

import re

import yaml

from tests.bench import playbooks as bench
from tests.demo import __main__ as demo
from tests.support import playbook, warm
from tests.support.playbook import CALLBACKS, ROOT

MOLECULE = ROOT / "extensions/molecule"


def test_molecule_takes_the_checkout_and_asserts_it():
    variables = yaml.safe_load((MOLECULE / "config.yml").read_text(encoding="utf-8"))["ansible"]["env"]
    assert variables["ANSIBLE_COLLECTIONS_PATH"] == "${MOLECULE_PROJECT_DIRECTORY}/.venv"
    assert variables["ANSIBLE_CALLBACKS_ENABLED"].split(",") == ["checkout"]
    assert variables["ANSIBLE_CALLBACK_PLUGINS"] == f"${{MOLECULE_PROJECT_DIRECTORY}}/{CALLBACKS.relative_to(ROOT)}"
    assert (CALLBACKS / "checkout.py").is_file()
    for scenario in sorted(MOLECULE.glob("*/molecule.yml")):
        assert not re.search("ANSIBLE_(COLLECTIONS|CALLBACK)", scenario.read_text(encoding="utf-8")), scenario


def test_tests_demo_and_bench_take_it_and_assert_it():
    variables = playbook._environment(ROOT / "record", None, False)
    assert "checkout" in variables["ANSIBLE_CALLBACKS_ENABLED"].split(",")
    assert variables["ANSIBLE_CALLBACK_PLUGINS"] == str(CALLBACKS)
    assert bench.run_playbook is demo.run_playbook is playbook.run_playbook
    assert warm.recorded is playbook.recorded
