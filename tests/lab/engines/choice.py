# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine runs a scenario on this machine."""

import platform

from tests.lab.errors import LabError

ENGINES = ("uml", "uml-stable", "qemu")
# What a scenario may need of its hosts, and the engines that have it, the quickest first. cluster-kernel: one whose
# OCFS2 works between hosts.
NEEDS = {"": ENGINES, "cluster-kernel": ("uml-stable", "qemu"), "stock-kernel": ("qemu",)}


def engine_class(name: str):
    """The Engine called `name`."""
    if name == "uml":
        from tests.lab.engines.uml import Uml
        return Uml
    if name == "uml-stable":
        from tests.lab.engines.uml import UmlStable
        return UmlStable
    if name == "qemu":
        from tests.lab.engines.qemu import Qemu
        return Qemu
    raise LabError(f"there is no engine {name!r}: write one of {', '.join(ENGINES)}")


def choose(name: str, needs: str):
    """The Engine class for `name` ('auto' or an engine) and what the scenario `needs` (a key of NEEDS).

    'auto' is the first that has what is needed and can run here.
    """
    if needs not in NEEDS:
        raise LabError(f"a scenario cannot need {needs!r}: write one of {', '.join(filter(None, NEEDS))}")
    if platform.machine() != "x86_64":
        raise LabError(f"the lab's hosts are amd64, this machine is {platform.machine()}")
    if name != "auto":
        engine = engine_class(name)
        if name not in NEEDS[needs]:
            raise LabError(f"engine {name} has no {needs}: write --engine {NEEDS[needs][0]}, or leave the choice to auto")
        return engine
    return next(engine for engine in map(engine_class, NEEDS[needs]) if engine.runs_here())
