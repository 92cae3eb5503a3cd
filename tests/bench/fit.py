# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured at several sizes: medians, and the straight line through them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable


def medians(measured: dict[int, list[dict]], parts: Iterable[str]) -> dict[int, dict]:
    """size -> {part: median of the runs}"""
    return {
        size: {part: statistics.median(run[part] for run in runs) for part in parts} for size, runs in measured.items()
    }


def fitted(points: list[tuple[float, float]]) -> Callable[[float], float]:
    """The straight line of least squares through the points, as a function."""
    slope, intercept = statistics.linear_regression(*zip(*points))
    return lambda x: slope * x + intercept
