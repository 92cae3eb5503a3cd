# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done on one host: joined while volumes are mounted, restarted without, refused otherwise."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2 import cluster_conf, settings
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2.cluster_conf import Cluster, Node
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2.plan import plan_absent, plan_present
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

VALUES = {"heartbeat_threshold": 31, "idle_timeout_ms": 30000, "keepalive_delay_ms": 2000, "reconnect_delay_ms": 2000}
NODES = [Node("hv1", 0, "192.0.2.11", 7777), Node("hv2", 1, "192.0.2.12", 7777)]
CLUSTER = Cluster("vms", NODES, {}, "local", [])
REGION = "7d0e2b16-f7be-4f62-b60f-e8f694fba91a"


def live(nodes=tuple(NODES), regions=(REGION,), name="vms", **values):
    return {"name": name, "nodes": [dict(node._asdict(), local=node.name == "hv1") for node in nodes],
            "settings": dict(VALUES, **values), "regions": list(regions), "heartbeat_mode": "local"}


def state(running, conf=CLUSTER, variables=None, enabled=True, driver=True):
    return {
        "node": "hv1", "kernel": "6.12", "driver": driver, "missing_programs": [], "service": {"exists": True, "enabled": enabled},
        "cluster_conf": cluster_conf.with_cluster("", conf) if conf else "", "settings_path": "/etc/default/o2cb",
        "settings": dict(settings.variables("vms", VALUES)) if variables is None else variables, "live": running,
        "drop_in": settings.drop_in("192.0.2.11") if conf else ""}


def names(plan):
    return [operation.name for operation in plan.operations]


def present(found, cluster=CLUSTER, **values):
    return plan_present("hv1", found, cluster, dict(VALUES, **values))


def refused(found, cluster=CLUSTER, **values):
    with pytest.raises(Refusal) as caught:
        present(found, cluster, **values)
    return str(caught.value)


def test_a_member_stays_as_it_is():
    plan = present(state(live()))
    assert not plan.changed and plan.before == plan.after == {}


def test_a_bare_host_gets_all_of_it():
    plan = present(state(None, None, {"O2CB_ENABLED": "false"}, False))
    assert names(plan) == ["cluster_conf", "settings", "unit", "enable", "start"]
    assert plan.before["/etc/ocfs2/cluster.conf"] == "" and "hv2" in plan.after["/etc/ocfs2/cluster.conf"]
    assert "O2CB_BOOTCLUSTER=vms\n" in plan.after["/etc/default/o2cb"]


def test_a_file_of_debians_package_that_names_no_stack_is_as_good():
    variables = dict(settings.variables("vms", VALUES))
    del variables["O2CB_STACK"]
    assert names(present(state(live(), variables=variables))) == []


@pytest.mark.parametrize("conf, words", [
    (CLUSTER._replace(nodes=[]), "none"), (CLUSTER._replace(nodes=NODES[:1]), "a node is missing"),
    (CLUSTER._replace(nodes=[NODES[0], NODES[1]._replace(address="192.0.2.99")]), "another address"),
    (CLUSTER._replace(heartbeat_mode="global"), "another mode"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_an_edited_file_is_mended_without_touching_the_running_cluster(conf, words):
    assert names(present(state(live(), conf))) == ["cluster_conf"]


def test_o2cb_waits_at_boot_for_the_address_the_host_has_in_its_cluster():
    found = state(live())
    found["drop_in"] = settings.drop_in("192.0.2.99")
    plan = present(found)
    assert names(plan) == ["unit"] and " 192.0.2.11/" in plan.operations[0].arguments["text"]


def test_a_new_node_joins_while_volumes_are_mounted():
    more = CLUSTER._replace(nodes=NODES + [Node("hv3", 2, "192.0.2.13", 7777)])
    plan = present(state(live()), more)
    assert names(plan) == ["cluster_conf", "join"]
    assert plan.operations[1].arguments == {"node": more.nodes[2], "local": False}
    assert plan.after["o2cb"] == "nodes hv1, hv2, hv3"


def test_a_removed_node_goes_from_the_file_and_at_the_next_start_from_the_kernel():
    fewer = CLUSTER._replace(nodes=NODES[:1], reserved={1: "hv2"})
    assert names(present(state(live()), fewer)) == ["cluster_conf"]
    assert names(present(state(live(regions=())), fewer)) == ["cluster_conf", "restart"]


@pytest.mark.parametrize("cluster, values, words", [
    (CLUSTER, {"heartbeat_threshold": 61}, ["heartbeat_threshold is 31", "61 is declared", REGION, "state unmounted"]),
    (CLUSTER._replace(nodes=[NODES[0]._replace(address="192.0.2.99"), NODES[1]]), {},
     ["node hv1 is at 192.0.2.11", "192.0.2.99", "with address as it was"]),
])
def test_what_would_part_a_host_from_the_others_is_refused_while_a_volume_is_mounted(cluster, values, words):
    said = refused(state(live()), cluster, **values)
    assert [word for word in words if word not in said] == []
    assert "restart" in names(present(state(live(regions=())), cluster, **values))


def test_a_running_number_is_never_changed():
    changed = CLUSTER._replace(nodes=[NODES[0]._replace(number=3), NODES[1]])
    for regions in ((), (REGION,)):
        assert "runs with number 0, and 3 is declared" in refused(state(live(regions=regions)), changed)


def test_another_running_cluster_is_refused():
    assert "runs the o2cb cluster old, and vms is declared" in refused(state(live(name="old")))


def test_a_cluster_that_does_not_know_this_host_is_started_anew():
    found = live(regions=())
    found["nodes"][0]["local"] = False
    assert names(present(state(found))) == ["restart"]


def test_a_kernel_without_ocfs2_is_refused_with_what_to_do():
    said = refused(state(None, driver=False))
    assert "linux-image-amd64" in said and "linux-modules-extra-6.12" in said and "UEK" in said


def test_a_host_leaves_its_cluster():
    plan = plan_absent("hv1", state(live(regions=())), "vms")
    assert names(plan) == ["stop", "disable", "settings", "unit", "cluster_conf"]
    assert plan.operations[2].arguments["pairs"] == [("O2CB_ENABLED", "false")]
    assert plan.operations[3].arguments["text"] == plan.operations[4].arguments["text"] == ""
    gone = state(None, None, {"O2CB_ENABLED": "false"}, False)
    assert not plan_absent("hv1", gone, "vms").changed


def test_a_host_with_a_mounted_volume_does_not_leave():
    with pytest.raises(Refusal, match="the volume %s is mounted" % REGION):
        plan_absent("hv1", state(live()), "vms")


def test_another_cluster_is_left_alone():
    other = CLUSTER._replace(name="other")
    found = state(live(name="other"), other, {"O2CB_ENABLED": "true", "O2CB_BOOTCLUSTER": "other"}, True)
    plan = plan_absent("hv1", found, "vms")
    assert names(plan) == []
