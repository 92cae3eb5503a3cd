# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""flexvdi_storage: all objects in one call, with one login, few reads, and the safety of the modules for one."""

import pytest

from tests.support.flexvdi import MEDIA_PASSWORD, flexvdi

DECLARED: dict[str, list[dict]] = {
    "image_storages": [{"name": "West", "hosts": ["hv1", "hv2"]}, {"name": "East", "hosts": ["hv3"]}],
    "external_volumes": [{"name": "NFS", "image_storage": "West", "path": "/srv/shares/projects", "proven": True},
                         {"name": "Other", "image_storage": "West", "path": "/srv/shares/other", "proven": True},
                         {"name": "NFS", "image_storage": "East", "path": "/srv/shares/projects", "proven": True}],
    "ocfs2_volumes": [{"name": "flexfs01", "image_storage": "West", "disk": "3500", "format": True}],
    "gluster_volumes": [{"name": "SSD", "image_storage": "West", "redundancy": "1:1",
                         "brick_paths": ["/bricks/ssd/flexvdi"]}],
    # It may have the name of an image storage.
    "media_storages": [{"name": "West", "address": "192.0.2.10", "path": "media", "username": "vm",
                        "password": MEDIA_PASSWORD, "hosts": ["hv1"]}],
}
CREATED = ["istorage_create"] * 2 + ["evolume_create"] * 3 + ["volume_create", "gvolume_create", "mstorage_create"]
DELETED = ["evolume_delete"] * 3 + ["volume_delete", "gvolume_delete", "mstorage_delete"] + ["istorage_delete"] * 2
LEAVING = {option: [dict({key: item[key] for key in ("name", "image_storage") if key in item}, state="absent")
                    for item in items] for option, items in DECLARED.items()}


@pytest.fixture
def one():
    with flexvdi(disks=[("hv1", "3500"), ("hv2", "3500")]) as manager:
        yield manager


def done(result):
    return [(each["operation"], each["target"]) for each in result["operations"]]


def test_created_left_alone_deleted_and_each_predicted(one):
    predicted, calls, tasks = one.run("flexvdi_storage", check=True, **DECLARED)
    assert tasks == [] and predicted["changed"]
    made, calls, tasks = one.run("flexvdi_storage", **DECLARED)
    assert tasks == CREATED and done(made) == done(predicted) and made["requests"] == predicted["requests"]
    assert made["diff"] == predicted["diff"]
    assert calls.count("POST /authenticate") == 1
    assert [(each["name"], each["hosts"]) for each in made["image_storages"]] == [("West", ["hv1", "hv2"]), ("East", ["hv3"])]
    assert [(each["name"], each["kind"], each["status"]) for each in made["volumes"]] == [
        ("NFS", "external", "ok"), ("Other", "external", "ok"), ("NFS", "external", "ok"), ("flexfs01", "ocfs2", "ok"),
        ("SSD", "gluster", "ok")]
    assert made["media_storages"][0]["files"] == ["debian.iso", "template.fvm"]

    again, calls, tasks = one.run("flexvdi_storage", **DECLARED)
    assert tasks == [] and not again["changed"] and again["diff"] == {"before": {}, "after": {}}
    for key in ("image_storages", "volumes", "media_storages"):
        assert again[key] == made[key]

    predicted, calls, tasks = one.run("flexvdi_storage", check=True, **LEAVING)
    gone, calls, tasks = one.run("flexvdi_storage", **LEAVING)
    assert tasks == DELETED and done(gone) == done(predicted) and gone["volumes"] == gone["image_storages"] == []
    again, calls, tasks = one.run("flexvdi_storage", **LEAVING)
    assert tasks == [] and not again["changed"]


def test_a_converged_run_logs_in_once_and_reads_each_storage_once(one):
    one.run("flexvdi_storage", **DECLARED)
    _result, calls, tasks = one.run("flexvdi_storage", **DECLARED)
    assert tasks == [] and sorted(calls) == sorted([
        "POST /authenticate", "GET /imagestorages/West", "GET /imagestorages/East", "GET /mediastorages/West",
        "GET /logout"])


def test_a_change_reads_the_hosts_once_and_what_it_touched_again(one):
    one.run("flexvdi_storage", **DECLARED)
    hosts = [dict(item, hosts=["hv2", "hv3"]) for item in [DECLARED["image_storages"][1], DECLARED["media_storages"][0]]]
    _result, calls, tasks = one.run("flexvdi_storage", image_storages=[DECLARED["image_storages"][0], hosts[0]],
                                    media_storages=[hosts[1]])
    assert tasks == ["istorage_modify", "mstorage_modify"]
    assert {call: calls.count(call) for call in calls if call.startswith("GET") and "/tasks/" not in call} == {
        "GET /imagestorages/West": 1, "GET /imagestorages/East": 2, "GET /mediastorages/West": 2, "GET /hosts": 1,
        "GET /logout": 1}


def test_every_wrong_object_is_named_before_any_task(one):
    result, calls, tasks = one.attempt("flexvdi_storage", **dict(
        DECLARED, image_storages=[{"name": "West", "hosts": ["hv1", "hv9"]}],
        gluster_volumes=[dict(DECLARED["gluster_volumes"][0], redundancy="2:2")]))
    assert result["failed"] and tasks == [] and len(result["problems"]) == 3
    for words in ("'West' names the host hv9", "of image storage 'East' cannot be created", "2 + 2 = 4"):
        assert words in result["msg"]


@pytest.mark.parametrize("again", [
    {"image_storages": [{"name": "West", "hosts": ["hv1"]}] * 2},
    {"external_volumes": [{"name": "SSD", "image_storage": "West", "path": "/x"}],
     "gluster_volumes": DECLARED["gluster_volumes"]},
], ids=["image storage", "volume of another kind"])
def test_what_is_declared_twice_is_refused_without_a_call(one, again):
    result, calls, tasks = one.attempt("flexvdi_storage", **again)
    assert result["failed"] and calls == [] and "is declared twice; declare it once" in result["msg"]


def test_a_disk_that_the_new_image_storage_cannot_use_is_not_formatted(one):
    """Which disks are usable shows only when the image storage exists: then it is looked at again."""
    declared = dict(image_storages=[{"name": "West", "hosts": ["hv1", "hv3"]}], ocfs2_volumes=DECLARED["ocfs2_volumes"])
    predicted, _calls, _tasks = one.run("flexvdi_storage", check=True, **declared)
    assert any("is seen only when the image storage" in text for text in predicted["warnings"])
    result, _calls, tasks = one.attempt("flexvdi_storage", **declared)
    assert result["failed"] and tasks == ["istorage_create"] and done(result) == [("istorage_create", "West")]
    assert "does not list the disk 3500 as usable on all hosts" in result["msg"]
    assert result["changed"] and set(result["diff"]["after"]) == {"West"}


def test_what_failed_in_the_middle_is_finished_by_the_next_run(one):
    one.manager.tasks.failing["volume_create"] = "mkfs.ocfs2: no space"
    result, _calls, tasks = one.attempt("flexvdi_storage", **DECLARED)
    assert result["failed"] and tasks == CREATED[:6] and "mkfs.ocfs2: no space" in result["msg"]
    assert [name for name, _target in done(result)] == CREATED[:5] and len(result["tasks"]) == 5
    one.manager.tasks.failing.clear()
    result, _calls, tasks = one.run("flexvdi_storage", **DECLARED)
    assert tasks == CREATED[5:]
