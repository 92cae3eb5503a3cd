# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guard on a host of the lab that looks every few seconds, and what it has seen."""

import json
import time

import yaml

from tests.support.warm import run_playbook

INTERVAL = 6
TIMEOUT = 3
# Two looks, a tenth later each, the time that a look may take, and what a busy machine takes for itself.
IN_TIME = 2 * INTERVAL + 2 + TIMEOUT + 15
ROLES = ("share_mounts", "share_proof", "share_guard")
VARIABLES = {
    "share_guard_interval": INTERVAL, "share_guard_timeout": TIMEOUT, "share_guard_good_runs": 2,
    "share_guard_virtiofsd": False, "share_guard_slow_seconds": 0, "share_guard_write_interval": INTERVAL,
    "share_guard_metrics_directory": "/var/lib/prometheus/node-exporter",
}


def deploy(lab, directory, roles=ROLES, **variables):
    """Mount, prove, watch: the run of a playbook of these roles."""
    play = {"name": "Mount, prove, watch", "hosts": "hypervisors", "gather_facts": True,
            "roles": [f"virtshare.storage.{role}" for role in roles]}
    (directory / "hosts.yml").write_text(lab.inventory(), encoding="utf-8")
    (directory / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    arguments = ["--extra-vars", json.dumps(dict(VARIABLES, **variables))]
    return run_playbook(directory / "play.yml", inventories=[directory / "hosts.yml"], arguments=arguments, timeout=600)


def shares(lab, host="hv1"):
    """{path: the share as the guard has seen it last}, with the time of that look; {} before the first."""
    document = json.loads(lab.ssh(host, "cat /run/virtshare/guard.json 2>/dev/null || echo '{}'").stdout)
    return {share["path"]: dict(share, time=document["time"]) for share in document.get("shares", ())}


def until(lab, states, seconds=IN_TIME, host="hv1", begun=None):
    """({path: the share}, {path: the seconds that it took}) as soon as all shares have been in these states.

    states: {path: (state, words of its sentence)}. A share that is in another one afterwards fails the test. begun: {path: when
    what is waited for began, by the monotonic clock}, now for others.
    """
    start, found, taken = time.monotonic(), {}, {}
    while len(taken) < len(states):
        now, read = shares(lab, host), time.monotonic()
        for path, (state, words) in states.items():
            share = now.get(path, {})
            if share.get("state") == state and words in share["why"]:
                found[path] = share
                taken.setdefault(path, read - (begun or {}).get(path, start))
            else:
                assert path not in taken, f"{path} flaps: {share}"
        assert read - start < seconds, {path: now.get(path) for path in states if path not in taken}
        time.sleep(0.5)
    return found, taken
