# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts that use a share, and those that do not; processes are in tests/integration/test_share_users.py."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo, namespaces
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import in_use

ROOT = "20 1 254:0 / / rw shared:1 - ext4 /dev/vda rw"
SHARE = "52 20 0:37 / /srv/x rw - nfs4 nas1:/export/x rw,vers=4.2"
INNER = "53 52 0:38 / /srv/x/a/b rw - nfs4 nas1:/export/x/a/b rw,vers=4.2"
BY_HAND = "54 52 0:39 / /srv/x/c rw - nfs4 nas1:/export/other rw,vers=4.2"
BIND = "55 20 0:37 / /srv/y rw - nfs4 nas1:/export/x/vm1 rw,vers=4.2"


def said(monkeypatch, *lines, spaces=(), independent=(), threads=()):
    entries = mountinfo.parse("\n".join([ROOT, SHARE, *lines]))
    monkeypatch.setattr(in_use.mountinfo, "read", lambda: entries)
    # The machine that runs the tests may have loop devices of its own.
    monkeypatch.setattr(in_use.glob, "glob", lambda pattern: [])
    monkeypatch.setattr(in_use.namespaces, "threads", lambda: dict(threads))
    monkeypatch.setattr(in_use.namespaces, "others", lambda threads: {space.name: space for space in spaces})
    return in_use.in_use(entries[1], independent)


@pytest.mark.parametrize("lines, users", [
    ([], []),
    ([INNER], []),
    ([INNER, "56 53 0:50 / /srv/x/a/b/d rw - tmpfs none rw"], ["a mount at /srv/x/a/b/d"]),
    ([BY_HAND], ["a mount at /srv/x/c"]),
    ([BIND], ["a bind mount at /srv/y"]),
    ([INNER, "57 20 0:38 / /srv/z rw - nfs4 nas1:/export/x/a/b/d rw,vers=4.2"], ["a bind mount at /srv/z"]),
    (["58 20 0:37 / /srv/y rw - nfs4 nas1:/export/y rw,vers=4.2"], []),
    (["59 20 0:60 / /srv/o rw - overlay none rw,lowerdir=/srv/x/low:/usr"], ["the overlay at /srv/o"]),
])
def test_mounts_of_this_namespace(monkeypatch, lines, users):
    assert said(monkeypatch, *lines) == users


def test_a_mount_with_a_source_of_its_own_is_no_user(monkeypatch):
    assert said(monkeypatch, BIND, independent=["/srv/y"]) == []


@pytest.mark.parametrize("lines, users", [
    ("70 1 0:37 / / rw master:9 - nfs4 nas1:/export/x/vm1 rw", ["the mount namespace that /run/x keeps"]),
    ("70 1 254:0 / / rw master:1 - ext4 /dev/vda rw\n71 70 0:37 / /srv/x rw - nfs4 nas1:/export/x rw", []),
    ("70 1 254:0 / / rw - ext4 /dev/vda rw\n71 70 0:37 / /srv/x rw - nfs4 nas1:/export/x rw",
     ["the mount namespace that /run/x keeps"]),
    ("70 1 254:0 / / rw - ext4 /dev/vda rw", []),
    # Bound elsewhere by a container that follows the host's mounts: the unmount here leaves that one.
    ("70 1 254:0 / / rw master:1 - ext4 /dev/vda rw\n71 70 0:37 / /mnt rw - nfs4 nas1:/export/x rw",
     ["the mount namespace that /run/x keeps"]),
    # A service that may write there has the share bound over itself, on top of the one that goes.
    ("70 1 254:0 / / rw master:1 - ext4 /dev/vda rw\n71 70 0:37 / /srv/x rw - nfs4 nas1:/export/x rw\n"
     "72 71 0:37 / /srv/x rw - nfs4 nas1:/export/x rw", ["the mount namespace that /run/x keeps"]),
    # Its root is a directory of the host's.
    ("70 1 254:0 /srv / rw master:1 - ext4 /dev/vda rw\n71 70 0:37 / /x rw - nfs4 nas1:/export/x rw", []),
])
def test_mounts_of_another_namespace(monkeypatch, lines, users):
    assert said(monkeypatch, spaces=[namespaces.Space(7, mountinfo.parse(lines), [], ["/run/x"])]) == users


def test_a_bind_mount_that_a_service_sees_as_well_is_named_once(monkeypatch):
    """As systemd-udevd sees it, and each worker that udev has at the time."""
    seen = mountinfo.parse("70 1 254:0 / / rw master:1 - ext4 /dev/vda rw\n71 70 0:37 / /srv/x rw - nfs4 nas1:/export/x rw\n"
                           "72 70 0:37 / /srv/y rw - nfs4 nas1:/export/x/vm1 rw")
    assert said(monkeypatch, BIND, spaces=[namespaces.Space(7, seen, ["1"], [])]) == ["a bind mount at /srv/y"]


def test_a_mount_of_the_client_that_a_service_sees_is_taken_along(monkeypatch):
    shared = SHARE.replace(" rw - ", " rw shared:7 - ")
    seen = mountinfo.parse("70 1 254:0 / / rw master:1 - ext4 /dev/vda rw\n71 70 0:37 / /srv/x rw master:7 - nfs4 "
                           "nas1:/export/x rw\n72 71 0:38 / /srv/x/a/b rw master:8 - nfs4 nas1:/export/x/a/b rw")
    monkeypatch.setitem(globals(), "SHARE", shared)
    assert said(monkeypatch, INNER, spaces=[namespaces.Space(7, seen, ["1"], [])]) == []


@pytest.mark.parametrize("link, users", [
    ("/srv/x (deleted)", ["vm (process 7)"]), ("/srv/x/vm1 (deleted)", ["vm (process 7)"]), ("/srv (deleted)", []),
    ("/srv/x2 (deleted)", []),
])
def test_a_process_in_a_directory_that_was_removed(monkeypatch, link, users):
    monkeypatch.setattr(in_use, "_link", lambda path: link if path.endswith("/cwd") else None)
    monkeypatch.setattr(in_use, "_name", lambda pid: "vm")
    assert said(monkeypatch, threads={"7": ["7"]}) == users
