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


@pytest.mark.parametrize("check", [True, False])
def test_a_volume_in_an_image_storage_that_leaves_is_refused_without_a_call(one, check):
    declared = dict(LEAVING, **{kind: DECLARED[kind] for kind in ("external_volumes", "gluster_volumes")})
    result, calls, tasks = one.attempt("flexvdi_storage", check=check, **declared)
    assert result["failed"] and calls == [] and len(result["problems"]) == 4
    assert "volume West/NFS is declared present, and the image storage that holds it absent" in result["problems"][0]


def test_a_disk_that_the_new_image_storage_cannot_use_is_not_formatted(one):
    """Which disks are usable shows only when the image storage exists: then it is looked at again."""
    declared = dict(image_storages=[{"name": "West", "hosts": ["hv1", "hv3"]}], ocfs2_volumes=DECLARED["ocfs2_volumes"])
    predicted, _calls, _tasks = one.run("flexvdi_storage", check=True, **declared)
    assert any("is seen only when the image storage" in text for text in predicted["warnings"])
    result, _calls, tasks = one.attempt("flexvdi_storage", **declared)
    assert result["failed"] and tasks == ["istorage_create"] and done(result) == [("istorage_create", "West")]
    assert "does not list the disk 3500 as usable on all hosts" in result["msg"]
    assert result["changed"] and set(result["diff"]["after"]) == {"West"}


def test_what_is_empty_is_not_given(one):
    one.run("flexvdi_storage", **DECLARED)
    before = [{name: dict(item) for name, item in held.items()} for held in (one.manager.storages, one.manager.media)]
    empty = {option: [dict(item, **{key: "" for key in item if key not in ("name", "image_storage", "hosts", "format", "proven")})
                      for item in items] for option, items in DECLARED.items()}
    empty["media_storages"] = [dict(item, update_password="always") for item in empty["media_storages"]]
    result, _calls, tasks = one.run("flexvdi_storage", **empty)
    assert tasks == [] and not result["changed"]
    assert [one.manager.storages, one.manager.media] == before
    # As a survey of AWX gives them.
    result, _calls, tasks = one.run("flexvdi_storage", image_storages=[{"name": "West", "hosts": "hv2, hv1"}],
                                    media_storages=[{"name": "West", "hosts": "hv1,"}])
    assert tasks == []
    shown = one.run("flexvdi_storage_info", image_storages="")[0]["image_storages"]
    assert [item["name"] for item in shown] == ["West", "East"]


def test_what_the_manager_has_trouble_with_is_warned_about_when_it_is_made_and_later(one, monkeypatch):
    volumes = one.manager._show_volume
    words: dict[str, str | None] = {"status": "error", "status_msg": "cannot be mounted on hv2."}
    monkeypatch.setattr(one.manager, "_show_volume", lambda name, facts: volumes(
        name, dict(facts, **words) if name == "flexfs01" else facts))
    media = one.manager.show_media_storage
    monkeypatch.setattr(one.manager, "show_media_storage", lambda name: media(name) and dict(media(name), **words))
    predicted = one.run("flexvdi_storage", check=True, **DECLARED)[0]["warnings"]
    assert not any("status" in text for text in predicted)
    for changed in (True, False):
        result, _calls, _tasks = one.run("flexvdi_storage", **DECLARED)
        assert result["changed"] == changed
        assert [text for text in result["warnings"] if "status" in text] == [
            "The Manager shows the %s with the status error: cannot be mounted on hv2. Nothing is done about that; look at it in "
            "the Dashboard." % name for name in ("volume West/flexfs01", "media storage West")]
    # What nobody has written down is no trouble of a media storage, and of a volume that is not declared nothing is said.
    words.update(status="mounted", status_msg=None)
    assert one.run("flexvdi_storage", **dict(DECLARED, ocfs2_volumes=[]))[0]["warnings"] == []
    result = one.run("flexvdi_ocfs2_volume", **DECLARED["ocfs2_volumes"][0])[0]
    assert len(result["warnings"]) == 1 and "with the status mounted. Nothing" in result["warnings"][0]
    assert one.run("flexvdi_storage", **LEAVING)[0]["warnings"] == []


WEST, EAST = {"name": "West", "hosts": ["hv1", "hv2"]}, {"name": "East", "hosts": ["hv2", "hv1"]}
DISK = DECLARED["ocfs2_volumes"][0]
BRICKS = DECLARED["gluster_volumes"][0]


@pytest.mark.parametrize("made", [[], [WEST], [WEST, EAST]], ids=["new storages", "one new storage", "storages there"])
@pytest.mark.parametrize("again, words", [
    ({"ocfs2_volumes": [DISK, dict(DISK, name="b")]}, "disk 3500 is declared for the OCFS2 volumes West/flexfs01 and West/b"),
    ({"ocfs2_volumes": [DISK, dict(DISK, image_storage="East")]}, "West/flexfs01 and East/flexfs01, and creating each of them"),
    ({"gluster_volumes": [BRICKS, dict(BRICKS, name="b")]},
     "West/b cannot have the brick path /bricks/ssd/flexvdi: the Gluster volume West/SSD is declared with it on hv1, hv2"),
    ({"gluster_volumes": [BRICKS, dict(BRICKS, image_storage="East")]}, "the Gluster volume West/SSD is declared with it"),
])
def test_what_two_volumes_would_take_is_refused_before_anything_is_done(one, made, again, words):
    if made:
        one.run("flexvdi_storage", image_storages=made)
    for check in (True, False):
        result, _calls, tasks = one.attempt("flexvdi_storage", check=check, image_storages=[WEST, EAST], **again)
        assert result["failed"] and words in result["msg"] and tasks == [] and len(result["problems"]) == 1
        # An image storage that is there need not be declared.
        if len(made) == 2:
            assert words in one.attempt("flexvdi_storage", check=check, **again)[0]["msg"]


def test_what_a_volume_has_is_refused_to_another_also_where_it_leaves_in_the_same_call(one):
    one.run("flexvdi_storage", image_storages=[WEST], ocfs2_volumes=[DISK], gluster_volumes=[BRICKS])
    for state in ("present", "absent"):
        declared = {"image_storages": [WEST, EAST], "ocfs2_volumes": [dict(DISK, image_storage="East"), dict(DISK, state=state)],
                    "gluster_volumes": [dict(BRICKS, name="b"), dict(BRICKS, state=state)]}
        for check in (True, False):
            result, _calls, tasks = one.attempt("flexvdi_storage", check=check, **declared)
            assert result["failed"] and tasks == []
            assert "declared for East/flexfs01, and the OCFS2 volume West/flexfs01 is on it" in result["problems"][0]
            assert "the Gluster volume West/SSD has it on hv1, hv2" in result["problems"][1]
    result, _calls, tasks = one.attempt("flexvdi_gluster_volume", **dict(BRICKS, name="b"))
    assert "the Gluster volume West/SSD has it" in result["msg"] and tasks == []


def test_two_external_volumes_in_one_directory_are_warned_about_in_a_new_image_storage_too(one):
    same = [dict(DECLARED["external_volumes"][0], name=name) for name in ("a", "b")]
    warnings = one.run("flexvdi_storage", check=True, image_storages=[WEST], external_volumes=same)[0]["warnings"]
    assert warnings == one.run("flexvdi_storage", image_storages=[WEST], external_volumes=same)[0]["warnings"]
    assert len(warnings) == 1 and "gets the same directory /srv/shares/projects as the volume 'a'" in warnings[0]


@pytest.mark.parametrize("disks, before, after", [
    (["hv1", "hv2"], ["hv1"], ["hv1", "hv2"]), (["hv1"], ["hv1", "hv2"], ["hv1"]), (["hv2"], ["hv1"], ["hv2"])])
def test_a_disk_is_usable_when_it_is_so_for_the_hosts_that_the_same_call_declares(disks, before, after):
    with flexvdi(disks=[(host, "3500") for host in disks]) as one:
        one.run("flexvdi_image_storage", name="West", hosts=before)
        declared = {"image_storages": [{"name": "West", "hosts": after}], "ocfs2_volumes": [DISK]}
        predicted, _calls, _tasks = one.run("flexvdi_storage", check=True, **declared)
        assert [("has the hosts %s." % ", ".join(after)) in text for text in predicted["warnings"]] == [True]
        made, _calls, tasks = one.run("flexvdi_storage", **declared)
        assert tasks == ["istorage_modify", "volume_create"] and done(made) == done(predicted) and made["warnings"] == []
        # A role with a task for each object asks the module for one.
        one.manager.storages["West"] = {"hosts": before, "volumes": {}}
        alone = one.run("flexvdi_ocfs2_volume", check=True, expected_image_storages={"West": after}, **DISK)[0]
        assert alone["changed"] and alone["warnings"] == predicted["warnings"]


def test_a_disk_that_the_new_hosts_cannot_use_is_not_formatted(one):
    one.run("flexvdi_image_storage", name="West", hosts=["hv1"])
    declared = {"image_storages": [{"name": "West", "hosts": ["hv1", "hv3"]}], "ocfs2_volumes": [DISK]}
    assert len(one.run("flexvdi_storage", check=True, **declared)[0]["warnings"]) == 1
    result, _calls, tasks = one.attempt("flexvdi_storage", **declared)
    assert result["failed"] and tasks == ["istorage_modify"]
    assert "does not list the disk 3500 as usable on all hosts of the image storage (hv1, hv3)" in result["msg"]
    # What a host that stays cannot use is refused before.
    declared["image_storages"][0]["hosts"] = ["hv1", "hv2", "hv3"]
    result, _calls, tasks = one.attempt("flexvdi_storage", **declared)
    assert result["failed"] and tasks == [] and "(hv1, hv3). Usable are: none" in result["msg"]


def test_what_failed_in_the_middle_is_finished_by_the_next_run(one):
    one.manager.tasks.failing["volume_create"] = "mkfs.ocfs2: no space"
    result, _calls, tasks = one.attempt("flexvdi_storage", **DECLARED)
    assert result["failed"] and tasks == CREATED[:6] and "mkfs.ocfs2: no space" in result["msg"]
    assert [name for name, _target in done(result)] == CREATED[:5] and len(result["tasks"]) == 5
    one.manager.tasks.failing.clear()
    result, _calls, tasks = one.run("flexvdi_storage", **DECLARED)
    assert tasks == CREATED[5:]
