# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guard with its defaults on a host of the lab whose packets, and the server's, get lost."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from tests.bench.results import BenchFailed
from tests.lab import Lab, LabError
from tests.support.guard import deploy, until

MINUTES, PERCENT = 30, 20
INTERVAL, TIMEOUT = 30, 5
PATH = "/srv/shares/projects"
SHARE = {"path": PATH, "type": "nfs", "source": "nas1:/export/projects", "options": {"vers": "4.2"}, "access": {"writers": ["nobody"]}}
# On the host itself: a connection on which packets get lost is no good to watch it by.
RECORD = r"""
cat > /root/record.py <<'END'
import json, time
seen, end = {}, time.time() + %(seconds)d
while time.time() < end:
    document = json.load(open("/run/virtshare/guard.json"))
    share = document["shares"][0]
    seen[document["time"]] = [share["state"], share["seen"], share["seconds"]]
    time.sleep(2)
json.dump(sorted(seen.items()), open("/root/recorded.tmp", "w"))
import os
os.rename("/root/recorded.tmp", "/root/recorded.json")
END
systemd-run --quiet python3 /root/record.py
"""
# What a host sends gets lost; what it says itself is heard before that.
LOSE = """
device=$(ls /sys/class/net | grep -vx lo)
systemd-run --quiet --on-active=%(seconds)d tc qdisc del dev "$device" root
tc qdisc add dev "$device" root netem loss %(percent)d%%
"""


def watched() -> dict:
    """{"answers": seconds of each, "looks", "unanswered", "states": in their order, "flaps": bool}"""
    try:
        with Lab.up("bench-guard-loss", ["hv1:hypervisor-client", "nas1:storage"], fresh=True) as lab, \
                tempfile.TemporaryDirectory(prefix="virtshare-bench-") as directory:
            lab.ssh("nas1", "mkdir -p /export/projects; chmod 1777 /export/projects; cat > /etc/exports; exportfs -ra",
                    stdin="/export/projects *(rw,sync,no_subtree_check,no_root_squash)\n")
            run = deploy(lab, Path(directory), virtshare_shares=[SHARE], share_guard_interval=INTERVAL, share_guard_timeout=TIMEOUT,
                         share_guard_good_runs=3, share_guard_slow_seconds=2, share_guard_write_interval=600,
                         share_guard_metrics_directory="")
            if run.code:
                raise BenchFailed(f"the guard cannot be installed:\n{run.output}")
            until(lab, {PATH: ("ok", "")}, 300)
            return judged(recorded(lab))
    except LabError as error:
        raise BenchFailed(f"the lab: {error}") from error


def recorded(lab) -> list:
    given = {"seconds": 60 * MINUTES, "percent": PERCENT}
    lab.ssh("nas1", LOSE % given)
    lab.ssh("hv1", RECORD % given + LOSE % given)
    time.sleep(60 * MINUTES)
    # Over: what is left is only to be fetched.
    end = time.monotonic() + 300
    while time.monotonic() < end:
        done = lab.ssh("hv1", "cat /root/recorded.json", check=False)
        if done.returncode == 0:
            return json.loads(done.stdout)
        time.sleep(5)
    raise BenchFailed("nothing was recorded")


def judged(looks: list) -> dict:
    states = [state for dummy, (state, _seen, _seconds) in looks]
    changes = [state for state, before in zip(states, [None, *states]) if state != before]
    return {"looks": len(looks), "answers": [seconds for dummy, (_state, _seen, seconds) in looks if seconds is not None],
            "unanswered": sum(seconds is None for dummy, (_state, _seen, seconds) in looks),
            "states": changes, "flaps": len(changes) > len(set(changes))}
