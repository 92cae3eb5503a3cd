# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares that a host still has and nobody declares any more: which they are, and how they are spoken of. Pure.

Ours is a mount that fstab records below the prefix that is to be exact, or one anywhere whose directory bears the mark
of this collection: nobody else makes the directory under a mount unusable. What a person or a program mounted without
either is nobody's business here, and neither is a mount that the NFS client makes by itself inside a share.
"""

import collections
import posixpath

from ansible_collections.virtshare.storage.plugins.module_utils import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils.mounted import FSTYPES
from ansible_collections.virtshare.storage.plugins.module_utils.mounts import fstab, points
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.plan import stack
from ansible_collections.virtshare.storage.plugins.module_utils.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils.shares import checked_prefix, inside

Candidate = collections.namedtuple("Candidate", "share recorded")
Candidate.__doc__ = """A mount of a kind that can be a share, and that is not declared.

share: like a validated one, with state absent. recorded: whether fstab has it below the prefix, or there are credentials for it.
"""

# {type as fstab or the kernel has it: type of a share}
_SHARE_TYPES = {fstype: name for name, fstypes in FSTYPES.items() for fstype in fstypes}
_SHARE_TYPES["glusterfs"] = "glusterfs"


def candidates(entries, text, declared, prefix, with_credentials=()):
    """The mounts that may be undeclared shares, a list of Candidate, those inside of others first.

    entries: of mountinfo. text: fstab's. declared: paths. prefix: the directory that is to be exact, or None.
    with_credentials: paths for which this collection keeps credentials.
    """
    beside = {posixpath.dirname(path) for path in declared}
    found = {}
    for entry in fstab.entries(text):
        path = posixpath.normpath(entry.path)
        if not path.startswith("/") or path == "/" or path in declared:
            continue
        share_type = "local" if {"bind", "rbind"} & set(entry.options) else _SHARE_TYPES.get(entry.fstype)
        if share_type:
            found.setdefault(path, Candidate(_share(path, share_type, entry.source), _below(path, prefix)))
    for entry in entries:
        path = entry.mount_point
        if path in declared or path in found:
            continue
        share_type = _SHARE_TYPES.get(entry.fstype)
        if share_type is None and (_below(path, prefix) or posixpath.dirname(path) in beside) and _is_bind(
                entry, entries):
            share_type = "local"
        if share_type and stack(entries, path):
            found[path] = Candidate(_share(path, share_type, entry.source), False)
    for path in with_credentials:
        if path not in declared:
            share = found[path].share if path in found else _share(path, "cifs", "")
            found[path] = Candidate(share, True)
    return [found[path] for path in sorted(found, key=lambda path: (-path.count("/"), path))]


def can_be_looked_at(path, entries):
    """Whether the directory under a mount lies on this host's own disks, so that it can bear the mark at all."""
    below = mountinfo.containing(entries, posixpath.dirname(path))
    return below is not None and below.fstype not in _SHARE_TYPES and below.fstype != "autofs"


def is_ours(candidate, point):
    """Whether a candidate is a share that was declared once. point: of its directory, None when it was not seen."""
    return candidate.recorded or (point is not None and points.is_guarded(point))


def removable(candidate, exact, prefix):
    """Whether an undeclared share is to be removed in this run."""
    return exact and _below(candidate.share["path"], prefix)


def warning(remaining, host, prefix):
    """A sentence about the undeclared shares that stay, or None.

    remaining: what result() returned of them. host: its name. prefix: the directory that is to be exact, or None.
    """
    if not remaining:
        return None
    paths = [each["path"] for each in remaining]
    number, verb, them = ("a share", "is", "it") if len(paths) == 1 else ("%d shares" % len(paths), "are", "them")
    directory = _prefix_for(paths, prefix)
    return "Host %s still has %s that %s not declared: %s. To remove %s, declare %s with state: absent%s." % (
        host, number, verb, ", ".join("%s (%s)" % (each["path"], _condition(each)) for each in remaining), them, them,
        ", or set exact: true and exact_prefix: %s" % directory if directory else "")


def result(candidate, found, removed):
    """What the module returns of one undeclared share. found: plan.Found of it."""
    return {
        "path": candidate.share["path"],
        "type": candidate.share["type"],
        "source": candidate.share["source"],
        "mounted": bool(found.stack),
        "fstab": "\n".join(found.lines) or None,
        "removed": removed,
    }


def _share(path, share_type, source):
    return {"path": path, "type": share_type, "source": source, "options": {}, "state": "absent", "read_only": False,
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
        checked_prefix(True, directory)
    except Refusal:
        return None
    return directory if all(_below(path, directory) for path in paths) else None
