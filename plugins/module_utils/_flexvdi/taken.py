# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one volume alone can have: a disk, and on each host the directories of its bricks. No I/O."""

from .._host import mountinfo
from . import objects


def problems(coming, there):
    """A sentence for each disk and brick of a volume to be created that another volume has, or is to have.

    coming: the volumes to be created; there: those that the Manager has. Both are dicts with C(target), C(image_storage),
    C(kind), C(hosts), which is None where nobody knows them, and C(disk) or C(brick_paths).
    """
    return _disks(coming, there) + _bricks(coming, there)


def _disks(coming, there):
    found, wanted = [], {}
    for volume in coming:
        if volume["kind"] == objects.OCFS2 and volume["disk"]:
            wanted.setdefault(volume["disk"], []).append(volume["target"])
    for disk in sorted(wanted):
        targets = wanted[disk]
        holders = [one["target"] for one in there if one["kind"] == objects.OCFS2 and one["disk"] == disk]
        if len(targets) > 1:
            found.append("The disk %s is declared for the OCFS2 volumes %s, and creating each of them formats it; declare "
                         "another disk for all but one." % (disk, " and ".join(targets)))
        if holders:
            found.append("The disk %s is declared for %s, and the OCFS2 volume %s is on it: creating another formats it. "
                         "Declare another disk, or delete that volume first, in a run before."
                         % (disk, " and ".join(targets), " and ".join(holders)))
    return found


def _bricks(coming, there):
    found = []
    coming = [one for one in coming if one["kind"] == objects.GLUSTER]
    there = [one for one in there if one["kind"] == objects.GLUSTER]
    for number, volume in enumerate(coming):
        for other in coming[:number] + there:
            for path, taken in _overlaps(volume, other):
                found.append("The Gluster volume %s cannot have the brick path %s: the Gluster volume %s %s %s on %s, and "
                             "a directory is a brick of one volume only, with all that is in it. Declare another path."
                             % (volume["target"], path, other["target"], "has" if other in there else "is declared with",
                                "it" if path == taken else taken, _shared(volume, other)))
    return found


def _overlaps(volume, other):
    """Pairs of brick paths of two volumes of which one is, or lies in, the other, on a host that both have."""
    if _shared(volume, other) is None:
        return []
    pairs = [(path, taken.rstrip("/")) for path in volume["brick_paths"] or () for taken in other["brick_paths"] or ()]
    return [(path, taken) for path, taken in pairs if mountinfo.inside(path, taken) or mountinfo.inside(taken, path)]


def _shared(volume, other):
    """The hosts of both in words, None where there is none, or nobody can know."""
    if volume["image_storage"] == other["image_storage"]:
        return "the same hosts" if volume["hosts"] is None else ", ".join(sorted(volume["hosts"]))
    shared = sorted(set(volume["hosts"] or ()) & set(other["hosts"] or ()))
    return ", ".join(shared) if shared else None
