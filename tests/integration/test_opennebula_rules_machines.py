# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and virtual machines on the simulated server: what the recordings do not show."""

import time

import pytest

from tests.simulators.onesim import start
from tests.support.asker import Asker

AUTHORIZATION, ACTION, INTERNAL = 512, 2048, 8192
MACHINE = 'NAME="%s"\nCPU=1\nMEMORY=64\nDISK=[IMAGE_ID=0]\n'


@pytest.fixture(name="endpoint")
def running_endpoint():
    with start(directories=["/srv/shares/p1"], image_delay=0.01) as endpoint:
        yield endpoint


@pytest.fixture(name="one")
def administrator(endpoint):
    one = Asker(endpoint)
    one.settled_image(one.new_image(one.new_datastore(more='SAFE_DIRS="/srv/shares"')))
    one.value("host.allocate", "hv1", "kvm", "kvm", -1)
    return one


def wait(one, oid, state):
    deadline = time.monotonic() + 10
    while one.body("vm.info", oid).findtext("STATE") != state:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def running(one, name):
    oid = one.value("vm.allocate", MACHINE % name)
    one.value("vm.deploy", oid, 0)
    deadline = time.monotonic() + 10
    while one.body("vm.info", oid).findtext("LCM_STATE") != "3":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return oid


def test_an_image_is_in_use_until_the_last_machine_is_gone(one):
    first, second = running(one, "a"), running(one, "b")
    image = one.body("image.info", 0)
    assert image.findtext("STATE") == "2" and [child.text for child in image.find("VMS")] == ["0", "1"]
    for oid in (first, second):
        assert one.refusal("image.delete", 0, False)[0].startswith("Cannot delete image. There are")
        one.value("vm.action", "terminate-hard", oid)
        wait(one, oid, "6")
    assert one.body("image.info", 0).findtext("STATE") == "1"
    assert one.ids("vmpool.info", -2, -1, -1, -1) == []
    assert one.ids("vmpool.info", -2, -1, -1, -2) == [1, 0]


def test_a_disabled_image_and_one_that_is_taken_are_not_for_machines(one):
    one.value("image.enable", 0, False)
    assert one.refusal("vm.allocate", MACHINE % "a") == (
        "DISK 0: Cannot acquire image 0, it is in state: DISABLED", INTERNAL, -1)
    one.value("image.enable", 0, True)
    one.value("image.persistent", 0, True)
    one.value("vm.allocate", MACHINE % "a")
    assert one.refusal("vm.allocate", MACHINE % "b")[0].endswith("it is persistent and already in use")
    assert one.refusal("vm.allocate", 'NAME=c\nCPU=1\nMEMORY=0')[0] == (
        "MEMORY attribute must be a positive integer value.")


def test_a_set_of_machines_is_listed_in_full_or_in_short(one):
    running(one, "a")
    full = one.body("vmpool.infoset", "0,7", True)
    assert [machine.findtext("TEMPLATE/DISK/MOUNT_TAG") for machine in full] == ["one-tag-0"]
    short = one.body("vmpool.infoset", "0,7", False)
    assert short.findtext("VM/HISTORY_RECORDS/HISTORY/HOSTNAME") == "hv1"
    assert short.find("VM/TEMPLATE/DISK/MOUNT_TAG") is None


def test_a_machine_with_a_directory_is_said_to_be_suspended_and_goes_on(one):
    oid = running(one, "a")
    assert one.value("vm.action", "suspend", oid) == oid
    assert one.value("vm.action", "stop", oid) == oid
    assert one.body("vm.info", oid).findtext("LCM_STATE") == "3"
    one.value("vm.action", "poweroff", oid)
    wait(one, oid, "8")
    assert one.refusal("vm.action", "suspend", oid) == (
        'Error performing action "suspend": This action is not available for state POWEROFF', ACTION, -1)
    assert one.refusal("vm.action", "fly", oid)[0] == 'Action "fly" is not supported'


def test_users_see_their_own_machines_only(one):
    running(one, "a")
    one.value("user.allocate", "bob", "bobpass", "", [])
    bob = one.as_user("bob", "bobpass")
    assert bob.ids("vmpool.infoset", "0", False) == []
    assert bob.refusal("vm.info", 0)[1] == AUTHORIZATION
    assert bob.refusal("vm.allocate", MACHINE % "b")[0] == "User [2] : Not authorized to perform USE IMAGE [0]."


def test_a_host_with_machines_stays_and_moves_between_clusters(one):
    running(one, "a")
    one.value("cluster.allocate", "c1")
    one.value("cluster.addhost", 100, 0)
    assert one.refusal("cluster.delete", 100)[0] == (
        "Cannot delete cluster. Cluster 100 is not empty, it contains 1 hosts.")
    one.value("cluster.rename", 100, "c2")
    assert one.body("host.info", 0).findtext("CLUSTER") == "c2"
    one.value("cluster.delhost", 100, 0)
    assert one.value("cluster.delete", 100) == 100
    assert one.refusal("host.delete", 0)[0] == "Cannot delete host. Can not remove a host with running VMs"


def test_machines_count_against_quotas_until_they_are_gone(one):
    one.value("user.allocate", "bob", "bobpass", "", [])
    one.value("image.chmod", 0, 1, 1, 0, 0, 0, 0, 1, 0, 0)
    one.value("user.quota", 2, 'VM=[VMS="1"]\nIMAGE=[ID="0",RVMS="1"]')
    bob = one.as_user("bob", "bobpass")
    assert bob.value("vm.allocate", MACHINE % "a", True) == 0
    said = bob.body("user.info", 2)
    assert (said.findtext("VM_QUOTA/VM/VMS_USED"), said.findtext("VM_QUOTA/VM/CPU_USED")) == ("1", "1")
    assert said.findtext("IMAGE_QUOTA/IMAGE/RVMS_USED") == "1"
    assert bob.refusal("vm.allocate", MACHINE % "b", True) == (
        "User [2] : user [2] limit of 1 reached for VMS quota in VM.", AUTHORIZATION, -1)
    one.value("user.quota", 2, 'VM=[VMS="-2"]')
    assert bob.refusal("vm.allocate", MACHINE % "b", True)[0] == (
        "User [2] : user [2] limit of 1 reached for RVMS quota in IMAGE with ID: 0.")
    assert bob.body("user.info", 2).findtext("VM_QUOTA/VM/VMS_USED") == "1", "what was refused is given back"
    one.value("vm.action", "terminate-hard", 0)
    assert bob.body("user.info", 2).findtext("IMAGE_QUOTA/IMAGE/RVMS_USED") == "0"
    assert bob.body("user.info", 2).findtext("VM_QUOTA/VM/RUNNING_CPU_USED") == "0"
