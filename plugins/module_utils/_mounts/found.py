# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found of a share on a host. Pure."""

import collections

from .._host import mountinfo

Found = collections.namedtuple("Found", "stack others lines entries point evidence stale trap credentials units other_names")
Found.__new__.__defaults__ = (None, None, None, ())
Found.__doc__ = """What was found of one share.

stack: the mounts one sees at the path, the lowest first, what covers all others last. others: all mounts elsewhere.
lines, entries: fstab's lines for the path, raw and as fstab.Entry.
point: mountpoint.Point of the directory under them. evidence: see ShareType.mismatch.
stale: whether nothing in the live mount can be used any more, and a new one is needed, see ShareType.is_stale.
trap: the automount trap under them as a mountinfo.Mount, None when there is none.
credentials: credentials.State of the share's credentials file, None when it was not looked at.
units: boot.Units, None where systemd is not the init or reads another file than fstab.
other_names: names that lead to the path over symbolic links, and that fstab has, a list of str.
"""


def stack(entries, path):
    """The mounts one after the other that appear at a path when the uppermost is taken away, the lowest first.

    entries: of mountinfo. An automount trap is not a mount: the systemd unit that set it removes it.
    """
    return layers(entries, path)[0]


def trap_at(entries, path):
    """The automount trap at a path, whether something is mounted over it or not, or None."""
    return layers(entries, path)[1]


def layers(entries, path):
    """(stack(), trap_at()) of a path, for who wants both."""
    result = []
    while True:
        top = mountinfo.find(entries, path)
        if top is None or top.fstype == "autofs":
            return result, top
        result.insert(0, top)
        gone = {top.mount_id}
        for entry in entries:
            if entry.parent_id in gone and entry.mount_id != top.mount_id:
                gone.add(entry.mount_id)
        if not any(entry.mount_point == path for entry in entries if entry.mount_id not in gone):
            return result, None
        entries = [entry for entry in entries if entry.mount_id not in gone]
