# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all hosts are compared for before anything is changed on one of them: numbers, settings, and their devices."""

import base64
import copy
import zlib

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2 import (
    cluster_conf,
    filesystem,
    settings,
    superblock,
)
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2.cluster_conf import Cluster, Node
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2.group import plan_cluster
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

# The beginning of what mkfs.ocfs2 1.8.7 made: -N 2 -L vm --cluster-stack=o2cb --cluster-name=vms, 256 MB.
BEGINNING = zlib.decompress(base64.b64decode("""
eNpjYoKAkozMYgUgSsxTyE9OKzZSKMvPKc1NZWCiExho+0fBwMXTaNyPglEwCkYB/YG/s1twmBEDQ9zMnDf/gYABDBgZsAFDJHZICFs2Mg0DTGh6QOYy
0BREAbEIhrtAgBmIA75DfMMJFeNConmg7o2fGs3GAhUvy6XMNbV82mLf9/knbeN/8W3K75VS+UbJSRBzixlYkRUCHbXg0AKmr4WxUyr3/33NMApGwSgY
BaNgFNARuAf5hwYYGDIcYGaQw1Zf80NpFhz6/4+CUTAKhiwYLQFHwSgYBaNgFIyCUTAKRsEoGIn9fwHGP1j6/zxQmgNn/59/NBBHwSgYosDTz9/FFZj/
IfN/mPN+FswQ+q0jM4MgA+a8H/r8Hyeafuzzf4xUcz/MfTB7BRgYmfRQ+ExMekAB1UkQvgQzF1NOfnGJdlp+aV7KaPyPgtH8j8j/TJi5kwWW/1mIyv9c
ROV/agJjjNIExJdgHI3bUTAKSMv/zDjVLWlkJCr/cw9A/h8Fo2AUkAcAJvhMeA=="""))
VALUES = {"heartbeat_threshold": 31, "idle_timeout_ms": 30000, "keepalive_delay_ms": 2000, "reconnect_delay_ms": 2000}
DISK = "/dev/disk/by-id/wwn-1"
WANTED = {"label": "vm", "device": DISK, "format": True}
VOLUME = superblock.parse(BEGINNING)


def device(source=DISK, volume=None, **changes):
    return dict({
        "source": source, "bare": False, "problem": None, "path": "/dev/sdb", "number": "8:16", "bytes": 1 << 30,
        "identity": "naa.1", "by_id": ["wwn-1"], "known": volume is not None, "volume": volume, "content": [],
        "users": []}, **changes)


def host(own, devices=None, conf=None, live=None, **changes):
    variables = dict(settings.variables("vms", VALUES))
    info = {
        "node": "hv%d" % own, "kernel": "6.12", "driver": True, "missing_programs": [], "address": "192.0.2.%d" % own,
        "service": {"exists": True, "enabled": True},
        "cluster_conf": cluster_conf.with_cluster("", conf) if conf else "",
        "settings_path": "/etc/default/o2cb", "settings": variables, "live": live,
        "drop_in": settings.drop_in("192.0.2.%d" % own),
        "devices": [device()] if devices is None else devices}
    info.update(changes.pop("info", {}))
    return dict({"name": "vms", "port": 7777, "removed_nodes": [], "settings": VALUES, "number": None,
                 "filesystems": [WANTED], "sources": [], "info": info}, **changes)


def running(*numbers, **changes):
    """A Cluster of these hosts, and how their kernels have it."""
    nodes = [Node("hv%d" % number, number - 1, "192.0.2.%d" % number, 7777) for number in numbers]
    cluster = Cluster("vms", nodes, {}, "local", [])

    def live(own, regions=("R",), **values):
        return {"name": "vms", "nodes": [dict(node._asdict(), local=node.name == "hv%d" % own) for node in nodes],
                "settings": dict(VALUES, **values), "regions": list(regions), "heartbeat_mode": "local"}
    return cluster, live


def group(*hosts):
    return {each["info"]["node"]: each for each in hosts}


def problems(found):
    return {name: each["problems"] for name, each in found["hosts"].items()}


def refused(hosts, expected=()):
    with pytest.raises(Refusal) as caught:
        plan_cluster(hosts, list(expected))
    return str(caught.value)


def test_what_mkfs_wrote_is_read():
    assert VOLUME == {
        "label": "vm", "uuid": "7d0e2b16-f7be-4f62-b60f-e8f694fba91a", "slots": 2, "block_size": 1024, "cluster_size": 4096,
        "local": False, "stack": "o2cb", "cluster": "vms", "global_heartbeat": False}
    assert superblock.uuid_of("7D0E2B16F7BE4F62B60FE8F694FBA91A") == VOLUME["uuid"]
    assert superblock.parse(b"\0" * superblock.BYTES) is None
    assert superblock.parse(BEGINNING[:2048]) is None


def test_bare_hosts_become_members_and_one_of_them_makes_the_filesystem():
    found = plan_cluster(group(host(1), host(2)), ["hv1", "hv2"])
    assert [(node["name"], node["number"]) for node in found["cluster"]["nodes"]] == [("hv1", 0), ("hv2", 1)]
    assert [(each["label"], each["host"], each["slots"]) for each in found["format"]] == [("vm", "hv1", 2)]
    assert all(each["changes"] and not each["problems"] and [one["label"] for one in each["settle"]] == ["vm"]
               for each in found["hosts"].values())


def converged(**changes):
    cluster, live = running(1, 2)
    return group(*[host(number, [device(volume=VOLUME)], cluster, live(number), **changes) for number in (1, 2)])


def test_members_stay_as_they_are_and_need_nothing():
    found = plan_cluster(converged(), ["hv1", "hv2"])
    assert found["format"] == []
    assert list(found["hosts"].values()) == [{"problems": [], "changes": False, "settle": []}] * 2


def test_numbers_that_a_template_made_texts_of_are_numbers():
    texts = {"port": "7777", "number": "", "settings": {name: str(value) for name, value in VALUES.items()}}
    assert plan_cluster(converged(**texts), []) == plan_cluster(converged(), [])
    found = plan_cluster(group(host(1, number="5", filesystems=[dict(WANTED, slots="3", format="True")])), [])
    assert [node["number"] for node in found["cluster"]["nodes"]] == [5]
    assert [each["slots"] for each in found["format"]] == [3]
    found = plan_cluster(group(host(1, filesystems=[dict(WANTED, format="False")])), [])
    assert found["format"] == []


def test_a_run_for_one_host_of_a_converged_group_is_right():
    hosts = converged()
    del hosts["hv2"]
    found = plan_cluster(hosts, ["hv1", "hv2"])
    assert found["hosts"] == {"hv1": {"problems": [], "changes": False, "settle": []}}
    assert len(found["cluster"]["nodes"]) == 2


def test_what_another_host_formatted_before_this_run_is_noticed():
    hosts = converged()
    hosts["hv2"]["info"]["devices"][0]["known"] = False
    assert [each["label"] for each in plan_cluster(hosts, [])["hosts"]["hv2"]["settle"]] == ["vm"]


@pytest.mark.parametrize("change, words", [
    ({"name": "other"}, "ocfs2_cluster_name is vms for host hv1 and other for host hv2"),
    ({"port": 7778}, "ocfs2_cluster_port is 7777"),
    ({"settings": dict(VALUES, heartbeat_threshold=61)}, "ocfs2_cluster_heartbeat_threshold is 31"),
    ({"filesystems": []}, "ocfs2_cluster_filesystems is not the same for the hosts hv1 and hv2"),
])
def test_what_is_not_declared_alike_is_refused(change, words):
    assert words in refused(group(host(1), host(2, **change)))


@pytest.mark.parametrize("name", ["", "two words", "seventeen17letters", "vm-store"])
def test_a_name_that_o2cb_would_not_take_is_refused(name):
    assert "1 to 16 letters and digits" in refused(group(host(1, name=name)))


@pytest.mark.parametrize("change, words", [
    ({"content": ["ext4", "gpt"]}, "on host hv2 %s is not empty: there is ext4, gpt on it" % DISK),
    ({"users": ["dm-1 is made of it"]}, "on host hv2 %s is in use: dm-1 is made of it" % DISK),
    ({"bytes": 1 << 31}, "on hv1 it has 1073741824 bytes, on hv2 it has 2147483648 bytes"),
    ({"identity": "naa.2"}, "on hv1 it is naa.1, on hv2 it is naa.2"),
    ({"identity": "", "by_id": ["wwn-2"]}, "on hv1 it is wwn-1, on hv2 it is wwn-2"),
    ({"identity": "", "by_id": []}, "on hv2 it is a disk without a number of its own"),
    ({"volume": dict(VOLUME, cluster="")}, "on hv1 it has no OCFS2, on hv2 it has the volume 7d0e2b16-f7be"),
])
def test_a_device_that_is_used_or_another_on_any_host_is_formatted_by_none(change, words):
    found = plan_cluster(group(host(1), host(2, [device(**change)])), [])
    assert found["format"] == []
    for each in problems(found).values():
        assert len(each) == 1 and words in each[0]


def test_a_disk_without_a_number_counts_as_the_same_by_its_name():
    plain = device(identity="")
    found = plan_cluster(group(host(1, [plain]), host(2, [copy.copy(plain)])), [])
    assert len(found["format"]) == 1 and problems(found) == {"hv1": [], "hv2": []}


def test_nothing_is_formatted_without_being_told():
    wanted = [dict(WANTED, format=False)]
    found = plan_cluster(group(host(1, filesystems=wanted), host(2, filesystems=wanted)), [])
    assert found["format"] == [] and "write format: true" in problems(found)["hv1"][0]


def test_nothing_is_formatted_in_a_run_that_saw_only_some_hosts():
    cluster, live = running(1, 2)
    found = plan_cluster(group(host(1, conf=cluster, live=live(1))), ["hv1", "hv2"])
    assert found["format"] == [] and "host hv2 was not looked at" in problems(found)["hv1"][0]
    gone = {"source": DISK, "bare": False, "problem": "there is no device %s" % DISK}
    found = plan_cluster(group(host(1), host(2, [gone])), [])
    assert found["format"] == []
    assert "host hv2 was not looked at" in problems(found)["hv1"][0] and "Attach the disk" in problems(found)["hv2"][0]


def test_slots_are_never_fewer_than_hosts():
    for number, wanted in ((3, dict(WANTED, slots=2)), ):
        hosts = group(*[host(each, filesystems=[wanted]) for each in range(1, number + 1)])
        found = plan_cluster(hosts, [])
        assert found["format"] == []
        assert "2 slots are declared, and 3 hosts are to mount it at once" in problems(found)["hv1"][0]


@pytest.mark.parametrize("change, wanted, words", [
    ({"slots": 1}, {}, "has 1 slots, and 2 hosts are to mount it at once. Add some with tunefs.ocfs2 -N 2"),
    ({}, {"slots": 4}, "has 2 slots, and 4 are declared"),
    ({"label": "old"}, {}, "has the label 'old', and vm is declared"),
    ({"cluster": "old"}, {}, "the cluster old, and vms is declared"),
    ({"stack": "pcmk"}, {}, "the cluster stack pcmk"),
    ({"global_heartbeat": True}, {}, "global heartbeat"),
    ({"local": True}, {}, "for one host only"),
])
def test_a_volume_that_cannot_be_used_is_refused_with_the_command_that_changes_it(change, wanted, words):
    hosts = converged(filesystems=[dict(WANTED, **wanted)])
    for each in hosts.values():
        each["info"]["devices"] = [device(volume=dict(VOLUME, **change))]
    found = problems(plan_cluster(hosts, []))
    assert [words in said[0] and len(said) == 1 for said in found.values()] == [True, True]


def test_volumes_of_shares_are_looked_at_too_but_a_missing_one_is_the_shares_trouble():
    hosts = converged(filesystems=[], sources=["/dev/sdb", "LABEL=gone"])
    missing = {"source": "LABEL=gone", "bare": False, "problem": "there is no device LABEL=gone"}
    for name, each in hosts.items():
        each["info"]["devices"] = [
            device("/dev/sdb", dict(VOLUME, uuid=superblock.uuid_of(("A" if name == "hv1" else "B") * 32))), missing]
    found = problems(plan_cluster(hosts, []))
    assert [len(said) for said in found.values()] == [1, 1]
    assert all("/dev/sdb is not the same device on all hosts" in said[0] for said in found.values())


def test_new_settings_are_given_to_all_hosts_or_to_none():
    cluster, live = running(1, 2)
    wanted = dict(VALUES, heartbeat_threshold=61)

    def both(second):
        return group(*[host(number, [device(volume=VOLUME)], cluster, live(number, regions), settings=wanted)
                       for number, regions in ((1, ()), (2, second))])
    assert [each["problems"] for each in plan_cluster(both(()), [])["hosts"].values()] == [[], []]
    found = problems(plan_cluster(both(("R",)), []))
    assert "o2cb is not given new settings, as hv2 cannot" in found["hv1"][0]
    assert "heartbeat_threshold is 31" in found["hv2"][0]
    alone = both(())
    del alone["hv2"]
    assert "as hv2 cannot" in problems(plan_cluster(alone, ["hv1", "hv2"]))["hv1"][0]


def test_numbers_that_nobody_remembers_are_not_given_anew():
    hosts = group(*[host(number, [device(volume=VOLUME)]) for number in (1, 2)])
    assert "knows which numbers its members have" in refused(hosts)
    for number, each in enumerate(hosts.values()):
        each["number"] = number + 3
    assert [node["number"] for node in plan_cluster(hosts, [])["cluster"]["nodes"]] == [3, 4]


@pytest.mark.parametrize("wrong, words", [
    ({"label": ""}, "the label '' cannot be one"), ({"label": "x" * 64}, "1 to 63"), ({"device": "sdb"}, "is not a device"),
    ({"slots": 0}, "has 0 slots"), ({"slots": 256}, "1 to 255"),
])
def test_a_declaration_that_cannot_be_meant_is_refused(wrong, words):
    assert words in refused(group(host(1, filesystems=[dict(WANTED, **wrong)])))
    assert "declared twice" in refused(group(host(1, filesystems=[WANTED, WANTED])))


PARAMETERS = {"label": "vm", "device": DISK, "slots": 2, "cluster": "vms", "usage": None, "format": True,
              "formatted_by": None}


def planned(found, **changes):
    return [each.name for each in filesystem.plan_filesystem(dict(PARAMETERS, **changes), found).operations]


def test_one_host_formats_once_and_the_others_take_notice():
    plan = filesystem.plan_filesystem(dict(PARAMETERS, usage="vmstore"), device())
    assert plan.operations[0].arguments["command"] == [
        "mkfs.ocfs2", "--quiet", "--label", "vm", "--node-slots", "2", "--cluster-stack", "o2cb",
        "--cluster-name", "vms", "-T", "vmstore", "/dev/sdb"]
    assert planned(device(volume=VOLUME)) == []
    assert planned(device(volume=VOLUME, known=False)) == ["settle"]
    assert planned(device(), format=False, formatted_by="hv1") == ["settle"]


@pytest.mark.parametrize("found, changes, words", [
    (device(content=["ext4"]), {}, "never formatted"),
    (device(users=["mounted"]), {}, "is in use"),
    (device(content=["ext4"]), {"format": False, "formatted_by": "hv1"}, "never formatted"),
    (device(), {"format": False}, "write format: true"),
    (device(volume=dict(VOLUME, label="other")), {}, "has the label 'other'"),
    (device(volume=dict(VOLUME, cluster="old")), {}, "the cluster old"),
    (device(volume=VOLUME), {"slots": 3}, "3 are declared"),
    ({"source": DISK, "problem": "there is no device"}, {}, "Attach the disk"),
])
def test_one_host_alone_refuses_as_well(found, changes, words):
    with pytest.raises(Refusal, match=words):
        planned(found, **changes)
