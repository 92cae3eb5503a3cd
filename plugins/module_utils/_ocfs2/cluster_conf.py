# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/etc/ocfs2/cluster.conf: who belongs to a cluster, and by which number. Pure.

Source of the format: ocfs2.cluster.conf(5) and jconfig.c of ocfs2-tools. A stanza begins in the first column and ends
with a colon, its attributes begin with a tab, a blank line ends it; a line that begins with # is a comment.
"""

import collections
import re

from .._plan.plan import Refusal

PATH = "/etc/ocfs2/cluster.conf"
# O2NM_MAX_NODES of the kernel, less one.
LAST_NUMBER = 254

Node = collections.namedtuple("Node", "name number address port")
Node.__doc__ = """One member: name (its host's name without the domain), number and port as int, address as text."""

Cluster = collections.namedtuple("Cluster", "name nodes reserved heartbeat_mode regions")
Cluster.__doc__ = """One cluster.

nodes: list of Node. reserved: {number: name of the node that had it and was removed}. heartbeat_mode: "local" or
"global", regions: the UUIDs of the volumes whose heartbeat is global.
"""

# What is left of a removed node. The tools pass over it, and drop it when they write the file themselves.
_RESERVED = re.compile(r"#\s*reserved\s+(\S+)\s+(\d+)\s+(\S+)\s*$")


def parse(text, where):
    """{cluster's name: Cluster} of a file's text; a Refusal where o2cb could not read it either.

    where: what the text is called in a message, such as "/etc/ocfs2/cluster.conf of hv1".
    """
    clusters, nodes, reserved, regions = collections.OrderedDict(), [], {}, []
    for kind, attributes in stanzas(text):
        if kind == "cluster":
            name = attributes.get("name", "")
            clusters[name] = Cluster(name, [], {}, attributes.get("heartbeat_mode", "local"), [])
        elif kind == "node":
            nodes.append((attributes.get("cluster", ""), _node(attributes, where)))
        elif kind == "heartbeat":
            regions.append((attributes.get("cluster", ""), attributes.get("region", "")))
    for line in text.splitlines():
        match = _RESERVED.match(line)
        if match:
            reserved.setdefault(match.group(1), {})[int(match.group(2))] = match.group(3)
    for name, node in nodes:
        if name in clusters:
            clusters[name].nodes.append(node)
    for name, region in regions:
        if name in clusters:
            clusters[name].regions.append(region)
    for name, cluster in clusters.items():
        cluster.reserved.update(reserved.get(name, {}))
    return clusters


def with_cluster(text, cluster):
    """The text with this Cluster in it as given; other clusters' stanzas and all comments stay."""
    return _without(text, cluster.name) + "".join(_lines(cluster))


def without_cluster(text, name):
    """The text without a cluster's stanzas, "" when nothing but comments and blanks would be left."""
    rest = _without(text, name)
    return rest if re.search(r"^[^#\s]", rest, re.MULTILINE) else ""


def stanzas(text):
    """[(kind, {attribute: value})] in the file's order."""
    result = []
    for line in text.splitlines():
        head = re.match(r"(\w+):\s*$", line)
        pair = re.match(r"[ \t]+(\w+)[ \t]*=[ \t]*(.*?)[ \t]*$", line)
        if head:
            result.append((head.group(1), collections.OrderedDict()))
        elif pair and result:
            result[-1][1][pair.group(1)] = pair.group(2)
    return result


def _node(attributes, where):
    missing = [name for name in ("name", "number", "ip_address", "ip_port") if not attributes.get(name)]
    if missing:
        raise Refusal("%s: the node %s has no %s, so o2cb cannot read the file. Complete or remove its stanza." % (
            where, attributes.get("name", "without a name"), " and no ".join(missing)))
    for name in ("number", "ip_port"):
        if not attributes[name].isdigit():
            raise Refusal("%s: the node %s has %s = %s, which is not a number. Correct it." % (
                where, attributes["name"], name, attributes[name]))
    return Node(attributes["name"], int(attributes["number"]), attributes["ip_address"], int(attributes["ip_port"]))


def _without(text, name):
    """The text without the stanzas and reservations of one cluster, ending with one blank line unless empty."""
    kept, block = [], []
    for line in text.splitlines() + ["end:"]:
        if re.match(r"\S", line):
            if not _belongs(block, name):
                kept.extend(block)
            block = []
        block.append(line)
    rest = "\n".join(kept).strip("\n")
    return rest + "\n\n" if rest else ""


def _belongs(block, name):
    """Whether lines that begin with a stanza's head or a comment are the cluster's."""
    if not block:
        return False
    match = _RESERVED.match(block[0])
    if match:
        return match.group(1) == name
    found = stanzas("\n".join(block))
    if not found:
        return False
    kind, attributes = found[0]
    return attributes.get("name" if kind == "cluster" else "cluster") == name


def _lines(cluster):
    for number, name in sorted(cluster.reserved.items()):
        yield "# reserved %s %d %s\n" % (cluster.name, number, name)
    if cluster.reserved:
        yield "\n"
    for region in cluster.regions:
        yield "heartbeat:\n\tregion = %s\n\tcluster = %s\n\n" % (region, cluster.name)
    for node in sorted(cluster.nodes, key=lambda node: node.number):
        yield "node:\n\tip_port = %d\n\tip_address = %s\n\tnumber = %d\n\tname = %s\n\tcluster = %s\n\n" % (
            node.port, node.address, node.number, node.name, cluster.name)
    yield "cluster:\n\tnode_count = %d\n\theartbeat_mode = %s\n\tname = %s\n" % (
        len(cluster.nodes), cluster.heartbeat_mode, cluster.name)
