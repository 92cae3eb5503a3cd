# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace a file in one step: after a crash at any moment it is the old or the new one, whole."""

import errno
import os

from . import attributes, mountinfo


def replace(filename, data, prepare=None):
    """Write a file of this process's owner and mode 0600, or what prepare makes of it, in the place of an old one.

    data: bytes. prepare: called with the new file's descriptor before it takes the place. Raises OSError, and then the
    old file is untouched.
    """
    temporary = temporary_of(filename)
    try:
        _write(temporary, data, prepare)
        os.rename(temporary, filename)
    except BaseException:
        unlink(temporary)
        raise
    sync_directory(os.path.dirname(filename))


def properties_of(filename):
    """A prepare for replace(): owner, mode and extended attributes (label, ACLs) of an old file, 0644 without one."""
    return lambda descriptor: _copy_properties(filename, descriptor)


def rehearse(filename, data, prepare=None):
    """Raise the OSError that replace() would meet, so on a disk that is full; nothing of it stays."""
    look(filename)
    temporary = temporary_of(filename)
    try:
        _write(temporary, data, prepare)
    finally:
        unlink(temporary)


def look(filename, data=b""):
    """Raise the OSError that replace() would meet; nobody sees a change.

    An immutable file and a mount point can be replaced by none, and their directory says nothing of it.
    """
    if mountinfo.find(mountinfo.read(), filename) is not None:
        raise OSError(errno.EBUSY, "it is a mount point, as in a container, and cannot be replaced. Unmount it first")
    if os.path.isdir(filename):
        raise OSError(errno.EISDIR, "it is a directory")
    if os.path.exists(filename) and not os.path.isfile(filename):
        raise OSError(errno.EINVAL, "it is not a regular file. Put one in its place")
    directory = os.path.dirname(filename)
    while not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    for path in (filename, directory):
        flags = attributes.of(path)
        for flag, letter, word in ((attributes.IMMUTABLE, "i", "immutable"), (attributes.APPEND_ONLY, "a", "append-only")):
            if flags & flag:
                raise OSError(errno.EPERM, "%s is %s. Take that away with chattr -%s %s" % (
                    "it" if path == filename else "its directory %s" % path, word, letter, path))
    if os.statvfs(directory).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    if not os.access(directory, os.W_OK | os.X_OK):
        raise OSError(errno.EACCES, "its directory %s cannot be written" % directory)
    _write_nameless(directory, data)


def temporary_of(filename):
    """Where the new file is written first: one fixed name, so that what a killed run left is overwritten by the next."""
    directory, name = os.path.split(filename)
    return os.path.join(directory, ".%s.virtshare" % name)


def unlink(filename):
    """Remove a file, if it is there and can be removed."""
    try:
        os.unlink(filename)
    except OSError:
        # Not there, or on a disk that takes no change: creating it says so in the next step.
        pass


def sync_directory(directory):
    """Have the disk keep what was renamed or removed in a directory."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_properties(filename, descriptor):
    try:
        old = os.stat(filename)
    except FileNotFoundError:
        os.fchmod(descriptor, 0o644)
        return
    os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)
    try:
        for name in os.listxattr(filename):
            os.setxattr(descriptor, name, os.getxattr(filename, name))
    except OSError as error:
        # A filesystem without extended attributes has none to keep.
        if error.errno != errno.ENOTSUP:
            raise


def _write_nameless(directory, data):
    """Write a file that never gets a name, so that nothing is left of it, where the filesystem has such files."""
    try:
        descriptor = os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT):
            return
        raise
    try:
        while data:
            data = data[os.write(descriptor, data):]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(temporary, data, prepare):
    unlink(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        while data:
            data = data[os.write(descriptor, data):]
        if prepare is not None:
            prepare(descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
