# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of the kinds of flexVDI storage, and the table of names, without a Manager."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._flexvdi import image_storage, media, objects, volumes
from ansible_collections.virtshare.storage.plugins.module_utils._flexvdi.fields import Fields
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

HOSTS = ["hv1", "hv2", "hv3"]


def storage(hosts=("hv1", "hv2"), *found, **more):
    return dict({"name": "West", "hosts": list(hosts), "disks": [], "volumes": list(found)}, **more)


def world(**known):
    return objects.ManagerState(known.pop("fields", Fields()), **known)


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
    ("\u00b2:1", 1, 3, "write data:redundant in quotes"),
    ("01:1", 1, 2, "write data:redundant in quotes"),
    ("2:1:", 1, 3, "write data:redundant in quotes"),
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
    assert "/b/x/y inside its brick path /b/x" in refusal(volumes.check_brick_paths, ["/b/x/y", "/b/xy", "/b/x"], "V")


@pytest.mark.parametrize("path", ["srv", "/", "//", "/srv/./x", "/srv//x", "//srv/x", "/srv/x/..", ""])
def test_a_path_that_is_none(path):
    assert "write an absolute one" in refusal(volumes.checked_path, path, "V")


def test_a_slash_at_the_end_says_nothing():
    known = {"name": "V", "image_storage": "West", "kind": "external", "path": "/srv/x/"}
    plan, after = volumes.plan(volumes.External, declared(volumes.External, path="/srv/x/"),
                               world(storage=storage(HOSTS, known)))
    assert not plan.changed and after == known


def test_the_order_of_bricks_says_nothing():
    known = {"name": "V", "image_storage": "West", "kind": "gluster", "redundancy": "1:1", "gluster_name": "West_V",
             "brick_paths": ["/b/x/", "/b/y"]}
    wanted = declared(volumes.Gluster, redundancy="1:1", brick_paths=["/b/y", "/b/x"])
    plan, _after = volumes.plan(volumes.Gluster, wanted, world(storage=storage(HOSTS, known)))
    assert not plan.changed and plan.warnings == []


def test_a_disk_that_some_host_does_not_see_is_refused_where_the_manager_says_so():
    known = storage(disks=[{"id": "35", "hosts": ["hv1"]}])
    wanted = declared(volumes.Ocfs2, disk="35", format=True)
    assert "is not seen by the host hv2" in refusal(volumes.plan, volumes.Ocfs2, wanted, world(storage=known))
    known["disks"][0]["hosts"] = ["hv2", "hv1", "hv3"]
    assert volumes.plan(volumes.Ocfs2, wanted, world(storage=known))[0].changed


@pytest.mark.parametrize("before, hosts, disks, words", [
    # Usable on all hosts, and seen by them where the Manager says so: so on fewer of them, and perhaps on more.
    (["hv1", "hv2"], ["hv1"], [{"id": "35", "hosts": None}], None),
    (["hv1"], ["hv1", "hv2"], [{"id": "35", "hosts": None}], "has the hosts hv1, hv2."),
    (["hv1"], ["hv1", "hv2"], [{"id": "35", "hosts": ["hv1"]}], "has the hosts hv1, hv2."),
    (["hv1"], ["hv1", "hv2"], [{"id": "35", "hosts": ["hv2", "hv1"]}], None),
    (["hv1"], ["hv2"], [{"id": "35", "hosts": ["hv1"]}], "has the hosts hv2."),
    (["hv1", "hv2"], ["hv1"], [], "has the hosts hv1."),
    (["hv1", "hv2"], ["hv2", "hv3"], [], "has the hosts hv2, hv3."),
])
def test_a_disk_of_an_image_storage_that_gets_other_hosts_is_judged_by_what_is_known(before, hosts, disks, words):
    known = storage(hosts, disks=disks, disks_of=before)
    plan, _after = volumes.plan(volumes.Ocfs2, declared(volumes.Ocfs2, disk="35", format=True), world(storage=known))
    assert plan.changed and [text.endswith(words) for text in plan.warnings] == [True] * (words is not None)


@pytest.mark.parametrize("disks, words", [
    ([], "does not list the disk 35 as usable on all hosts of the image storage (hv1). Usable are: none"),
    ([{"id": "35", "hosts": ["hv2"]}], "is not seen by the host hv1 of")])
def test_a_disk_that_is_not_usable_on_a_host_that_stays_is_refused_at_once(disks, words):
    known = storage(["hv1", "hv2"], disks=disks, disks_of=["hv1"])
    assert words in refusal(volumes.plan, volumes.Ocfs2, declared(volumes.Ocfs2, disk="35", format=True),
                            world(storage=known))


def test_what_the_manager_does_not_show_of_a_gluster_volume_is_said():
    known = {"name": "V", "image_storage": "West", "kind": "gluster", "redundancy": None, "brick_paths": None,
             "gluster_name": None, "images": [], "clones": []}
    wanted = declared(volumes.Gluster, redundancy="1:1", brick_paths=["/b/x"])
    plan, _after = volumes.plan(volumes.Gluster, wanted, world(storage=storage(HOSTS, known)))
    assert not plan.changed and len(plan.warnings) == 2
    assert "cannot be compared: the Manager's answer has no field 'redundancy' (fields.read_redundancy)" in (
        plan.warnings[0])


def test_blanks_around_a_disk_say_nothing():
    known = {"name": "V", "image_storage": "West", "kind": "ocfs2", "disk": "35"}
    wanted = declared(volumes.Ocfs2, disk=" 35\n")
    assert wanted["disk"] == "35" and not volumes.plan(volumes.Ocfs2, wanted, world(storage=storage(HOSTS, known)))[0].changed


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
    ([], "is not an object"), ("West", "is not an object"),
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


EMPTY = {"hosts": [], "volumes": [], "external_volumes": [], "gluster_volumes": [], "disks": []}
NFS = {"volume_id": "N", "mount_point": "/a"}


@pytest.mark.parametrize("answered, words", [
    ({"hosts": None}, "the image storage 'West' has None in the field 'hosts', which is no list"),
    ({"hosts": "hv1"}, "has 'hv1' in the field 'hosts', which is no list. That name (fields.read_hosts) is documented"),
    ({"hosts": [3.5]}, "a host of the image storage 'West' is not an object"),
    ({"volumes": {}}, "which is no list"),
    ({"external_volumes": ["volume_id"]}, "a volume of the image storage 'West' is not an object: 'volume_id'"),
    ({"external_volumes": [dict(NFS, mount_point=None)]}, "has None in the field 'mount_point', which is no name"),
    ({"external_volumes": [dict(NFS, mount_point=["/a"])]}, "which is no name. That name (fields.read_mount_point) is"),
    ({"external_volumes": [dict(NFS, volume_id=True)]}, "has True in the field 'volume_id', which is no name"),
    ({"external_volumes": [dict(NFS, images=3)]}, "the external volume 'N' has 3 in the field 'images', which is no"),
    ({"external_volumes": [dict(NFS, clones="c")]}, "has 'c' in the field 'clones', which is no list"),
    ({"gluster_volumes": [{"volume_id": "G", "brick_paths": "/b/x"}]}, "has '/b/x' in the field 'brick_paths'"),
    ({"disks": [None]}, "a disk of the image storage 'West' is not an object: None"),
])
def test_an_answer_of_another_shape_is_an_error_and_no_traceback(answered, words):
    assert words in refusal(objects.read_image_storage, Fields(), "West", dict(EMPTY, **answered))


def test_ids_may_be_numbers_or_objects():
    found = objects.read_image_storage(Fields(), "West", dict(
        EMPTY, hosts=[7, {"host_id": "hv2"}], disks=[35, {"disk_id": 36}],
        external_volumes=[dict(NFS, volume_id=1, images=[{"image_id": 5}, 6, "seven"], clones=[{}])]))
    assert found["hosts"] == ["7", "hv2"] and [disk["id"] for disk in found["disks"]] == ["35", "36"]
    volume = found["volumes"][0]
    assert (volume["name"], volume["images"], volume["clones"]) == ("1", ["5", "6", "seven"], ["?"])


MEDIA = {"address": "192.0.2.10", "path": "media", "hosts": ["hv1"]}


@pytest.mark.parametrize("document, words", [
    ("cifs", "the media storage 'cifs' is not an object"),
    ({"path": "media", "hosts": []}, "has no field 'address', it has hosts, path. That name (fields.read_media_addre"),
    (dict(MEDIA, hosts=None), "which is no list"),
    (dict(MEDIA, files=3), "has 3 in the field 'files', which is no list"),
    (dict(MEDIA, files=[{"title": "x.iso"}]), "a file of the media storage 'cifs' has no field 'name', it has title"),
    (dict(MEDIA, address=None), "has None in the field 'address', which is no name"),
])
def test_an_answer_about_a_media_storage_of_another_shape(document, words):
    assert words in refusal(media.read, Fields(), "cifs", document)


def test_files_of_a_media_storage_are_names_or_objects_with_one():
    assert media.read(Fields(), "cifs", dict(MEDIA, files=["a.iso", {"name": "b.iso"}]))["files"] == ["a.iso", "b.iso"]
    assert media.read(Fields(), "cifs", MEDIA)["files"] == []


@pytest.mark.parametrize("document, words", [
    ({}, "is not a list of hosts"), ([5.5], "a host is not an object"), ([{"status": "running"}], "has no field 'host_id'")])
def test_an_answer_about_the_hosts_of_another_shape(document, words):
    assert words in refusal(objects.read_hosts, Fields(), document)


def test_a_list_of_names_has_ids_or_objects_with_one():
    listed = ["a", {"image_storage_id": "b"}, 3]
    assert objects.read_names(Fields(), listed, "read_image_storage_id", "a storage") == ["a", "b", "3"]
    assert objects.read_names(Fields(), {"a": 1}, "read_image_storage_id", "a storage") is None
    assert "has no field" in refusal(objects.read_names, Fields(), [{"x": 1}], "read_image_storage_id", "a storage")


def test_an_answer_of_an_older_manager_has_no_gluster_volumes():
    document = {"hosts": ["hv1"], "volumes": [], "external_volumes": [], "disks": ["35"]}
    assert objects.read_image_storage(Fields(), "West", document, "3.0") == {
        "name": "West", "hosts": ["hv1"], "disks": [{"id": "35", "hosts": None}], "volumes": []}
    assert "has no field 'gluster_volumes' (fields.read_gluster_volumes), and one before 3.1 has none: set api_" in (
        refusal(objects.read_image_storage, Fields(), "West", document))


def test_a_renamed_field_is_written_and_read():
    renamed = Fields({"evolume_mount_point": "mountpoint", "read_mount_point": "where"})
    plan, _after = volumes.plan(volumes.External, declared(volumes.External, path="/srv/x"),
                                world(fields=renamed, storage=storage()))
    assert plan.operations[0].arguments["document"] == {
        "type": "evolume_create", "volume_id": "V", "image_storage_id": "West", "mountpoint": "/srv/x"}
    document = {"hosts": [], "volumes": [], "disks": [], "external_volumes": [{"volume_id": "N", "where": "/a"}]}
    assert objects.read_image_storage(renamed, "West", document, "3.0")["volumes"][0]["path"] == "/a"


def test_the_hint_names_what_nobody_has_confirmed_and_else_all_that_was_sent():
    keys = ["evolume_id", "evolume_mount_point", "gvolume_name"]
    hint = Fields().hint(keys)
    assert "If it is a name: evolume_id 'volume_id', evolume_mount_point 'mount_point' are assumed, not docu" in hint
    assert "gvolume_name" not in hint and "the guide page flexvdi_verified" in hint
    hint = Fields({"evolume_id": "volume_id", "evolume_mount_point": "where"}).hint(keys)
    assert ("If it is a name: evolume_id 'volume_id', evolume_mount_point 'where', gvolume_name 'gvolume_name' are "
            "documented or given in fields; the guide page flexvdi_verified") in hint


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


def media_storage(**given):
    return media.validated(dict(dict.fromkeys(media.SPEC), name="cifs", state="present", update_password="on_create", **given))


@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_an_empty_text_takes_nothing_from_a_media_storage(empty):
    current = {"name": "cifs", "address": "a", "path": "p", "username": "u", "hosts": ["hv1"], "status": "ok"}
    wanted = media_storage(address=empty, path=empty, username=empty, password="")
    for update in ("on_create", "always"):
        plan, after = media.plan(dict(wanted, update_password=update), world(media=current))
        assert not plan.changed and after == current
    sent = media.plan(dict(wanted, hosts=["hv2"], update_password="always"), world(media=current))[0]
    assert sent.operations[0].arguments["document"] == {
        "type": "mstorage_modify", "media_storage_id": "cifs", "address": "a", "path": "p", "username": "u", "hosts": ["hv2"]}
    assert "is declared without address and path and hosts" in refusal(media.plan, wanted, world())
    made = media.plan(media_storage(address="a", path="p", hosts=["hv1"], username=empty, password=""), world())[0]
    assert made.operations[0].arguments["document"] == {
        "type": "mstorage_create", "media_storage_id": "cifs", "address": "a", "path": "p", "hosts": ["hv1"]}


def test_a_password_of_blanks_is_one():
    assert media_storage(password="  ")["password"] == "  "


@pytest.mark.parametrize("value, names", [
    (None, None), ([], []), ("", []), ([""], []), ([None, " "], []), (",", []), ("hv1", ["hv1"]), ("hv1, hv2,", ["hv1", "hv2"]),
    ([1, "2 "], ["1", "2"]), (7, ["7"]), (("hv1",), ["hv1"])])
def test_names_are_what_a_module_makes_of_them(value, names):
    assert objects.names(value) == names


@pytest.mark.parametrize("hosts", [[], "", [""], [" ", None]])
def test_hosts_that_are_declared_and_none_are_refused(hosts):
    for module in (image_storage, media):
        params = dict(dict.fromkeys(module.SPEC), name="West", state="present", hosts=hosts)
        assert "has no hosts; name at least one" in refusal(module.validated, params)
    assert "names the host '7' twice" in refusal(objects.checked_hosts, [7, "7 "], "V")


@pytest.mark.parametrize("kind, found, empty", [
    (volumes.External, {"kind": "external", "path": "/a"}, {"path": " "}),
    (volumes.Ocfs2, {"kind": "ocfs2", "disk": "35"}, {"disk": " "}),
    (volumes.Gluster, {"kind": "gluster", "redundancy": "1:1", "brick_paths": ["/b/x"], "gluster_name": "West_V"},
     {"redundancy": "", "brick_paths": [""], "gluster_name": " "}),
])
def test_an_empty_text_says_nothing_of_a_volume(kind, found, empty):
    known = dict(found, name="V", image_storage="West")
    plan, after = volumes.plan(kind, declared(kind, **empty), world(storage=storage(HOSTS, known)))
    assert not plan.changed and plan.warnings == [] and after == known
    assert "does not exist and" in refusal(volumes.plan, kind, declared(kind, **empty), world(storage=storage()))
