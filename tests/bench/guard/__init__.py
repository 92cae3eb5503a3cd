# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard: what a look at 20 shares costs, 500 looks at a server that never answers, 30 minutes of lost packets.

The first two are of this machine, in a mount namespace of their own. The server that never answers is a FUSE filesystem whose
process never reads; the lost packets are those of a lab's NFS server and of its client.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from ansible_collections.virtshare.storage.plugins.module_utils._guard import build

from tests.bench.guard import loss
from tests.bench.results import BenchFailed, Row
from tests.support.privileged import run_as_root

HERE = Path(__file__).resolve().parent
COST, DEAD, LOSS = ROWS = ("guard-20-shares", "guard-dead-server", "guard-packet-loss")
SHARES = 20
# Seconds of a processor that a look at all of them may take.
CPU_LIMIT = 0.3
LOOKS = 500
TIMEOUT = 0.2
# Seconds that a look at a dead server may take beside the time that the server has.
BESIDE = 1.0


def measure(runs: int, asked=ROWS) -> list[Row]:
    """The asked rows; BenchFailed when a look leaves something, or a state flaps."""
    found = []
    if COST in asked:
        found.append(cost(inside(shares=SHARES, looks=10 * runs)))
    if DEAD in asked:
        found.append(dead(inside(dead=True, looks=LOOKS, timeout=TIMEOUT)))
    if LOSS in asked:
        found.append(lost(loss.watched()))
    return found


def inside(**settings) -> dict:
    """What inside.py measures with these settings on this machine."""
    with tempfile.TemporaryDirectory(prefix="virtshare-bench-") as directory:
        program = Path(directory) / "virtshare-guard"
        program.write_bytes(build.program("/usr/bin/python3")[0])
        program.chmod(0o755)
        script = f"GUARD, SETTINGS = {str(program)!r}, json.loads({json.dumps(settings)!r})\n" + (HERE / "inside.py").read_text()
        return run_as_root(directory, script, seconds=3600)


def cost(measured: dict) -> Row:
    return Row(COST, measured["cpu"], [CPU_LIMIT] * len(measured["cpu"]), 1, {
        "shares": SHARES, "wall_s": round(statistics.median(measured["wall"]), 2)})


def dead(measured: dict) -> Row:
    """BenchFailed unless the last look leaves what the first did."""
    if measured["states"] != ["unknown"]:
        raise BenchFailed(f"the dead server is {measured['states']}")
    first, last = measured["left"]
    if first != last:
        raise BenchFailed(f"{LOOKS} looks leave {last} instead of {first}")
    return Row(DEAD, measured["wall"], [TIMEOUT + BESIDE] * len(measured["wall"]), 1, {
        "looks": len(measured["wall"]), "cpu_s": round(statistics.median(measured["cpu"]), 3),
        "memory_kib": [max(measured["memory"][:50]), max(measured["memory"][-50:])], "left": last})


def lost(measured: dict) -> Row:
    """BenchFailed when a share came back to a state that it had left."""
    if measured["flaps"]:
        raise BenchFailed(f"the state flaps: {measured['states']}")
    return Row(LOSS, measured["answers"], [loss.TIMEOUT] * len(measured["answers"]), None, {
        "minutes": loss.MINUTES, "packets_lost_percent": loss.PERCENT, "looks": measured["looks"], "states": measured["states"],
        "unanswered": measured["unanswered"]})
