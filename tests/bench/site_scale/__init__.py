# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A converged site on 8, 32 and 64 hosts: its time grows with the hosts, and what the controller needs of memory.

A host is an sshd with a network, a hostname and a root of its own on this machine (hosts.py), its shares are binds of a
directory that all hosts have. So the way over SSH, the modules and the playbooks are real; boots, file servers,
packages and systemd are left out, and virtiofsd is a stand-in that only tells its version.
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
from tests.lab import LabError, image
from tests.lab.engines.choice import choose
from tests.support.playbook import ROOT

ROWS = ("site-scale",)
SIZES = (8, 32, 64)
SHARES = 3
# The line through the smaller sizes says what the largest should cost; this much of it counts as linear.
TARGET = 0.8
PARTS = ("whole_s", "memory_mib")
PLOTS = {"site-scale.svg": ("s", "whole_s", "the converged site, all hosts on this machine"),
         "site-scale-memory.svg": ("MiB", "memory_mib", "the largest process of ansible-playbook")}


def measure(runs: int, _asked=ROWS, sizes=SIZES) -> list[Row]:
    """The row, and the plots in the documentation."""
    measured = {size: [] for size in sizes}
    for size in alternate(sizes, runs):
        measured[size].append(in_namespaces(size))
        print(f"  {size} hosts: run {len(measured[size])} of {runs}", flush=True)
    points = medians(measured, PARTS)
    for name, (unit, part, words) in PLOTS.items():
        drawn = plot(f"A converged site of {SHARES} shares", "hosts", unit,
                     {words: [(size, values[part]) for size, values in points.items()]})
        (IMAGES / name).write_text(drawn, encoding="utf-8")
    return [row(measured)]


def in_namespaces(hosts: int) -> dict:
    """{part: seconds or mebibytes} of one converged play over so many hosts."""
    try:
        root = image.ensure(choose("uml", "").name) / "hypervisor.raw"
    except LabError as error:
        raise BenchFailed(f"the image of the hosts: {error}") from error
    with tempfile.TemporaryDirectory(prefix="virtshare-bench-") as directory:
        command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                   "--propagation", "private", sys.executable, "-m", "tests.bench.site_scale.inside",
                   directory, str(root), str(hosts), str(SHARES)]
        if os.geteuid() != 0:
            command = ["sudo", "env", f"PATH={os.environ['PATH']}", *command]
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"the site of {hosts} hosts: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def row(measured: dict[int, list[dict]]) -> Row:
    """Ours is the largest as measured, theirs what a straight line through the smaller sizes foretells for it."""
    sizes = sorted(measured)
    foretold = [
        fitted([(size, measured[size][run]["whole_s"]) for size in sizes[:-1]])(sizes[-1])
        for run in range(len(measured[sizes[-1]]))
    ]
    points = medians(measured, PARTS)
    line = fitted([(size, values["whole_s"]) for size, values in points.items()])
    return Row("site-scale", [run["whole_s"] for run in measured[sizes[-1]]], foretold, TARGET, {
        "shares": SHARES,
        "points": [{"hosts": size, **values, "line_s": line(size)} for size, values in sorted(points.items())],
    })
