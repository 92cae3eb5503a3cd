# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done on one host of a cluster. Pure.

While a volume is mounted (its heartbeat runs), o2cb only learns of new nodes: a number, an address or a setting that
changed under it would part this host from the others. Without a mounted volume it is simply restarted.
"""

from .._plan.plan import Operation, Plan, Refusal
from . import cluster_conf, settings

_UNMOUNT_FIRST = (
    "Declare the shares of type ocfs2 with state unmounted and run once with %s as it was, on all hosts; then run with "
    "the new one, and mount them again.")


def plan_present(host, state, cluster, values):
    """The Plan that makes a host a member, or a Refusal.

    host: its name, for messages. state: see host.Host.read(). cluster: Cluster as it is to be. values: settings.
    """
    refuse_kernel(host, state)
    plan = Plan()
    _cluster_conf(plan, host, state, cluster)
    _settings(plan, state, settings.variables(cluster.name, values))
    _drop_in(plan, state, settings.drop_in(*[node.address for node in cluster.nodes if node.name == state["node"]]))
    _enable(plan, state)
    if state["live"] is None:
        plan.operations.append(Operation("start", cluster.name, "start o2cb"))
        plan.before["o2cb"], plan.after["o2cb"] = "not running", "running"
    else:
        _running(plan, host, state, cluster, values)
    return plan


def plan_absent(host, state, name):
    """The Plan that takes a host out of its cluster, or a Refusal."""
    plan = Plan()
    live = state["live"]
    if live is not None and live["name"] == name:
        if live["regions"]:
            raise Refusal(
                "%s: %s mounted, so o2cb cannot be stopped. Unmount the shares of type ocfs2 first: declare them "
                "absent and run the role share_mounts." % (host, _volumes(live["regions"])))
        plan.operations.append(Operation("stop", name, "stop o2cb"))
        plan.before["o2cb"], plan.after["o2cb"] = "running", "not running"
    ours = state["settings"].get("O2CB_BOOTCLUSTER") in (name, "", None)
    if ours and state["service"]["enabled"]:
        plan.operations.append(Operation("disable", name, "do not start o2cb at boot"))
        plan.before["boot"], plan.after["boot"] = "starts o2cb", "does not start o2cb"
    if ours and state["settings"].get("O2CB_ENABLED") == "true":
        _settings(plan, state, [("O2CB_ENABLED", "false")])
    if ours:
        _drop_in(plan, state, "")
    if name in cluster_conf.parse(state["cluster_conf"], "%s of %s" % (cluster_conf.PATH, host)):
        text = cluster_conf.without_cluster(state["cluster_conf"], name)
        plan.operations.append(Operation(
            "cluster_conf", name, "remove the cluster from %s" % cluster_conf.PATH, text=text))
        plan.before[cluster_conf.PATH], plan.after[cluster_conf.PATH] = state["cluster_conf"], text
    return plan


def refuse_kernel(host, state):
    """Refuse a host whose kernel has no OCFS2 at all."""
    if not state["driver"]:
        raise Refusal(
            "%s: its kernel %s has no OCFS2 (there is no module ocfs2_stack_o2cb). Debian: cloud kernels lack it, "
            "install linux-image-amd64 and boot that; Ubuntu: install linux-modules-extra-%s; Enterprise Linux: "
            "only Oracle's kernel (UEK) has it." % (host, state["kernel"], state["kernel"]))


def _cluster_conf(plan, host, state, cluster):
    found = cluster_conf.parse(state["cluster_conf"], "%s of %s" % (cluster_conf.PATH, host)).get(cluster.name)
    if found is not None and sorted(found.nodes) == sorted(cluster.nodes) and found.reserved == cluster.reserved and (
            found.heartbeat_mode == cluster.heartbeat_mode):
        return
    text = cluster_conf.with_cluster(state["cluster_conf"], cluster)
    plan.operations.append(Operation(
        "cluster_conf", cluster.name, "write the members into %s" % cluster_conf.PATH, text=text))
    plan.before[cluster_conf.PATH], plan.after[cluster_conf.PATH] = state["cluster_conf"], text


def _settings(plan, state, pairs):
    # A file of Debian's package has no stack in it; the service takes this one then.
    have = dict({"O2CB_STACK": settings.STACK}, **state["settings"])
    wrong = [(name, value) for name, value in pairs if have.get(name) != value]
    if not wrong:
        return
    path = state["settings_path"]
    plan.operations.append(Operation("settings", path, "set %s" % ", ".join(name for name, dummy in wrong),
                                     pairs=list(pairs)))
    plan.before[path] = "".join("%s=%s\n" % (name, have[name]) for name, dummy in wrong if name in have)
    plan.after[path] = "".join("%s=%s\n" % pair for pair in wrong)


def _drop_in(plan, state, text):
    if state["drop_in"] == text:
        return
    plan.operations.append(Operation(
        "unit", settings.DROP_IN, "have o2cb wait for the host's address" if text else "remove it", text=text))
    plan.before[settings.DROP_IN], plan.after[settings.DROP_IN] = state["drop_in"], text


def _enable(plan, state):
    if not state["service"]["enabled"]:
        plan.operations.append(Operation("enable", "o2cb", "start o2cb at boot"))
        plan.before["boot"], plan.after["boot"] = "does not start o2cb", "starts o2cb"


def _running(plan, host, state, cluster, values):
    live = state["live"]
    if live["name"] != cluster.name:
        raise Refusal(
            "%s: it runs the o2cb cluster %s, and %s is declared; o2cb runs one at a time. Write the name %s, or, "
            "when it is not needed any more, unmount its volumes and stop it on all hosts (systemctl stop o2cb), then "
            "run again." % (host, live["name"], cluster.name, live["name"]))
    seen = {node["name"]: node for node in live["nodes"]}
    reasons = []
    for node in cluster.nodes:
        found = seen.get(node.name)
        if found is None:
            continue
        if found["number"] != node.number:
            raise Refusal(
                "%s: node %s runs with number %d, and %d is declared. The number of a running cluster is never "
                "changed." % (host, node.name, found["number"], node.number))
        if (found["address"], found["port"]) != (node.address, node.port):
            reasons.append(("address", "node %s is at %s port %d, and %s port %d is declared" % (
                node.name, found["address"], found["port"], node.address, node.port)))
        if node.name == state["node"] and not found["local"]:
            reasons.append(("cluster", "node %s does not know that it is this host" % node.name))
    for setting, old, new in settings.differences(live["settings"], values):
        reasons.append((setting.name, "%s is %d (%s), and %d is declared" % (setting.name, old, setting.meaning, new)))
    if reasons and live["regions"]:
        raise Refusal(
            "%s: %s. That cannot change while %s mounted, as hosts that differ in it refuse each other. %s" % (
                host, "; ".join(words for dummy, words in reasons), _volumes(live["regions"]),
                _UNMOUNT_FIRST % " and ".join(sorted({name for name, dummy in reasons}))))
    names = {node.name for node in cluster.nodes}
    extra = [name for name in seen if name not in names]
    if extra and not live["regions"]:
        reasons.append(("nodes", "node %s is removed" % " and ".join(sorted(extra))))
    if reasons:
        plan.operations.append(Operation("restart", cluster.name, "restart o2cb: %s" % "; ".join(
            words for dummy, words in reasons)))
        plan.before["o2cb"] = _in_words(seen, live["settings"])
        plan.after["o2cb"] = _in_words({node.name: node._asdict() for node in cluster.nodes}, values)
        return
    for node in cluster.nodes:
        if node.name not in seen:
            plan.operations.append(Operation(
                "join", node.name, "let the running cluster know node %s" % node.name,
                node=node, local=node.name == state["node"]))
            plan.before["o2cb"] = "nodes %s" % ", ".join(sorted(seen))
            plan.after["o2cb"] = "nodes %s" % ", ".join(sorted(set(seen) | names))


def _in_words(nodes, values):
    return "nodes %s; %s" % (
        ", ".join("%s at %s port %s" % (name, node["address"], node["port"]) for name, node in sorted(nodes.items())),
        ", ".join("%s %s" % (setting.name, values[setting.name]) for setting in settings.SETTINGS))


def _volumes(regions):
    return "the volume %s is" % regions[0] if len(regions) == 1 else "the volumes %s are" % ", ".join(regions)
