# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users and groups that declarations name, and those of them that a host does not know."""

from .._share.acl import acl_names


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
