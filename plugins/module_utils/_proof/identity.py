# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has at a share's path: which filesystem, which directory of it, and whether it is what was declared."""

import os
import subprocess

from .._share import live
from .._share.types import registry


def read(path, mount):
    """{"device", "inode", "fsid"} of the mount's root directory; call it in a bounded child.

    device: st_dev as "major:minor", of this host only. inode: the root directory's number. fsid: the filesystem's id
    as text, or "" where the kernel tells none.
    """
    descriptor = live.enter(path, mount)
    try:
        status = os.fstat(descriptor)
        device = "%d:%d" % (os.major(status.st_dev), os.minor(status.st_dev))
        fsid = registry.of_mount(mount).filesystem_id(device)
        if fsid is None:
            fsid = _statfs_fsid(descriptor)
        return {"device": device, "inode": status.st_ino, "fsid": fsid}
    finally:
        os.close(descriptor)


def describe(mount, numbers=None):
    """The identity of a mounted path as results carry it; numbers as read() gives them, or None if nobody answered."""
    found = {"mounted": True, "source": mount.source, "fstype": mount.fstype, "root": mount.root,
             "device": mount.st_dev, "inode": None, "fsid": ""}
    found.update(numbers or {})
    return found


def describe_plain(entries, path):
    """The identity of a path that is no mount: what it lies on, and that it is a plain directory or not there."""
    found = {"mounted": False, "on": live.plain_directory(entries, path), "exists": False, "inode": None}
    try:
        found["inode"] = os.lstat(path).st_ino
        found["exists"] = True
    except OSError:
        pass
    return found


def _statfs_fsid(descriptor):
    number = getattr(os.fstatvfs(descriptor), "f_fsid", None)
    if number is not None:
        # The C library joins the two words of the id the other way round than stat(1) shows them.
        return "%x" % (((number & 0xffffffff) << 32) | (number >> 32)) if number else ""
    # Python 3.6 does not hand the field on.
    output = subprocess.check_output(  # pylint: disable=ansible-bad-function
        ["stat", "-f", "-c", "%i", live.name_of(descriptor)], pass_fds=(descriptor,), universal_newlines=True,
    ).strip()
    return "" if output.strip("0") == "" else output
