# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a mount: the processes, mounts, loop devices and swap files that keep it from being unmounted.

Only links and lists below /proc and /sys are read, never a file of the mount, so a dead server is not asked. A memory
map's list can still hang behind a process that hangs: run this in bounded().
"""

import glob
import os

from .._host import mountinfo

_SHOWN = 8


def in_use(path):
    """What uses the mount seen at a path, a list of str such as "qemu-system-x86 (process 812)"; [] when nothing."""
    entries = mountinfo.read()
    mount = mountinfo.find(entries, path)
    if mount is None:
        return []
    found = ["a mount at %s" % entry.mount_point for entry in entries if _below(entry.mount_point, path)]
    found += _loop_devices(path) + _swap_files(path)
    ours = {entry.mount_id for entry in entries
            if entry.mount_id == mount.mount_id or _below(entry.mount_point, path)}
    spaces = {_link("/proc/self/ns/mnt"): _Space(path, ours, None, None)}
    processes = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]
    users = [pid for pid in processes if _uses(pid, spaces, mount)]
    if not users and not found:
        # Last, as it is the only thing here that can block; no need to when the answer is known.
        users = [pid for pid in processes if _link("/proc/%s/ns/mnt" % pid) == _link("/proc/self/ns/mnt")
                 and _maps(pid, path)]
    return found + ["%s (process %s)" % (_name(pid), pid) for pid in users]


def in_words(found):
    """A list of in_use as a phrase, the first few of many."""
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (" and %d more" % more if more > 0 else "")


class _Space:
    """One mount namespace: what of it is the mount in question. entries is None for our own."""

    def __init__(self, path, ids, entries, mount):
        self.path = path
        self.ids = ids
        self.entries = entries
        self.mount = mount

    def leads_into(self, link):
        if self.entries is None:
            return link == self.path or _below(link, self.path)
        return _same(mountinfo.containing(self.entries, link), self.mount)


def _uses(pid, spaces, mount):
    """Whether a process has its directory, root, program or an open file on the mount."""
    name = _link("/proc/%s/ns/mnt" % pid)
    if name is None:
        return False
    if name not in spaces:
        spaces[name] = _foreign_space(pid, mount)
    space = spaces[name]
    if not space.ids:
        return False
    for kind in ("cwd", "root", "exe"):
        link = _link("/proc/%s/%s" % (pid, kind))
        # A process that left its root directory is seen from ours, which says nothing about its namespace.
        if link and link.startswith("/") and space.leads_into(link):
            return True
    try:
        numbers = os.listdir("/proc/%s/fdinfo" % pid)
    except OSError:
        return False
    return any(_mount_of_descriptor(pid, number) in space.ids for number in numbers)


def _foreign_space(pid, mount):
    """virtiofsd and libvirt's QEMU live in mount namespaces of their own: there the same mount has another number."""
    try:
        entries = mountinfo.read("/proc/%s/mountinfo" % pid)
    except OSError:
        entries = []
    return _Space(None, {entry.mount_id for entry in entries if _same(entry, mount)}, entries, mount)


def _same(entry, mount):
    return entry is not None and (entry.st_dev, entry.root, entry.source) == (mount.st_dev, mount.root, mount.source)


def _mount_of_descriptor(pid, number):
    for line in _lines("/proc/%s/fdinfo/%s" % (pid, number)):
        if line.startswith("mnt_id:"):
            return int(line.split()[1])
    return None


def _maps(pid, path):
    return any(_below(line.split(None, 5)[5], path) for line in _lines("/proc/%s/maps" % pid)
               if line.count(" ") >= 5 and len(line.split(None, 5)) == 6)


def _loop_devices(path):
    result = []
    for name in sorted(glob.glob("/sys/block/loop*/loop/backing_file")):
        if any(_below(line, path) for line in _lines(name)):
            result.append("the loop device /dev/%s" % name.split("/")[3])
    return result


def _swap_files(path):
    names = [mountinfo.unescape(line.split()[0]) for line in _lines("/proc/swaps")[1:] if line]
    return ["the swap file %s" % name for name in names if _below(name, path)]


def _name(pid):
    return "".join(_lines("/proc/%s/comm" % pid)[:1]) or "unknown"


def _link(path):
    try:
        return os.readlink(path)
    except OSError:
        # The process ended meanwhile, or is a thread of the kernel.
        return None


def _lines(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as source:
            return source.read().splitlines()
    except OSError:
        return []


def _below(path, directory):
    return path.startswith(directory.rstrip("/") + "/")
