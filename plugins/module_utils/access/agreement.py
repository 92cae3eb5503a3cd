# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of one share have to agree on: who sets its owner, and which numbers its accounts have. Pure."""


def waves(shares_by_host, hosts):
    """Which host sets a share's owner and mode, and which only verify it: {host: {"apply": [...], "verify": [...]}}.

    shares_by_host: {host: [share]}. hosts: the live ones in order; the first that declares a path (of this source, if
    it is a network's) applies it, because all hosts would change the same directory.
    """
    taken = set()
    result = {}
    for host in hosts:
        mine = result.setdefault(host, {"apply": [], "verify": []})
        for share in shares_by_host.get(host) or []:
            key = (share["path"], share.get("source"))
            mine["verify" if key in taken else "apply"].append(share["path"])
            taken.add(key)
    return result


def mismatches(results_by_host):
    """A sentence for each account of a path that has not the same number on all hosts.

    results_by_host: {host: {"accounts": what path_access returned, "shares": [{"path", "owner", "group", "writers"}]}}.
    """
    numbers = {}
    for host in sorted(results_by_host):
        known = results_by_host[host]["accounts"]
        for share in results_by_host[host]["shares"]:
            for key, value in _numbers(share, known):
                numbers.setdefault((share["path"],) + key, {}).setdefault(value, []).append(host)
    sentences = []
    said = set()
    for (path, kind, name), values in sorted(numbers.items()):
        if len(values) < 2:
            continue
        where = "; ".join("%s on %s" % (value, ", ".join(values[value])) for value in sorted(values))
        if (kind, name, where) in said:
            continue
        said.add((kind, name, where))
        sentences.append(
            "%s: %s %s is %s: a shared filesystem knows numbers, not names, so what one host's %s may do another's may "
            "not; give it the same number everywhere (%s), or name an account that has it"
            % (path, kind, name, where, name,
               "usermod -u, groupmod -g, then chown what it owns" if kind == "user" else "groupmod -g, then chgrp"))
    return sentences


def _numbers(share, known):
    users = list(share.get("writers") or [])
    if share.get("owner"):
        users.append(share["owner"])
    for name in sorted(set(users)):
        account = known.get("users", {}).get(name)
        if account:
            yield ("user", name), "uid %d, gid %d" % (account["uid"], account["gid"])
    group = share.get("group")
    if group and group in known.get("groups", {}):
        yield ("group", group), "gid %d" % known["groups"][group]
