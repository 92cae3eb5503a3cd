# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine runs a scenario on this machine."""

import os
import platform
import shutil

from tests.lab.errors import LabError

ENGINES = ("uml", "qemu")
# What a scenario may need of its hosts, and the engines that have it. Two hosts of User Mode Linux cannot share an
# OCFS2: its kernel hangs in the cluster's network code.
NEEDS = {"": ENGINES, "stock-kernel": ("qemu",)}


def engine_class(name: str):
    """The Engine called `name`."""
    if name == "uml":
        from tests.lab.engines.uml import Uml
        return Uml
    if name == "qemu":
        from tests.lab.engines.qemu import Qemu
        return Qemu
    raise LabError(f"there is no engine {name!r}: write one of {', '.join(ENGINES)}")


def can_be_root() -> bool:
    return os.geteuid() == 0 or shutil.which("sudo") is not None


def choose(name: str, needs: str):
    """The Engine class for `name` ('auto' or an engine) and what the scenario `needs` ('' or 'stock-kernel').

    'auto' prefers User Mode Linux, which boots in seconds everywhere, where the scenario and the machine allow it.
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
    return engine_class("uml" if "uml" in NEEDS[needs] and can_be_root() else "qemu")
