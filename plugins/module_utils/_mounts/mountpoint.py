# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory under a mount: made unusable, so that nobody writes to the local disk behind a lost mount.

The directory can be looked at and guarded while something is mounted on it: in a private mount namespace the
filesystem it lies in is bound elsewhere, where nothing covers it. Run everything here in bounded(): a directory may
lie in a filesystem that does not answer, and the process that opened the namespace must end.
"""

import collections
import contextlib
import errno
import os
import stat

from .._host import attributes, mountinfo, namespaces

# Linux: include/uapi/linux/mount.h, capability.h
_MS_BIND = 0x1000
_CAP_LINUX_IMMUTABLE = 9

# Where the immutable flag is known to be kept; elsewhere it is not asked for, so that two runs agree.
_WITH_IMMUTABLE = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs"))
_NAMES_SHOWN = 5

Point = collections.namedtuple("Point", "kind linked owner mode immutable names")
Point.__doc__ = """The directory under a mount, or what is in its place.

kind: "missing", "directory", "link", "other", or "unseen" when a mount covers it and this process may not open a mount
namespace to look below. linked: the path without symbolic links, where it is another than the
declared one, else None. owner: "uid:gid", mode: four octal digits, both "" when missing. immutable: True, False, or
None where the filesystem or this process cannot set it. names: up to five of the names found inside, sorted, then
"..." when there are more.
"""

UNSEEN = Point("unseen", None, "", "", None, [])


def look(paths):
    """{path: Point as a list} for JSON; paths: absolute, of shares whether mounted or not."""
    entries = mountinfo.read()
    result = {}
    with _uncovered(paths, entries) as places:
        for path in paths:
            result[path] = list(_look_at(path, places[path], entries))
    return result


def is_guarded(point):
    """Whether nobody but root, and not even root by mistake, can write below the mount."""
    return point.kind == "directory" and point.owner == "0:0" and point.mode == "0000" and point.immutable is not False


def describe(point):
    """A Point in a few words for a diff."""
    if point.kind != "directory":
        return point.kind
    return "directory of %s, mode %s%s" % (point.owner, point.mode, ", immutable" if point.immutable else "")


def guard(path):
    """Create the directory if it is missing, parents with mode 0755, and make it unusable."""
    entries = mountinfo.read()
    with _uncovered([path], entries) as places:
        place = places[path]
        if place is None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), path)
        os.umask(0o022)
        if not os.path.lexists(place):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.mkdir(place, 0o700)
        with _opened(place) as directory:
            if _can_mark(path, entries):
                _mark(directory, False)
            os.fchown(directory, 0, 0)
            os.fchmod(directory, 0)
            if _can_mark(path, entries):
                _mark(directory, True)


def release(path):
    """Remove the directory of a share that is gone, if it is empty; what is not empty stays, without the flag."""
    entries = mountinfo.read()
    with _opened(path) as directory:
        if _can_mark(path, entries):
            _mark(directory, False)
    os.rmdir(path)


def _look_at(path, place, entries):
    parent = os.path.dirname(path)
    real = os.path.realpath(parent)
    linked = None if real == parent else os.path.join(real, os.path.basename(path))
    if place is None:
        return Point("unseen", linked, "", "", None, [])
    try:
        status = os.lstat(place)
    except FileNotFoundError:
        return Point("missing", linked, "", "", None, [])
    owner = "%d:%d" % (status.st_uid, status.st_gid)
    mode = "%04o" % stat.S_IMODE(status.st_mode)
    if not stat.S_ISDIR(status.st_mode):
        kind = "link" if stat.S_ISLNK(status.st_mode) else "other"
        return Point(kind, os.path.realpath(place) if kind == "link" else linked, owner, mode, None, [])
    immutable = None
    if _can_mark(path, entries):
        with _opened(place) as directory:
            immutable = bool(attributes.get(directory) & attributes.IMMUTABLE)
    names = sorted(os.listdir(place))
    shown = names[:_NAMES_SHOWN] + (["..."] if len(names) > _NAMES_SHOWN else [])
    return Point("directory", linked, owner, mode, immutable, shown)


@contextlib.contextmanager
def _uncovered(paths, entries):
    """Yield {path: where its directory can be seen without the mount on it}."""
    covered = [path for path in paths if mountinfo.find(entries, path) is not None]
    places = {path: path for path in paths}
    if covered and not namespaces.leave():
        places.update(dict.fromkeys(covered))
        covered = []
    bound = {}
    for path in covered:
        below = mountinfo.containing(entries, os.path.dirname(path)).mount_point
        if below not in bound:
            bound[below] = _bind(below, len(bound))
        places[path] = os.path.join(bound[below], os.path.relpath(path, below))
    yield places


def _bind(directory, number):
    """Show one filesystem, without what is mounted inside it, in a place of its own."""
    target = "%s/%d" % (namespaces.STAGE, number)
    os.mkdir(target)
    namespaces.mount(directory, target, None, _MS_BIND)
    return target


@contextlib.contextmanager
def _opened(directory):
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _can_mark(path, entries):
    """Whether the filesystem the directory lies in keeps the flag, and this process may set it (containers may not)."""
    below = mountinfo.containing(entries, os.path.dirname(path))
    return below is not None and below.fstype in _WITH_IMMUTABLE and _has_capability(_CAP_LINUX_IMMUTABLE)


def _has_capability(number):
    with open("/proc/self/status", encoding="ascii", errors="replace") as source:
        fields = dict(line.split(":", 1) for line in source if ":" in line)
    return bool(int(fields.get("CapEff", "0").strip(), 16) >> number & 1)


def _mark(descriptor, immutable):
    flags = attributes.get(descriptor)
    wanted = flags | attributes.IMMUTABLE if immutable else flags & ~attributes.IMMUTABLE
    if wanted != flags:
        attributes.put(descriptor, wanted)
