# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups by name, as this host knows them (passwd, LDAP, whatever its name service asks)."""

import grp
import os
import pwd

from .._share.acl import acl_names


def lookup(users, groups):
    """{"users": {name: {"uid", "gid", "groups": [gid]}}, "groups": {name: gid}, "names": {gid: name}} of this host.

    users, groups: names, or numbers written as text ("9869") where the number has an entry. An unknown one is left
    out: see unknown(). It may ask a directory server: call it in a bounded child. "names" has text keys, as JSON has.
    """
    result = {"users": {}, "groups": {}, "names": {}}
    for name in users:
        entry = _entry(name, pwd.getpwnam, pwd.getpwuid)
        if entry is not None:
            gids = sorted(set(os.getgrouplist(entry.pw_name, entry.pw_gid)) | {entry.pw_gid})
            result["users"][name] = {"uid": entry.pw_uid, "gid": entry.pw_gid, "groups": gids}
    for name in groups:
        entry = _entry(name, grp.getgrnam, grp.getgrgid)
        if entry is not None:
            result["groups"][name] = entry.gr_gid
    for gid in set(sum((user["groups"] for user in result["users"].values()), list(result["groups"].values()))):
        result["names"][str(gid)] = group_name(gid)
    return result


def ask(users, groups, patience):
    """lookup() in a bounded child; live.NoAnswer when the name service does not answer.

    patience: a live.Bounded.
    """
    return patience.run(lambda: lookup(users, groups), "the name service (passwd, group)")


def user_name(uid):
    """The name of a uid on this host, or the number as text."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid):
    """The name of a gid on this host, or the number as text."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def wanted(paths):
    """(users, groups) that a list of path declarations names: sorted lists without duplicates."""
    names = {"user": set(), "group": set()}
    for path in paths:
        for kind, dummy, found in named(path):
            names[kind].update(found)
    return sorted(names["user"]), sorted(names["group"])


def unknown(paths, known, host, expected=()):
    """(problems, pending): a sentence for each unknown account of each path, and the names that are only expected.

    known: what lookup() returned. expected: names that packages not installed yet will bring.
    """
    problems = []
    pending = set()
    for path in paths:
        for kind, key, names in named(path):
            for name in names:
                if name in known["users" if kind == "user" else "groups"]:
                    continue
                if name in expected:
                    pending.add(name)
                    continue
                problems.append(_unknown_words(path["path"], kind, key, name, host))
    return problems, sorted(pending)


def named(path):
    """(kind "user" or "group", key of access, [names]) of what a path's declaration names."""
    yield "user", "owner", [path["owner"]] if path.get("owner") else []
    yield "group", "group", [path["group"]] if path.get("group") else []
    yield "user", "writers", path.get("writers") or []
    for kind, name in acl_names(path.get("acl")):
        yield kind, "acl", [name]


def _unknown_words(path, kind, key, name, host):
    command = "useradd" if kind == "user" else "groupadd"
    return ("%s: %s: access.%s names the %s %s, which does not exist on this host; create it first (%s, with the same "
            "number on all hosts), install the package that brings it, or name one that exists"
            % (host, path, key, kind, name, command))


def _entry(name, by_name, by_number):
    try:
        return by_name(name)
    except KeyError:
        pass
    if name.isdigit():
        try:
            return by_number(int(name))
        except (KeyError, OverflowError):
            pass
    return None
