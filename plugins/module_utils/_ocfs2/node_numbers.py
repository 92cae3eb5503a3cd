# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who belongs to a cluster and by which number, from what all its hosts have. Pure.

A number is permanent: it is what a host writes its heartbeat by, into a block of the shared disk. So the numbers in use
are read from all hosts, a host keeps its own, a new one gets the lowest that nobody ever had, and a host that is gone
leaves a gap.
"""

import collections

from .._plan.plan import Refusal
from . import cluster_conf
from .cluster_conf import Cluster, Node

Member = collections.namedtuple("Member", "host node number address port")
Member.__doc__ = """A host that is to belong to the cluster.

host: its name in the inventory. node: its own name. number: the declared one, or None. address: text. port: int.
"""

Source = collections.namedtuple("Source", "words cluster live")
Source.__doc__ = """Where numbers are already in use.

words: for messages. cluster: the Cluster as it is there. live: whether a kernel runs it. That counts more than what is
written: a file that somebody edited is corrected by it.
"""


def merged(name, members, sources, removed, missing):
    """The Cluster as it is to be on all hosts, or a Refusal.

    members: list of Member, in the inventory's order. sources: list of Source. removed: names of nodes that are gone
    for good. missing: names of hosts that belong to the group and were not read.
    """
    known, reserved = _in_use(name, sources)
    _refuse_removed_members(members, removed)
    before = dict(known)
    for node in [known[each] for each in removed if each in known]:
        reserved[node.number] = node.name
        del known[node.name]
    numbers = _numbers(members, known, reserved, missing)
    for member in members:
        known[member.node] = Node(member.node, numbers[member.node], member.address, member.port)
        reserved.pop(numbers[member.node], None)
    _refuse_same_address(known.values())
    # A kernel forgets a removed node only when it restarts; the files are what must be changed.
    written = {node.name for source in sources if not source.live for node in source.cluster.nodes}
    changed = [each for each in known if known[each] != before.get(each)] + [
        each for each in removed if each in written]
    if missing and changed:
        raise Refusal(
            "cluster %s: %s changed, and every host must learn it, but %s not read: a run with --limit, a sliced job "
            "or a host that cannot be reached. Run for all hosts, or take those that are gone out of the inventory; "
            "their numbers stay theirs." % (
                name, " and ".join("node %s" % each for each in sorted(changed)), _were(missing)))
    return Cluster(name, sorted(known.values(), key=lambda node: node.number), reserved, "local", [])


def _in_use(name, sources):
    """({node's name: Node}, {number: name of a removed node}) of all sources; a Refusal where they disagree."""
    _refuse_global_heartbeat(name, sources)
    known, where, owner, reserved, problems = {}, {}, {}, {}, []
    running = set()
    for source in sorted(sources, key=lambda source: not source.live):
        for node in source.cluster.nodes:
            if node.name in running and not source.live:
                continue
            other = known.setdefault(node.name, node)
            where.setdefault(node.name, source.words)
            if other.number != node.number:
                problems.append("node %s has number %d in %s and %d in %s" % (
                    node.name, other.number, where[node.name], node.number, source.words))
            first = owner.setdefault(node.number, (node.name, source.words))
            if first[0] != node.name:
                problems.append("number %d is %s in %s and %s in %s" % (
                    node.number, first[0], first[1], node.name, source.words))
        if source.live:
            running.update(node.name for node in source.cluster.nodes)
    for source in sources:
        for number, gone in source.cluster.reserved.items():
            if number in owner and owner[number][0] != gone:
                problems.append("number %d is %s in %s and was that of the removed %s in %s" % (
                    number, owner[number][0], owner[number][1], gone, source.words))
            elif gone not in known:
                reserved[number] = gone
    if problems:
        raise Refusal(
            "cluster %s: the hosts do not agree on their numbers, and none is changed: %s. Correct the %s of the hosts "
            "that are wrong, so that all are the same, then run again." % (
                name, "; ".join(problems), cluster_conf.PATH))
    return known, reserved


def _refuse_global_heartbeat(name, sources):
    for source in sources:
        if source.cluster.heartbeat_mode != "local":
            raise Refusal(
                "cluster %s: it has a %s heartbeat in %s, and only clusters with a local one can be managed here. "
                "Write ocfs2_cluster_state: unmanaged, and keep the cluster by its own tools; its volumes are mounted "
                "all the same." % (name, source.cluster.heartbeat_mode, source.words))


def _refuse_removed_members(members, removed):
    for member in members:
        if member.node in removed:
            raise Refusal(
                "node %s is among the removed nodes, and host %s of this run is that node. Take its OCFS2 shares or "
                "the host itself out of the inventory, or take it out of the removed nodes." % (
                    member.node, member.host))


def _numbers(members, known, reserved, missing):
    """{node's name: number} of the members."""
    taken = {node.number: node.name for node in known.values()}
    taken.update(reserved)
    result, fresh = {}, []
    names = {}
    for member in members:
        if names.setdefault(member.node, member.host) != member.host:
            raise Refusal("hosts %s and %s both call themselves %s, and a node's name must be its own. Give one of "
                          "them another host name." % (names[member.node], member.host, member.node))
        old = [number for number, name in taken.items() if name == member.node]
        number = member.number if member.number is not None else (old[0] if old else None)
        if number is None:
            fresh.append(member)
            continue
        if old and old[0] != number:
            raise Refusal(
                "%s: number %d is declared, and node %s has number %d in the cluster. A number is never changed: "
                "write %d, or nothing." % (member.host, number, member.node, old[0], old[0]))
        if taken.get(number, member.node) != member.node:
            raise Refusal("%s: number %d is declared, and it is %s%s. Write one that nobody had, or nothing." % (
                member.host, number, "that of the removed node " if number in reserved else "that of ",
                taken[number]))
        if not 0 <= number <= cluster_conf.LAST_NUMBER:
            raise Refusal("%s: number %d is declared, and o2cb knows 0 to %d. Write one of these, or nothing." % (
                member.host, number, cluster_conf.LAST_NUMBER))
        taken[number] = member.node
        result[member.node] = number
    if fresh and missing:
        raise Refusal(
            "%s: it has no number in the cluster yet, and which are in use cannot be told, as %s not read: a run with "
            "--limit, a sliced job or a host that cannot be reached. Run for all hosts." % (
                ", ".join(member.host for member in fresh), _were(missing)))
    for member in fresh:
        free = [number for number in range(cluster_conf.LAST_NUMBER + 1) if number not in taken]
        if not free:
            raise Refusal("%s: all numbers from 0 to %d are taken." % (member.host, cluster_conf.LAST_NUMBER))
        taken[free[0]] = member.node
        result[member.node] = free[0]
    return result


def _refuse_same_address(nodes):
    owners = {}
    for node in sorted(nodes, key=lambda node: node.number):
        other = owners.setdefault(node.address, node.name)
        if other != node.name:
            raise Refusal("nodes %s and %s both have the address %s. Write the right one of each." % (
                other, node.name, node.address))


def _were(names):
    return "%s %s" % (", ".join(names), "was" if len(names) == 1 else "were")
