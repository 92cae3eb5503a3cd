# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/publish.yml to flexVDI with a real proof, real writes of a real user and real mounts, on this machine."""

import json

import pytest

from tests.support.flexvdi import PASSWORD, USER, flexvdi
from tests.support.privileged import finish, start_as_root

pytestmark = pytest.mark.slow

SHARE = {"path": "/srv/shares/projects", "type": "local", "source": "/srv/disk/data",
         "access": {"writers": ["libvirt-qemu"]}}
DECLARED = {
    "virtshare_shares": [SHARE],
    "flexvdi_storage_image_storages": [{"name": "West", "hosts": ["node1", "node2"]}],
    "flexvdi_storage_external_volumes": [{"name": "Data", "image_storage": "West", "path": "/srv/shares/projects"},
                                         {"name": "Inside", "image_storage": "West",
                                          "path": "/srv/shares/projects/inside"}],
    "flexvdi_storage_gluster_volumes": [{"name": "SSD", "image_storage": "West", "redundancy": "1:1",
                                         "brick_paths": ["/srv/bricks/ssd/flexvdi"]}],
    "flexvdi_storage_host_names": {"node1": "hv1", "node2": "hv2"},
    "share_proof_allow_same_machine": True,
}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
# Both hosts of the inventory are this machine: what differs between hosts is tested on hosts that do.
INVENTORY = {"all": {"vars": DECLARED, "hosts": {"localhost": LOCAL}, "children": {"hypervisors": {"hosts": {
    "hv1": LOCAL, "hv2": LOCAL}}}}}

SCRIPT = r"""
from tests.support.warm import run_playbook

os.makedirs("/srv/disk/data")
os.makedirs("/srv/shares/projects")
os.makedirs("/srv/bricks/ssd/flexvdi")
sh("mount -t tmpfs none /srv/disk -o mode=0755 && mkdir /srv/disk/data")
sh("mount --bind /srv/disk/data /srv/shares/projects")

def publish(*arguments):
    run = run_playbook("playbooks/publish.yml", inventories=[{inventory!r}], arguments=arguments,
                       environment={environment!r}, timeout=120)
    volumes = run.facts("flexvdi_storage_result").get("localhost", {{}}).get("volumes", [])
    return {{"code": run.code, "failures": run.failure_text(), "changes": sorted(run.changes), "output": run.output,
             "executions": [task.partition(" : ")[2] for task in run.executions["hv2"]],
             "volumes": [[volume["name"], volume["kind"], volume["path"]] for volume in volumes if "path" in volume]}}

not_writable = publish()
sh("chown libvirt-qemu /srv/disk/data")
no_inside = publish()
sh("mkdir /srv/disk/data/inside")
inside_not_writable = publish()
sh("chown libvirt-qemu /srv/disk/data/inside")
no_brick = publish()
sh("mount -t tmpfs none /srv/bricks/ssd && mkdir /srv/bricks/ssd/flexvdi")
predicted = publish("--check")
published = publish()
result = dict(not_writable=not_writable, no_inside=no_inside, inside_not_writable=inside_not_writable,
              no_brick=no_brick, predicted=predicted, published=published,
              left=sorted(os.listdir("/srv/disk/data")) + os.listdir("/srv/disk/data/inside"))
"""


@pytest.mark.release
def test_only_what_this_machine_has_shown_is_published(tmp_path):
    with flexvdi(hosts=["node1", "node2"]) as manager:
        inventory = tmp_path / "inventory.json"
        inventory.write_text(json.dumps(INVENTORY), encoding="utf-8")
        environment = {"FLEXVDI_URL": manager.endpoint.url, "FLEXVDI_USERNAME": USER, "FLEXVDI_PASSWORD": PASSWORD}
        script = SCRIPT.format(inventory=str(inventory), environment=environment)
        result = json.loads(finish(start_as_root(tmp_path, script), seconds=900))

        refused = result["not_writable"]
        assert refused["code"] != 0
        assert "libvirt-qemu may not write" in refused["failures"]

        refused = result["no_inside"]
        assert refused["code"] != 0
        assert "hv1: /srv/shares/projects/inside: ENOENT" in refused["failures"]
        assert [volume[0] for volume in refused["volumes"]] == ["Data"], "a directory stops the volume over it alone"
        refused = result["inside_not_writable"]
        assert refused["code"] != 0
        assert "libvirt-qemu may not write" in refused["failures"] and "projects/inside" in refused["failures"]

        refused = result["no_brick"]
        assert refused["code"] != 0 and "2 problems left. Everything else is done." in refused["failures"]
        assert "can write" not in refused["failures"]
        assert ("the parent of the brick /srv/bricks/ssd/flexvdi is not a mount point of its own on node1 (hv1 in the "
                "inventory)") in refused["failures"]

        assert result["predicted"]["code"] == 0, result["predicted"]["output"]
        published = result["published"]
        assert published["code"] == 0, published["output"]
        assert published["changes"] == result["predicted"]["changes"]
        assert published["volumes"] == [["Data", "external", "/srv/shares/projects"],
                                        ["Inside", "external", "/srv/shares/projects/inside"]]
        # Two of the proof, one for all that is tried, one for all bricks.
        assert published["executions"] == [
            "Write a nonce into each share", "Read the nonces of all hosts, and check the identity of each share",
            "Test writing as the users of the shares, and in directories inside them", "Look at directories that are no shares"]
        # What the first proof gives a share to be known by, and nothing else.
        assert result["left"] == [".virtshare-identity", "inside"]
        # The run that misses a brick makes the rest, the last one this, and the others nothing.
        assert manager.tasks == ["istorage_create", "evolume_create", "evolume_create", "gvolume_create"]
