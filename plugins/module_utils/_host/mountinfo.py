# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is mounted, as the kernel says it. Reading this never asks a server, so it cannot hang on a dead one.

Source of the format: Documentation/filesystems/proc.rst of the Linux kernel, 3.5 /proc/<pid>/mountinfo.
"""

import collections
import functools
import posixpath
import re

# Behind the root of a mount whose directory was removed (fs/d_path.c); no other name has two slashes.
_GONE = "//deleted"
_ESCAPE = re.compile(r"\\([0-3][0-7]{2})")
# An SELinux context with a comma stands in quotes (show_sid() in security/selinux/hooks.c).
_OPTION = re.compile(r'(?:="[^"]*"(?=,|$)|[^,])+')

Mount = collections.namedtuple(
    "Mount", "mount_id parent_id st_dev root mount_point options fstype source super_options propagation")
Mount.__new__.__defaults__ = ((),)
Mount.__doc__ = """One line of mountinfo, unescaped.

mount_id, parent_id: int. st_dev: "major:minor" as st_dev of the files inside has it.
root: the directory of the filesystem that is mounted here ("/" unless bind mounted or a subdirectory's mount).
options: list of the mount's own options ("rw", "nosuid"); super_options: list of the filesystem's ("vers=4.2").
source: as the filesystem names it ("nas1:/export/projects", "/dev/vda1", "none").
propagation: how mounts and unmounts below it are passed on, a tuple of "shared:N" and "master:N".
"""


class Table(list):
    """The entries of a mountinfo file in its order, a later one at the same place lies on top; not to be changed."""

    def __init__(self, entries):
        super().__init__(entries)
        self.points = {entry.mount_point for entry in self}
        known = {entry.mount_id for entry in self}
        self._children = {}
        for entry in self:
            top = entry.parent_id not in known or entry.parent_id == entry.mount_id
            self._children.setdefault(None if top else entry.parent_id, []).append(entry)

    def containing(self, path):
        """See containing()."""
        current, passed = None, set()
        while True:
            above = current and current.mount_id
            reached = [] if above in passed else [
                entry for entry in self._children.get(above, ()) if inside(path, entry.mount_point)]
            if not reached:
                return current
            passed.add(above)
            # The walk meets the mount point nearest to where it is first; of several on one spot the last is on top.
            nearest = min(len(entry.mount_point) for entry in reached)
            current = [entry for entry in reached if len(entry.mount_point) == nearest][-1]


def unescape(text):
    r"""The field as it was before the kernel wrote blank, tab, newline, backslash and # as \040, \011, \012, \134, \043.

    The escapes are bytes, so they are decoded as bytes: a name in any encoding comes out as os.fsdecode gives it.
    """
    if "\\" not in text:
        return text
    raw = text.encode("utf-8", "surrogateescape").decode("latin-1")
    plain = _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), raw)
    return plain.encode("latin-1").decode("utf-8", "surrogateescape")


def parse(text):
    """The Table of a mountinfo file.

    text: the file's content. A line this format does not explain is passed over, as newer kernels may add some.
    """
    entries = []
    for line in text.split("\n"):
        fields = line.split(" ")
        # The optional fields (shared:1 master:2 ...) are of any number and end with a lone hyphen.
        if len(fields) < 10 or "-" not in fields[6:]:
            continue
        hyphen = fields.index("-", 6)
        tail = fields[hyphen + 1:]
        if len(tail) < 2 or not (fields[0].isdigit() and fields[1].isdigit()):
            continue
        entries.append(Mount(
            mount_id=int(fields[0]),
            parent_id=int(fields[1]),
            st_dev=fields[2],
            root=unescape(fields[3]),
            mount_point=unescape(fields[4]),
            options=_split(fields[5]),
            fstype=unescape(tail[0]),
            source=unescape(tail[1]),
            super_options=_split(" ".join(tail[2:])),
            propagation=tuple(fields[6:hyphen]),
        ))
    return Table(entries)


def read(filename="/proc/self/mountinfo"):
    """parse() of the running kernel's list."""
    with open(filename, encoding="utf-8", errors="surrogateescape") as source:
        return _parsed(source.read())


# A module reads the list once a share, and it hardly ever changes in between.
_parsed = functools.lru_cache(maxsize=1)(parse)


def containing(entries, path):
    """The mount that a path without symbolic links lies in, as the kernel would walk to it, or None.

    A mount hidden below a later one (of the same place or of a directory above it) is never the answer.
    entries: a Table, or some of its entries. path: absolute and normalised.
    """
    return _table(entries).containing(path)


def find(entries, path):
    """The mount whose mount point is exactly this path and that is what a program sees there, or None."""
    table = _table(entries)
    entry = table.containing(path) if path in table.points else None
    return entry if entry is not None and entry.mount_point == path else None


def _table(entries):
    return entries if isinstance(entries, Table) else Table(entries)


def directory(entry, below="."):
    """What tells a directory of a mount from the others of its filesystem; the same for a bind mount of it.

    below: the directory, seen from the mount point. Where the source is "server:/path" the directory may be at its end
    and never in the root (fs/nfs/super.c: nfs_show_path, nfs_show_devname), so that both count.
    """
    root, gone = (entry.root[:-len(_GONE)], _GONE) if entry.root.endswith(_GONE) else (entry.root, "")
    shown = posixpath.join(entry.source, root.lstrip("/")) if ":/" in entry.source else root
    return posixpath.normpath(posixpath.join(shown, below)) + gone


def children(entries, mount):
    """The mounts inside a mount, at any depth, without what covers its own mount point and what lies inside that."""
    found, parents = [], {mount.mount_id}
    while True:
        # One that was moved may be listed before its parent.
        new = [entry for entry in entries if entry.parent_id in parents and entry.mount_id not in parents
               and entry.mount_point != mount.mount_point]
        if not new:
            return found
        found.extend(new)
        parents.update(entry.mount_id for entry in new)


def shows_part_of(entry, mount):
    """Whether a mount shows the directory of another one, or one inside it: of the same filesystem, whatever it is called.

    Two names of one server may stand before one and the same directory, so the server's name does not count.
    """
    return entry.st_dev == mount.st_dev and inside(place(entry), place(mount))


def place(entry):
    """The directory of a mount in its filesystem; of an NFS export's as the server names it."""
    shown = directory(entry)
    return "/" + shown.partition(":/")[2] if ":/" in entry.source else shown


def inside(path, other):
    """Whether a path is another one or lies below it."""
    return path == other or path.startswith(other.rstrip("/") + "/")


def _split(options):
    # Split first: any other comma inside a value was escaped by the filesystem that has such values.
    return [unescape(option) for option in _OPTION.findall(options)]
