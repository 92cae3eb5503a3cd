# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a user is denied: which bit on which directory is missing. Pure but for read_components()."""

import os
import stat

from . import acl

# An AUTH_SYS request, what NFS uses without Kerberos, has room for this many supplementary groups (RFC 5531, 8.2).
AUTH_SYS_GROUPS = 16

LABEL = "security.selinux"

_BITS = {"r": 4, "w": 2, "x": 1}


def parents(path):
    """Every directory from / to path itself: "/srv/a" -> ["/", "/srv", "/srv/a"]."""
    found = ["/"]
    for name in path.strip("/").split("/"):
        if name:
            found.append(os.path.join(found[-1], name))
    return found


def read_components(path):
    """[{"path", "uid", "gid", "mode", "acl", "label"}] of every directory from / to path, as root sees them.

    "label" is SELinux's, None without. Call it bounded.
    """
    components = []
    for directory in parents(path):
        status = os.stat(directory)
        components.append({"path": directory, "uid": status.st_uid, "gid": status.st_gid,
                           "mode": stat.S_IMODE(status.st_mode), "acl": acl.read(directory)[0] or [],
                           "label": label_of(directory)})
    return components


def label_of(name):
    """The SELinux label of a file, None where there is none."""
    try:
        return read_label(name)
    except OSError:
        return None


def read_label(name):
    """The SELinux label of a file; OSError where there is none."""
    return os.getxattr(name, LABEL).rstrip(b"\0").decode("utf-8", "replace")


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
    return [_not_the_bits(user, components[-1], remote)]


def _missing(user, component, needed):
    if user["uid"] == 0:
        return ""
    bits = _decisive(user, component, needed)[1]
    return "".join(letter for letter in needed if not bits & _BITS[letter])


def _decisive(user, component, needed):
    """(class, bits, group): what of the mode or the ACL decides; group is the one whose bits these are, if any.

    The first class that fits decides, even where a later one would allow more; of several groups the one that gives
    most of what is needed.
    """
    mode = component["mode"]
    entries = component.get("acl") or [[acl.OWNING_GROUP, None, mode >> 3 & 7]]
    mask = ([bits for tag, dummy, bits in entries if tag == acl.MASK] or [7])[0]
    if user["uid"] == component["uid"]:
        return "owner", mode >> 6, None
    for tag, number, bits in entries:
        if tag == acl.USER and number == user["uid"]:
            return "named", bits & mask, None
    found = []
    for tag, number, bits in entries:
        gid = component["gid"] if tag == acl.OWNING_GROUP else number
        if tag in (acl.OWNING_GROUP, acl.GROUP) and (gid in user["groups"] or gid == user["gid"]):
            found.append(("group" if tag == acl.OWNING_GROUP else "named group", bits & mask, gid))
    if found:
        return max(found, key=lambda entry: sum(1 for letter in needed if entry[1] & _BITS[letter]))
    return "others", mode, None


def _sentence(user, component, missing, names, last):
    which, dummy, gid = _decisive(user, component, "wx" if last else "x")
    owner = names["users"].get(component["uid"], str(component["uid"]))
    group = names["groups"].get(component["gid"], str(component["gid"]))
    who = {
        "owner": "%s is its owner, so the owner's bits count" % user["name"],
        "group": "%s is in its group %s, so the group's bits count" % (user["name"], group),
        "named": "its ACL names %s, so that entry counts" % user["name"],
        "named group": "its ACL names the group %s of %s, so that entry counts" % (
            names["groups"].get(gid, str(gid)), user["name"]),
        "others": "%s is neither its owner nor in its group, so the bits for others count" % user["name"],
    }[which]
    words = "with mode %04o" % component["mode"]
    if component.get("acl"):
        words += " and the ACL %s" % ",".join(acl.texts_of(
            component["acl"], lambda kind, number: names[kind + "s"].get(number, str(number))))
    return ("%s belongs to %s:%s (%d:%d) %s; %s (uid %d) is in the groups %s; %s, and %s %s missing there%s"
            % (component["path"], owner, group, component["uid"], component["gid"], words, user["name"],
               user["uid"], _group_list(user, names), who, " and ".join(missing),
               "is" if len(missing) == 1 else "are", _way_out(user, component, missing, which, group, last)))


def _way_out(user, component, missing, which, group, last):
    if which in ("named", "named group"):
        if last:
            return "; declare that entry of access.acl with %s" % " and ".join(missing)
        return "; let it through with: setfacl -m u:%d:rx %s" % (user["uid"], component["path"])
    if not last:
        return "; let it through with: chmod %s+x %s" % (which[0] if which != "owner" else "u", component["path"])
    if which == "others":
        return ("; add %s to the group %s on every host (usermod -aG), declare access.acl: [user:%s:rwx], or declare "
                "access.owner, group and mode so that it may write (such as mode: \"2770\" with a group it is in)"
                % (user["name"], group, user["name"]))
    return "; declare access.mode with %s for the %s" % (" and ".join(missing), which)


def _group_list(user, names):
    return ", ".join("%s %d" % (names["groups"].get(gid, ""), gid) if names["groups"].get(gid) else str(gid)
                     for gid in user["groups"]) or "none"


def _not_the_bits(user, component, remote):
    label = component.get("label")
    words = ("the permission bits of the directory and of all above it, and their ACLs as this host sees them, allow "
             "%s (uid %d) to write, so something else denies it: a security label (%s; see the audit log)"
             % (user["name"], user["uid"], "the directory's is %s" % label if label else "AppArmor, SELinux"))
    if remote:
        words += (", or the server: an ACL there, an export that is read-only for this host, or one that maps users "
                  "(all_squash, anonuid)")
        if len(user["groups"]) > AUTH_SYS_GROUPS:
            words += ("; the user is in %d groups, and NFS without Kerberos sends only %d of them (the server's option "
                      "--manage-gids helps)" % (len(user["groups"]), AUTH_SYS_GROUPS))
    return words
