# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples of the guides that publish: an OCFS2 volume to OpenNebula, all kinds of storage to flexVDI.

What the hosts have shown is given, as it would take a cluster and a server; what is published is the guides' own text.
"""

import json

import pytest

from tests.support import flexvdi, opennebula
from tests.support.warm import run_playbook
from tests.unit.docs import guides

pytestmark = pytest.mark.slow

PLAYBOOK = """---
- name: Publish
  hosts: localhost
  gather_facts: false
  roles:
    - role: virtshare.storage.{role}
"""
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def declared(page, words):
    """The one example of a page with these words."""
    (found,) = [block for block in guides.blocks("yaml") if block.page == page and words in block.text]
    return guides.load(found.text)[0]


@pytest.fixture(name="publish")
def publisher(tmp_path):
    def publish(role, variables, environment, *arguments):
        (tmp_path / "publish.yml").write_text(PLAYBOOK.format(role=role), encoding="utf-8")
        (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": {"localhost": LOCAL}}}), encoding="utf-8")
        (tmp_path / "given.json").write_text(json.dumps(variables), encoding="utf-8")
        run = run_playbook(tmp_path / "publish.yml", inventories=[tmp_path / "inventory.json"], timeout=300, environment=environment,
                           arguments=[*arguments, "--diff", "--extra-vars", f"@{tmp_path / 'given.json'}"])
        assert run.code == 0, run.output
        return run
    return publish


@pytest.mark.release
def test_an_ocfs2_volume_becomes_a_datastore(publish):
    (share,) = declared("guide_ocfs2.rst", "type: ocfs2")["virtshare_shares"]
    proof = {"path": share["path"], "state": "proven", "proven_hosts": ["hv1", "hv2"], "expected_hosts": ["hv1", "hv2"]}
    variables = dict(declared("guide_ocfs2.rst", "opennebula_storage_datastores"), opennebula_storage_proofs=[proof])
    with opennebula.opennebula(directories=[share["path"]]) as one:
        environment = {"ONE_XMLRPC": one.endpoint.url, "ONE_USERNAME": opennebula.USER, "ONE_PASSWORD": opennebula.PASSWORD}
        predicted = publish("opennebula_storage", variables, environment, "--check")
        assert predicted.changes and one.writes == []
        published = publish("opennebula_storage", variables, environment)
        assert published.changes == predicted.changes
        assert one.writes == ["one.datastore.allocate", "one.image.allocate"]
        (image,) = published.facts("opennebula_storage_result")["localhost"]["filesystems"]
        assert (image["path"], image["state"]) == (share["path"], "ready")
        assert publish("opennebula_storage", variables, environment).changes == set() and len(one.writes) == 2


@pytest.mark.release
def test_media_of_a_cifs_server_come_and_go(publish):
    variables = dict(declared("guide_flexvdi.rst", "address: 192.0.2.10"), vault_media_password=flexvdi.MEDIA_PASSWORD)
    gone = {"flexvdi_storage_media_storages": declared(
        "guide_flexvdi.rst", "- {name: cifs, state: absent}")["flexvdi_storage_media_storages"]}
    with flexvdi.flexvdi(hosts=["hv1", "hv2"]) as manager:
        environment = {"FLEXVDI_URL": manager.endpoint.url, "FLEXVDI_USERNAME": flexvdi.USER, "FLEXVDI_PASSWORD": flexvdi.PASSWORD}
        predicted = publish("flexvdi_storage", variables, environment, "--check")
        assert predicted.changes and manager.tasks == []
        published = publish("flexvdi_storage", variables, environment)
        assert published.changes == predicted.changes and manager.tasks == ["mstorage_create"]
        assert flexvdi.MEDIA_PASSWORD in manager.requests[0]
        again = publish("flexvdi_storage", variables, environment)
        assert again.changes == set() and manager.tasks == ["mstorage_create"]
        publish("flexvdi_storage", gone, environment)
        assert manager.tasks == ["mstorage_create", "mstorage_delete"]
        for run in (predicted, published, again):
            assert flexvdi.MEDIA_PASSWORD not in run.output + json.dumps(run.results)


@pytest.mark.release
def test_all_that_the_guide_gives_flexvdi_can_be_taken_back_as_it_says(publish):
    given = {}
    inventory = declared("guide_flexvdi.rst", "- {name: SharedStorage, hosts: [hv1, hv2]}")["all"]
    given.update(inventory["vars"])
    for words in ("brick_paths:", "disk: 3500253887013e77e", "address: 192.0.2.10"):
        given.update(declared("guide_flexvdi.rst", words))
    hosts = inventory["children"]["hypervisors"]["hosts"]
    # Each host of an Image Storage has the share of each of its volumes.
    members = {one["name"]: one["hosts"] for one in given["flexvdi_storage_image_storages"]}
    for volume in given["flexvdi_storage_external_volumes"]:
        for host in members[volume["image_storage"]]:
            assert volume["path"] in [share["path"] for share in hosts[host]["virtshare_shares"]]
    leaving = declared("guide_flexvdi.rst", "- {name: SharedStorage, state: absent}")
    unmounted = declared("guide_flexvdi.rst", "path: /home/images, type: local, source: /home/flexvdi-images, state: absent")
    assert {host: sorted(share["path"] for share in own["virtshare_shares"]) for host, own in hosts.items()} == {
        host: sorted(share["path"] for share in own["virtshare_shares"] if share["state"] == "absent")
        for host, own in unmounted["all"]["children"]["hypervisors"]["hosts"].items()}
    # What the hosts have shown is not the point here.
    variables = dict(given, flexvdi_storage_require_proof=False, vault_media_password=flexvdi.MEDIA_PASSWORD)
    with flexvdi.flexvdi(hosts=["hv1", "hv2"], disks=[(host, "3500253887013e77e") for host in ("hv1", "hv2")]) as manager:
        environment = {"FLEXVDI_URL": manager.endpoint.url, "FLEXVDI_USERNAME": flexvdi.USER, "FLEXVDI_PASSWORD": flexvdi.PASSWORD}
        publish("flexvdi_storage", variables, environment)
        made = len(manager.tasks)
        assert sorted(manager.tasks) == ["evolume_create"] * 2 + ["gvolume_create"] + ["istorage_create"] * 2 + [
            "mstorage_create", "volume_create"]
        publish("flexvdi_storage", leaving, environment)
        assert sorted(manager.tasks[made:]) == sorted(one.replace("create", "delete") for one in manager.tasks[:made])
        assert manager.manager.storages == {}
