# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a mount: whatever would keep it from being unmounted, or would stay on its filesystem afterwards.

A virtiofsd has a mount of the one directory it serves, in a mount namespace of its own; others see the share through a
bind mount. So what counts is the filesystem and the directory of it, in every mount namespace, and never a path or a
source. Only links and lists below /proc and /sys are read, never a file of the mount, so a dead server is not asked.
A memory map's list can still hang behind a process that hangs: run this in bounded().
"""

import ctypes
import glob
import os
import posixpath
import sys

from .._host import mountinfo, namespaces
from .._share.types import registry

_SHOWN = 8
# Linux: include/uapi/linux/fcntl.h, stat.h; struct statx has the device's two numbers there.
_AT_FDCWD = -100
_AT_STATX_DONT_SYNC = 0x4000
_STATX_BYTES = 256
_STATX_DEVICE = 136


# What the kernel writes behind the name of a file or directory that was removed (fs/d_path.c).
_GONE = " (deleted)"


def in_use(mount, independent=()):
    """What uses a mount, a list of str such as "qemu-system-x86 (process 812)"; [] when nothing does.

    mount: a mountinfo.Mount of this namespace. independent: mount points of others that show the same directory or one
    inside it, and were not made from this one.
    """
    return _Search(mount, independent).users()


def in_words(found):
    """A list of in_use as a phrase, the first few of many."""
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (" and %d more" % more if more > 0 else "")


def automatic(entries, mount):
    """The mounts inside a mount that its filesystem made by itself, as NFS and DFS do where another filesystem begins.

    An unmount takes those along that nobody uses.
    """
    made = {mount.mount_id: mount}
    for entry in mountinfo.children(entries, mount):
        above = made.get(entry.parent_id)
        if above is not None and registry.of_mount(above).made_inside(above, entry):
            made[entry.mount_id] = entry
    del made[mount.mount_id]
    return list(made.values())


class _Search:
    """One look at all that is going on on the host."""

    def __init__(self, mount, independent):
        self.mount = mount
        self.entries = mountinfo.read()
        self.independent = set(independent)
        self.on_own_disk = registry.of_mount(mount).name is None
        # A disk of the host is mounted somewhere before a directory of it can be bound.
        disks = [entry.mount_point for entry in self.entries if self.on_own_disk and entry.st_dev == mount.st_dev
                 and entry.root == "/" and entry.mount_point != mount.mount_point]
        self.independent.update(disks)
        self._sources = [posixpath.join(disk, mount.root.lstrip("/")) for disk in disks]
        self.shown = [mount] + automatic(self.entries, mount)
        self.threads = namespaces.threads()
        self.ours = os.stat("/proc/self/ns/mnt").st_ino
        self.spaces = namespaces.others(self.threads)
        self.tables = {name: space.mounts for name, space in self.spaces.items()}
        self.tables[self.ours] = self.entries
        # The numbers of mounts are the kernel's, the same in all namespaces.
        self.ids = {entry.mount_id for entry in self.shown}
        self._places = {}
        self._named = set()
        # Mounts here whose unmount other namespaces follow: it goes itself, and so does what is named.
        self._going = list(self.shown)
        self.known = {entry.mount_id for table in self.tables.values() for entry in table}

    def users(self):
        found = self._mounts() + self._foreign_mounts()
        found += self._loop_devices() + self._swap_files() + self._overlays() + self._exports()
        processes = [pid for pid in self.threads if self._uses(pid)]
        if not processes and not found:
            # Last, as it is the only thing here that can block; no need to when the answer is known.
            processes = [pid for pid in self.threads if self._maps(pid)]
        return found + ["%s (process %s)" % (_name(pid), pid) for pid in sorted(processes, key=int)]

    def _mounts(self):
        """Mounts inside it, and bind mounts of it or of a directory of it elsewhere."""
        inner = [entry for entry in mountinfo.children(self.entries, self.mount) if entry.mount_id not in self.ids]
        binds = [entry for entry in self.entries
                 if entry not in inner and entry.mount_point != self.mount.mount_point
                 and entry.mount_id not in self.ids and self._shows_it(entry)]
        self.ids.update(entry.mount_id for entry in binds)
        self._going += inner + binds
        if self.on_own_disk:
            # It may as well have been bound from the directory that the share binds: only who is in it counts.
            binds = []
        return (["a mount at %s" % entry.mount_point for entry in inner]
                + ["a bind mount at %s" % entry.mount_point for entry in binds])

    def _foreign_mounts(self):
        """Mounts of it in other namespaces that stay when it is unmounted here."""
        ours = {entry.mount_id: entry for entry in self.entries}
        passed_on = {spot for mount in self._going for spot in _spots(mount, ours, ("shared:",))}
        result = []
        for space in self.spaces.values():
            by_id = {entry.mount_id: entry for entry in space.mounts}
            seen = [entry for entry in space.mounts if self._shows_it(entry)]
            self.ids.update(entry.mount_id for entry in seen)
            staying = [entry for entry in seen if not passed_on & _spots(entry, by_id, ("shared:", "master:"))]
            if staying and not space.processes:
                result.append("the mount namespace that %s keeps" % " and ".join(space.keepers))
            elif staying:
                result.extend("%s (process %s)" % (_name(pid), pid) for pid in space.processes)
        self._named = set(result)
        return result

    def _shows_it(self, entry):
        # What a service may write, systemd binds over itself in the service's namespace: who uses the source is no user.
        independent = entry.mount_point in self.independent or any(
            mountinfo.inside(entry.mount_point, source) for source in self._sources)
        return not independent and any(mountinfo.shows_part_of(entry, mount) for mount in self.shown)

    def _uses(self, pid):
        """Whether a process has its directory, root, program or an open file on the mount."""
        if "%s (process %s)" % (_name(pid), pid) in self._named:
            return False
        for tid in self.threads[pid]:
            table = self._table(pid, tid)
            if any(self._leads_into(table, _link("/proc/%s/task/%s/%s" % (pid, tid, kind))) for kind in ("cwd", "root")):
                return True
        if self._leads_into(self._table(pid, pid), _link("/proc/%s/exe" % pid)):
            return True
        return any(self._has_open(pid, tid) for tid in self._with_files(pid))

    def _table(self, pid, tid):
        return self.tables.get(namespaces.name_of(pid, tid), self.entries)

    def _leads_into(self, table, link):
        if not link or not link.startswith("/"):
            return False
        if link.endswith(_GONE) and self._leads_into(table, link[:-len(_GONE)]):
            return True
        # Hundreds of threads have the same few directories.
        key = id(table), link
        if key not in self._places:
            self._places[key] = mountinfo.containing(table, link)
        entry = self._places[key]
        return entry is not None and entry.mount_id in self.ids

    def _with_files(self, pid):
        """The threads whose open files are to be looked at: the first stands for all, unless it has ended."""
        return [pid] if _listed("/proc/%s/fdinfo" % pid) else self.threads[pid]

    def _has_open(self, pid, tid):
        directory = "/proc/%s/task/%s" % (pid, tid)
        for number in _listed(directory + "/fdinfo"):
            opened = _mount_of_descriptor(directory, number)
            if opened in self.ids:
                return True
            if opened is not None and opened not in self.known and self._is_detached("%s/fd/%s" % (directory, number)):
                return True
        return False

    def _is_detached(self, path):
        """Whether a file is on this filesystem through a mount that is in no list any more (umount --lazy)."""
        link = _link(path)
        # Which directory of it such a mount shows, nobody tells.
        whole = not self.on_own_disk or self.mount.root == "/"
        if not whole or not link or not link.startswith("/"):
            return False
        return _device(path) in {mount.st_dev for mount in self.shown}

    def _maps(self, pid):
        devices = {_as_maps_show(mount.st_dev) for mount in self.shown}
        lines = [line.split(None, 5) for line in _lines("/proc/%s/maps" % pid)]
        table = self._table(pid, pid)
        return any(len(line) == 6 and line[3] in devices and self._leads_into(table, line[5]) for line in lines)

    def _loop_devices(self):
        return ["the loop device /dev/%s" % name.split("/")[3]
                for name in sorted(glob.glob("/sys/block/loop*/loop/backing_file"))
                if any(self._is_file_of_it(line) for line in _lines(name))]

    def _swap_files(self):
        names = [mountinfo.unescape(line.split()[0]) for line in _lines("/proc/swaps")[1:] if line]
        return ["the swap file %s" % name for name in names if self._is_file_of_it(name)]

    def _overlays(self):
        result = []
        for table in self.tables.values():
            for entry in table:
                names = [name for option in entry.super_options if entry.fstype == "overlay"
                         and option.startswith(("lowerdir", "upperdir=", "workdir="))
                         for name in option.partition("=")[2].split(":")]
                if any(self._leads_into(table, posixpath.normpath(name)) for name in names if name.startswith("/")):
                    result.append("the overlay at %s" % entry.mount_point)
        return result

    def _exports(self):
        names = [mountinfo.unescape(line.split("\t")[0]) for line in _lines("/proc/fs/nfsd/exports")
                 if line.startswith("/")]
        return ["this host's own NFS export of %s" % name for name in names if self._is_file_of_it(name)]

    def _is_file_of_it(self, path):
        # In a namespace whose root lies in the share every path would lead into it.
        return self._leads_into(self.entries, path)


def _spots(entry, by_id, kinds):
    """Where a mount hangs, as the kernel passes an unmount on: (peer group, directory in that group's filesystem).

    by_id: the mounts of its namespace. kinds: the words before a group's number in mountinfo that count. A mount that
    hangs elsewhere below a directory of the same group is not unmounted: a container may have bound the share there.
    """
    above = by_id.get(entry.parent_id)
    if above is None:
        return set()
    directory = posixpath.normpath(posixpath.join(above.root, posixpath.relpath(entry.mount_point, above.mount_point)))
    return {(word.partition(":")[2], directory) for word in above.propagation if word.startswith(kinds)}


def _mount_of_descriptor(directory, number):
    for line in _lines("%s/fdinfo/%s" % (directory, number)):
        if line.startswith("mnt_id:"):
            return int(line.split()[1])
    return None


def _device(path):
    """The device of what a link of /proc leads to, as mountinfo has it, without asking a server; None when unknown."""
    buffer = ctypes.create_string_buffer(_STATX_BYTES)
    try:
        done = ctypes.CDLL(None).statx(_AT_FDCWD, os.fsencode(path), _AT_STATX_DONT_SYNC, 0, buffer)
    except AttributeError:
        # A C library before 2.28.
        return None
    if done != 0:
        return None
    major, minor = (int.from_bytes(buffer[at:at + 4], sys.byteorder)
                    for at in (_STATX_DEVICE, _STATX_DEVICE + 4))
    return "%d:%d" % (major, minor)


def _as_maps_show(st_dev):
    return "%02x:%02x" % tuple(map(int, st_dev.split(":")))


def _name(pid):
    return "".join(_lines("/proc/%s/comm" % pid)[:1]) or "unknown"


def _link(path):
    try:
        return os.readlink(path)
    except OSError:
        # The process ended meanwhile, or is a thread of the kernel.
        return None


def _listed(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def _lines(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as source:
            return source.read().splitlines()
    except OSError:
        return []
