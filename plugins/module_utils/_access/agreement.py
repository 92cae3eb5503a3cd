# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of one share have to agree on: who sets its owner, and which numbers its accounts have. Pure."""

import collections

from .._plan.gathered import listed
from .._plan.plan import Refusal
from .._share.types import registry
from . import acl, named_accounts


def steps(shares_by_host, hosts, new=None):
    """What each host does with its shares, and when: {host: {"set": [path], "verify": [path], "set_along": [path]}}.

    The paths to "set" are those that other hosts wait for, and come first; those to "verify" wait for another host.
    "set_along" are paths that nobody waits for, set along with what is verified, so that nearly every host works once;
    a host that verifies nothing has them in "set".

    shares_by_host: {host: what declared.entries() made of its shares}. hosts: the live ones in order. One of those that
    declare a path of one source sets it, because all hosts would change the same directory. A local share may be
    another directory on every host, which nobody else can set, and so is a CIFS share's owner.
    new: {host: [paths that this run has mounted there, or is to mount]}. One that had it before is preferred, as it sees in
    check mode, too, what is right already.
    """
    setters = _setters(shares_by_host, hosts, new or {})
    result = {}
    for host in hosts:
        shares = shares_by_host.get(host) or []
        step = {"set": [share["path"] for share in shares if setters.get(_directory(share)) == host],
                "verify": [share["path"] for share in shares if setters.get(_directory(share), host) != host],
                "set_along": []}
        step["set_along" if step["verify"] and not step["set"] else "set"] += [
            share["path"] for share in shares if _directory(share) not in setters]
        result[host] = step
    return result


def _setters(shares_by_host, hosts, new):
    """{directory: the host that sets it} of the directories that several hosts have.

    A host that sets one already is taken again, and one that waits for another is spared: it would need two calls.
    """
    havers = {}
    for host in hosts:
        for share in shares_by_host.get(host) or []:
            if not _own(share):
                havers.setdefault(_directory(share), []).append(host)
    setters, waiting = {}, set()
    for directory, candidates in havers.items():
        if len(candidates) > 1:
            chosen = min(candidates, key=lambda host: (directory[0] in new.get(host, ()), host not in setters.values(),
                                                       host in waiting))
            setters[directory] = chosen
            waiting.update(host for host in candidates if host != chosen)
    return setters


def _own(share):
    """Whether each host has its owner, group and mode for itself: of its own directory, or by its mount's options."""
    return bool(share.get("type")) and registry.of(share).owner_per_host


def _directory(share):
    return share["path"], share.get("source")


def unknown(shares_by_host, accounts_by_host, expected_by_host):
    """A sentence for each account that shares name and hosts lack, and for each ACL that cannot be meant on a host.

    accounts_by_host: {host: what accounts.lookup() returned there}. expected_by_host: {host: [names that packages
    bring]}.
    """
    lacking, sentences = {}, []
    for host, known in accounts_by_host.items():
        for entry in shares_by_host.get(host) or []:
            for kind, key, names in named_accounts.named(entry):
                for name in names:
                    if name not in known[kind + "s"] and name not in (expected_by_host.get(host) or ()):
                        hosts, places = lacking.setdefault((kind, name), ([], collections.OrderedDict()))
                        hosts.append(host)
                        places.setdefault(key, []).append(entry["path"])
            try:
                acl.named(entry.get("acl"), known, entry["path"])
            except Refusal as refusal:
                sentences.append("%s: %s" % (host, refusal))
    for (kind, name), (hosts, places) in lacking.items():
        hosts = list(dict.fromkeys(hosts))
        places = ["access.%s of %s" % (key, listed(list(dict.fromkeys(paths)))) for key, paths in places.items()]
        sentences.append(
            "%s %s does not exist on %s, and is %s; create it first (%s, with the same number on all hosts), install the "
            "package that brings it, or name one that exists"
            % (kind, name, ", ".join(hosts), " and ".join(places), "useradd" if kind == "user" else "groupadd"))
    return sentences


def mismatches(accounts_by_host, shares):
    """A sentence for each account of a share that has not the same number on all hosts.

    accounts_by_host: {host: what share_access returned as accounts}. shares: {host: what declared.entries() made of its
    shares}. A local share is left out, as nobody else has its files, and a CIFS share, whose server knows no numbers.
    """
    numbers = {}
    for host in sorted(accounts_by_host):
        for entry in [entry for entry in shares.get(host) or [] if not _own(entry)]:
            for key, value in _numbers(entry, accounts_by_host[host] or {}):
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
            "%s: %s %s is %s: a shared filesystem knows numbers, not names, so what %s may do on one host it may not "
            "do on another; give it the same number everywhere (%s), or name an account that has it"
            % (path, kind, name, where, name,
               "usermod -u, groupmod -g, then chown what it owns" if kind == "user" else "groupmod -g, then chgrp"))
    return sentences


def _numbers(entry, known):
    users, groups = named_accounts.wanted([entry])
    for name in users:
        account = known.get("users", {}).get(name)
        if account:
            yield ("user", name), "uid %d, gid %d" % (account["uid"], account["gid"])
    for name in groups:
        if name in known.get("groups", {}):
            yield ("group", name), "gid %d" % known["groups"][name]
