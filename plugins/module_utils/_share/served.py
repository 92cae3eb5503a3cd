# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes that serve mounts, and what they were told. The kernel knows nothing of it. The server is never asked."""

import os

from .._host import mountinfo
from .._host.bounded import ChildFailed, TimedOut, bounded
from .types import registry


def completed(mounts, seconds):
    """The mounts, those that a process serves with what it was told behind the options that the kernel shows.

    mounts: of mountinfo. seconds: for looking through the processes. A mount whose process has ended stays as it is.
    """
    programs = {name for mount in mounts for name in registry.of_mount(mount).processes}
    if not programs:
        return mounts
    try:
        commands = bounded(lambda: command_lines(programs), seconds)
    except (TimedOut, ChildFailed, OSError):
        return mounts
    return mountinfo.Table(_with_options(mount, commands) for mount in mounts)


def command_lines(programs):
    """The command lines of all processes of these programs in our mount namespace, the youngest process first."""
    ours = os.readlink("/proc/self/ns/mnt")
    found = []
    for pid in os.listdir("/proc"):
        try:
            # A process's name as the kernel has it comes first: its command line a stuck one may not give away.
            if pid.isdigit() and _read(pid, "comm").strip() in programs and _namespace(pid) in (ours, None):
                command = _read(pid, "cmdline").split("\0")[:-1]
                if len(command) > 1:
                    found.append((_started(pid), command))
        except OSError:
            # The process ended meanwhile.
            continue
    return [command for dummy, command in sorted(found, reverse=True)]


def _with_options(mount, commands):
    told = registry.of_mount(mount).process_options(mount, commands)
    return mount._replace(super_options=mount.super_options + told) if told else mount


def _namespace(pid):
    """The mount namespace of a process, None where we may not know: the guard's service may little."""
    try:
        return os.readlink("/proc/%s/ns/mnt" % pid)
    except PermissionError:
        return None


def _read(pid, name):
    with open("/proc/%s/%s" % (pid, name), encoding="utf-8", errors="surrogateescape") as source:
        return source.read()


def _started(pid):
    # The 22nd field of proc(5)'s stat; the second one, the name in parentheses, may hold anything.
    return int(_read(pid, "stat").rpartition(")")[2].split()[19])
