# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of flexVDI storage from nothing to gone, and what is refused, counted by the simulated Manager."""

import importlib

import pytest
import yaml

from tests.support.flexvdi import MEDIA_PASSWORD, flexvdi
from tests.support.modules import PACKAGE

STORAGE = {"name": "West", "hosts": ["hv1", "hv2"]}
EXTERNAL = {"name": "NFS", "image_storage": "West", "path": "/srv/shares/projects", "proven": True}
OCFS2 = {"name": "flexfs01", "image_storage": "West", "disk": "3500253887013e77e", "format": True}
GLUSTER: dict = {"name": "SSD", "image_storage": "West", "redundancy": "1:1", "brick_paths": ["/bricks/ssd/flexvdi"]}
MEDIA = {"name": "cifs", "address": "192.0.2.10", "path": "media", "username": "flexvdi", "password": MEDIA_PASSWORD,
         "hosts": ["hv1", "hv2"]}
# module, what it declares, the name of its result, the tasks that create and delete
KINDS = [
    ("flexvdi_image_storage", dict(STORAGE, name="East"), "image_storage", "istorage"),
    ("flexvdi_external_volume", EXTERNAL, "volume", "evolume"),
    ("flexvdi_ocfs2_volume", OCFS2, "volume", "volume"),
    ("flexvdi_gluster_volume", GLUSTER, "volume", "gvolume"),
    ("flexvdi_media_storage", MEDIA, "media_storage", "mstorage"),
]


@pytest.fixture(name="one")
def manager():
    disks = [(host, "3500253887013e77e") for host in ("hv1", "hv2")] + [("hv1", "only-one-host")]
    with flexvdi(disks=disks) as running:
        running.run("flexvdi_image_storage", **STORAGE)
        yield running


def identity(declared):
    return dict((key, declared[key]) for key in ("name", "image_storage") if key in declared)


@pytest.mark.parametrize("module, declared, named, family", KINDS, ids=lambda value: str(value)[:20])
def test_created_left_alone_deleted_and_each_predicted(one, module, declared, named, family):
    predicted, _calls, tasks = one.run(module, check=True, **declared)
    assert predicted["changed"] and tasks == []

    made, _calls, tasks = one.run(module, **declared)
    assert tasks == [family + "_create"] and len(made["tasks"]) == 1
    assert made["operations"] == predicted["operations"] and made["diff"] == predicted["diff"]
    assert made["diff"]["before"] != made["diff"]["after"]
    shown = dict((key, value) for key, value in made[named].items() if predicted[named].get(key) not in (None, []))
    assert shown == dict((key, value) for key, value in predicted[named].items() if value not in (None, []))

    again, calls, tasks = one.run(module, **declared)
    assert not again["changed"] and tasks == [] and again[named] == made[named]
    assert len(calls) == 3 and calls[0] == "POST /authenticate" and calls[2] == "GET /logout"
    assert not one.run(module, check=True, **declared)[0]["changed"]

    gone = dict(identity(declared), state="absent")
    predicted, _calls, tasks = one.run(module, check=True, **gone)
    assert predicted["changed"] and tasks == []
    deleted, _calls, tasks = one.run(module, **gone)
    assert tasks == [family + "_delete"] and named not in deleted
    assert deleted["operations"] == predicted["operations"] and deleted["diff"] == predicted["diff"]
    once_more, _calls, tasks = one.run(module, **gone)
    assert not once_more["changed"] and tasks == [] and once_more["operations"] == []
    assert not one.run(module, check=True, **gone)[0]["changed"]


def returned(module):
    """What a module says that it returns."""
    return yaml.safe_load(importlib.import_module(PACKAGE + module).RETURN)


@pytest.mark.parametrize("module, declared, named, family", KINDS, ids=lambda value: str(value)[:20])
def test_what_is_returned_is_documented(one, module, declared, named, family):
    words = returned(module)
    for check in (True, False):
        result = one.run(module, check=check, **declared)[0]
        assert set(result) - {"changed", "diff", "invocation", "warnings"} == set(words)
        contents = words[named]["contains"]
        assert set(result[named]) <= set(contents)
        always = set(key for key, entry in contents.items() if entry["returned"] == "always")
        assert always <= set(result[named])
    assert set(result[named]) == set(contents)
    shown = one.run("flexvdi_storage_info", gather=["hosts", "image_storages", "media_storages"])[0]
    for key, entry in returned("flexvdi_storage_info").items():
        for item in shown[key]:
            assert set(item) == set(entry["contains"])


def test_the_hosts_of_an_image_storage_are_mended(one):
    one.manager.storages["West"]["hosts"] = ["hv1", "hv3"]
    predicted = one.run("flexvdi_image_storage", check=True, **STORAGE)[0]
    mended, _calls, tasks = one.run("flexvdi_image_storage", **STORAGE)
    assert tasks == ["istorage_modify"] and mended["diff"] == predicted["diff"]
    assert mended["diff"]["before"]["West"] == {"hosts": ["hv1", "hv3"]}
    assert mended["operations"][0]["summary"] == "add hv2; take away hv3"
    assert one.manager.storages["West"]["hosts"] == ["hv1", "hv2"]
    # Their order says nothing, and what is not declared stays.
    assert not one.run("flexvdi_image_storage", name="West", hosts=["hv2", "hv1"])[0]["changed"]
    assert not one.run("flexvdi_image_storage", name="West")[0]["changed"]


@pytest.mark.parametrize("key, value", [
    ("address", "192.0.2.99"), ("path", "old"), ("username", "somebody"), ("hosts", ["hv3"])])
def test_each_drift_of_a_media_storage_is_mended_without_its_password(one, key, value):
    one.run("flexvdi_media_storage", **MEDIA)
    one.manager.media["cifs"][key] = value
    predicted = one.run("flexvdi_media_storage", check=True, **MEDIA)[0]
    mended, _calls, tasks = one.run("flexvdi_media_storage", **MEDIA)
    assert tasks == ["mstorage_modify"] and mended["diff"] == predicted["diff"]
    assert mended["diff"] == {"before": {"cifs": {key: value}}, "after": {"cifs": {key: MEDIA[key]}}}
    assert MEDIA_PASSWORD not in one.requests[-1]
    assert one.manager.media["cifs"] == {"address": "192.0.2.10", "path": "media", "username": "flexvdi",
                                         "password": MEDIA_PASSWORD, "hosts": ["hv1", "hv2"]}
    assert not one.run("flexvdi_media_storage", **MEDIA)[0]["changed"]
    # The order of hosts says nothing.
    assert not one.run("flexvdi_media_storage", **dict(MEDIA, hosts=["hv2", "hv1"]))[0]["changed"]


def test_a_password_is_sent_again_only_where_always_is_asked_for(one):
    one.run("flexvdi_media_storage", **MEDIA)
    one.manager.media["cifs"]["password"] = "another"
    assert not one.run("flexvdi_media_storage", **MEDIA)[0]["changed"]
    assert one.run("flexvdi_media_storage", check=True, update_password="always", **MEDIA)[0]["changed"]
    sent, _calls, tasks = one.run("flexvdi_media_storage", update_password="always", **MEDIA)
    assert tasks == ["mstorage_modify"] and one.manager.media["cifs"]["password"] == MEDIA_PASSWORD
    assert sent["operations"][0]["summary"] == "send the password again"
    both = one.run("flexvdi_media_storage", update_password="always", **dict(MEDIA, path="iso"))[0]
    assert both["operations"][0]["summary"] == "change path; send the password again"
    # Without one there is nothing to send.
    bare = dict(MEDIA, path="iso", password=None, update_password="always")
    assert not one.run("flexvdi_media_storage", **bare)[0]["changed"]
    assert sent["media_storage"]["files"] == ["debian.iso", "template.fvm"]


@pytest.mark.parametrize("module, declared, changed, words", [
    ("flexvdi_external_volume", EXTERNAL, {"path": "/srv/shares/other"},
     "has the mount point /srv/shares/projects, declared is /srv/shares/other. flexVDI has no task to modify"),
    ("flexvdi_ocfs2_volume", OCFS2, {"disk": "another"}, "has the disk 3500253887013e77e, declared is another"),
    ("flexvdi_gluster_volume", GLUSTER, {"redundancy": "1:2"}, "has the redundancy 1:1, declared is 1:2"),
    ("flexvdi_gluster_volume", GLUSTER, {"brick_paths": ["/bricks/b/x"]},
     "has the brick paths /bricks/ssd/flexvdi, declared is /bricks/b/x"),
    ("flexvdi_gluster_volume", GLUSTER, {"gluster_name": "fast"}, "has the name in Gluster West_SSD, declared is fast"),
])
def test_what_no_task_can_change_is_refused(one, module, declared, changed, words):
    one.run(module, **declared)
    for check in (True, False):
        result, _calls, tasks = one.attempt(module, check=check, **dict(declared, **changed))
        assert result["failed"] and words in result["msg"] and tasks == [] and not result["changed"]
    assert not one.run(module, **declared)[0]["changed"]


@pytest.mark.parametrize("module, declared, words", [
    ("flexvdi_image_storage", {"name": "East"}, "no hosts are declared to create it on"),
    ("flexvdi_image_storage", {"name": "East", "hosts": []}, "has no hosts; name at least one"),
    ("flexvdi_image_storage", {"name": "East", "hosts": ["hv1", "hv1"]}, "names the host 'hv1' twice"),
    ("flexvdi_image_storage", {"name": "East", "hosts": ["hv1", "hv9"]},
     "names the host hv9, which the Manager does not have. It has: hv1, hv2, hv3."),
    ("flexvdi_image_storage", {"name": "West", "hosts": ["hv1", "hv8", "hv9"]},
     "names the hosts hv8, hv9, which the Manager does not have. It has: hv1, hv2, hv3."),
    ("flexvdi_image_storage", {"name": "a/b", "hosts": ["hv1"]}, "without slashes"),
    ("flexvdi_external_volume", {"name": "V", "image_storage": "None"}, "there is no such image storage"),
    ("flexvdi_external_volume", {"name": "V", "image_storage": "West"}, "has no path to create it with"),
    ("flexvdi_external_volume", {"name": "V", "image_storage": "West", "path": "srv"}, "write an absolute one"),
    ("flexvdi_external_volume", {"name": "V", "image_storage": "West", "path": "/srv/../etc"}, "write an absolute one"),
    ("flexvdi_external_volume", {"name": "V", "image_storage": "West", "path": "/"}, "not / itself"),
    ("flexvdi_ocfs2_volume", dict(OCFS2, format=False), "everything on it is lost. Set format: true"),
    ("flexvdi_ocfs2_volume", dict(OCFS2, disk=None), "has no disk to create it on"),
    ("flexvdi_ocfs2_volume", dict(OCFS2, disk="only-one-host"),
     "does not list the disk only-one-host as usable on all hosts of the image storage (hv1, hv2). Usable are: 350"),
    ("flexvdi_gluster_volume", dict(GLUSTER, redundancy=None), "is declared without redundancy; write redundancy"),
    ("flexvdi_gluster_volume", dict(GLUSTER, brick_paths=None), "is declared without brick_paths; write brick_paths"),
    ("flexvdi_gluster_volume", dict(GLUSTER, brick_paths=[]), "is declared without brick_paths; write brick_paths"),
    ("flexvdi_gluster_volume", dict(GLUSTER, redundancy="1:2"),
     "1 brick path x 2 hosts = 2 bricks, which is not a multiple of 3"),
    ("flexvdi_gluster_volume", dict(GLUSTER, redundancy="2:1"),
     "2 + 1 = 3, and the two must add up to the 2 hosts of the image storage (hv1, hv2)"),
    ("flexvdi_gluster_volume", dict(GLUSTER, brick_paths=["/bricks"]), "whose parent is /"),
    ("flexvdi_gluster_volume", dict(GLUSTER, api_version="3.0"), "since 3.1, and api_version is 3.0"),
    ("flexvdi_media_storage", {"name": "cifs"}, "is declared without address and path and hosts; write what is missing"),
    ("flexvdi_media_storage", dict(MEDIA, hosts=["hv9"]), "which the Manager does not have"),
    ("flexvdi_media_storage", dict(MEDIA, fields={"mstorage_adress": "ip"}), "do you mean mstorage_address?"),
    ("flexvdi_media_storage", dict(MEDIA, fields={"mstorage_address": 1}), "write a name as text"),
    ("flexvdi_media_storage", dict(MEDIA, fields={"missing_message": "("}), "is not a regular expression"),
])
def test_a_wrong_declaration_is_refused_before_any_task(one, module, declared, words):
    result, _calls, tasks = one.attempt(module, **declared)
    assert result["failed"] and words in result["msg"] and tasks == [] and not result["changed"]


def test_a_name_of_another_kind_is_refused(one):
    one.run("flexvdi_external_volume", **EXTERNAL)
    for state in ("present", "absent"):
        result, _calls, tasks = one.attempt("flexvdi_gluster_volume", state=state, **dict(GLUSTER, name="NFS"))
        assert "a volume of that name of kind external" in result["msg"] and tasks == []


def test_what_is_not_empty_stays(one):
    one.run("flexvdi_external_volume", **EXTERNAL)
    result, _calls, tasks = one.attempt("flexvdi_image_storage", name="West", state="absent")
    assert "is not empty: it holds the volumes NFS" in result["msg"] and tasks == []
    one.manager.storages["West"]["volumes"]["NFS"]["images"] = ["windows10"]
    gone = dict(identity(EXTERNAL), state="absent")
    result, _calls, tasks = one.attempt("flexvdi_external_volume", **gone)
    assert "it holds the images windows10" in result["msg"] and "allow_delete_with_images" in result["msg"]
    one.manager.storages["West"]["volumes"]["NFS"].update(images=[], clones=["desktop7"])
    result, _calls, tasks = one.attempt("flexvdi_external_volume", **gone)
    assert "it holds the images desktop7" in result["msg"] and tasks == []
    one.manager.storages["West"]["volumes"]["NFS"]["images"] = ["windows10"]
    result, _calls, tasks = one.attempt("flexvdi_external_volume", allow_delete_with_images=True, **gone)
    assert tasks == ["evolume_delete"] and "Volume NFS is not empty" in result["msg"]


def test_the_hosts_of_bricks_stay(one):
    one.run("flexvdi_gluster_volume", **GLUSTER)
    result, _calls, tasks = one.attempt("flexvdi_image_storage", name="West", hosts=["hv1", "hv2", "hv3"])
    assert "its Gluster volumes SSD have their bricks on exactly these hosts" in result["msg"] and tasks == []


def test_an_unproven_path_is_warned_about_and_only_when_it_is_created(one):
    bare = dict((key, value) for key, value in EXTERNAL.items() if key != "proven")
    made = one.run("flexvdi_external_volume", **bare)[0]
    assert len(made["warnings"]) == 1
    assert "whether /srv/shares/projects is the same filesystem on all of hv1, hv2" in made["warnings"][0]
    assert one.run("flexvdi_external_volume", **bare)[0]["warnings"] == []
    second = one.run("flexvdi_external_volume", check=True, **dict(EXTERNAL, name="again"))[0]
    assert len(second["warnings"]) == 1
    assert "gets the same directory /srv/shares/projects as the volume 'NFS'" in second["warnings"][0]


def test_what_the_same_run_creates_and_deletes_is_predicted_in_check_mode_only(one):
    coming = dict(GLUSTER, image_storage="East")
    result = one.attempt("flexvdi_gluster_volume", expected_image_storages={"East": ["hv1", "hv2"]}, **coming)[0]
    assert result["failed"] and "there is no such image storage" in result["msg"]
    alone = one.run("flexvdi_gluster_volume", check=True, **coming)[0]
    assert alone["changed"] and "does not exist yet" in alone["warnings"][-1]
    coming["expected_image_storages"] = {"East": ["hv1", "hv2"]}
    listed = one.run("flexvdi_gluster_volume", check=True, **coming)[0]
    assert listed["operations"] == alone["operations"] and len(listed["warnings"]) == 1
    coming["expected_image_storages"] = {"East": ["hv1"]}
    refused = one.attempt("flexvdi_gluster_volume", check=True, **coming)[0]
    assert "needs at least two hosts" in refused["msg"]

    for module, declared, words in (
            ("flexvdi_ocfs2_volume", OCFS2, "Whether the disk 3500253887013e77e is usable on all hosts is seen"),
            ("flexvdi_external_volume", dict(EXTERNAL, proven=False), "the same filesystem on all of hv1, hv2")):
        declared = dict(declared, image_storage="East", expected_image_storages={"East": ["hv1", "hv2"]})
        predicted = one.run(module, check=True, **declared)[0]
        assert predicted["changed"] and len(predicted["warnings"]) == 1 and words in predicted["warnings"][0]

    one.run("flexvdi_external_volume", **EXTERNAL)
    gone = {"name": "West", "state": "absent", "expected_absent_volumes": ["NFS"]}
    assert one.run("flexvdi_image_storage", check=True, **gone)[0]["changed"]
    refused, _calls, tasks = one.attempt("flexvdi_image_storage", **gone)
    assert "it holds the volumes NFS" in refused["msg"] and tasks == []


def test_info_shows_hosts_storages_volumes_disks_and_isos(one):
    one.run("flexvdi_external_volume", **EXTERNAL)
    one.run("flexvdi_media_storage", **MEDIA)
    found, calls, tasks = one.run("flexvdi_storage_info", gather=["hosts", "image_storages", "media_storages"])
    assert tasks == [] and "GET /hosts" in calls
    assert found["hosts"][0] == {"id": "hv1", "status": "running"}
    west = found["image_storages"][0]
    assert west["hosts"] == ["hv1", "hv2"] and west["disks"] == ["3500253887013e77e"]
    assert west["volumes"][0] == {
        "name": "NFS", "image_storage": "West", "kind": "external", "path": "/srv/shares/projects",
        "total_space": 250057728, "free_space": 67063808, "status": "ok", "status_msg": "", "images": [], "clones": []}
    assert found["media_storages"][0]["files"] == ["debian.iso", "template.fvm"]
    named, calls, _tasks = one.run("flexvdi_storage_info", gather=["image_storages"], image_storages=["West", "none"])
    assert [storage["name"] for storage in named["image_storages"]] == ["West"] and "GET /hosts" not in calls
