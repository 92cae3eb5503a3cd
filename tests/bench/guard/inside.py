# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by tests.support.privileged with GUARD and SETTINGS: looks at shares, and what each takes and leaves."""
# ruff: noqa: F821, E402
# mypy: disable-error-code=name-defined
# pylint: disable=undefined-variable

import ctypes
import time

from ansible_collections.virtshare.storage.plugins.module_utils._guard import config
from ansible_collections.virtshare.storage.plugins.module_utils._share import declaration, marker

CONFIG, STATE, METRICS, DATA = "/srv/guard.json", "/run/virtshare/guard.json", "/srv/metrics", "/srv/data"
OPTIONS = dict(interval=60, timeout=SETTINGS.get("timeout", 5.0), write_interval=600, names={}, metrics_directory=METRICS, virtiofsd=False,
               free_percent=5.0, slow_seconds=0.0, proof_days=7.0, bad_runs=1, good_runs=1)

sh("mkdir -p /run/virtshare && mount -t tmpfs none /run/virtshare -o mode=0755")
os.makedirs(METRICS), os.makedirs(DATA)
shares = []
for number in range(SETTINGS.get("shares", 0)):
    path, source = "/srv/shares/s%02d" % number, "%s/s%02d" % (DATA, number)
    os.makedirs(path), os.makedirs(source)
    os.chmod(source, 0o777)
    sh("mount --bind %s %s" % (source, path))
    made = marker.made("seed" + path, path, "2026-11-29")
    with open(path + "/" + marker.NAME, "w") as target:
        target.write(marker.text_of(made))
    marker.remember(path, source, made)
    shares.append({"path": path, "type": "local", "source": source, "access": {"writers": ["oneadmin"]}})
if SETTINGS.get("dead"):
    path = "/srv/shares/dead"
    os.makedirs(path)
    # Nobody ever reads what the kernel asks by this descriptor, and so nobody answers.
    device = os.open("/dev/fuse", os.O_RDWR)
    options = "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % device
    if ctypes.CDLL(None, use_errno=True).mount(b"nas1:/dead", path.encode(), b"fuse.glusterfs", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    shares.append({"path": path, "type": "glusterfs", "source": "nas1:/dead", "access": {"writers": ["oneadmin"]}})
normal = declaration.checked(shares, credentials=False)[0]
with open(CONFIG, "w") as target:
    target.write(config.text(config.made(normal, "hv1", OPTIONS)))


def look():
    """(seconds, seconds of a processor, KiB at most, the state of each share) of one, as time(1) counts them."""
    begun = time.monotonic()
    process = subprocess.Popen([GUARD, "--config", CONFIG, "run"], stdout=subprocess.DEVNULL)
    dummy, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    with open(STATE) as source:
        states = [share["state"] for share in json.load(source)["shares"]]
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss, states


def left():
    """What there is beside the shares themselves."""
    return {"processes": sh("ps -eo args").count(GUARD), "descriptors": len(os.listdir("/proc/self/fd")),
            "files": [sorted(os.listdir(directory)) for directory in ("/run/virtshare", METRICS, "/srv", "/var/lib/virtshare")]}


look()
before = left()
looks = [look() for dummy in range(SETTINGS["looks"])]
result = {"wall": [one[0] for one in looks], "cpu": [one[1] for one in looks], "memory": [one[2] for one in looks],
          "states": sorted(set(state for one in looks for state in one[3])), "left": [before, left()]}
