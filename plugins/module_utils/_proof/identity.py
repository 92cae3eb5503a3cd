# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has at a share's path: which filesystem, which directory of it, and whether it is what was declared."""

import hashlib
import os
import stat
import subprocess

from .._share import leftovers, live
from .._share.types import registry


def read(path, mount):
    """{"device", "inode", "fsid"} of the mount's root directory; call it in a bounded child.

    device: st_dev as "major:minor", of this host only. inode: the root directory's number, None where the host made it
    up. fsid: the filesystem's id as text, or "" where the kernel tells none, or only the number of this host's device.
    """
    descriptor = live.enter(path, mount)
    try:
        status = os.fstat(descriptor)
        device = "%d:%d" % (os.major(status.st_dev), os.minor(status.st_dev))
        of_mount = registry.of_mount(mount)
        fsid = of_mount.filesystem_id(device, live.name_of(descriptor))
        if fsid is None:
            fsid = _statfs_fsid(descriptor)
            fsid = "" if fsid in ("", _as_fsid(status.st_dev)) else of_mount.lasting_part(fsid)
        return {"device": device, "inode": status.st_ino if of_mount.has_inodes(mount) else None, "fsid": fsid}
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


def content(path, mount, limit=2000):
    """What all hosts must see alike of the root of a read-only share; call it in a bounded child.

    {"digest": of the root itself and all that lies in it, "entries": how many, "telling": how many of them are no
    directories}. A copy of a filesystem has other numbers of files, and no program can set the time at which it was made
    (ctime). Of directories only number and name count, which those of two servers that were set up alike share. Whatever
    goes on below the root does not count, nor does what a proof leaves or makes there by a path that can be written.
    """
    of_mount = registry.of_mount(mount)
    numbers, exact = of_mount.has_inodes(mount), of_mount.exact_times
    descriptor = live.enter(path, mount)
    try:
        digest = hashlib.sha256()
        names = sorted(name for name in os.listdir(descriptor) if not name.startswith(leftovers.PREFIX))
        telling = 0
        for name in names[:limit]:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            _add(digest, name, status, numbers, exact)
            telling += not stat.S_ISDIR(status.st_mode)
        root = os.fstat(descriptor)
        if numbers:
            digest.update(b"%d" % root.st_ino)
        if exact and not names:
            # With nothing in it nobody changes its times but a proof.
            digest.update(b" %d %d" % (root.st_mtime_ns, root.st_ctime_ns))
        return {"digest": digest.hexdigest(), "entries": len(names), "telling": telling}
    finally:
        os.close(descriptor)


def _add(digest, name, status, numbers, exact):
    # What is written into a directory changes its size and its times, and is no matter of the root.
    lasts = not stat.S_ISDIR(status.st_mode)
    found = [stat.S_IFMT(status.st_mode), status.st_ino if numbers else 0, status.st_size if lasts else 0]
    if exact:
        found += [status.st_mtime_ns, status.st_ctime_ns] if lasts else []
    else:
        found.append(int(status.st_mtime) if lasts else 0)
    line = "%s\0%s\n" % (name, " ".join(str(number) for number in found))
    digest.update(line.encode("utf-8", "surrogateescape"))


def _as_fsid(device):
    """A device's number as those filesystems give it that have it as their id (huge_encode_dev() in the kernel)."""
    minor = os.minor(device)
    return "%x" % (((minor & 0xff) | (os.major(device) << 8) | ((minor & ~0xff) << 12)) << 32)


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
