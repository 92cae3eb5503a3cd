# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found of a share on a host. Pure."""

import collections
import posixpath

from .._host import mountinfo

Found = collections.namedtuple(
    "Found", "stack others lines entries point evidence stale trap credentials units other_names cover devices")
Found.__new__.__defaults__ = (None, None, None, (), None, ())
Found.__doc__ = """What was found of one share.

stack: the mounts one sees at the path, the lowest first, what covers all others last. others: all mounts elsewhere.
lines, entries: fstab's lines for the path, raw and as fstab.Entry.
point: mountpoint.Point of the directory under them. evidence: see ShareType.mismatch.
stale: whether nothing in the live mount can be used any more, and a new one is needed, see ShareType.is_stale.
trap: the automount trap under them as a mountinfo.Mount, None when there is none.
credentials: credentials.State of the share's credentials file, None when it was not looked at.
units: boot.Units, None where systemd is not the init or reads another file than fstab.
other_names: names that lead to the path over symbolic links, and that fstab has, a list of str.
cover: the mount point of what hides another mount at the path, see cover(), or None.
devices: for each of entries the number of its source's device as mountinfo has it, None where it has none or nobody asked.
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


def cover(entries, path, mounts, trap):
    """The mount point of what lies over a mount at the path, so that nothing can unmount that by its path, or None.

    mounts, trap: what is seen there, see layers().
    One that goes together with what is seen there does not count: a mount in a directory that is bound elsewhere, or over
    itself, is in the other place as well (mount_namespaces(7), "peer group").
    """
    shown = mounts + [trap] * (trap is not None)
    unseen = [entry for entry in entries if entry.mount_point == path and entry not in shown]
    if not unseen:
        return None
    above = {entry.mount_id: entry for entry in entries}
    peers = {group for entry in shown for group in _groups(above.get(entry.parent_id), ("shared",))}
    if all(peers.intersection(_groups(above.get(entry.parent_id), ("shared", "master"))) for entry in unseen):
        return None
    holder = mountinfo.containing(entries, posixpath.dirname(path))
    return None if holder is None else holder.mount_point


def _groups(mount, kinds):
    """The numbers of the peer groups that a mount is in, in one of these ways."""
    fields = [field.partition(":") for field in (mount.propagation if mount is not None else ())]
    return {number for kind, dummy, number in fields if kind in kinds}
