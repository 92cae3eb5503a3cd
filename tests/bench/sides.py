# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the sides of a measurement in turns, so that a machine that gets slower or faster meanwhile hurts none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

_Side = TypeVar("_Side")


def alternate(sides: Sequence[_Side], runs: int) -> list[_Side]:
    """All sides once a run, each run starting with another one.

    >>> alternate(["a", "b"], 2)
    ['a', 'b', 'b', 'a']
    """
    sides = list(sides)
    order = []
    for run in range(runs):
        start = run % len(sides)
        order += sides[start:] + sides[:start]
    return order


def measure(sides: Sequence[str], runs: int, once: Callable, say: Callable[[str], None] = print) -> dict[str, list]:
    """side -> what once(side) returned, in the order of the runs."""
    outcomes = {side: [] for side in sides}
    for side in alternate(sides, runs):
        outcomes[side].append(once(side))
        say(f"  {side}: run {len(outcomes[side])} of {runs}")
    return outcomes
