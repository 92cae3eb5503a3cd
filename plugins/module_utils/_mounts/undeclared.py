# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares that a host still has and nobody declares any more: which they are, and how they are spoken of. Pure.

Ours is a mount that fstab records below the prefix to purge below, or one anywhere whose directory bears the mark
of this collection: nobody else makes the directory under a mount unusable. What a person or a program mounted without
either is nobody's business here, and neither is a mount that the NFS client makes by itself inside a share.
"""

import collections
import posixpath

from .._host import fstab, mountinfo
from .._host.mountinfo import inside
from .._plan.plan import Refusal
from .._share import sources
from .._share.paths import checked_purge_below
from .._share.types import registry
from . import mountpoint
from .found import stack

Candidate = collections.namedtuple("Candidate", "share recorded")
Candidate.__doc__ = """A mount of a filesystem that can be a share, and that is not declared.

share: like a validated one, with state absent. recorded: whether fstab has it below the prefix, or there are credentials for it.
"""


def candidates(entries, text, declared, prefix, with_credentials=()):
    """The mounts that may be undeclared shares, a list of Candidate, those inside of others first.

    entries: of mountinfo. text: fstab's. declared: paths. prefix: the directory to purge below, or None.
    with_credentials: paths for which this collection keeps credentials.
    """
    beside = {posixpath.dirname(path) for path in declared}
    found = {}
    for entry in fstab.entries(text):
        path = fstab.point_of(entry)
        if path in (None, "/") or path in declared:
            continue
        name = registry.of_entry(entry)
        if name:
            found.setdefault(path, Candidate(_share(path, name, entry.source), _below(path, prefix)))
    for entry in entries:
        path = entry.mount_point
        if path in declared or path in found:
            continue
        name = registry.of_mount(entry).name
        if name is None and (_below(path, prefix) or posixpath.dirname(path) in beside) and _is_bind(entry, entries):
            name, = registry.where(binds=True)
        if name and stack(entries, path):
            found[path] = Candidate(_share(path, name, entry.source), False)
    for path in with_credentials:
        if path not in declared:
            share = found[path].share if path in found else _share(path, registry.where(has_credentials=True)[0], "")
            found[path] = Candidate(share, True)
    return [found[path] for path in sorted(found, key=lambda path: (-path.count("/"), path))]


def can_be_looked_at(path, entries):
    """Whether the directory under a mount lies on this host's own disks, so that it can bear the mark at all."""
    below = mountinfo.containing(entries, posixpath.dirname(path))
    return below is not None and registry.of_mount(below).name is None and below.fstype != "autofs"


def is_ours(candidate, point):
    """Whether a candidate is a share that was declared once. point: of its directory, None when it was not seen."""
    return candidate.recorded or (point is not None and mountpoint.is_guarded(point))


def removable(candidate, purge, prefix):
    """Whether an undeclared share is to be removed in this run."""
    return purge and _below(candidate.share["path"], prefix)


def warnings(remaining, prefix):
    """[a sentence about the undeclared shares that stay], or [].

    remaining: what result() returned of them. prefix: the directory to purge below, or None.
    """
    if not remaining:
        return []
    paths = [each["path"] for each in remaining]
    number, verb, them = ("a share", "is", "it") if len(paths) == 1 else ("%d shares" % len(paths), "are", "them")
    directory = _prefix_for(paths, prefix)
    return ["%s %s still here and not declared: %s. To remove %s, declare %s with state: absent%s." % (
        number, verb, ", ".join("%s (%s)" % (each["path"], _condition(each)) for each in remaining), them, them,
        ", or set purge: true and purge_below: %s" % directory if directory else "")]


def result(candidate, found, removed):
    """What the module returns of one undeclared share. found: plan.Found of it."""
    return {
        "path": candidate.share["path"],
        "type": candidate.share["type"],
        "source": candidate.share["source"],
        "mounted": bool(found.stack),
        "fstab": sources.lines(found.lines) or None,
        "removed": removed,
    }


def _share(path, name, source):
    return {"path": path, "type": name, "source": source, "options": {}, "state": "absent", "read_only": False,
            "allow_hidden_files": False, "access": None, "credentials": None}


def _below(path, prefix):
    return prefix is not None and path != prefix and inside(path, prefix)


def _is_bind(mount, entries):
    return mount.root != "/" or any(other.st_dev == mount.st_dev and other.mount_id != mount.mount_id
                                    for other in entries)


def _condition(each):
    if not each["mounted"] and not each["fstab"]:
        return "type %s, nothing but its credentials" % each["type"]
    places = [words for words, there in (("mounted", each["mounted"]), ("in fstab", each["fstab"])) if there]
    return "%s of type %s, %s" % (each["source"], each["type"], " and ".join(places))


def _prefix_for(paths, prefix):
    """The prefix that would remove all of them, or None when no single one may."""
    directory = prefix or posixpath.commonpath([posixpath.dirname(path) for path in paths])
    try:
        checked_purge_below(True, directory)
    except Refusal:
        return None
    return directory if all(_below(path, directory) for path in paths) else None
