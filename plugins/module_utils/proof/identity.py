# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has at a share's path: which filesystem, which directory of it, and whether it is what was declared."""

import os
import subprocess

from ansible_collections.virtshare.storage.plugins.module_utils import mounted

# The NFS client tells the server's filesystem id here and not in statfs.
NFS_VOLUMES = "/proc/fs/nfsfs/volumes"


def read(path, mount):
    """{"device", "inode", "fsid"} of the mount's root directory; call it in a bounded child.

    device: st_dev as "major:minor", of this host only. inode: the root directory's number. fsid: the filesystem's id
    as text, or "" where the kernel tells none.
    """
    descriptor = mounted.enter(path, mount)
    try:
        status = os.fstat(descriptor)
        device = "%d:%d" % (os.major(status.st_dev), os.minor(status.st_dev))
        fsid = _nfs_fsid(device) if mount.fstype in mounted.FSTYPES["nfs"] else _statfs_fsid(descriptor)
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
    found = {"mounted": False, "on": mounted.plain_directory(entries, path), "exists": False, "inode": None}
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
        ["stat", "-f", "-c", "%i", mounted.name_of(descriptor)], pass_fds=(descriptor,), universal_newlines=True,
    ).strip()
    return "" if output.strip("0") == "" else output


def _nfs_fsid(device, volumes=None):
    """The FSID column of the client's list of volumes (NV SERVER PORT DEV FSID FSC) for this device."""
    try:
        if volumes is None:
            with open(NFS_VOLUMES) as source:
                volumes = source.read()
    except OSError:
        return ""
    for line in volumes.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 5 and fields[3] == device:
            return fields[4]
    return ""
