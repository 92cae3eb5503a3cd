# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares that are mounted when they are used: what is done about the trap, and how systemd spells things."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import automount, order, plan
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import found as found_module
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.mountpoint import Point
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry

ROOT = "20 1 254:0 / / rw,relatime - ext4 /dev/vda rw"
TRAP = ("30 20 0:60 / /srv/x rw,relatime - autofs systemd-1 rw,fd=61,pgrp=1,timeout=600,minproto=5,maxproto=5,direct,"
        "pipe_ino=4711")
NFS = "31 30 0:37 / /srv/x rw,relatime - nfs4 nas1:/export/x rw,vers=4.2,hard,timeo=600,addr=192.0.2.12"
PLAIN_NFS = NFS.replace("31 30", "31 20")
OTHER = NFS.replace("/export/x", "/export/other")
GUARDED = Point("directory", None, "0:0", "0000", True, [])
ON_DEMAND = {"x-systemd.automount": True, "x-systemd.idle-timeout": "10min"}
LINE = "nas1:/export/x /srv/x nfs rw,vers=4.2,x-systemd.automount,x-systemd.idle-timeout=10min,_netdev,nofail 0 0"
PLAIN_LINE = "nas1:/export/x /srv/x nfs rw,vers=4.2,_netdev,nofail 0 0"
RESTART = ["automount_stop", "mount", "automount_start"]


def share(options=None, **changes):
    return validated([dict({"path": "/srv/x", "type": "nfs", "source": "nas1:/export/x",
                            "options": dict({"vers": "4.2"}, **(ON_DEMAND if options is None else options))},
                           **changes)])[0]


def found(*mounts, **changes):
    entries = mountinfo.parse("\n".join((ROOT,) + mounts))
    lines = changes.pop("lines", LINE)
    return found_module.Found(
        found_module.stack(entries, "/srv/x"), [], fstab.lines_of(lines, "/srv/x"), fstab.find(lines, "/srv/x"), GUARDED,
        {"addresses": None, "origin": None}, False, found_module.trap_at(entries, "/srv/x"))._replace(**changes)


def made(declared, state, in_use=()):
    return plan.plan_share(declared, registry.of(declared), state, lambda path, mount: list(in_use))


def names(result):
    return [operation.name for operation in order.whole([result], None, None).operations]


CASES = {
    "nothing there": (share(), found(lines=""), ["fstab", "mount", "automount_start"]),
    "waiting": (share(), found(TRAP), []),
    "in use": (share(), found(TRAP, NFS), []),
    "trap gone": (share(), found(), ["mount", "automount_start"]),
    "trap gone, mounted": (share(), found(PLAIN_NFS), ["unmount", "mount", "automount_start"]),
    "fstab edited, waiting": (
        share(), found(TRAP, lines=PLAIN_LINE), ["automount_stop", "fstab", "mount", "automount_start"]),
    "fstab edited, in use": (share(), found(TRAP, NFS, lines=PLAIN_LINE), ["fstab"]),
    "other idle time, waiting": (share(), found(TRAP.replace("timeout=600", "timeout=60")), RESTART),
    "other idle time, in use": (share(), found(TRAP.replace("timeout=600", "timeout=0"), NFS), ["unmount"] + RESTART),
    "another export in use": (share(), found(TRAP, OTHER), ["unmount"] + RESTART),
    "an option that needs a new mount, in use": (
        share(dict(ON_DEMAND, soft=True)), found(TRAP, NFS),
        ["unmount", "automount_stop", "fstab", "mount", "automount_start"]),
    "a flag, in use": (share(dict(ON_DEMAND, noatime=True)), found(TRAP, NFS), ["fstab", "remount"]),
    "something on top": (share(), found(TRAP, NFS, "32 31 0:50 / /srv/x rw - tmpfs none rw"), ["unmount"]),
    "no longer on demand, waiting": (share({}), found(TRAP), ["automount_stop", "fstab", "mount"]),
    "no longer on demand, in use": (
        share({}), found(TRAP, NFS), ["unmount", "automount_stop", "fstab", "mount"]),
    "unmounted, waiting": (share(state="unmounted"), found(TRAP), ["automount_stop", "fstab"]),
    "unmounted, in use": (share(state="unmounted"), found(TRAP, NFS), ["unmount", "automount_stop", "fstab"]),
    "unmounted already": (
        share(state="unmounted"), found(lines=LINE.replace(
            "nofail", "nofail,noauto").replace("x-systemd.automount,", "")), []),
    "unmounted, but a boot would set the trap": (
        share(state="unmounted"), found(lines=LINE.replace("nofail", "nofail,noauto")), ["fstab"]),
    "absent, waiting": (share(state="absent"), found(TRAP), ["automount_stop", "remove_directory", "fstab"]),
    "absent, in use": (
        share(state="absent"), found(TRAP, NFS), ["unmount", "automount_stop", "remove_directory", "fstab"]),
}


@pytest.mark.parametrize("declared, state, operations", list(CASES.values()), ids=list(CASES))
def test_what_is_done(declared, state, operations):
    result = made(declared, state)
    assert names(result) == operations
    assert result.changed == bool(operations) == (result.before != result.after)


def test_a_first_mount_is_a_trial_only_on_demand():
    trials = [operation.arguments["trial"] for declared in (share(), share({}))
              for operation in made(declared, found(lines="")).operations if operation.name == "mount"]
    assert trials == [True, False]


def test_the_diff_tells_of_the_trap():
    result = made(share(), found(TRAP.replace("timeout=600", "timeout=60")))
    assert result.before["/srv/x"]["automount"] == "on demand, unmounted after 60 s without use"
    assert result.after["/srv/x"]["automount"] == "on demand, unmounted after 600 s without use"
    result = made(share({}), found(TRAP))
    assert result.after["/srv/x"]["automount"] == "not on demand"
    (stop,) = [operation for operation in result.operations if operation.name == "automount_stop"]
    assert "x-systemd.automount is not declared" in stop.summary


@pytest.mark.parametrize("declared, state", [
    (share(), found(PLAIN_NFS)), (share({}), found(TRAP, NFS)),
    (share(), found(TRAP.replace("timeout=600", "timeout=60"), NFS)),
    (share(state="unmounted"), found(TRAP, NFS)), (share(state="absent"), found(TRAP, NFS)),
])
def test_what_is_in_use_stays(declared, state):
    with pytest.raises(Refusal) as caught:
        made(declared, state, ["qemu (process 7)"])
    assert "qemu (process 7)" in str(caught.value) and "Nothing was changed" in str(caught.value)


@pytest.mark.parametrize("state", ["mounted", "unmounted", "absent"])
def test_the_trap_of_another_program_is_left_alone(state):
    with pytest.raises(Refusal) as caught:
        made(share(state=state), found(TRAP.replace("systemd-1", "/etc/auto.direct")))
    assert "/etc/auto.direct" in str(caught.value) and "auto.master" in str(caught.value)


@pytest.mark.parametrize("text, seconds", [
    ("600", 600), ("10min", 600), ("1h 30s", 3630), ("1h30s", 3630), ("2.5s", 3), ("100ms", 1), ("0", 0),
    ("infinity", 0), ("1d", 86400), ("1 month", 2629800), (" 5 sec ", 5), ("never", None), ("", None), ("10 x", None),
    (True, None), (False, 0),
])
def test_idle_seconds_as_systemd_reads_them(text, seconds):
    assert automount.idle_seconds({"options": {"x-systemd.idle-timeout": text}}) == seconds


def test_without_an_idle_time_it_stays_mounted():
    assert automount.idle_seconds({"options": {}}) == 0
