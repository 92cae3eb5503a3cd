# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine runs a scenario on this machine."""

from tests.lab.errors import LabError

ENGINES = ("uml",)


def engine_class(name: str):
    """The Engine called `name`."""
    if name == "uml":
        from tests.lab.engines.uml import Uml
        return Uml
    raise LabError(f"there is no engine {name!r}: write one of {', '.join(ENGINES)}")


def choose(name: str, needs: str):
    """The Engine class for `name` ('auto' or an engine) and what the scenario `needs` ('' or 'stock-kernel')."""
    return engine_class("uml" if name == "auto" else name)
