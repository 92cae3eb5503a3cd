# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undeclared shares: what may be one, what is ours, and what is never touched."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import undeclared
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.mountpoint import UNSEEN, Point

GUARDED = Point("directory", None, "0:0", "0000", True, [])
PLAIN = Point("directory", None, "0:0", "0755", False, [])

MOUNTS = """\
20 1 254:0 / / rw - ext4 /dev/vda rw
50 20 0:50 / /srv/shares/declared rw - nfs4 nas1:/export/declared rw
51 50 0:51 / /srv/shares/declared/made-by-the-client rw - nfs4 nas1:/export/declared/inner rw
52 20 0:52 / /srv/shares/old rw - nfs4 nas1:/export/old rw
53 20 0:53 / /srv/shares/disk rw - ocfs2 /dev/sdb rw
54 20 0:54 / /srv/shares/volume rw - fuse.glusterfs gl1:/scratch rw
55 20 0:55 / /mnt/media rw - cifs //nas2/media rw
56 20 254:0 /data /srv/shares/bound rw - ext4 /dev/vda rw
57 20 254:0 /data /var/lib/elsewhere rw - ext4 /dev/vda rw
58 20 0:58 / /srv/shares/memory rw - tmpfs none rw
59 20 8:1 / /srv/shares/whole-disk rw - xfs /dev/sdc1 rw
60 20 0:60 / /srv/shares/trap rw - autofs systemd-1 rw,timeout=600
61 20 0:61 / /srv/shares/covered rw - nfs4 nas1:/export/covered rw
62 20 0:62 / /srv/shares/covered rw - tmpfs none rw
"""
FSTAB = """\
# /dev/sdx /srv/shares/comment nfs
UUID=1 / ext4 defaults 0 1
/dev/sdc1 /srv/shares/whole-disk xfs defaults 0 0
nas1:/export/declared /srv/shares/declared nfs rw 0 0
nas1:/export/trap /srv/shares/trap nfs x-systemd.automount 0 0
/data /srv/shares/resting/ none bind,noauto 0 0
nas9:/home /home nfs rw 0 0
"""


def candidates(prefix):
    found = undeclared.candidates(
        mountinfo.parse(MOUNTS), FSTAB, ["/srv/shares/declared"], prefix)
    return {each.share["path"]: (each.share["type"], each.recorded) for each in found}


NETWORK = {
    "/srv/shares/declared/made-by-the-client": ("nfs", False), "/srv/shares/old": ("nfs", False),
    "/srv/shares/disk": ("ocfs2", False), "/srv/shares/volume": ("glusterfs", False), "/mnt/media": ("cifs", False),
    "/srv/shares/bound": ("local", False), "/home": ("nfs", False), "/srv/shares/covered": ("nfs", False),
}


def test_what_may_be_a_share_that_nobody_declares():
    with_prefix = dict(NETWORK, **{"/srv/shares/trap": ("nfs", True), "/srv/shares/resting": ("local", True)})
    assert candidates("/srv/shares") == with_prefix
    without = dict(NETWORK, **{"/srv/shares/trap": ("nfs", False), "/srv/shares/resting": ("local", False)})
    assert candidates(None) == without
    assert "/var/lib/elsewhere" in candidates("/var/lib")


def test_credentials_that_are_left_are_ours_whatever_else_is_there():
    left_over = ["/mnt/media", "/srv/shares/declared", "/srv/shares/lost"]
    found = undeclared.candidates(mountinfo.parse(MOUNTS), FSTAB, ["/srv/shares/declared"], None, left_over)
    assert {each.share["path"]: (each.share["type"], each.share["source"], each.recorded) for each in found
            if each.share["path"] in left_over} == {
                "/mnt/media": ("cifs", "//nas2/media", True), "/srv/shares/lost": ("cifs", "", True)}


def test_the_innermost_comes_first():
    assert list(candidates(None))[0] == "/srv/shares/declared/made-by-the-client"


@pytest.mark.parametrize("path, looked", [
    ("/srv/shares/old", True), ("/srv/shares/declared/made-by-the-client", False), ("/srv/shares/trap/x", False)])
def test_a_directory_is_looked_at_only_where_no_server_is_asked(path, looked):
    assert undeclared.can_be_looked_at(path, mountinfo.parse(MOUNTS)) == looked


@pytest.mark.parametrize("recorded, point, ours", [
    (True, PLAIN, True), (True, None, True), (True, UNSEEN, True),
    (False, GUARDED, True), (False, PLAIN, False), (False, UNSEEN, False), (False, None, False)])
def test_ours_is_what_fstab_records_below_the_prefix_or_what_bears_the_mark(recorded, point, ours):
    assert undeclared.is_ours(undeclared.Candidate({"path": "/srv/x"}, recorded), point) == ours


@pytest.mark.parametrize("purge, prefix, removed", [
    (True, "/srv", True), (True, "/srv/x", False), (True, "/srv/shares", False), (False, "/srv", False),
    (False, None, False)])
def test_only_what_lies_below_the_prefix_is_removed(purge, prefix, removed):
    assert undeclared.removable(undeclared.Candidate({"path": "/srv/x"}, True), purge, prefix) == removed


def left(path, **changes):
    return dict({"path": path, "source": "nas1:/x", "type": "nfs", "mounted": True, "fstab": None}, **changes)


@pytest.mark.parametrize("remaining, prefix, words, absent", [
    ([left("/srv/shares/x", fstab="line")], None,
     ["/srv/shares/x (nas1:/x of type nfs, mounted and in fstab)", "a share is still here and not declared", "state: absent",
      "purge_below: /srv/shares."], None),
    ([left("/srv/a/x"), left("/srv/b/y", mounted=False, fstab="line")], None,
     ["2 shares", "/srv/b/y (nas1:/x of type nfs, in fstab)"], "purge_below"),
    ([left("/srv/shares/x")], "/srv/shares", ["purge_below: /srv/shares"], None),
    ([left("/data/x")], "/srv/shares", ["state: absent"], "purge_below"),
    ([left("/srv/x", type="cifs", source="", mounted=False)], None,
     ["/srv/x (type cifs, nothing but its credentials)"], None),
])
def test_the_warning_names_each_and_how_to_remove_it(remaining, prefix, words, absent):
    text, = undeclared.warnings(remaining, prefix)
    for word in words:
        assert word in text
    assert absent is None or absent not in text


def test_nothing_left_needs_no_words():
    assert undeclared.warnings([], "/srv/shares") == []
