# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shares of one call that depend on each other, with what a host answers given."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import dependencies, planning
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.found import Found
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.mountpoint import Point
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated

POOL = {"path": "/mnt/pool", "type": "nfs", "source": "nas2:/export", "options": {"vers": "4.2"}}
VMS = {"path": "/srv/shares/vms", "type": "local", "source": "/mnt/pool/vms"}
OLD_POOL = "52 20 0:37 / /mnt/pool rw,relatime - nfs4 nas1:/export rw,vers=4.2,hard,addr=192.0.2.12"
OLD_VMS = "53 20 0:37 / /srv/shares/vms rw,relatime - nfs4 nas1:/export/vms rw,vers=4.2,hard,addr=192.0.2.12"
GUARDED = Point("directory", None, "0:0", "0000", True, [])


class Host:
    """What is mounted, who uses it, and what a trial comes to."""

    name = "hv1"

    def __init__(self, mounts=(), problems=None, used=None, trial=None, origin=None):
        self.mounts = mountinfo.parse("\n".join(mounts))
        self.problems = problems or {}
        self.used = used or {}
        self.trial = trial
        self.origin = origin
        self.asked = []

    def numbers(self, users, groups):
        return {"users": {}, "groups": {}, "unknown": []}

    def real_sources(self, shares):
        return {}

    def declare(self, shares, outer):
        self.outer = outer

    def find(self, shares, types, moving):
        found = {}
        for share in shares:
            path = share["path"]
            evidence = {"addresses": None, "origin": self.origin, "server": None}
            if self.outer.get(path) in moving:
                evidence.update(outer=self.outer[path], unseen=self.origin is None)
            if path not in self.problems:
                found[path] = Found([each for each in self.mounts if each.mount_point == path],
                                    [each for each in self.mounts if each.mount_point != path], [], [], GUARDED, evidence, False)
        return found, {path: self.problems[path] for path in self.problems if path in [share["path"] for share in shares]}

    def undeclared(self, declared, prefix):
        return []

    def in_use(self, path, mount, gone):
        return self.used.get(path, [])

    def cannot_be_mounted(self, share, share_type, evidence):
        self.asked.append(share["path"])
        return self.trial

    def systemd_lags(self):
        return None

    def dead_servers(self):
        return []


def planned(host, *shares):
    work = planning.Work(host)
    work.plan_all(validated(list(shares)), False, False, None)
    return [(each.name, each.target) for each in work.whole().operations if each.name in ("unmount", "mount")], work.errors


@pytest.mark.parametrize("mounts, operations", [
    ((), [("mount", "/mnt/pool"), ("mount", "/srv/shares/vms")]),
    ((OLD_POOL, OLD_VMS), [("unmount", "/srv/shares/vms"), ("unmount", "/mnt/pool"), ("mount", "/mnt/pool"),
                           ("mount", "/srv/shares/vms")]),
])
def test_a_bind_waits_for_its_share_and_goes_before_it(mounts, operations):
    assert planned(Host(mounts), VMS, POOL) == (operations, {})


def test_what_a_trial_saw_of_the_source_counts(mounts=(OLD_VMS,)):
    host = Host(mounts, origin=["0:37", "nas1:/export/vms"])
    assert planned(host, VMS, POOL) == ([("mount", "/mnt/pool")], {}), "the bind is of just that filesystem"


def test_a_working_share_is_not_given_up_for_one_that_cannot_be_mounted():
    host = Host((OLD_POOL,), trial="nas2:/export could not be mounted: no such export.")
    operations, errors = planned(host, POOL)
    assert operations == []
    assert errors == {"/mnt/pool": (
        "/mnt/pool: nas2:/export could not be mounted: no such export. What is mounted there stays. "
        "Nothing was changed for this share.")}


@pytest.mark.parametrize("selinux", [True, False])
def test_a_new_context_is_a_new_mount_where_there_is_selinux(monkeypatch, selinux):
    """Elsewhere mount(8) takes it out of the options, and it would be mounted again in every run."""
    monkeypatch.setattr(planning.machine, "has_selinux", lambda: selinux)
    host = Host((OLD_POOL,))
    share = dict(POOL, source=OLD_POOL.split()[8], options={"context": "a:b:c:s0:c1,c2"})
    assert planned(host, share) == ([("unmount", "/mnt/pool"), ("mount", "/mnt/pool")] if selinux else [], {})


def test_nothing_is_tried_where_nothing_can_be_lost():
    host = Host(trial="it cannot be mounted")
    assert planned(host, POOL) == ([("mount", "/mnt/pool")], {})
    assert host.asked == []


@pytest.mark.parametrize("host, words", [
    (Host((OLD_POOL, OLD_VMS), problems={"/mnt/pool": "/mnt/pool: server nas2 is dead"}), "which failed (see there)"),
    (Host((OLD_POOL, OLD_VMS), used={"/srv/shares/vms": ["qemu (process 7)"]}), "it is used by qemu (process 7)"),
    (Host((OLD_POOL, OLD_VMS), used={"/mnt/pool": ["qemu (process 7)"]}), "which failed (see there)"),
    (Host((OLD_POOL, OLD_VMS), problems={"/srv/shares/vms": "/srv/shares/vms: it hangs"}), "it hangs"),
])
def test_one_that_cannot_holds_the_other(host, words):
    operations, errors = planned(host, VMS, POOL)
    assert operations == []
    assert sorted(errors) == ["/mnt/pool", "/srv/shares/vms"]
    assert words in errors["/srv/shares/vms"]


def test_two_shares_that_are_bound_from_each_other_depend_on_none():
    """As links can lead to, which the declaration does not know."""
    shares = validated([dict(VMS, path="/srv/a", source="/data/x"), dict(VMS, path="/srv/b", source="/srv/a/y")])
    assert dependencies.outer_shares(shares, {"/srv/a": "/srv/b/x"}) == {}


def test_a_source_counts_without_its_symbolic_links():
    shares = validated([POOL, dict(VMS, source="/data/vms")])
    assert dependencies.outer_shares(shares, {VMS["path"]: "/mnt/pool/vms"}) == {VMS["path"]: "/mnt/pool"}
    assert dependencies.outer_shares(shares, {}) == {}
