# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of one share have to agree on: who sets its owner, and which numbers its accounts have. Pure."""

from ansible_collections.virtshare.storage.plugins.module_utils.access import accounts

# Whose owner, group and mode each host has for itself: of a directory of its own, or by the options of its mount.
_OWN = ("local", "cifs")


def waves(shares_by_host, hosts):
    """Which host sets a share's owner and mode, and which only verify it: {host: {"apply", "verify", "confined"}}.

    "confined" are all shares of a host as the parameter confined_paths takes them: what confines guests is each host's.

    shares_by_host: {host: what access_paths() made of its shares}. hosts: the live ones in order; the first that
    declares a path of one source applies it, because all hosts would change the same directory. A local share may be
    another directory on every host, which nobody else can set, and so is a CIFS share's owner.
    """
    taken = set()
    result = {}
    for host in hosts:
        mine = result.setdefault(host, {"apply": [], "verify": [], "confined": []})
        for share in shares_by_host.get(host) or []:
            mine["confined"].append(
                {name: share[name] for name in ("path", "type", "source", "read_only") if name in share})
            key = (share["path"], share.get("source"))
            mine["verify" if key in taken else "apply"].append(share)
            if share.get("type") not in _OWN:
                taken.add(key)
    return result


def mismatches(accounts, shares):
    """A sentence for each account of a share that has not the same number on all hosts.

    accounts: {host: what path_access returned as accounts}. shares: {host: what access_paths() made of its
    shares}. A local share is left out, as nobody else has its files, and a CIFS share, whose server knows no numbers.
    """
    numbers = {}
    for host in sorted(accounts):
        for entry in [entry for entry in shares.get(host) or [] if entry.get("type") not in _OWN]:
            for key, value in _numbers(entry, accounts[host] or {}):
                numbers.setdefault((entry["path"],) + key, {}).setdefault(value, []).append(host)
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


def _numbers(entry, known):
    users, groups = accounts.wanted([entry])
    for name in users:
        account = known.get("users", {}).get(name)
        if account:
            yield ("user", name), "uid %d, gid %d" % (account["uid"], account["gid"])
    for name in groups:
        if name in known.get("groups", {}):
            yield ("group", name), "gid %d" % known["groups"][name]
