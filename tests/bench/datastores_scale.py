# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""10, 100 and 1,000 converged datastores, alone and with an image each: reads whatever their number, time in a line.

Against the simulator, with the tasks of ours.yml. Each size begins on a server of its own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.datastores import OURS, Server
from tests.bench.fit import fitted, medians
from tests.bench.plot import IMAGES, plot
from tests.bench.results import BenchFailed, Row

ROWS = ("datastores-scale",)
SIZES = (10, 100, 1000)
# Seconds that the largest may take.
LIMIT = 5.0
# Part of a point -> the arguments of its play.
PLAYS = {"": ("--tags", "datastores"), "with_images_": ()}
PARTS = tuple(f"{play}{part}" for play in PLAYS for part in ("seconds", "calls"))
PLOT = "datastores-scale.svg"


def measure(runs: int, _asked=ROWS, sizes=SIZES) -> list[Row]:
    """The row, and the plot in the documentation; BenchFailed when the number of reads depends on the size."""
    measured = {size: converged(size, runs) for size in sizes}
    found = row(measured)
    drawn = plot("Converged datastores", "datastores", "s", {
        "with an image each, in two tasks": [(point["items"], point["with_images_seconds"]) for point in found.more["points"]],
        "one task, start of Ansible included": [(point["items"], point["seconds"]) for point in found.more["points"]],
        "the straight line of least squares": [(point["items"], point["line_s"]) for point in found.more["points"]],
    })
    (IMAGES / PLOT).write_text(drawn, encoding="utf-8")
    return [found]


def converged(items: int, runs: int) -> list[dict]:
    """[{part: its value}] of plays that find everything as it is declared, one a run."""
    with tempfile.TemporaryDirectory(prefix="virtshare-bench-") as directory:
        server = Server(Path(directory), items)
        try:
            server.play(OURS)
            server.require_complete(OURS)
            return [_play(server, items, run) for run in range(1, runs + 1)]
        finally:
            server.stop()


def _play(server: Server, items: int, run: int) -> dict:
    measured = {}
    for name, arguments in PLAYS.items():
        play, calls = server.play(OURS, *arguments)
        if play.run.changes or any(call["write"] for call in calls):
            raise BenchFailed(f"the second run of {items} datastores is not without change: {play.run.changes}")
        with_images = " with an image each" if name else ""
        print(f"    {items} datastores{with_images}: run {run}: {play.seconds:.1f} s, {len(calls)} calls", flush=True)
        measured |= {f"{name}seconds": play.seconds, f"{name}calls": len(calls)}
    return measured


def row(measured: dict[int, list[dict]]) -> Row:
    """Ours is the largest as measured, theirs the limit; the points have what a straight line through them says."""
    points = medians(measured, PARTS)
    if any(len({values[f"{name}calls"] for values in points.values()}) > 1 for name in PLAYS):
        raise BenchFailed(f"the number of reads depends on that of the datastores: {points}")
    line = fitted([(size, values["seconds"]) for size, values in points.items()])
    largest = measured[max(measured)]
    return Row("datastores-scale", [run["seconds"] for run in largest], [LIMIT] * len(largest), 1, {
        "points": [{"items": size, **values, "line_s": line(size)} for size, values in sorted(points.items())],
    })
