# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups by name, as this host knows them (passwd, LDAP, whatever its name service asks)."""

import grp
import os
import pwd
import re


def is_number(name):
    """Whether a name is a number written as text; Python's isdigit() takes other digits than int() does."""
    return re.match(r"[0-9]+\Z", name) is not None


def user(name):
    """{"uid", "gid", "groups": [gid]} of a user, None when there is none. name: see lookup()."""
    entry = _entry(name, pwd.getpwnam, pwd.getpwuid)
    if entry is None:
        return None
    gids = sorted(set(os.getgrouplist(entry.pw_name, entry.pw_gid)) | {entry.pw_gid})
    return {"uid": entry.pw_uid, "gid": entry.pw_gid, "groups": gids}


def lookup(users, groups):
    """{"users": {name: {"uid", "gid", "groups": [gid]}}, "groups": {name: gid}, "names": {gid: name}} of this host.

    users, groups: names, or numbers written as text ("9869") where the number has an entry. An unknown one is left
    out. It may ask a directory server: call it in a bounded child. "names" has text keys, as JSON has.
    """
    result = {"users": {}, "groups": {}, "names": {}}
    for name in users:
        found = user(name)
        if found is not None:
            result["users"][name] = found
    for name in groups:
        entry = _entry(name, grp.getgrnam, grp.getgrgid)
        if entry is not None:
            result["groups"][name] = entry.gr_gid
    for gid in set(sum((one["groups"] for one in result["users"].values()), list(result["groups"].values()))):
        result["names"][str(gid)] = group_name(gid)
    return result


def ask(users, groups, patience):
    """lookup() in a bounded child; NoAnswer when the name service does not answer.

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


def _entry(name, by_name, by_number):
    try:
        return by_name(name)
    except KeyError:
        pass
    if is_number(name):
        try:
            return by_number(int(name))
        except (KeyError, OverflowError):
            pass
    return None
