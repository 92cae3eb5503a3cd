# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a live mount is the declared share: one table, and each room gives its answer."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._access import confinement, grant
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import found as found_module
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import mountpoint, plan
from ansible_collections.virtshare.storage.plugins.module_utils._proof import probe
from ansible_collections.virtshare.storage.plugins.module_utils._share import live
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import run as guest

PATH = "/srv/shares/x"
# (type, declared source, filesystem as the kernel names it, its source, its root, evidence, whether it is the share)
ROWS = [
    ("nfs", "nas1:/export/projects", "nfs4", "nas1:/export/projects", "/", {}, True),
    ("nfs", "nas1:/export/projects", "nfs", "nas1:/export/projects", "/", {}, True),
    ("nfs", "NAS1:/export/projects", "nfs4", "nas1:/export/projects", "/", {}, True),
    ("nfs", "nas1:/export//projects/", "nfs4", "nas1:/export/projects", "/", {}, True),
    ("nfs", "nas1:/", "nfs4", "nas1:/", "/", {}, True),
    ("nfs", "[fd00::1]:/e", "nfs4", "[fd00::1]:/e", "/", {}, True),
    ("nfs", "nas1:/export/projects", "nfs4", "nas1:/export/Projects", "/", {}, False),
    ("nfs", "nas1:/export/projects", "nfs4", "nas1:/export/projects/vm1", "/", {}, False),
    ("nfs", "nas1:/export/projects", "nfs4", "nas2:/export/projects", "/", {}, False),
    ("nfs", "nas1:/export/projects", "cifs", "nas1:/export/projects", "/", {}, False),
    ("nfs", "nas1:/export/projects", "tmpfs", "nas1:/export/projects", "/", {}, False),
    ("cifs", "//nas2/media", "cifs", "//nas2/media", "/", {}, True),
    ("cifs", "//nas2/media", "smb3", "//nas2/media", "/", {}, True),
    ("cifs", "//nas2/Media", "cifs", "//NAS2/media", "/", {}, True),
    ("cifs", "//nas2/media/sub", "cifs", "//nas2/media/sub", "/", {}, True),
    ("cifs", "//nas2/media/sub", "cifs", "//nas2/media/sub", "/sub", {}, True),
    ("cifs", "//nas2/media/sub", "cifs", "//nas2/media/Sub", "/", {}, False),
    ("cifs", "//nas2/media", "cifs", "//nas2/media", "/sub", {}, False),
    ("cifs", "//nas2/media", "cifs", "//nas2/media/sub", "/", {}, False),
    ("cifs", "//nas2/media", "cifs", "//nas3/media", "/", {}, False),
    ("cifs", "//nas2/media", "nfs4", "//nas2/media", "/", {}, False),
    ("glusterfs", "gl1,gl2:/scratch", "fuse.glusterfs", "gl1:/scratch", "/", {}, True),
    ("glusterfs", "gl1,gl2:/scratch", "fuse.glusterfs", "gl2:scratch", "/", {}, True),
    ("glusterfs", "GL1:/scratch/vm", "fuse.glusterfs", "gl1:/scratch/vm", "/", {}, True),
    ("glusterfs", "gl1:/scratch", "fuse.glusterfs", "gl1:/scratch.tcp", "/", {}, True),
    ("glusterfs", "gl1,gl2:/scratch", "fuse.glusterfs", "gl3:/scratch", "/", {}, False),
    ("glusterfs", "gl1:/scratch", "fuse.glusterfs", "gl1:/other", "/", {}, False),
    ("glusterfs", "gl1:/scratch", "fuse.glusterfs", "gl1:/scratch/vm", "/", {}, False),
    ("glusterfs", "gl1:/scratch", "fuse.sshfs", "gl1:/scratch", "/", {}, False),
    ("ocfs2", "LABEL=vmstore", "ocfs2", "/dev/sdb", "/", {"device": "0:50"}, True),
    ("ocfs2", "/dev/disk/by-id/x", "ocfs2", "/dev/dm-3", "/", {"device": "0:50"}, True),
    ("ocfs2", "LABEL=vmstore", "ocfs2", "/dev/sdb", "/", {"device": "8:32"}, False),
    ("ocfs2", "LABEL=vmstore", "ocfs2", "/dev/sdb", "/vm", {"device": "0:50"}, False),
    ("ocfs2", "LABEL=vmstore", "ocfs2", "/dev/sdb", "/", {"device": None}, False),
    ("ocfs2", "LABEL=vmstore", "ext4", "/dev/sdb", "/", {"device": "0:50"}, False),
    ("local", "/data/projects", "ext4", "/dev/vda1", "/data/projects", {"origin": ["0:50", "/data/projects"]}, True),
    ("local", "/srv/nas/vm", "nfs4", "nas1:/export/vm", "/", {"origin": ["0:50", "nas1:/export/vm"]}, True),
    ("local", "/srv/media/vm", "cifs", "//nas2/media", "/vm", {"origin": ["0:50", "/vm"]}, True),
    ("local", "/data/projects", "ext4", "/dev/vda1", "/data/other", {"origin": ["0:50", "/data/projects"]}, False),
    ("local", "/data/projects", "ext4", "/dev/vda1", "/data/projects", {"origin": ["8:1", "/data/projects"]}, False),
    ("local", "/srv/nas/vm", "nfs4", "nas2:/export/vm", "/", {"origin": ["0:50", "nas1:/export/vm"]}, False),
    ("local", "", "xfs", "/dev/vdb", "/", {}, True),
]


@pytest.fixture(params=ROWS, ids=lambda row: f"{row[0]}-{row[1]}-{row[2]}-{row[3]}-{row[4]}")
def case(request, monkeypatch):
    """(the share, its live mount, all mounts, the evidence, whether the one is the other)"""
    name, source, filesystem, shown, root, evidence, same = request.param
    share, = validated([dict({"path": PATH, "type": name, "source": source}, **(
        {"credentials": {"username": "vm", "password": "x"}} if registry.named(name).has_credentials else {}))])
    entries = mountinfo.parse(f"20 1 254:0 / / rw - ext4 /dev/vda rw\n61 20 0:50 {root} {PATH} rw - {filesystem} {shown} rw")
    mount = entries[-1]
    monkeypatch.setattr(live.Bounded, "visible", lambda self, path: (mount, entries))
    monkeypatch.setattr(live, "evidence_of", lambda share, entries: evidence)
    return share, mount, entries, evidence, same


def test_the_type_itself(case):
    share, mount, _entries, evidence, same = case
    assert (registry.of(share).mismatch(share, mount, evidence) is None) is same


def test_mounts(case):
    """What is not the share is unmounted, and the reason says what it shows instead."""
    share, mount, _entries, evidence, same = case
    share_type = registry.of(share)
    if not share_type.managed(share):
        # Whatever is mounted there is meant, and nothing is done about it.
        assert same
        return
    point = mountpoint.Point("directory", None, "0:0", "0000", True, [])
    found = found_module.Found(
        [mount], [], [], [], point, dict({"addresses": None, "server": None}, **evidence), False, None,
        plan.credentials.State("missing", True, "", "", False, False, False))
    made = plan.plan_share(share, share_type, found, lambda path, mount: [], False)
    reasons = " ".join(each.summary for each in made.operations if each.name == "unmount")
    assert ("it shows " in reasons) is not same, reasons


def test_access(case):
    share, mount, entries, _evidence, same = case
    entry = {"path": PATH, "type": share["type"], "source": share["source"], "read_only": True}
    assert (live.Bounded(5, "hv1").declared_instead(entry, mount, entries) is None) is same
    work = grant._Path(dict(entry, writers=[], apply=True, require_mount=True), {}, {}, live.Bounded(5, "hv1"), None, False)
    work.mount = mount
    usable = []

    def look():
        usable.append((yield from work._usable(entries)))

    work.patience.together([look()])
    assert usable == [same]
    seen = confinement.Confinement([entry], live.Bounded(5, "hv1"), True)._inspected(entry)
    assert (seen["mount"] is not None) is same


def test_proof(case, monkeypatch):
    share, _mount, _entries, _evidence, same = case
    monkeypatch.setattr(probe.identity, "read", lambda path, mount: {})
    result = probe.run({"phase": "tidy", "run_id": "0123456789", "host": "hv1", "hosts": ["hv1"], "timeout": 5,
                        "directories": [], "shares": [
        {"path": PATH, "type": share["type"], "source": share["source"] or None}]}, True)
    problem = result["shares"][0]["problem"]
    assert (problem is None or "declared is" not in problem) is same


def test_guest(case, monkeypatch):
    share, _mount, _entries, _evidence, same = case
    monkeypatch.setattr(guest, "_state", lambda path, mount: {})
    proof = object.__new__(guest._Proof)
    proof.problems, proof.states, proof.patience, proof.host = [], {}, live.Bounded(5, "hv1"), "hv1"
    proof._look({"path": PATH, "share_path": None, "type": share["type"], "source": share["source"], "mount_tag": "x"})
    assert (proof.problems == []) is same
