# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the guard sees of each share. Nothing here judges.

The list of mounts is read by the guard itself, as that never asks a server. All else is done in one child a share, side by
side, as each may hang.
"""

import errno
import os
import socket
import time

from .._host import accounts, bounded, mountinfo
from .._share import doors, leftovers, live, marker, served
from .._share.types import registry

# Beginning of the file of a write test; a guard that was killed leaves it, and its next test takes the same one.
PREFIX = leftovers.PREFIX + "guard."

# What is at a path: the declared mount, nothing, another mount, an automount that nobody uses, no answer, an error.
MOUNTED, UNMOUNTED, FOREIGN, AT_REST, SILENT, ERROR = "mounted", "unmounted", "foreign", "at_rest", "silent", "error"
# What became of the marker beside those words: nothing to compare with, or nobody may read it.
SAME, CHANGED, MISSING, DAMAGED, NONE, UNREADABLE = "same", "changed", "missing", "damaged", "none", "unreadable"

# What a mount says whose client has given up on its server for now; it may come back by itself.
_AWAY = (errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ECONNREFUSED,
         errno.ECONNRESET, errno.ECONNABORTED, errno.EAGAIN)


def look(config, stuck, write_paths, entries=None, memory=None):
    """{path: what is seen of each share of the config}, each a dict that JSON can hold:

    found: one of the words above. instead: what is there or wrong. server: who has to answer, or None.
    seconds: that the answer took. read_only: bool. space: {"bytes", "free_bytes", "files", "free_files"}. marker: one of
    the words above. proven: when this host last read what all others wrote, in seconds since 1970, or None. writes:
    {user: None or why not}, None where nobody wrote. stuck: {"pid", "start"} of a child that the kernel did not let go.
    What was not found out is missing.

    stuck: {path: such a child of an earlier run}. write_paths: where to write as each writer. entries: of mountinfo.
    """
    entries = mountinfo.read() if entries is None else entries
    seen, asked, tasks = {}, [], []
    for share in config["shares"]:
        path = share["path"]
        mount = mountinfo.find(entries, path)
        if lives(stuck.get(path)):
            seen[path] = {"found": SILENT, "server": mount and live.server_of(mount), "stuck": stuck[path],
                          "instead": "process %d, which asked it earlier, still waits" % stuck[path]["pid"]}
            continue
        asked.append((share, mount))
        tasks.append(_task(share, mount, entries, path in write_paths, memory))
    for (share, mount), answer in zip(asked, bounded.abreast(tasks, config["timeout"])):
        seen[share["path"]] = _answered(share, mount, answer, config["timeout"])
    return seen


def lives(child):
    """Whether a process that is remembered as {"pid", "start"} is still there."""
    return bool(child) and started(child["pid"]) == child["start"]


def started(pid):
    """When a process was started, in the kernel's ticks since the boot, None when there is none."""
    try:
        with open("/proc/%d/stat" % pid) as source:
            return int(source.read().rpartition(")")[2].split()[19])
    except OSError:
        return None


def _task(share, mount, entries, write, memory):
    if mount is None:
        return lambda: _unmounted(share, entries)
    if mount.fstype == "autofs":
        return lambda: _at_rest(share)
    return lambda: _mounted(share, mount, entries, write, memory)


def _answered(share, mount, answer, seconds):
    """What is seen by a bounded.Answer. seconds: for a look at the host's own processes."""
    if answer.error is None:
        return answer.value
    seen = {"found": ERROR, "server": live.server_of(mount) if mount is not None else None}
    if isinstance(answer.error, bounded.TimedOut):
        seen.update(found=SILENT, instead="no answer within %g s" % answer.error.seconds)
        survivor = answer.error.survivor
        if survivor is not None:
            seen["stuck"] = {"pid": survivor, "start": started(survivor)}
    elif isinstance(answer.error, OSError):
        number = answer.error.errno
        seen["instead"] = live.error_words(answer.error)
        if number == errno.ENOTCONN and mount is not None:
            # Of a mount that a process serves: it has ended, or reaches no server, and then it connects again by itself.
            mount = served.completed([mount], seconds)[0]
            if not registry.of(share).is_stale(number, mount):
                seen["found"] = SILENT
        if number in _AWAY:
            seen["found"] = SILENT
        elif mount is not None and registry.of(share).is_stale(number, mount):
            # live.enter() has words of its own for a mount that went while it was worked on.
            seen["stale"] = number != errno.ESTALE or answer.error.strerror == os.strerror(number)
    else:
        seen["instead"] = str(answer.error)
    return seen


def _unmounted(share, entries):
    return {"found": UNMOUNTED, "server": None,
            "instead": "a plain directory of %s" % live.plain_directory(entries, share["path"])
            if os.path.lexists(share["path"]) else "there is no such directory"}


def _at_rest(share):
    """An automount is not woken up: it would never come to rest. Its server is asked whether it takes connections."""
    closed = []
    for server in registry.of(share).servers(share):
        for door in server["doors"]:
            if door.way != doors.TCP:
                continue
            try:
                socket.create_connection((server["host"], door.port), timeout=2).close()
                return {"found": AT_REST, "server": server["host"]}
            except OSError as error:
                closed.append("%s cannot be reached on port %d (%s)" % (server["host"], door.port, error.strerror or error))
    return {"found": SILENT if closed else AT_REST, "server": None, "instead": "; ".join(closed) or None}


def _mounted(share, mount, entries, write, memory):
    begun = time.monotonic()
    seen = {"found": MOUNTED, "server": live.server_of(mount)}
    instead = _here(live.declared_instead(share, mount, entries, lambda function: function))
    if instead is not None:
        return dict(seen, found=FOREIGN, instead=registry.of_mount(mount).source_in_words(mount))
    users = [None] + [accounts.user(name) for name in share["writers"]]
    remembered = marker.remembered(share["path"], memory) if share["proof"] else None
    if remembered is not None and remembered.source != (share["source"] or ""):
        # Of another declared source; what is remembered says nothing of this one.
        remembered = None
    root = live.enter(share["path"], mount)
    try:
        numbers = os.statvfs(live.name_of(root))
        seen["marker"] = _marker(share["path"], mount, users, remembered)
        # Writing may take as long as it needs: it is not the answer that counts here.
        seen["seconds"] = round(time.monotonic() - begun, 3)
        seen["proven"] = marker.proven(share["path"], memory) if remembered is not None else None
        seen["read_only"] = bool(numbers.f_flag & os.ST_RDONLY) or "ro" in mount.options or "ro" in mount.super_options
        seen["space"] = {"bytes": numbers.f_blocks * numbers.f_frsize, "free_bytes": numbers.f_bavail * numbers.f_frsize,
                         "files": numbers.f_files, "free_files": numbers.f_favail}
        if write and not share["read_only"] and not seen["read_only"]:
            seen["writes"] = {name: _written(share["path"], mount, number, account)
                              for number, (name, account) in enumerate(zip(share["writers"], users[1:]))}
    finally:
        os.close(root)
    return seen


def _here(conversation):
    """What a generator of live comes to, whose requests are done at once: this is a child already."""
    try:
        function = next(conversation)
        while True:
            function = conversation.send(function())
    except StopIteration as end:
        return end.value


def _marker(path, mount, users, remembered):
    """What became of the marker, as the first of the users that may read it; None stands for root."""
    if remembered is None:
        return NONE
    for account in users:
        try:
            with acting_as(account):
                root = live.enter(path, mount)
                try:
                    found, occupied = marker.read(root)
                finally:
                    os.close(root)
        except PermissionError:
            continue
        if found is not None:
            return SAME if found.id == remembered.id else CHANGED
        return DAMAGED if occupied else MISSING
    return UNREADABLE


def _written(path, mount, number, account):
    """None when a user can make, write and remove a file, else why not."""
    if account is None:
        return "there is no such user"
    name = leftovers.sealed("%s%s.%d" % (PREFIX, os.uname().nodename, number))
    try:
        with acting_as(account):
            root = live.enter(path, mount)
            try:
                _write_in(root, name)
            finally:
                os.close(root)
    except OSError as error:
        if error.errno == errno.ESTALE:
            raise
        return live.error_words(error)
    return None


def _write_in(root, name):
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=root)
    try:
        try:
            if os.write(descriptor, b"virtshare guard\n") != 16:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        os.unlink(name, dir_fd=root)


class acting_as:  # pylint: disable=invalid-name
    """A block in which files are opened as a user of accounts.user(); None stands for whoever runs this."""

    def __init__(self, account):
        self.account = account

    def __enter__(self):
        if self.account is not None:
            self.before = os.getgroups(), os.getegid(), os.geteuid()
            os.setgroups(self.account["groups"])
            os.setegid(self.account["gid"])
            os.seteuid(self.account["uid"])

    def __exit__(self, *dummy):
        if self.account is not None:
            groups, gid, uid = self.before
            os.seteuid(uid)
            os.setegid(gid)
            os.setgroups(groups)
