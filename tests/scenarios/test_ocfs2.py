# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCFS2 on one host: what is refused, what joins a running cluster, and what mount's errors mean.

The lab's kernel cannot have two hosts on one volume; the Molecule scenario `ocfs2` can. The tests share one host and
build on each other's state, in the order written.
"""

import json

import pytest
import yaml

from tests.lab import Lab
from tests.support.lab_site import LabSite
from tests.support.warm import run_playbook

DISK = "/dev/disk/by-id/virtshare-lab-data0"
PATH = "/srv/shares/vmstore"
SHARE = {"path": PATH, "type": "ocfs2", "source": "LABEL=vmstore"}
FILESYSTEM = {"label": "vmstore", "device": DISK, "slots": 2, "format": True}
CONFIGFS = "/sys/kernel/config/cluster/vms"

PLAYBOOK = [{
    "name": "Have a cluster and its volume",
    "hosts": "hypervisors",
    "gather_facts": False,
    "tasks": [
        {"name": "Have the cluster", "ansible.builtin.include_role": {"name": "virtshare.storage.ocfs2_cluster"},
         "when": "with_cluster"},
        {"name": "Mount the volume", "ansible.builtin.include_role": {"name": "virtshare.storage.share_mounts"}},
    ],
}]


class Site(LabSite):
    def __init__(self, lab, directory):
        super().__init__(lab, directory, PLAYBOOK)

    def play(self, *arguments, share=(), filesystem=(), cluster=True, **variables):
        """variables: of the role, without its prefix."""
        given = {"with_cluster": cluster, "share_mounts_timeout": 60,
                 "virtshare_shares": [dict(SHARE, **dict(share))],
                 "ocfs2_cluster_name": "vms", "ocfs2_cluster_filesystems": [dict(FILESYSTEM, **dict(filesystem))]}
        given.update({"ocfs2_cluster_" + name: value for name, value in variables.items()})
        return self.played(given, *arguments)

    def on_host(self, command):
        return self.lab.ssh("hv1", command).stdout.strip()

    def superblock(self):
        return self.on_host(f"dd if={DISK} bs=4096 count=3 iflag=direct status=none | sha256sum")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Lab.up("ocfs2", ["hv1"], disks=["hv1=256M"], fresh=True) as lab:
        yield Site(lab, tmp_path_factory.mktemp("ocfs2"))


def did(run, module):
    """The operations that a module did, over all items of a loop."""
    result = run.of(module).get("hv1", {})
    return [each["operation"] for item in result.get("results", [result]) for each in item.get("operations", [])]


def test_a_device_that_is_not_empty_is_never_formatted(site):
    site.on_host(f"mkfs.ext4 -q {DISK}")
    before = site.superblock()
    run = site.play()
    assert run.code != 0 and f"{DISK} is not empty: there is ext4 on it" in run.failure_text()
    assert site.superblock() == before and did(run, "ocfs2_cluster") == []
    site.on_host(f"wipefs -qa {DISK}")
    run = site.play(filesystem={"format": False})
    assert run.code != 0 and "write format: true" in run.failure_text()


def test_check_mode_changes_nothing_and_predicts_the_first_run(site):
    before = site.superblock()
    check = site.play("--check")
    assert check.code == 0, check.output
    assert site.superblock() == before
    assert "vms" not in site.on_host("grep -r vms /etc/ocfs2 /etc/default/o2cb /sys/kernel/config 2>&1 || true")
    run = site.play()
    assert run.code == 0, run.output
    for module in ("ocfs2_cluster", "ocfs2_filesystem", "share_mounts"):
        assert did(run, module) == did(check, module) != []
    assert did(run, "ocfs2_filesystem") == ["format"] and "mount" in did(run, "share_mounts")
    assert site.on_host(f"findmnt -no FSTYPE {PATH}") == "ocfs2"


def test_a_second_run_costs_one_execution_and_changes_nothing(site):
    before = site.superblock()
    run = site.play()
    assert run.code == 0 and run.changes == set() and site.superblock() == before
    assert run.of("ocfs2_cluster_info") and run.of("ocfs2_cluster") == run.of("ocfs2_filesystem") == {}
    assert run.facts("ocfs2_cluster_result")["hv1"]["nodes"][0]["number"] == 0


def test_a_new_member_joins_while_the_volume_is_mounted(site):
    address = site.on_host(f"cat {CONFIGFS}/node/hv1/ipv4_address")
    nodes = [{"name": "hv1", "number": 0, "address": address}, {"name": "hv2", "number": 4, "address": "192.0.2.2"}]
    arguments = json.dumps({"host": "hv1", "name": "vms", "nodes": nodes})
    play = site.playbook.with_name("join.yml")
    play.write_text(yaml.safe_dump([{
        "name": "Join", "hosts": "hypervisors", "gather_facts": False,
        "tasks": [{"name": "Join", "virtshare.storage.ocfs2_cluster": json.loads(arguments)}]}]), encoding="utf-8")
    run = run_playbook(play, inventories=[site.inventory])
    assert run.code == 0, run.output
    assert did(run, "ocfs2_cluster") == ["cluster_conf", "join"]
    assert site.on_host(f"cat {CONFIGFS}/node/hv2/num {CONFIGFS}/node/hv2/local").split() == ["4", "0"]
    assert site.on_host(f"findmnt -no FSTYPE {PATH}") == "ocfs2"
    # Nobody of the inventory is hv2, and its number stays its own all the same.
    run = site.play()
    assert run.code == 0 and run.changes == set()
    assert [node["number"] for node in run.facts("ocfs2_cluster_result")["hv1"]["nodes"]] == [0, 4]


def test_a_boot_brings_the_cluster_and_its_volume_back(site):
    site.lab.reboot("hv1")
    site.on_host("timeout 200 systemctl is-system-running --wait || true")
    assert site.on_host(f"cat {CONFIGFS}/node/hv1/local") == "1"
    assert site.on_host(f"findmnt -no FSTYPE {PATH}") == "ocfs2"
    assert site.play().changes == set()


def test_an_option_is_remounted_and_the_volume_stays_mounted(site):
    options = {"errors": "continue", "commit": 30}
    run = site.play(share={"options": options})
    assert run.code == 0 and sorted(did(run, "share_mounts")) == ["fstab", "remount", "systemd_reload"]
    live = site.on_host(f"findmnt -no OPTIONS {PATH}").split(",")
    assert {"errors=continue", "commit=30", "heartbeat=local", "acl"} <= set(live)
    assert site.play(share={"options": options}).changes == set()
    run = site.play()
    assert run.code == 0 and "remount" in did(run, "share_mounts")
    assert "errors=remount-ro" in site.on_host(f"findmnt -no OPTIONS {PATH}")
    assert site.play().changes == set()


@pytest.mark.parametrize("variables, words", [
    ({"heartbeat_threshold": 61}, "heartbeat_threshold is 31"),
    ({"name": "other"}, "runs the o2cb cluster vms, and other is declared"),
    ({"port": 7778}, "port 7778 is declared"),
    ({"filesystem": {"slots": 5}}, "tunefs.ocfs2 -N 5"),
    ({"filesystem": {"label": "else"}}, "has the label 'vmstore', and else is declared"),
    ({"node_number": 3}, "node hv1 has number 0 in the cluster"),
], ids=lambda value: "".join(value) if isinstance(value, dict) else "")
def test_what_cannot_change_under_a_mounted_volume_is_refused(site, variables, words):
    before = site.on_host("sha256sum /etc/ocfs2/cluster.conf /etc/default/o2cb")
    run = site.play(**variables)
    assert run.code != 0 and words in run.failure_text()
    assert site.on_host("sha256sum /etc/ocfs2/cluster.conf /etc/default/o2cb") == before
    assert site.on_host(f"findmnt -no FSTYPE {PATH}") == "ocfs2"


@pytest.mark.release
def test_without_its_cluster_a_mount_fails_in_words(site):
    site.on_host(f"umount {PATH} && systemctl stop o2cb")
    run = site.play(cluster=False)
    assert run.code != 0 and "o2cb does not run on this host" in run.failure_text()


@pytest.mark.release
def test_a_volume_of_another_cluster_is_refused_before_anybody_mounts_it(site):
    site.on_host("sed -i 's/vms/other/' /etc/ocfs2/cluster.conf /etc/default/o2cb && systemctl start o2cb")
    run = site.play(name="other")
    assert run.code != 0
    assert "belongs to the cluster vms, and other is declared" in run.failure_text()
    run = site.play(cluster=False)
    assert run.code != 0 and "a cluster of another name than the one in the volume's superblock" in run.failure_text()
    site.on_host("systemctl stop o2cb; sed -i 's/other/vms/' /etc/ocfs2/cluster.conf /etc/default/o2cb")
    run = site.play()
    assert run.code == 0 and "start" in did(run, "ocfs2_cluster") and did(run, "share_mounts") == ["mount"]


@pytest.mark.release
def test_new_timeouts_are_taken_when_nothing_is_mounted(site):
    site.on_host(f"umount {PATH}")
    run = site.play(heartbeat_threshold=41, idle_timeout_ms=40000)
    assert run.code == 0 and "restart" in did(run, "ocfs2_cluster")
    live = site.on_host(f"cat {CONFIGFS}/heartbeat/dead_threshold {CONFIGFS}/idle_timeout_ms")
    assert live.split() == ["41", "40000"]


def test_a_mounted_host_does_not_leave_and_an_unmounted_one_does(site):
    run = site.play(state="absent", heartbeat_threshold=41, idle_timeout_ms=40000)
    assert run.code != 0 and "o2cb cannot be stopped" in run.failure_text()
    run = site.play(share={"state": "absent"}, cluster=False)
    assert run.code == 0
    run = site.play(share={"state": "absent"}, state="absent")
    assert run.code == 0 and "stop" in did(run, "ocfs2_cluster")
    assert site.on_host("ls /sys/kernel/config/cluster; cat /etc/ocfs2/cluster.conf 2>/dev/null || true") == ""
    assert site.play(share={"state": "absent"}, state="absent").changes == set()
