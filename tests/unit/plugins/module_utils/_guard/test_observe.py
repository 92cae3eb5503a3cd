# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an errno of a mount means: gone for good, or away for now."""

import errno
import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._guard import observe
from ansible_collections.virtshare.storage.plugins.module_utils._host import bounded, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._share import served

MOUNT = "41 28 0:40 / /srv/shares/a rw,relatime - fuse.glusterfs nas1:/a rw,user_id=0\n"
PROCESS = ["/usr/sbin/glusterfs", "--process-name", "fuse", "--volfile-server=nas1", "--volfile-id=/a", "/srv/shares/a"]
GLUSTER = {"path": "/srv/shares/a", "type": "glusterfs", "source": "nas1:/a"}
NFS = {"path": "/srv/shares/a", "type": "nfs", "source": "nas1:/a"}


def answered(share, number, monkeypatch, commands=()):
    monkeypatch.setattr(served, "command_lines", lambda programs: list(commands))
    text = MOUNT if share is GLUSTER else MOUNT.replace("fuse.glusterfs", "nfs4")
    mount, = mountinfo.parse(text)
    answer = bounded.Answer(None, OSError(number, os.strerror(number)))
    seen = observe._answered(share, mount, answer, 5)
    return seen["found"], bool(seen.get("stale"))


@pytest.mark.parametrize("commands, expected", [
    # Its process lives and reaches no server: it connects again by itself, and a host is not to be disabled for that.
    ([PROCESS], ("silent", False)),
    ([[*PROCESS[:-1], "/srv/shares/b"]], ("error", True)),
    ([], ("error", True)),
])
def test_a_glusterfs_mount_without_a_connection_is_lost_only_without_its_process(monkeypatch, commands, expected):
    assert answered(GLUSTER, errno.ENOTCONN, monkeypatch, commands) == expected


@pytest.mark.parametrize("number, expected", [
    (errno.ESTALE, ("error", True)), (errno.ETIMEDOUT, ("silent", False)), (errno.EHOSTDOWN, ("silent", False)),
    (errno.EIO, ("error", False)),
])
def test_other_mounts_are_away_or_gone_by_what_the_kernel_says(monkeypatch, number, expected):
    assert answered(NFS, number, monkeypatch) == expected
