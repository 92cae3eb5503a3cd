# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof over 2 to 200 simulated hosts: its cost grows with the hosts, not with their square.

Each host is a local connection to this machine; the shares are small filesystems in memory, mounted in a namespace of
their own (inside.py). Three things are timed: the whole role, what one host does for itself, and the comparison on the
controller.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from tests.bench.fit import fitted, medians
from tests.bench.plot import IMAGES, plot
from tests.bench.results import BenchFailed, Row
from tests.bench.sides import alternate
from tests.support.playbook import ROOT

ROWS = ("proof-hosts",)
SIZES = (2, 10, 25, 50, 100, 200)
SHARES = 3
# The line through the smaller half says what the largest should cost; this much of it counts as linear.
TARGET = 0.8
# file -> (what its axis counts, {part: words})
PLOTS = {
    "proof-hosts.svg": ("s", {"whole_s": "the whole role, all hosts on this machine"}),
    "proof-hosts-parts.svg": ("ms", {
        "host_ms": "one host's own work, both phases", "controller_ms": "the comparison on the controller",
    }),
}
PARTS = [part for _unit, parts in PLOTS.values() for part in parts]


def measure(runs: int, _asked=ROWS, sizes=SIZES) -> list[Row]:
    """The row, and the plots in the documentation."""
    measured = {size: [] for size in sizes}
    for size in alternate(sizes, runs):
        measured[size].append(inside(size))
        print(f"  {size} hosts: run {len(measured[size])} of {runs}", flush=True)
    IMAGES.mkdir(exist_ok=True)
    for name, drawn in drawings(medians(measured, PARTS)).items():
        (IMAGES / name).write_text(drawn, encoding="utf-8")
    return [row(measured)]


def inside(hosts: int) -> dict:
    """{part: seconds or milliseconds} of one proof over so many hosts."""
    with tempfile.TemporaryDirectory(prefix="virtshare-bench-") as directory:
        command = ["unshare", "--mount", "--propagation", "private"]
        if os.geteuid() != 0:
            command.insert(1, "--map-root-user")
        command += [sys.executable, "-m", "tests.bench.proof.inside", directory, str(hosts), str(SHARES)]
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"the proof over {hosts} hosts: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def row(measured: dict[int, list[dict]]) -> Row:
    """Ours is the largest as measured, theirs what a straight line through the smaller sizes foretells for it."""
    sizes = sorted(measured)
    largest, smaller = sizes[-1], sizes[:-1]
    foretold = [
        fitted([(size, measured[size][run]["whole_s"]) for size in smaller])(largest)
        for run in range(len(measured[largest]))
    ]
    points = [{"hosts": size, **parts} for size, parts in sorted(medians(measured, PARTS).items())]
    return Row("proof-hosts", [run["whole_s"] for run in measured[largest]], foretold, TARGET,
               {"shares": SHARES, "points": points})


def drawings(points: dict[int, dict]) -> dict[str, str]:
    """File name -> SVG."""
    return {
        name: plot(f"What the proof of {SHARES} shares costs", "hosts", unit,
                   {words: [(size, values[part]) for size, values in points.items()] for part, words in parts.items()})
        for name, (unit, parts) in PLOTS.items()
    }
