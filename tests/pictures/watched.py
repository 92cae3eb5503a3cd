# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what the guards of two hosts say while shares are lost and come back: python -m tests.pictures.watched

The guard is the program that the role installs, looking at real mounts. The hosts are mount namespaces of this machine, their
shares directories of two small filesystems that both have. It takes four minutes and root.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from ansible_collections.virtshare.storage.plugins.module_utils._guard import build

from tests.support.playbook import ROOT
from tests.support.privileged import run_as_root

FILE = ROOT / "tests/fixtures/guard/watched.json"
HOSTS = ("hv1", "hv2")
SHARES = ("media", "projects")
INTERVAL, LOOKS = 5, 44
# (number of a look, host, what happens before it). The guard says lost or degraded after the second such look in a row, and
# ok after the third.
EVENTS = (
    (6, "hv2", "umount /srv/shares/projects"),
    (14, "hv2", "mount --bind /srv/export/projects /srv/shares/projects"),
    (12, "hv1", "head -c 62M /dev/zero > /srv/export/media/installer.iso"),
    (24, "hv1", "rm /srv/export/media/installer.iso"),
    # A file that nobody ever writes into is read for as long as a server that does not answer.
    (28, "hv1", "cd /var/lib/virtshare/identities && mv *projects.json kept && mkfifo srv%2Fshares%2Fprojects.json"),
    (36, "hv1", "cd /var/lib/virtshare/identities && mv kept srv%2Fshares%2Fprojects.json"),
)

_SCRIPT = r"""
import time
from ansible_collections.virtshare.storage.plugins.module_utils._guard import config
from ansible_collections.virtshare.storage.plugins.module_utils._share import declaration, marker

BEGIN = "mount -t tmpfs none /run && mount -t tmpfs none /var/lib/virtshare && mkdir /srv/metrics && echo ready && exec sleep infinity"

def on(host, command, **more):
    return subprocess.Popen(["nsenter", "--target", str(processes[host].pid), "--mount", "--wd=/", *command], **more)

def start(host):
    process = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", BEGIN.replace(
        "/srv/metrics", "/run/metrics")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process

shares = declaration.checked([
    {"path": "/srv/shares/" + name, "type": "local", "source": "/srv/export/" + name, "access": {"writers": ["oneadmin"]}}
    for name in SHARES], credentials=False)[0]
for share in shares:
    os.makedirs(share["path"]), os.makedirs(share["source"])
    sh("mount -t tmpfs none %s -o size=64m,mode=0777" % share["source"])
    with open(share["source"] + "/" + marker.NAME, "w") as target:
        target.write(marker.text_of(marker.made(share["path"], share["path"], "2026-11-28")))
    os.chmod(share["source"] + "/" + marker.NAME, 0o644)
    sh("mount --bind %s %s" % (share["source"], share["path"]))
processes = {host: start(host) for host in HOSTS}
REMEMBER = '''
import sys
sys.path.insert(0, %r)
from ansible_collections.virtshare.storage.plugins.module_utils._share import marker
for path, source in %r:
    marker.remember(path, source, marker.made(path, path, "2026-11-28"))
''' % (ROOT, [(share["path"], share["source"]) for share in shares])
for host in HOSTS:
    assert on(host, [sys.executable, "-c", REMEMBER]).wait() == 0
    with open("/srv/%s.json" % host, "w") as target:
        target.write(config.text(config.made(shares, host, dict(
            interval=INTERVAL, timeout=3.0, write_interval=600, names={}, metrics_directory="/run/metrics", virtiofsd=False,
            free_percent=5.0, slow_seconds=0.0, proof_days=7.0, bad_runs=2, good_runs=3))))
result, begun = [], time.monotonic()
for number in range(LOOKS):
    for at, host, command in EVENTS:
        if at == number:
            assert on(host, ["sh", "-c", command]).wait() == 0, command
    looks = {host: on(host, [GUARD, "--config", "/srv/%s.json" % host, "run"]) for host in HOSTS}
    for host, look in looks.items():
        assert look.wait() == 0
        said = on(host, ["cat", "/run/metrics/virtshare_guard.prom"], stdout=subprocess.PIPE, text=True).communicate()[0]
        result.append([time.time(), host, said])
    time.sleep(max(0, begun + INTERVAL * (number + 1) - time.monotonic()))
for process in processes.values():
    process.kill()
"""


def record() -> list:
    """[seconds since 1970, host, text of its metrics] of each look."""
    with tempfile.TemporaryDirectory() as directory:
        built = Path(directory) / "virtshare-guard"
        built.write_bytes(build.program("/usr/bin/python3")[0])
        built.chmod(0o755)
        Path(directory).chmod(0o755)
        given = "".join(f"{name} = {value!r}\n" for name, value in (
            ("GUARD", str(built)), ("HOSTS", HOSTS), ("SHARES", SHARES), ("INTERVAL", INTERVAL), ("LOOKS", LOOKS), ("EVENTS", EVENTS),
            ("ROOT", str(ROOT))))
        return run_as_root(directory, given + _SCRIPT, seconds=3 * INTERVAL * LOOKS)


def compact(looks: list) -> dict:
    """{"times": seconds of each look, by host; "series": {host: {name with labels: its values, null where there was none}}}"""
    times: dict = {host: [] for host in HOSTS}
    series: dict = {host: {} for host in HOSTS}
    for at, host, text in looks:
        number = len(times[host])
        times[host].append(round(at, 1))
        for name, value in re.findall(r"(?m)^(\w\S*) (\S+)$", text):
            values = series[host].setdefault(name, [])
            values += [None] * (number - len(values)) + [float(value)]
    return {"times": times, "series": series}


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
    FILE.write_text(json.dumps(compact(record())) + "\n", encoding="utf-8")
    print(f"{FILE} holds what {LOOKS} looks of {' and '.join(HOSTS)} said.")
