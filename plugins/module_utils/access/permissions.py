# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a user is denied: which bit on which directory is missing, in words. Pure but for read_components()."""

import os
import stat

# An AUTH_SYS request, what NFS uses without Kerberos, has room for this many supplementary groups (RFC 5531, 8.2).
AUTH_SYS_GROUPS = 16

_BITS = {"r": 4, "w": 2, "x": 1}


def parents(path):
    """Every directory from / to path itself: "/srv/a" -> ["/", "/srv", "/srv/a"]."""
    found = ["/"]
    for name in path.strip("/").split("/"):
        if name:
            found.append(os.path.join(found[-1], name))
    return found


def read_components(path):
    """[{"path", "uid", "gid", "mode"}] of every directory from / to path, as root sees them; call it bounded."""
    components = []
    for directory in parents(path):
        status = os.stat(directory)
        components.append({"path": directory, "uid": status.st_uid, "gid": status.st_gid,
                           "mode": stat.S_IMODE(status.st_mode)})
    return components


def explain_denial(user, components, names, remote=False):
    """Sentences that say what keeps a user from creating files in the last of components.

    user: {"name", "uid", "gid", "groups"}. components: as read_components() gives them.
    names: {"users": {uid: name}, "groups": {gid: name}} for the words; a missing one is shown as its number.
    remote: whether a server decides too. Never empty: where the bits allow it, what else may deny is named.
    """
    sentences = []
    for component in components:
        last = component is components[-1]
        missing = _missing(user, component, "wx" if last else "x")
        if missing:
            sentences.append(_sentence(user, component, missing, names, last))
    if sentences:
        return sentences
    return [_not_the_bits(user, remote)]


def _missing(user, component, needed):
    if user["uid"] == 0:
        return ""
    bits = component["mode"] >> {"owner": 6, "group": 3, "others": 0}[_class(user, component)]
    return "".join(letter for letter in needed if not bits & _BITS[letter])


def _class(user, component):
    # The first class that fits decides, even where a later one would allow more.
    if user["uid"] == component["uid"]:
        return "owner"
    if component["gid"] in user["groups"] or component["gid"] == user["gid"]:
        return "group"
    return "others"


def _sentence(user, component, missing, names, last):
    which = _class(user, component)
    owner = names["users"].get(component["uid"], str(component["uid"]))
    group = names["groups"].get(component["gid"], str(component["gid"]))
    who = {
        "owner": "%s is its owner, so the owner's bits count" % user["name"],
        "group": "%s is in its group %s, so the group's bits count" % (user["name"], group),
        "others": "%s is neither its owner nor in its group, so the bits for others count" % user["name"],
    }[which]
    return ("%s belongs to %s:%s (%d:%d) with mode %04o; %s (uid %d) is in the groups %s; %s, and %s %s missing there%s"
            % (component["path"], owner, group, component["uid"], component["gid"], component["mode"], user["name"],
               user["uid"], _group_list(user, names), who, " and ".join(missing),
               "is" if len(missing) == 1 else "are", _way_out(user, component, missing, which, group, last)))


def _way_out(user, component, missing, which, group, last):
    if not last:
        return "; let it through with: chmod %s+x %s" % (which[0] if which != "owner" else "u", component["path"])
    if which == "others":
        return ("; add %s to the group %s on every host (usermod -aG), or declare access.owner, group and mode so that "
                "it may write (such as mode: \"2770\" with a group it is in)" % (user["name"], group))
    return "; declare access.mode with %s for the %s" % (" and ".join(missing), which)


def _group_list(user, names):
    return ", ".join("%s %d" % (names["groups"].get(gid, ""), gid) if names["groups"].get(gid) else str(gid)
                     for gid in user["groups"]) or "none"


def _not_the_bits(user, remote):
    words = ("the permission bits of the directory and of all above it allow %s (uid %d) to write, so something else "
             "denies it: an ACL (getfacl), a security label (ls -Z, the audit log)" % (user["name"], user["uid"]))
    if remote:
        words += (", or the server: an export that is read-only for this host, or one that maps users (all_squash, "
                  "anonuid)")
        if len(user["groups"]) > AUTH_SYS_GROUPS:
            words += ("; the user is in %d groups, and NFS without Kerberos sends only %d of them (the server's option "
                      "--manage-gids helps)" % (len(user["groups"]), AUTH_SYS_GROUPS))
    return words
