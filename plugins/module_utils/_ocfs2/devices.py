# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The block devices that OCFS2 lies on, looked at without writing."""

import mmap
import os
import re

from .._host import blockdevice
from .._host.bounded import ChildFailed, TimedOut, bounded
from .._host.commands import run
from . import superblock

BY_ID = "/dev/disk/by-id"
_UDEV = "/run/udev"
# Where the kernel tells a disk's own number, below its directory in /sys; the first that says something counts.
_NUMBERS = ("dm/uuid", "device/wwid", "wwid", "serial", "device/serial")


def look(sources, empty, seconds):
    """[dict] of the sources, in their order; seconds: for each step. None of them hangs longer, whatever it does.

    sources: LABEL=…, UUID=… or a path below /dev. empty: those of them that may be empty, and then are looked at for
    all that could be on them or use them. A device is C({"source", "path", "number" ("major:minor"), "bytes",
    "identity" (what tells it from others: the disk's own number, "" when it has none), "by_id" (its names there),
    "bare" (bool), "known" (whether udev knows the filesystem), "volume" (see superblock.parse), "content" ([str] what
    is on it that is no OCFS2), "users" ([str] what uses it), "problem" (None, or why it could not be looked at)}); one
    that is not there has only source, bare and problem.
    """
    return [_look_at(source, source in empty, seconds) for source in sources]


def signatures(path, seconds):
    """What is on a device, [] when nothing is; OSError when that cannot be found out."""
    # Both, as each knows some that the other does not: blkid ambiguous ones, wipefs several at once.
    code, output = run(["blkid", "-p", "-o", "export", path], seconds)
    if code not in (0, 2, 8):
        raise OSError(code, "blkid ended with %d: %s" % (code, output))
    found = re.findall(r"^(?:TYPE|PTTYPE)=(.*)$", output, re.MULTILINE) if code == 0 else []
    if code == 8:
        found.append("more than one signature")
    code, output = run(["wipefs", "--no-act", "--parsable", path], seconds)
    if code != 0:
        raise OSError(code, "wipefs ended with %d: %s" % (code, output))
    found += [line.split(",")[-1] for line in output.splitlines() if line and not line.startswith("#")]
    return list(dict.fromkeys(found))


def users(path, number):
    """What uses a device on this host: partitions, devices made of it, mounts, swap, programs (a guest's)."""
    directory = "/sys/dev/block/%s" % number
    result = ["%s is made of it" % name for name in _names(os.path.join(directory, "holders"))]
    result += ["it has the partition %s" % name for name in _names(directory)
               if os.path.exists(os.path.join(directory, name, "partition"))]
    if not result:
        try:
            # The kernel lets nobody have a device for himself that is mounted or in use otherwise, in any namespace.
            os.close(os.open(path, os.O_RDONLY | os.O_EXCL))
        except OSError as error:
            result.append("the kernel says: %s" % (error.strerror or error))
    return result + ["%s (process %s) has it open" % (_line("/proc/%s/comm" % pid) or "unknown", pid)
                     for pid in _names("/proc") if pid.isdigit() and _has_open(pid, path)]


def _look_at(source, may_be_empty, seconds):
    result = {"source": source, "bare": blockdevice.is_bare(source), "problem": None}
    try:
        path = blockdevice.resolve(source, seconds)
        if path is None:
            result["problem"] = "there is no device %s" % source
            return result
        found = bounded(lambda: _describe(path), seconds)
        found["content"], found["users"] = [], []
        if may_be_empty and found["volume"] is None:
            found["content"] = signatures(path, seconds)
            found["users"] = bounded(lambda: users(path, found["number"]), seconds)
        result.update(found)
    except (TimedOut, ChildFailed, OSError) as error:
        result["problem"] = "it cannot be read: %s" % (error.strerror if getattr(error, "strerror", None) else error)
    return result


def _describe(path):
    number = blockdevice.number_of(path)
    volume = superblock.parse(_beginning(path))
    directory = "/sys/dev/block/%s" % number
    known = volume is not None and (
        not os.path.isdir(_UDEV) or os.path.lexists("/dev/disk/by-uuid/" + volume["uuid"]))
    return {
        "path": path,
        "number": number,
        "bytes": int(_line(os.path.join(directory, "size")) or 0) * 512,
        "identity": _identity(directory),
        "by_id": [name for name in _names(BY_ID) if os.path.realpath(os.path.join(BY_ID, name)) == path],
        "known": known,
        "volume": volume,
    }


def _beginning(path):
    """The first bytes of a device, past this host's cache: another host may have written them."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        with mmap.mmap(-1, superblock.BYTES) as memory:
            os.readv(descriptor, [memory])
            return memory[:]
    finally:
        os.close(descriptor)


def _identity(directory):
    """The disk's own number, as written by the kernel; of a partition with where it begins on the disk."""
    part = _line(os.path.join(directory, "partition"))
    if part:
        whole = _identity(os.path.dirname(os.path.realpath(directory)))
        return "%s, sector %s" % (whole, _line(os.path.join(directory, "start"))) if whole else ""
    for name in _NUMBERS:
        text = _line(os.path.join(directory, name))
        if text:
            # A path of a multipath device tells the same number in another way.
            return re.sub(r"^mpath-3", "naa.", text)
    return ""


def _has_open(pid, path):
    directory = "/proc/%s/fd" % pid
    for name in _names(directory):
        try:
            if os.readlink(os.path.join(directory, name)) == path:
                return True
        except OSError:
            # It was closed meanwhile.
            continue
    return False


def _line(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return " ".join(source.read().split())
    except OSError:
        return ""


def _names(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def bare_words(label, source):
    """What to say of a device that is named as the kernel finds it."""
    return ("filesystem %s: the device %s is a name that the kernel gives in the order it finds the disks, so it may "
            "be another disk after the next boot or on the next host. Write a path below /dev/disk/by-id." % (
                label, source))
