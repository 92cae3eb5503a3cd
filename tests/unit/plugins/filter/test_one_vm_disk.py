# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a VM template, and of its guest, that a registered directory needs."""

import configparser

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtshare.storage.plugins.filter.one_vm_disk import FilterModule

from tests.simulators.onesim import start
from tests.simulators.onesim.template import Template
from tests.support.asker import Asker

IMAGE = {"id": 0, "name": "p1", "owner": "oneadmin", "mount_tag": "web", "mount_point": "/srv/web"}


def apply(value, **arguments):
    """What {{ value | virtshare.storage.one_vm_disk(...) }} gives."""
    return FilterModule().filters()["one_vm_disk"](value, **arguments)


@pytest.mark.parametrize("settings, expected", [
    ({}, {"IMAGE": "p1", "IMAGE_UNAME": "oneadmin", "MOUNT_TAG": "web", "MOUNT_POINT": "/srv/web"}),
    ({"by_id": True, "read_only": True},
     {"IMAGE_ID": "0", "MOUNT_TAG": "web", "MOUNT_POINT": "/srv/web", "READONLY": "YES"}),
    ({"by_id": "no", "read_only": "false"}, {"IMAGE": "p1", "IMAGE_UNAME": "oneadmin", "MOUNT_TAG": "web", "MOUNT_POINT": "/srv/web"}),
    ({"by_id": "yes", "read_only": "true"},
     {"IMAGE_ID": "0", "MOUNT_TAG": "web", "MOUNT_POINT": "/srv/web", "READONLY": "YES"}),
    ({"mount_tag": "other", "mount_point": "/mnt/other"},
     {"IMAGE": "p1", "IMAGE_UNAME": "oneadmin", "MOUNT_TAG": "other", "MOUNT_POINT": "/mnt/other"}),
])
def test_the_servers_parser_reads_the_disk_that_is_meant(settings, expected):
    read = Template.parse(apply(IMAGE, **settings)["disk"]).vectors("DISK")
    assert [attribute.value for attribute in read] == [expected]


def test_a_machine_made_of_it_has_the_tag_and_the_point():
    with start(directories=["/srv/shares/p1"], image_delay=0.01) as endpoint:
        one = Asker(endpoint)
        one.settled_image(one.new_image(one.new_datastore(more='SAFE_DIRS="/srv/shares"')))
        made = apply(IMAGE, read_only=True)
        one.value("vm.allocate", "NAME=a\nCPU=1\nMEMORY=64\n" + made["disk"], True)
        disk = one.body("vm.info", 0).find("TEMPLATE/DISK")
        assert [disk.findtext(name) for name in ("IMAGE_ID", "MOUNT_TAG", "MOUNT_POINT", "READONLY")] == [
            "0", "web", "/srv/web", "YES"]
        # Without a tag and a point of its own the guest's part names what OpenNebula takes.
        made = apply({"id": 0, "name": "p1", "owner": "oneadmin"})
        one.value("vm.allocate", "NAME=b\nCPU=1\nMEMORY=64\nDISK=[IMAGE_ID=0]", True)
        disk = one.body("vm.info", 1).find("TEMPLATE/DISK")
        assert (disk.findtext("MOUNT_TAG"), disk.findtext("MOUNT_POINT")) == (made["mount_tag"], made["mount_point"])


def test_the_guests_three_forms_say_the_same():
    made = apply(IMAGE, read_only=True)
    assert made["fstab"] == "web /srv/web virtiofs ro,nofail 0 0" and made["fstab"].split() == made["cloud_init"]
    unit = configparser.ConfigParser(interpolation=None)
    unit.read_string(made["unit"])
    assert (unit["Mount"]["What"], unit["Mount"]["Where"], unit["Mount"]["Type"], unit["Mount"]["Options"]) == (
        "web", "/srv/web", "virtiofs", "ro,nofail")
    assert made["unit_name"] == "srv-web.mount"


@pytest.mark.parametrize("image, settings, words", [
    ("web", {}, "takes an image as the modules return it"),
    ({"name": "web", "owner": "oneadmin", "id": None}, {}, "neither mount_tag nor an id"),
    (dict(IMAGE, id=None), {"by_id": True}, "has no id yet"),
    (dict(IMAGE, owner=None), {}, "write by_id: true"),
    (dict(IMAGE, mount_point="srv/web"), {}, "not an absolute path"),
    (IMAGE, {"writable": True}, "writable"),
])
def test_what_cannot_be_rendered(image, settings, words):
    with pytest.raises(AnsibleFilterError, match=words):
        apply(image, **settings)
