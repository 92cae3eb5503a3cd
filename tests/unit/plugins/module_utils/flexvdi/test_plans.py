# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of the kinds of flexVDI storage, and the table of names, without a Manager."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils.flexvdi import image_storage, media, objects, volumes
from ansible_collections.virtshare.storage.plugins.module_utils.flexvdi.fields import Fields
from ansible_collections.virtshare.storage.plugins.module_utils.plan import Refusal

HOSTS = ["hv1", "hv2", "hv3"]


def storage(hosts=("hv1", "hv2"), *found, **more):
    return dict({"name": "West", "hosts": list(hosts), "disks": [], "volumes": list(found)}, **more)


def world(**known):
    return objects.World(known.pop("fields", Fields()), **known)


def declared(kind, **given):
    spec = dict((key, value.get("default")) for key, value in kind.spec.items())
    return volumes.validated(kind, dict(spec, name="V", image_storage="West", **given))


def refusal(function, *arguments):
    with pytest.raises(Refusal) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("redundancy, paths, hosts, words", [
    ("1:1", 1, 3, "1 brick path x 3 hosts = 3 bricks, which is not a multiple of 2"),
    ("1:2", 2, 2, "2 brick paths x 2 hosts = 4 bricks, which is not a multiple of 3"),
    ("2:2", 1, 3, "2 + 2 = 4, and the two must add up to the 3 hosts"),
    ("3:0", 1, 3, "needs at least one redundant brick"),
    ("0:3", 1, 3, "write data:redundant in quotes"),
    ("3", 1, 3, "write data:redundant in quotes"),
    ("61", 1, 3, "write data:redundant in quotes"),
    ("a:b", 1, 3, "write data:redundant in quotes"),
    ("1:1", 1, 1, "needs at least two hosts, its image storage has 1 (hv1)"),
])
def test_gluster_rules_are_refused_with_their_arithmetic(redundancy, paths, hosts, words):
    bricks = ["/bricks/b%d/x" % number for number in range(paths)]
    assert words in refusal(volumes.check_bricks, redundancy, bricks, HOSTS[:hosts], "Gluster volume 'V'")


@pytest.mark.parametrize("redundancy, paths, hosts", [
    ("1:1", 1, 2), ("1:1", 2, 3), ("1:2", 1, 3), ("1:2", 3, 2), ("2:1", 1, 3), ("2:1", 2, 3)])
def test_gluster_rules_let_through_what_the_documents_allow(redundancy, paths, hosts):
    bricks = ["/bricks/b%d/x" % number for number in range(paths)]
    assert volumes.check_bricks(redundancy, bricks, HOSTS[:hosts], "V") is None


def test_bricks_need_a_parent_of_their_own_and_are_named_once():
    assert "whose parent is /" in refusal(volumes.check_brick_paths, ["/b"], "V")
    assert "twice" in refusal(volumes.check_brick_paths, ["/b/x", "/b/x"], "V")


@pytest.mark.parametrize("path", ["srv", "/", "//", "/srv/./x", "/srv//x", "/srv/x/..", ""])
def test_a_path_that_is_none(path):
    assert "write an absolute one" in refusal(volumes.checked_path, path, "V")


def test_a_slash_at_the_end_says_nothing():
    known = {"name": "V", "image_storage": "West", "kind": "external", "path": "/srv/x/"}
    plan, after = volumes.plan(volumes.External, declared(volumes.External, path="/srv/x/"),
                               world(storage=storage(HOSTS, known)))
    assert not plan.changed and after == known


def test_a_disk_that_some_host_does_not_see_is_refused_where_the_manager_says_so():
    known = storage(disks=[{"id": "35", "hosts": ["hv1"]}])
    wanted = declared(volumes.Ocfs2, disk="35", format=True)
    assert "is not seen by the host hv2" in refusal(volumes.plan, volumes.Ocfs2, wanted, world(storage=known))
    known["disks"][0]["hosts"] = ["hv2", "hv1", "hv3"]
    assert volumes.plan(volumes.Ocfs2, wanted, world(storage=known))[0].changed


def test_what_the_manager_does_not_show_of_a_gluster_volume_is_said():
    known = {"name": "V", "image_storage": "West", "kind": "gluster", "redundancy": None, "brick_paths": None,
             "gluster_name": None, "images": [], "clones": []}
    wanted = declared(volumes.Gluster, redundancy="1:1", brick_paths=["/b/x"])
    plan, _after = volumes.plan(volumes.Gluster, wanted, world(storage=storage(HOSTS, known)))
    assert not plan.changed and len(plan.warnings) == 2
    assert "cannot be compared: the Manager's answer has no field 'redundancy' (fields.read_redundancy)" in (
        plan.warnings[0])


def test_two_volumes_of_one_name_are_never_believed_to_be_one():
    known = {"name": "V", "image_storage": "West", "kind": "external", "path": "/a"}
    message = refusal(volumes.plan, volumes.External, declared(volumes.External, path="/a"),
                      world(storage=storage(HOSTS, known, dict(known, kind="gluster"))))
    assert "2 volumes named 'V'" in message


def test_an_image_storage_is_planned_without_the_list_of_hosts_where_nothing_changes():
    wanted = image_storage.validated({"name": "West", "state": "present", "hosts": ["hv2", "hv1"]})
    assert not image_storage.needs_hosts(wanted, storage())
    assert image_storage.needs_hosts(wanted, None) and image_storage.needs_hosts(wanted, storage(["hv1"]))
    assert not image_storage.needs_hosts(dict(wanted, hosts=None), None)


@pytest.mark.parametrize("name", ["", " West", "a/b", "a\nb"])
def test_a_name_that_is_none(name):
    assert "cannot be used" in refusal(objects.checked_name, name, "an image storage")


@pytest.mark.parametrize("document, words", [
    ([], "is no object"), ("West", "is no object"),
    ({"volumes": [], "external_volumes": [], "disks": []}, "has no field 'hosts', it has disks, external_volumes, vol"),
    ({"hosts": [], "volumes": [], "disks": []}, "has no field 'external_volumes'"),
    ({"hosts": [], "volumes": [], "disks": [], "external_volumes": [{"volume_id": "N", "mount": "/a"}]},
     "the external volume 'N' has no field 'mount_point', it has mount, volume_id. That name (fields.read_mount_point) "
     "is assumed"),
    ({"hosts": [], "volumes": [{"volume_id": "O"}], "disks": [], "external_volumes": []}, "is documented"),
])
def test_an_answer_without_what_is_needed_is_an_error_that_names_what_is_there(document, words):
    message = refusal(objects.read_image_storage, Fields(), "West", document)
    assert words in message


def test_an_answer_of_an_older_manager_has_no_gluster_volumes():
    document = {"hosts": ["hv1"], "volumes": [], "external_volumes": [], "disks": ["35"]}
    assert objects.read_image_storage(Fields(), "West", document, "3.0") == {
        "name": "West", "hosts": ["hv1"], "disks": [{"id": "35", "hosts": None}], "volumes": []}
    assert "has no field 'gluster_volumes'" in refusal(objects.read_image_storage, Fields(), "West", document)


def test_a_renamed_field_is_written_and_read():
    renamed = Fields({"evolume_mount_point": "mountpoint", "read_mount_point": "where"})
    plan, _after = volumes.plan(volumes.External, declared(volumes.External, path="/srv/x"),
                                world(fields=renamed, storage=storage()))
    assert plan.operations[0].arguments["document"] == {
        "type": "evolume_create", "volume_id": "V", "image_storage_id": "West", "mountpoint": "/srv/x"}
    document = {"hosts": [], "volumes": [], "disks": [], "external_volumes": [{"volume_id": "N", "where": "/a"}]}
    assert objects.read_image_storage(renamed, "West", document, "3.0")["volumes"][0]["path"] == "/a"


def test_the_hint_names_only_what_nobody_has_confirmed():
    keys = ["evolume_id", "evolume_mount_point", "gvolume_name"]
    assert "evolume_id 'volume_id', evolume_mount_point 'mount_point' are assumed" in Fields().hint(keys)
    known = Fields({"evolume_id": "volume_id", "evolume_mount_point": "mount_point"})
    assert known.hint(keys) == ""


def test_a_media_storage_sends_a_password_only_where_it_is_set():
    current = {"name": "cifs", "address": "a", "path": "p", "username": "u", "hosts": ["hv1"], "status": "ok"}
    wanted = dict((key, None) for key in media.SPEC)
    wanted.update(name="cifs", state="present", address="b", password="secret", update_password="on_create")
    plan, after = media.plan(media.validated(wanted), world(media=current))
    assert plan.operations[0].arguments["document"] == {
        "type": "mstorage_modify", "media_storage_id": "cifs", "address": "b", "path": "p", "username": "u",
        "hosts": ["hv1"]}
    assert after["address"] == "b" and "secret" not in str(plan.diff())
    sent = media.plan(media.validated(dict(wanted, update_password="always")), world(media=current))[0]
    assert sent.operations[0].arguments["document"]["password"] == "secret" and "secret" not in str(sent.diff())
    assert "secret" not in str(sent.result())
