# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mount namespaces: the mounts of all of them on the host, those without a process, too; and one of our own.

A namespace lasts as long as a thread is in it, a file of it is open, or one is bound somewhere (unshare --mount=FILE).
Each is entered to read its list: a process that changed its root directory shows but a part of it. No server is asked.
Run it in bounded(): the process that enters namespaces must end.
"""

import collections
import ctypes
import errno
import os

from . import mountinfo

# Linux: include/uapi/linux/sched.h, mount.h
_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | 0x40000
# A directory that every host has; after leave() a small filesystem in memory lies over it.
STAGE = "/sys"

Space = collections.namedtuple("Space", "name mounts processes keepers")
Space.__doc__ = """One mount namespace.

name: its number. mounts: of mountinfo. processes: of numbers of processes with a thread in it, as str. keepers: what
else keeps it.
"""


def leave():
    """Give this process a mount namespace of its own, out of which no change leads back; False where it may not."""
    if _libc().unshare(_CLONE_NEWNS) != 0:
        return False
    mount(None, "/", None, _MS_REC_PRIVATE)
    for entry in mountinfo.read():
        if any(word.startswith(("shared:", "master:")) for word in entry.propagation):
            raise OSError(errno.EINVAL, "the private mount namespace is not private", entry.mount_point)
    mount("none", STAGE, "tmpfs", 0)
    return True


def mount(source, target, fstype, flags):
    """mount(2); OSError when it fails."""
    def encoded(text):
        return None if text is None else os.fsencode(text)
    if _libc().mount(encoded(source), encoded(target), encoded(fstype), ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def _libc():
    return ctypes.CDLL(None, use_errno=True)


def threads():
    """{process: [its threads]} of all processes but this one, numbers as str."""
    result = {}
    for pid in os.listdir("/proc"):
        if pid.isdigit() and int(pid) != os.getpid():
            try:
                # A thread may have left the namespace and the directory of its process.
                result[pid] = os.listdir("/proc/%s/task" % pid)
            except OSError:
                # It ended meanwhile.
                continue
    return result


def name_of(pid, tid):
    """The number of a thread's mount namespace, None when it has ended."""
    try:
        return os.stat("/proc/%s/task/%s/ns/mnt" % (pid, tid)).st_ino
    except OSError:
        return None


def others(all_threads):
    """{number: Space} of all mount namespaces but our own. all_threads: of threads()."""
    ours = os.stat("/proc/self/ns/mnt").st_ino
    files, processes, keepers = {}, collections.OrderedDict(), {}
    for pid, tids in all_threads.items():
        for tid in tids:
            name = name_of(pid, tid)
            if name not in (None, ours):
                files.setdefault(name, "/proc/%s/task/%s/ns/mnt" % (pid, tid))
                if pid not in processes.setdefault(name, []):
                    processes[name].append(pid)
    for path, words in _kept(all_threads):
        try:
            status = os.stat(path)
        except OSError:
            continue
        if status.st_ino != ours and status.st_dev == os.stat("/proc/self/ns/mnt").st_dev:
            files.setdefault(status.st_ino, path)
            keepers.setdefault(status.st_ino, []).append(words)
    return {name: Space(name, mounts, processes.get(name, []), keepers.get(name, []))
            for name, mounts in _lists(files, processes)}


def _kept(all_threads):
    """(a path that leads to a mount namespace, the same in words) of what keeps one without being in it."""
    for entry in mountinfo.read():
        if entry.fstype == "nsfs" and entry.root.startswith("mnt:"):
            yield entry.mount_point, entry.mount_point
    for pid in all_threads:
        directory = "/proc/%s/fd" % pid
        try:
            numbers = os.listdir(directory)
        except OSError:
            continue
        for number in numbers:
            path = "%s/%s" % (directory, number)
            try:
                if os.readlink(path).startswith("mnt:["):
                    yield path, "an open file of process %s" % pid
            except OSError:
                continue


def _lists(files, processes):
    """(number, mounts) of the namespaces that these files stand for, then back to our own."""
    libc = _libc()
    home, root, here, proc = (os.open(path, os.O_RDONLY) for path in ("/proc/self/ns/mnt", "/", ".", "/proc"))
    # In another namespace the same names may lead elsewhere.
    opened = {name: _opened(path) for name, path in files.items()}
    result = []
    try:
        for name, descriptor in opened.items():
            mounts = None if descriptor is None else _entered(libc, descriptor, proc)
            result.append((name, mounts))
    finally:
        if libc.setns(home, _CLONE_NEWNS) == 0:
            os.fchdir(root)
            os.chroot(".")
            os.fchdir(here)
        for descriptor in [home, root, here, proc] + [each for each in opened.values() if each is not None]:
            os.close(descriptor)
    return [(name, _told(processes.get(name, ())) if mounts is None else mounts) for name, mounts in result]


def _opened(path):
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None


def _entered(libc, descriptor, proc):
    """The mounts of a namespace as seen from inside, None where this process may not enter it."""
    if libc.setns(descriptor, _CLONE_NEWNS) != 0:
        return None
    try:
        listed = os.open("self/mountinfo", os.O_RDONLY, dir_fd=proc)
        with open(listed, encoding="utf-8", errors="surrogateescape") as source:
            return mountinfo.parse(source.read())
    except OSError:
        return None


def _told(pids):
    """The mounts that one of these processes sees."""
    for pid in pids:
        try:
            return mountinfo.read("/proc/%s/mountinfo" % pid)
        except OSError:
            continue
    return []
