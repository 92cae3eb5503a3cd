# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the proof speaks of hosts, identities and counts. Pure."""

from .._plan import gathered


def identity(found):
    """An identity as a noun: "nas1:/export/other (nfs4, inode 131, fsid 3a:0)", "a plain directory of ...".

    found: as proof.identity.describe() or describe_plain() give it, or None when nothing is known.
    """
    if found is None:
        return "unknown"
    if not found["mounted"]:
        if not found["exists"]:
            return "not mounted: there is no such directory on %s" % found["on"]
        return "not mounted: a plain directory of %s%s" % (found["on"], _details([("inode", found.get("inode"))]))
    name = found["source"]
    if found.get("root", "/") != "/":
        name += " (its directory %s)" % found["root"]
    details = [("", found["fstype"]), ("inode", found.get("inode")), ("fsid", found.get("fsid"))]
    return name + _details(details)


def place(host, path):
    """"hv2: /srv/shares/projects"."""
    return "%s: %s" % (host, path)


def listed(names, limit=6):
    """ "hv1", "hv1 and hv2", "hv1, hv2 and hv3"; longer lists end in a count."""
    names = list(names)
    return gathered.listed(names if len(names) <= limit else [", ".join(names[:limit]), "%d more" % (len(names) - limit)])


def hosts(count):
    return "%d %s" % (count, "host" if count == 1 else "hosts")


def _details(pairs):
    words = ["%s %s" % (label, value) if label else str(value) for label, value in pairs if value not in (None, "")]
    return " (%s)" % ", ".join(words) if words else ""
