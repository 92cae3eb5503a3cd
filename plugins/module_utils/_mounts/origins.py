# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the mounts of a host come from, as far as files tell: to the kernel a bind mount and a second mount of an NFS
export look the same. To be called in a bounded child.
"""

import os

from .._host import fstab, mountinfo
from .._share.types import registry
from . import boot

# What mount(8) and its helpers note of the mounts they make.
UTAB = "/run/mount/utab"


def independent(path, text, shares):
    """The mount points that may show what a share shows without having been made from it.

    They are declared or recorded with a source of their own, or hold the directory that the share binds. path: the share's.
    text: fstab's. shares: all that are declared.
    """
    entries = mountinfo.read()
    sources = [(entry.path, entry.source) for entry in fstab.entries(text)]
    sources += [(share["path"], share["source"]) for share in shares if share["source"]]
    sources += boot.sources({entry.mount_point for entry in entries}) + _noted(UTAB)
    result = {other for other, source in sources if not mountinfo.inside(source, path)}
    for other, source in sources:
        if other == path and os.path.isabs(source):
            below = mountinfo.containing(entries, os.path.realpath(source))
            result.update([below.mount_point] if below else [])
    return result - {path}


def linked_names(text, paths, entries):
    """The mount points of fstab that may lead to one of these paths over symbolic links. Asks nobody.

    What is a mount point now is no link; what lies in a share of a server's is left alone, as looking may hang.
    """
    points = {entry.mount_point for entry in entries}
    names = {fstab.point_of(entry) for entry in fstab.entries(text)} - set(paths) - points - {None}
    return sorted(name for name in names if not registry.of_mount(mountinfo.containing(entries, name)).remote)


def other_names(names, paths):
    """{path: [name that leads there]}"""
    result = {}
    for name in names:
        result.setdefault(os.path.realpath(name), []).append(name)
    return {path: result[path] for path in paths if path in result}


def _noted(filename):
    """[(mount point, source)] of mounts whose source is a server's, by the list that mount(8) keeps of its own options."""
    result = []
    try:
        with open(filename, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields = dict(field.partition("=")[::2] for field in line.split())
                source, target = (mountinfo.unescape(fields.get(name, "")) for name in ("SRC", "TARGET"))
                if ":/" in source or source.startswith("//"):
                    result.append((target, source))
    except OSError:
        # There are hosts without.
        pass
    return result
