# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what the guards of two hosts say while shares are lost and come back: python -m tests.pictures.watched

The hosts are those of a lab, with a kernel, a systemd and an NFS client each, and a third one is their server. What is kept is
what the guards wrote for node_exporter's textfile collector. It takes ten minutes.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from pathlib import Path

from tests.lab import Lab
from tests.support.guard import deploy, until
from tests.support.playbook import ROOT

FILE = ROOT / "tests/fixtures/guard/watched.json"
HOSTS = ("hv1", "hv2")
SHARES = ("media", "projects")
# Seconds: between two looks, that a server has to answer, and that are recorded.
INTERVAL, TIMEOUT, SECONDS = 10, 5, 350
# (seconds after the beginning, host, what happens there, its name)
EVENTS = (
    (30, "hv2", "umount /srv/shares/projects", "unmounted"),
    (60, "nas1", "fallocate -l $(($(stat -f -c '%a * %S' /srv/media) * 98 / 100)) /srv/media/installer.iso", "filled"),
    (80, "hv2", "mount /srv/shares/projects", "mounted"),
    (140, "nas1", "rm /srv/media/installer.iso", "emptied"),
    (200, "nas1", "systemctl stop nfs-server", "stopped"),
    (250, "nas1", "systemctl start nfs-server", "started"),
)
METRICS = "/var/lib/prometheus/node-exporter"
SERVER = """
set -eu
for name in %s; do
    mkdir /srv/$name
    truncate -s 96M /var/lib/$name.img && mkfs.ext4 -q -m 0 /var/lib/$name.img && mount -o loop /var/lib/$name.img /srv/$name
    chmod 1777 /srv/$name
    echo "/srv/$name *(rw,sync,no_subtree_check,no_root_squash)" >> /etc/exports
done
exportfs -ra
systemctl restart nfs-server
""" % " ".join(SHARES)
# On the host itself, which may be the one that is cut off.
RECORDER = """
cat > /root/recorder.py <<'END'
import json, os, time
name, last = "%s/virtshare_guard.prom", None
with open("/root/recorded", "w") as target:
    while True:
        found = os.stat(name)
        if (found.st_ino, found.st_mtime_ns) != last:
            last = (found.st_ino, found.st_mtime_ns)
            target.write(json.dumps([found.st_mtime, open(name).read()]) + "\\n")
            target.flush()
        time.sleep(0.2)
END
systemd-run --quiet --unit recorder python3 /root/recorder.py
""" % METRICS


def record() -> tuple[list, dict]:
    """([seconds since 1970, host, text of its metrics] of each look, {name of an event: seconds since 1970})"""
    with Lab.up("pictures-watched", [*(f"{host}:hypervisor-client" for host in HOSTS), "nas1:storage"], fresh=True) as lab, \
            tempfile.TemporaryDirectory() as directory:
        lab.ssh("nas1", SERVER)
        for host in HOSTS:
            lab.ssh(host, f"mkdir -p {METRICS}")
        run = deploy(lab, Path(directory), share_guard_interval=INTERVAL, share_guard_timeout=TIMEOUT, share_guard_good_runs=3,
                     share_guard_write_interval=600, share_guard_metrics_directory=METRICS, virtshare_shares=[
                         {"path": f"/srv/shares/{name}", "type": "nfs", "source": f"nas1:/srv/{name}", "options": {"vers": "4.2"},
                          "access": {"writers": ["nobody"]}} for name in SHARES])
        assert run.code == 0, run.output
        for host in HOSTS:
            until(lab, {f"/srv/shares/{name}": ("ok", "") for name in SHARES}, 120, host)
            lab.ssh(host, RECORDER)
        events, begun = {}, time.monotonic()
        for after, host, script, name in (*EVENTS, (SECONDS, "nas1", "true", "ended")):
            time.sleep(max(0.0, begun + after - time.monotonic()))
            events[name] = float(lab.ssh(host, f"date +%s.%N; {script}").stdout)
        looks = [[at, host, text] for host in HOSTS
                 for at, text in map(json.loads, lab.ssh(host, "systemctl stop recorder; cat /root/recorded").stdout.splitlines())]
        return sorted(looks), events


def compact(looks: list, events: dict) -> dict:
    """{"times": seconds of each look, by host; "series": {host: {name with labels: its values, null where there was none}};
    "events": {name: seconds}}
    """
    times: dict = {host: [] for host in HOSTS}
    series: dict = {host: {} for host in HOSTS}
    for at, host, text in looks:
        number = len(times[host])
        times[host].append(round(at, 1))
        for name, value in re.findall(r"(?m)^(\w\S*) (\S+)$", text):
            values = series[host].setdefault(name, [])
            values += [None] * (number - len(values)) + [float(value)]
    return {"times": times, "series": series, "events": {name: round(at, 1) for name, at in events.items()}}


def openmetrics(recorded: dict) -> str:
    """What was recorded, as Prometheus' promtool takes it for blocks of its database."""
    lines: dict = {}
    for host, series in recorded["series"].items():
        for name, values in series.items():
            metric, _brace, labels = name.rstrip("}").partition("{")
            shown = ",".join(part for part in (f'instance="{host}"', labels) if part)
            lines.setdefault(metric, []).extend(
                f"{metric}{{{shown}}} {value} {at}" for at, value in zip(recorded["times"][host], values) if value is not None)
    return "".join(f"# TYPE {metric} gauge\n" + "\n".join(found) + "\n" for metric, found in lines.items()) + "# EOF\n"


if __name__ == "__main__":
    FILE.write_text(json.dumps(compact(*record())) + "\n", encoding="utf-8")
    print(f"{FILE} holds what {' and '.join(HOSTS)} said in {SECONDS} s.")
