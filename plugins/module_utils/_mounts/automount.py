# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares that systemd mounts when they are first used, by the option x-systemd.automount. Pure.

While such a share is not in use the kernel shows a trap at its path: a filesystem of type autofs. Looking at what is
behind it would spring it, so everything here comes from the list of mounts. Sources: systemd.mount(5),
systemd.time(7), fs/autofs/inode.c (autofs_show_options).
"""

from .._host import systemd
from .._share.values import seconds_of

_OPTION = "x-systemd.automount"
_IDLE = "x-systemd.idle-timeout"
# systemd names itself and the number of its process.
_SYSTEMD = "systemd-"


def wanted(share):
    """Whether a validated share is to be mounted on demand."""
    return share["state"] == "mounted" and bool(share["options"].get(_OPTION, False))


def is_systemds(trap):
    """Whether systemd set a trap, and not another program such as automount(8)."""
    return trap.source.startswith(_SYSTEMD)


def trouble(share, trap):
    """Why the trap has to be set, set again or taken away, or None when all is as declared."""
    if not wanted(share):
        return None if trap is None else "it is mounted on demand, and %s is not declared" % _OPTION
    if trap is None:
        return "it is not mounted on demand, and %s is declared" % _OPTION
    declared, live = idle_seconds(share), _live_seconds(trap)
    if declared is None or live is None or declared == live:
        return None
    return "it is unmounted after %d idle seconds (0 is never) instead of %d" % (live, declared)


def describe(share, trap):
    """(how it is, how it is to be) of the trap, for a diff."""
    live = None if trap is None else _live_seconds(trap)
    return (_words(live) if trap is not None else "not on demand",
            _words(idle_seconds(share)) if wanted(share) else "not on demand")


def idle_seconds(share):
    """The declared seconds of idleness after which the share is unmounted, 0 for never, None when not understood."""
    value = share["options"].get(_IDLE, False)
    return 0 if value is False else None if value is True else seconds_of(value)


def unit_name(path):
    """The name of the unit that sets the trap of a path."""
    return systemd.unit_name(path, "automount")


def _live_seconds(trap):
    for option in trap.super_options:
        name, dummy, value = option.partition("=")
        if name == "timeout" and value.isdigit():
            return int(value)
    return None


def _words(seconds):
    return "on demand" + (", unmounted after %d s without use" % seconds if seconds else "")
