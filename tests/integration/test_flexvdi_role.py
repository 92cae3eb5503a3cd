# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role flexvdi_storage and playbooks/publish.yml, run by ansible-playbook as a user does, against the simulator."""

import json

import pytest

from tests.simulators.flexsim.command import self_signed
from tests.support.flexvdi import MEDIA_PASSWORD, PASSWORD, USER, flexvdi
from tests.support.opennebula import PASSWORD as ONE_PASSWORD
from tests.support.opennebula import USER as ONE_USER
from tests.support.opennebula import opennebula
from tests.support.playbook import ROOT
from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

PLAYBOOK = """---
- name: Publish
  hosts: localhost
  gather_facts: false
  roles:
    - role: virtshare.storage.flexvdi_storage
"""
SHARE = "/srv/shares/projects"
DECLARED: dict[str, list[dict]] = {
    "image_storages": [{"name": "West", "hosts": ["hv1", "hv2"]}],
    "external_volumes": [{"name": "NFS", "image_storage": "West", "path": SHARE}],
    "ocfs2_volumes": [{"name": "flexfs01", "image_storage": "West", "disk": "3500", "format": True}],
    "gluster_volumes": [{"name": "SSD", "image_storage": "West", "redundancy": "1:1",
                         "brick_paths": ["/bricks/ssd/flexvdi"]}],
    "media_storages": [{"name": "cifs", "address": "192.0.2.10", "path": "media", "username": "vm",
                        "password": MEDIA_PASSWORD, "hosts": ["hv1"]}],
}
SHOWN = {
    "proofs": [{"path": SHARE, "state": "proven", "proven_hosts": ["hv1", "hv2"], "expected_hosts": ["hv1", "hv2"]}],
    "facts": {host: {
        "share_access_result": {"paths": [{"path": SHARE, "writers": {"qemu": {"writes": True}}}]},
        "share_mounts_directories_result": {"directories": [
            {"path": "/bricks/ssd/flexvdi", "is_directory": True, "parent_mount_point": "/bricks/ssd"}]},
    } for host in ("hv1", "hv2")},
}
CREATED = ["istorage_create", "evolume_create", "volume_create", "gvolume_create", "mstorage_create"]
DELETED = ["evolume_delete", "volume_delete", "gvolume_delete", "mstorage_delete", "istorage_delete"]


@pytest.fixture(name="manager")
def simulated():
    with flexvdi(disks=[("hv1", "3500"), ("hv2", "3500")]) as running:
        yield running


def environment(manager):
    return {"FLEXVDI_URL": manager.endpoint.url, "FLEXVDI_USERNAME": USER, "FLEXVDI_PASSWORD": PASSWORD}


def write_inventory(path, facts):
    """localhost, where the role runs, and the hosts that have shown something."""
    path.write_text(json.dumps({"all": {"hosts": {"localhost": {
        "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}, **facts}}}),
        encoding="utf-8")


@pytest.fixture(name="role")
def runner(manager, tmp_path):
    (tmp_path / "publish.yml").write_text(PLAYBOOK, encoding="utf-8")

    def run(*arguments, facts=None, **variables):
        """(run, tasks of the Manager) of one ansible-playbook; variables without the role's prefix."""
        write_inventory(tmp_path / "inventory.json", facts or {})
        before = len(manager.tasks)
        given = {"flexvdi_storage_" + name: value for name, value in variables.items()}
        (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
        done = run_playbook(
            tmp_path / "publish.yml", inventories=[tmp_path / "inventory.json"],
            arguments=[*arguments, "--diff", "-v", "--extra-vars", f"@{tmp_path / 'given.json'}"],
            environment=environment(manager), timeout=300)
        for secret in (PASSWORD, MEDIA_PASSWORD):
            assert secret not in done.output and secret not in json.dumps(done.results)
        return done, manager.tasks[before:]

    return run


def operations(run):
    """What all modules of a run did or would do, of loops too."""
    results = [item for line in run.results for item in line["result"].get("results", [line["result"]])]
    return [operation for result in results for operation in result.get("operations", [])]


def test_predicted_published_left_alone_taken_back(role):
    predicted, tasks = role("--check", **DECLARED, **SHOWN)
    assert predicted.code == 0, predicted.output
    assert tasks == []
    # What the same run creates first is no assumption.
    assert "does not exist yet" not in predicted.output

    published, tasks = role(**DECLARED, **SHOWN)
    assert published.code == 0, published.output
    assert tasks == CREATED == [one["operation"] for one in operations(published)]
    assert operations(published) == operations(predicted)
    # What is proven needs no warning.
    assert "Nothing here looks whether" not in published.output
    result = published.facts("flexvdi_storage_result")["localhost"]
    assert [(one["name"], one["path"], one["status"]) for one in result["volumes"] if one["kind"] == "external"] == [
        ("NFS", SHARE, "ok")]
    assert result["media_storages"][0]["files"] == ["debian.iso", "template.fvm"]

    again, tasks = role(**DECLARED, **SHOWN)
    assert again.code == 0 and again.changes == set() and tasks == []

    keys = ("name", "image_storage")
    leaving = {kind: [dict({key: item[key] for key in keys if key in item}, state="absent") for item in items]
               for kind, items in DECLARED.items()}
    predicted, tasks = role("--check", **leaving)
    assert predicted.code == 0 and tasks == [], predicted.output
    gone, tasks = role(**leaving)
    assert gone.code == 0 and tasks == DELETED, gone.output
    assert operations(gone) == operations(predicted)


def test_what_failed_in_the_middle_is_finished_by_the_next_run(role, manager):
    manager.manager.tasks.failing["volume_create"] = "mkfs.ocfs2: no space"
    run, tasks = role(**DECLARED, **SHOWN)
    assert run.code != 0 and tasks == CREATED[:3] and "mkfs.ocfs2: no space" in run.output
    manager.manager.tasks.stuck.add("volume_create")
    run, tasks = role(**DECLARED, **SHOWN, task_timeout=1)
    assert run.code != 0 and tasks == CREATED[2:3] and "has not ended within 1 s (task_timeout)" in run.output
    manager.manager.tasks.stuck.clear()
    run, tasks = role(**DECLARED, **SHOWN)
    assert run.code == 0 and tasks == CREATED[2:], run.output


def test_what_is_declared_of_one_object_reaches_its_module(role, manager):
    declared = {key: DECLARED[key] for key in ("image_storages", "media_storages")}
    assert role(**declared)[0].code == 0
    declared["media_storages"] = [dict(DECLARED["media_storages"][0], update_password="always")]
    run, tasks = role(**declared)
    assert run.code == 0 and tasks == ["mstorage_modify"], run.output
    manager.run("flexvdi_external_volume", name="NFS", image_storage="West", path=SHARE)
    manager.run("flexvdi_gluster_volume", **DECLARED["gluster_volumes"][0])
    for volume in manager.manager.storages["West"]["volumes"].values():
        volume["images"] = ["windows"]
    for kind, name, task in (("external_volumes", "NFS", "evolume_delete"),
                             ("gluster_volumes", "SSD", "gvolume_delete")):
        leaving = {"name": name, "image_storage": "West", "state": "absent"}
        run, tasks = role(**{kind: [leaving]})
        assert run.code != 0 and tasks == [] and "it holds the images windows" in run.output
        run, tasks = role(**{kind: [dict(leaving, allow_delete_with_images=True)]})
        # The Manager has the last word.
        assert tasks == [task] and f"Volume {name} is not empty" in run.output


def test_the_connection_may_be_told_by_the_roles_variables(tmp_path):
    """Another name in requests, a certificate of its own, and an older version: each task needs all of them."""
    renamed = {"istorage_hosts": "x_hosts", "evolume_mount_point": "x_mount_point", "volume_disk": "x_disk",
               "mstorage_address": "x_address", "read_volumes": "x_volumes", "read_media_path": "x_path"}
    kinds = [kind for kind in DECLARED if kind != "gluster_volumes"]
    leaving = {kind: [dict({key: item[key] for key in ("name", "image_storage") if key in item}, state="absent")
                      for item in DECLARED[kind]] for kind in kinds}
    (tmp_path / "publish.yml").write_text(PLAYBOOK, encoding="utf-8")
    write_inventory(tmp_path / "inventory.json", SHOWN["facts"])
    with self_signed("127.0.0.1") as certificate, flexvdi(
            certificate=certificate, version="3.0", renamed=renamed,
            disks=[("hv1", "3500"), ("hv2", "3500")]) as manager:
        told = {"api_url": manager.endpoint.url, "api_username": USER, "api_password": PASSWORD, "api_version": "3.0",
                "ca_path": str(certificate[0]), "fields": renamed}
        for declared, tasks in (({kind: DECLARED[kind] for kind in kinds}, CREATED), (leaving, DELETED)):
            given = {"flexvdi_storage_" + name: value for name, value in {**declared, "proofs": SHOWN["proofs"], **told}.items()}
            (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
            before = len(manager.tasks)
            run = run_playbook(tmp_path / "publish.yml", inventories=[tmp_path / "inventory.json"],
                               arguments=["--extra-vars", f"@{tmp_path / 'given.json'}"], timeout=300)
            assert run.code == 0, run.output
            assert manager.tasks[before:] == [task for task in tasks if not task.startswith("gvolume")]
            assert PASSWORD not in run.output and MEDIA_PASSWORD not in run.output


def test_what_the_hosts_have_not_shown_is_refused_before_any_task(role, manager):
    external = {key: DECLARED[key] for key in ("image_storages", "external_volumes")}
    run, tasks = role(**external, proofs=SHOWN["proofs"])
    assert run.code != 0 and tasks == [] and manager.calls == []
    text = run.failure_text()
    assert "Nothing is published" in text and "can write in /srv/shares/projects on hv2" in text
    # The hosts of an image storage that is not declared come from the Manager.
    manager.run("flexvdi_image_storage", name="West", hosts=["hv1", "hv3"])
    run, tasks = role(external_volumes=DECLARED["external_volumes"], **SHOWN)
    assert run.code != 0 and tasks == []
    assert "is not proven to be the same filesystem on hv3 of image storage West" in run.failure_text()
    run, tasks = role(external_volumes=DECLARED["external_volumes"], require_proof=False)
    assert run.code == 0 and tasks == ["evolume_create"]


@pytest.mark.parametrize("hosts", [[1, 2], "1, 2"])
def test_ids_and_names_that_are_numbers_mean_the_same_to_proof_and_manager(tmp_path, hosts):
    (tmp_path / "publish.yml").write_text(PLAYBOOK, encoding="utf-8")
    given = {"image_storages": [{"name": 7, "hosts": hosts}, {"name": 8, "hosts": None}],
             "external_volumes": [dict(DECLARED["external_volumes"][0], image_storage=name) for name in ("7", 8)],
             "gluster_volumes": [dict(DECLARED["gluster_volumes"][0], image_storage="7", brick_paths="/bricks/ssd/flexvdi")],
             "host_names": {"1": "hv1", "2": "hv2"}, "proofs": SHOWN["proofs"]}
    (tmp_path / "given.json").write_text(json.dumps({"flexvdi_storage_" + name: value for name, value in given.items()}),
                                         encoding="utf-8")
    write_inventory(tmp_path / "inventory.json", SHOWN["facts"])
    with flexvdi(hosts=["1", "2"]) as manager:
        # The hosts of this one are not declared: they are what the Manager shows.
        manager.run("flexvdi_image_storage", name="8", hosts=["2"])
        run = run_playbook(tmp_path / "publish.yml", inventories=[tmp_path / "inventory.json"], environment=environment(manager),
                           arguments=["--extra-vars", f"@{tmp_path / 'given.json'}"], timeout=300)
        assert run.code == 0, run.output
        assert manager.tasks[1:] == ["istorage_create", "evolume_create", "evolume_create", "gvolume_create"]
        assert manager.manager.storages["7"]["hosts"] == ["1", "2"] and manager.manager.storages["8"]["hosts"] == ["2"]


def test_publishing_to_either_platform_or_to_both(manager, tmp_path):
    """No share is declared, so that there is nothing to prove; what is proven for real is tested on real hosts."""
    inventory: dict = {"all": {"children": {"hypervisors": {"hosts": {"hv1": {
        "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_become": False}}}}, "hosts": {"localhost": {
            "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}, "vars": {
                "virtshare_shares": []}}}
    flexvdi_side = {"flexvdi_storage_image_storages": [{"name": "West", "hosts": ["hv1"]}]}
    one_side = {"opennebula_storage_datastores": [
        {"name": "projects", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv/shares"]}]}
    with opennebula() as one:
        variables = {**environment(manager), "ONE_URL": one.endpoint.url, "ONE_USERNAME": ONE_USER,
                     "ONE_PASSWORD": ONE_PASSWORD}
        for declared, on_one, on_flexvdi in (({}, 0, 0), (flexvdi_side, 0, 1), ({**flexvdi_side, **one_side}, 1, 0)):
            inventory["all"]["vars"] = {"virtshare_shares": [], **declared}
            path = tmp_path / "inventory.json"
            path.write_text(json.dumps(inventory), encoding="utf-8")
            writes, tasks = len(one.writes), len(manager.tasks)
            run = run_playbook(ROOT / "playbooks/publish.yml", inventories=[path], environment=variables, timeout=300)
            assert run.code == 0, run.output
            assert (len(one.writes) - writes, len(manager.tasks) - tasks) == (on_one, on_flexvdi)
            if not declared:
                assert one.calls == [] and manager.calls == []
        # One that cannot be reached does not hold up the other, and is named in the end.
        more = {"flexvdi_storage_image_storages": [{"name": "East", "hosts": ["hv1"]}],
                "opennebula_storage_datastores": [dict(one_side["opennebula_storage_datastores"][0], name="media")]}
        inventory["all"]["vars"].update(more)
        path.write_text(json.dumps(inventory), encoding="utf-8")
        for dead, name in (("ONE_URL", "OpenNebula"), ("FLEXVDI_URL", "flexVDI Manager")):
            writes, tasks = len(one.writes), len(manager.tasks)
            run = run_playbook(ROOT / "playbooks/publish.yml", inventories=[path], timeout=300,
                               environment={**variables, dead: "http://127.0.0.1:1/"})
            assert run.code != 0 and f"{name} cannot be reached" in run.failure_text().splitlines()[-1], run.output
            assert (len(one.writes) - writes, len(manager.tasks) - tasks) == ((0, 1) if dead == "ONE_URL" else (1, 0))


def test_the_action_group_sets_connection_and_names_once(tmp_path):
    with flexvdi(renamed={"evolume_mount_point": "mountpoint", "read_mount_point": "mountpoint"}) as manager:
        (tmp_path / "group.yml").write_text(f"""---
- name: Use the action group
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/virtshare.storage.flexvdi:
      api_url: {manager.endpoint.url}
      api_username: {USER}
      api_password: {PASSWORD}
      fields: {{evolume_mount_point: mountpoint, read_mount_point: mountpoint}}
  tasks:
    - name: Make
      virtshare.storage.flexvdi_image_storage: {{name: West, hosts: [hv1]}}
    - name: Publish
      virtshare.storage.flexvdi_external_volume: {{name: NFS, image_storage: West, path: /home/images}}
    - name: Read
      virtshare.storage.flexvdi_storage_info:
""", encoding="utf-8")
        (tmp_path / "inventory.yml").write_text(
            "all: {hosts: {localhost: {ansible_connection: local,"
            " ansible_python_interpreter: '{{ ansible_playbook_python }}'}}}", encoding="utf-8")
        run = run_playbook(tmp_path / "group.yml", inventories=[tmp_path / "inventory.yml"], timeout=300)
        assert run.code == 0, run.output
        volume = run.of("flexvdi_storage_info")["localhost"]["image_storages"][0]["volumes"][0]
        assert volume["path"] == "/home/images"
