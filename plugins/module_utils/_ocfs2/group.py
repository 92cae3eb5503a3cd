# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all hosts of a cluster are to have, from what each of them has. Pure; runs on the controller.

What concerns one host only stops that host, what the hosts must agree on stops all of them.
"""

import re

from .._plan.plan import Refusal
from . import cluster_conf, settings, volumes
from .cluster_conf import Cluster, Node
from .node_numbers import Member, Source, merged
from .plan import plan_present

# What every tool takes for a cluster's name, and a superblock has room for.
_NAME = re.compile(r"[A-Za-z0-9]{1,16}$")
_SHARED = ("name", "port", "removed_nodes")


def plan_cluster(hosts, expected):
    """What is to be done on each host, or a Refusal for all of them.

    hosts: {host: C({"name", "port", "settings", "removed_nodes", "number" (None or empty for none), "filesystems" (as
    declared), "sources" (of its shares), "info" (see host.Host.read(), and with "address" and "devices")})}, in the
    inventory's order, without those that were not read. expected: the names of all hosts that declare OCFS2.
    Returns C({"cluster": {"name", "nodes", "reserved"}, "settings", "hosts": {host: {"problems": [str],
    "changes": bool, "settle": [filesystem]}}, "format": [filesystem with "host"]}).
    """
    hosts = {host: _typed(each) for host, each in hosts.items()}
    missing = [host for host in expected if host not in hosts]
    shared = _agreed(hosts)
    values = settings.checked(shared["settings"])
    filesystems = volumes.checked(_declared(hosts))
    sources = [source for host, each in hosts.items() for source in _sources(host, each["info"], shared["name"])]
    members = [Member(host, each["info"]["node"], each["number"], each["info"]["address"], shared["port"])
               for host, each in hosts.items()]
    _refuse_forgotten_numbers(shared["name"], members, sources, hosts)
    cluster = merged(shared["name"], members, sources, shared["removed_nodes"], missing)
    result = {host: {"problems": [], "changes": False, "settle": []} for host in hosts}
    _plan_hosts(hosts, result, cluster, values, missing)
    formatted = _look_at_volumes(hosts, result, cluster.name, filesystems, missing)
    return {
        "cluster": {"name": cluster.name, "nodes": [dict(node._asdict()) for node in cluster.nodes],
                    "reserved": [{"number": number, "name": gone}
                                 for number, gone in sorted(cluster.reserved.items())]},
        "settings": values, "hosts": result, "format": formatted,
    }


def cluster_of(name, nodes, reserved):
    """The Cluster of what plan_cluster() returned, as a module gets it."""
    return Cluster(
        name, [_node(node) for node in nodes],
        {int(each["number"]): each["name"] for each in reserved}, "local", [])


def _node(told):
    """The Node of what a module takes or tells of one."""
    return Node(told["name"], int(told["number"]), told["address"], int(told["port"]))


def _typed(host):
    """What is declared for a host with numbers as numbers: templates of older Ansible make texts of them."""
    number = host["number"]
    return dict(
        host, port=int(host["port"]), number=None if number in (None, "") else int(number),
        settings={setting.name: int(host["settings"][setting.name]) for setting in settings.SETTINGS})


def _agreed(hosts):
    """What must be declared alike for all hosts, or a Refusal."""
    first, *others = hosts
    for host in others:
        for what, value, other in _pairs(hosts[first], hosts[host]):
            if value != other:
                raise Refusal(
                    "ocfs2_cluster_%s is %s for host %s and %s for host %s, and hosts that differ in it refuse each "
                    "other. Write it for the whole group." % (what, value, first, other, host))
    shared = hosts[first]
    if not _NAME.match(shared["name"]):
        raise Refusal("ocfs2_cluster_name is '%s', and o2cb takes 1 to 16 letters and digits. Write such a name."
                      % shared["name"])
    if not 1 <= shared["port"] <= 65535:
        raise Refusal("ocfs2_cluster_port is %d. Write one from 1 to 65535; o2cb's own is 7777." % shared["port"])
    return shared


def _pairs(one, other):
    for what in _SHARED:
        yield what, one[what], other[what]
    for setting in settings.SETTINGS:
        yield setting.name, one["settings"][setting.name], other["settings"][setting.name]


def _declared(hosts):
    first, *others = hosts
    for host in others:
        if hosts[host]["filesystems"] != hosts[first]["filesystems"]:
            raise Refusal("ocfs2_cluster_filesystems is not the same for the hosts %s and %s. Write it for the whole "
                          "group." % (first, host))
    return hosts[first]["filesystems"]


def _sources(host, info, name):
    """The Sources that one host has of a cluster's numbers."""
    where = "%s of %s" % (cluster_conf.PATH, host)
    written = cluster_conf.parse(info["cluster_conf"], where).get(name)
    if written is not None:
        yield Source(where, written, False)
    live = info["live"]
    if live is not None and live["name"] == name:
        yield Source("the kernel of %s" % host, Cluster(
            name, [_node(node) for node in live["nodes"]], {}, live["heartbeat_mode"], []), True)


def _refuse_forgotten_numbers(name, members, sources, hosts):
    """A volume of the cluster was made by hosts that had numbers; without a host that knows them none is given."""
    if sources or all(member.number is not None for member in members):
        return
    for host, each in hosts.items():
        for device in each["info"]["devices"]:
            if device.get("volume") and device["volume"]["cluster"] == name:
                raise Refusal(
                    "cluster %s: host %s sees its volume %s, but none of the hosts %s knows which numbers its members "
                    "have. Run for all hosts; if these are all, write the numbers they had as "
                    "ocfs2_cluster_node_number of each, or any when the volume is mounted nowhere." % (
                        name, host, device["source"], ", ".join(member.host for member in members)))


def _plan_hosts(hosts, result, cluster, values, missing):
    plans = {}
    for host, each in hosts.items():
        try:
            plans[host] = plan_present(host, each["info"], cluster, values)
        except Refusal as refusal:
            result[host]["problems"].append(str(refusal))
    restarted = [host for host, plan in plans.items() if "restart" in _names(plan)]
    held = [host for host in result if result[host]["problems"]] or missing
    for host, plan in plans.items():
        result[host]["changes"] = plan.changed
        if host in restarted and held and _settings_differ(hosts[host], values):
            result[host]["problems"].append(
                "%s: its o2cb is not given new settings, as %s cannot be given them in this run, and hosts that "
                "differ in them refuse each other. See what stops the other hosts, or run for all of them." % (
                    host, ", ".join(held)))


def _settings_differ(host, values):
    return bool(settings.differences(host["info"]["live"]["settings"], values))


def _names(plan):
    return [operation.name for operation in plan.operations]


def _look_at_volumes(hosts, result, name, filesystems, missing):
    """The filesystems to be made, each with the host that makes it; problems go to result."""
    number = len(hosts) + len(missing)
    empty, looked_at = [], set()
    for filesystem in filesystems:
        seen = _seen(hosts, filesystem["device"])
        for host, device in seen.items():
            if device["problem"]:
                result[host]["problems"].append("filesystem %s: %s. Attach the disk, or correct the device." % (
                    filesystem["label"], device["problem"]))
        seen = {host: device for host, device in seen.items() if not device["problem"]}
        wrong = _wrong(filesystem["device"], seen, name, number, filesystem)
        if not wrong and seen and not _volume(seen):
            wrong = _not_to_be_made(filesystem, seen, [host for host in hosts if host not in seen] + missing, number)
            empty += [] if wrong else [filesystem]
        for host, device in seen.items():
            result[host]["problems"] += ["filesystem %s: %s" % (filesystem["label"], words) for words in wrong]
            if not wrong and not device["known"]:
                result[host]["settle"].append(filesystem)
            looked_at.add(device["volume"]["uuid"] if device["volume"] else None)
    _look_at_shares(hosts, result, name, number, looked_at)
    able = [host for host in hosts if not result[host]["problems"]]
    return [dict(filesystem, host=able[0], slots=filesystem["slots"] or max(2, number)) for filesystem in empty if able]


def _look_at_shares(hosts, result, name, number, looked_at):
    """The volumes of shares that are not declared as filesystems: a device that is missing is their own problem."""
    for source in dict.fromkeys(source for each in hosts.values() for source in each["sources"]):
        seen = {host: device for host, device in _seen(hosts, source).items()
                if not device["problem"] and device["volume"] and device["volume"]["uuid"] not in looked_at}
        for words in _wrong(source, seen, name, number, {"slots": None, "label": None}):
            for host in seen:
                result[host]["problems"].append(words)


def _wrong(source, seen, name, number, filesystem):
    """Why a device of these hosts cannot be what is declared, a list of str. seen: {host: device}, maybe of none."""
    differing = volumes.differing(source, seen) if seen else None
    if differing:
        return [differing]
    volume = _volume(seen)
    return volumes.unsuitable(
        source, volume, name, number, filesystem["slots"], filesystem["label"]) if volume else []


def _not_to_be_made(filesystem, seen, absent, number):
    """Why an empty device is not formatted, a list of str; empty when it is."""
    source = filesystem["device"]
    for host, device in seen.items():
        why = volumes.not_empty(source, device)
        if why:
            return ["on host %s %s" % (host, why)]
    if not filesystem["format"]:
        return ["there is no OCFS2 on %s, and nothing is formatted unless format is true. If the device is the right "
                "one, write format: true at the filesystem." % source]
    if absent:
        them = "host %s was" % absent[0] if len(absent) == 1 else "the hosts %s were" % ", ".join(absent)
        return ["it is not made on %s, as %s not looked at: a run with --limit, a sliced job, or a host that cannot be "
                "reached or lacks the device. Whether the device is empty and the same for all hosts cannot be told "
                "then. Run for all hosts." % (source, them)]
    if filesystem["slots"] is not None and filesystem["slots"] < number:
        return ["%d slots are declared, and %d hosts are to mount it at once. Write at least %d." % (
            filesystem["slots"], number, number)]
    return []


def _seen(hosts, source):
    return {host: device for host, each in hosts.items() for device in each["info"]["devices"]
            if device["source"] == source}


def _volume(seen):
    return next((device["volume"] for device in seen.values() if device.get("volume")), None)
