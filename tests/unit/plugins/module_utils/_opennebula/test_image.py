# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of filesystem images: what is refused, what is sent, against recorded bodies."""

import json
import pathlib

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import (
    image,
    image_plan,
    image_replacement,
    template,
)
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula.objects import NEW_ID, ServerState
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula.pool import Pool
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

FIXTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "opennebula"
STEPS = json.loads((FIXTURES / "filesystem-images.json").read_text(encoding="utf-8"))["steps"]
BODIES = [step["response"][1] for step in STEPS if step["method"] == "one.image.info"]

VFS = {"id": 100, "name": "vfs", "type": "image", "disk_type": "FILESYSTEM",
       "template": {"SAFE_DIRS": ["/srv"], "RESTRICTED_DIRS": ["/"]}}
FILES = {"id": 1, "name": "default", "type": "image", "disk_type": "FILE", "template": {}}


def item(**options):
    defaults = {name: option.get("default") for name, option in image.argument_spec().items()}
    return dict(defaults, **options)


def known(number, name="p1", **changes):
    """A read-back image in the datastore vfs; C(template) adds to the attributes."""
    one = image.read(template.parse(BODIES[0]))
    one.update(id=number, name=name)
    one["template"] = dict(one["template"], **changes.pop("template", {}))
    one.update(changes)
    return one


def world(*images, **changes):
    given = dict(datastores=[VFS, FILES], users={0: "oneadmin", 2: "bob"}, groups={0: "oneadmin", 1: "users"},
                 username="oneadmin")
    given.update(changes)
    return ServerState(images=images, **given)


def planned(*declared, on=None):
    return image_plan.plan_all(image.validated([item(**one) for one in declared]), on or world())


def refusal(*declared, on=None):
    with pytest.raises(Refusal) as caught:
        planned(*declared, on=on)
    return str(caught.value)


def sent(plan):
    return [(one.name, [value for value in one.arguments["call"] if value is not NEW_ID]) for one in plan.operations]


OTHER = {"datastore": "other", "datastore_id": 101}
P1 = {"name": "p1", "datastore": "vfs", "path": "/srv/vm-shares/share1"}


# The old image is deleted when the new one has everything.
REGISTERED_AGAIN = ["one.image.allocate", "one.image.chmod", "one.image.chown", "one.image.delete", "one.image.rename"]


def test_recorded_images_are_read():
    ready, failed = (image.public(image.read(template.parse(body))) for body in BODIES[:2])
    assert (ready["type"], ready["state"], ready["path"], ready["source"], ready["datastore"], ready["mode"]) == (
        "FILESYSTEM", "ready", "/srv/vm-shares/share1", "/srv/vm-shares/share1", "vfs", "600")
    assert failed["state"] == "error" and "Not allowed to use directory '/opt/outside'" in failed["error"]
    assert failed["attributes"] == {}


def test_type_and_path_are_always_sent():
    plan, after = planned(dict(P1, mount_tag="projects", mount_point="/mnt/p", persistent=True))
    assert sent(plan) == [("one.image.allocate", [
        'NAME="p1"\nMOUNT_POINT="/mnt/p"\nMOUNT_TAG="projects"\nPATH="/srv/vm-shares/share1"\nPERSISTENT="YES"\n'
        'TYPE="FILESYSTEM"\n', 100])]
    assert after[0]["persistent"] is True and plan.diff()["before"] == {"p1": {"state": "absent"}}


def test_owner_and_mode_take_a_call_each():
    plan, _after = planned(dict(P1, owner="bob", group="users", mode="640"))
    assert sent(plan)[1:] == [("one.image.chmod", [1, 1, 0, 1, 0, 0, 0, 0, 0]), ("one.image.chown", [2, 1])]


def test_what_is_converged_needs_nothing():
    plan, after = planned(dict(P1, persistent=False, owner="oneadmin", mode="um-------"), on=world(known(0)))
    assert not plan.changed and after[0]["id"] == 0


@pytest.mark.parametrize("declared, there, expected", [
    ({"mount_tag": "new"}, {"template": {"MOUNT_TAG": ["old"]}}, ("one.image.update", [0, 'MOUNT_TAG="new"\n', 1])),
    ({"mount_tag": ""}, {"template": {"MOUNT_TAG": ["old"]}}, ("one.image.update", [0, "MOUNT_TAG=[]\n", 1])),
    ({"mount_point": "/mnt/x"}, {}, ("one.image.update", [0, 'MOUNT_POINT="/mnt/x"\n', 1])),
    ({"persistent": True}, {}, ("one.image.persistent", [0, True])),
    ({"persistent": False}, {"persistent": True}, ("one.image.persistent", [0, False])),
    ({"mode": "666"}, {}, ("one.image.chmod", [0, 1, 1, 0, 1, 1, 0, 1, 1, 0])),
    ({"owner": "bob"}, {}, ("one.image.chown", [0, 2, -1])),
    ({"group": "users"}, {}, ("one.image.chown", [0, -1, 1])),
    ({"new_name": "p9"}, {}, ("one.image.rename", [0, "p9"])),
    ({"attributes": {"note": "n"}}, {}, ("one.image.update", [0, 'NOTE="n"\n', 1])),
    ({"attributes_mode": "exact"}, {"template": {"NOTE": ["n"], "ERROR": ["e"]}},
     ("one.image.update", [0, "NOTE=[]\n", 1])),
])
def test_each_drift_is_mended_by_one_call(declared, there, expected):
    plan, _after = planned(dict(P1, **declared), on=world(known(0, **there)))
    assert sent(plan) == [expected]
    before, after = plan.diff()["before"], plan.diff()["after"]
    assert list(before) == list(after) == [declared.get("new_name", "p1")] and before != after


@pytest.mark.parametrize("declared, words", [
    ({"name": "x"}, "has no path"),
    ({"name": "x", "path": "/srv/x"}, "has no datastore"),
    ({"name": "x", "path": "srv/x", "datastore": "vfs"}, "not an absolute path"),
    ({"name": "x", "path": "/srv/a b", "datastore": "vfs"}, "cut off or misread"),
    ({"name": "x", "path": "/srv/../etc", "datastore": "vfs"}, "write /etc"),
    (dict(P1, datastore="gone"), "which OpenNebula does not have; create it first"),
    (dict(P1, datastore="default"), "would get a disk of that kind"),
    (dict(P1, mount_tag="two words"), "one word of at most 36 bytes"),
    (dict(P1, mount_tag="x" * 37), "one word of at most 36 bytes"),
    (dict(P1, mount_point="mnt"), "not an absolute path"),
    (dict(P1, mode=600), "write it in quotes"),
    (dict(P1, owner="nobody"), "the user 'nobody', which OpenNebula does not have"),
    (dict(P1, attributes={"PATH": "/x"}), "the option for it is path"),
    (dict(P1, attributes={"TYPE": "OS"}), "always FILESYSTEM"),
    (dict(P1, attributes={"size": "1"}), "belongs to OpenNebula"),
    (dict(P1, attributes={"many": ["a", "b"]}), "only one value"),
    ({"id": 7}, "No image has the id 7"),
    ({}, "neither name nor id"),
])
def test_a_wrong_declaration_is_refused_with_what_to_write(declared, words):
    assert words in refusal(declared)


def test_in_check_mode_a_datastore_to_come_is_taken_for_granted():
    coming = dict(P1, datastore="coming")
    plan, after = planned(coming, on=world(check=True))
    assert plan.changed and after[0]["datastore"] == "coming" and "does not exist yet" in plan.warnings[0]
    assert "create it first" in refusal(coming, on=world(check=True, foreseen=True))
    assert "create it first" in refusal(coming)


def test_a_path_outside_safe_dirs_is_warned_of_and_left_to_the_server():
    plan, _after = planned(dict(P1, path="/opt/outside"))
    assert plan.changed and "outside SAFE_DIRS" in plan.warnings[0]
    assert planned(dict(P1, path="/srv"))[0].warnings == []


def test_another_path_is_refused_unless_replaced():
    other = dict(P1, path="/srv/other")
    assert "set replace: true" in refusal(other, on=world(known(0)))
    there = known(0, template={"MOUNT_TAG": ["t"]}, mode="640", persistent=True)
    plan, _after = planned(dict(other, replace=True), on=world(there))
    assert [name for name, _arguments in sent(plan)] == REGISTERED_AGAIN
    deletion, naming = plan.operations[3:]
    assert deletion.arguments["wait_registered"] and naming.arguments["wait_gone"] == [0]
    document = plan.operations[0].arguments["call"][0]
    assert 'NAME="p1 (replaces 0)"' in document
    assert 'PATH="/srv/other"' in document and 'MOUNT_TAG="t"' in document and 'PERSISTENT="YES"' in document
    for use in ({"vm_ids": [7]}, {"running_vms": 1}):
        assert "is used by" in refusal(dict(other, replace=True), on=world(known(0, **use)))


def test_a_replaced_image_goes_back_to_its_owner():
    plan, _after = planned(dict(P1, path="/srv/other", replace=True),
                           on=world(known(0, owner="bob", owner_id=2, group="users", group_id=1)))
    assert ("one.image.chown", [2, 1]) in sent(plan)


@pytest.mark.parametrize("declared, there, call", [
    ({}, {}, [-1, 0]),
    ({}, {"group": "users", "group_id": 1}, [-1, 1]),
    ({"group": "users"}, {}, [-1, 1]),
    ({"owner": "bob"}, {"group": "users", "group_id": 1}, [2, 1]),
    ({"owner": "oneadmin"}, {"owner": "bob", "owner_id": 2, "group": "users", "group_id": 1}, [-1, 1]),
])
def test_a_replaced_image_keeps_the_owner_and_the_group_that_are_not_declared(declared, there, call):
    plan, after = planned(dict(P1, **declared), on=world(known(0, state="error", **there)))
    assert ("one.image.chown", call) in sent(plan) and after[0]["group_id"] == call[1]


def test_what_only_looks_like_an_attribute_is_not_sent_again():
    there = known(0, template={"PATH": ["/srv/a"], "PERSISTENT": ["YES"], "TYPE": ["OS"], "SOURCE": ["/x"], "NOTE": ["n"]})
    plan, after = planned(dict(P1, path="/srv/other", replace=True, persistent=False), on=world(there))
    assert after[0]["template"] == {"NOTE": ["n"]}
    assert "SOURCE" not in sent(plan)[0][1][0] and "PERSISTENT" not in sent(plan)[0][1][0]


def test_an_owner_narrows_what_a_name_means():
    alices = known(0, owner="alice", owner_id=3)
    assert not planned(dict(P1, owner="bob", state="absent"), on=world(alices))[0].changed
    plan, _after = planned(dict(P1, owner="bob", path="/srv/other", replace=True), on=world(alices))
    assert [name for name, _arguments in sent(plan)] == ["one.image.allocate", "one.image.chown"]
    # One of the same path is the one that was meant, and has got another owner.
    assert sent(planned(dict(P1, owner="bob"), on=world(alices))[0]) == [("one.image.chown", [0, 2, -1])]


def test_only_a_directory_is_deleted_once_more():
    dying = known(0, state="delete")
    assert planned(dict(P1, state="absent"), on=world(dying))[0].changed
    assert not planned(dict(P1, state="absent"), on=world(dict(dying, type="OS")))[0].changed


def test_a_long_name_leaves_room_for_what_it_replaces():
    name = "n" * 128
    assert image_replacement.passing_name(name, 12345) == "n" * (128 - len(" (replaces 12345)")) + " (replaces 12345)"
    begun = known(7, name=image_replacement.passing_name(name, 12345))
    assert image_replacement.replaced_by(begun, name) == 12345
    assert image_replacement.replaced_by(begun, "m" * 128) is None is image_replacement.replaced_by(known(7), "p1")


def test_what_an_earlier_run_has_begun_is_made_anew_or_finished():
    begun = known(1, name="p1 (replaces 0)", path="/srv/other")
    # The old one is still there: whatever the new one has got by then, it goes.
    plan, _after = planned(dict(P1, path="/srv/other", replace=True), on=world(known(0), begun))
    assert [name for name, _arguments in sent(plan)] == ["one.image.delete"] + REGISTERED_AGAIN
    assert sent(plan)[0][1] == [1] and plan.operations[1].arguments["wait_gone"] == [1]
    # Nobody wants it any more.
    assert sent(planned(P1, on=world(known(0), begun))[0]) == [("one.image.delete", [1])]
    both = sent(planned(dict(P1, state="absent"), on=world(known(0), begun))[0])
    assert both == [("one.image.delete", [1]), ("one.image.delete", [0])]
    # The old one has gone, or goes.
    for there in ([begun], [known(0, state="delete"), begun]):
        plan, after = planned(dict(P1, path="/srv/other", replace=True), on=world(*there))
        assert sent(plan) == [("one.image.rename", [1, "p1"])] and after[0]["id"] == 1
        assert plan.operations[0].arguments["wait_gone"] == [image["id"] for image in there[:-1]]
        assert ("one.image.delete", [1]) in sent(planned(dict(P1, state="absent"), on=world(*there))[0])


def test_a_failed_registration_is_made_anew():
    failed = image.read(template.parse(BODIES[1]))
    plan, after = planned({"name": "p2", "datastore": "vfs", "path": "/opt/outside"}, on=world(failed))
    assert [name for name, _arguments in sent(plan)] == REGISTERED_AGAIN
    assert "Not allowed to use directory" in plan.operations[3].summary
    assert "ERROR" not in after[0]["template"]


def test_names_are_unique_for_each_owner():
    elsewhere = known(3, datastore="other", datastore_id=101)
    assert "keeps an owner's names unique" in refusal(P1, on=world(elsewhere))
    bobs = known(3, datastore="other", datastore_id=101, owner="bob", owner_id=2)
    assert planned(P1, on=world(bobs))[0].changed
    assert "bob owns an image of that name" in refusal(dict(P1, owner="bob"), on=world(bobs))


def test_the_same_name_of_two_owners_is_told_apart():
    mine, bobs = known(0), known(3, owner="bob", owner_id=2)
    text = refusal(P1, on=world(mine, bobs))
    assert "id 0 of oneadmin" in text and "id 3 of bob" in text
    plan, after = planned(dict(P1, owner="bob", mode="640"), dict(P1, owner="oneadmin"), on=world(mine, bobs))
    assert sent(plan) == [("one.image.chmod", [3, 1, 1, 0, 1, 0, 0, 0, 0, 0])]
    assert [one["id"] for one in after] == [3, 0]


def test_a_creation_that_stopped_before_the_owner_was_set_is_finished():
    plan, _after = planned(dict(P1, owner="bob"), on=world(known(0)))
    assert sent(plan) == [("one.image.chown", [0, 2, -1])]
    # But not when that image is declared for its present owner; and a second one of that name cannot be registered by him.
    text = refusal(dict(P1, owner="bob"), dict(P1, owner="oneadmin"), on=world(known(0)))
    assert "oneadmin owns an image of that name already, id 0" in text


def test_an_image_of_another_type_is_left_alone():
    for declared in (P1, dict(P1, state="absent")):
        assert "not a directory" in refusal(declared, on=world(known(0, type="OS")))


def test_deleting():
    gone = {"name": "p1", "state": "absent"}
    assert not planned(gone)[0].changed
    plan, after = planned(gone, on=world(known(4)))
    assert sent(plan) == [("one.image.delete", [4])] and after == [None]
    assert "is used by VM 7, VM 8" in refusal(gone, on=world(known(4, vm_ids=[7, 8])))


def test_an_image_on_its_way_out_is_waited_for_before_its_name_is_taken_again():
    plan, _after = planned(P1, on=world(known(4, state="delete")))
    assert sent(plan)[0] == ("one.image.delete", [4]), "its deletion may have been cut off"
    assert sent(plan)[1][0] == "one.image.allocate" and plan.operations[1].arguments["wait_gone"] == [4]
    plan, _after = planned(P1, on=world(known(4, state="delete", owner="bob", owner_id=2)))
    assert sent(plan)[0][0] == "one.image.allocate", "another owner's name is no hindrance"


@pytest.mark.parametrize("declared, there, words", [
    ([P1, dict(P1, datastore="other")], [], "declared here too, in datastore vfs"),
    ([P1, dict(P1, owner="bob", datastore="other")], [], "declared here too, in datastore vfs"),
    ([dict(P1, new_name="p9")], [known(0), known(3, "p9", **OTHER)], "cannot be renamed to 'p9': oneadmin owns"),
    ([dict(P1, owner="bob")], [known(0), known(3, owner="bob", owner_id=2, **OTHER)], "cannot be given to bob: bob owns"),
    ([dict(P1, owner="bob", new_name="p9")], [known(0), known(3, "p9", owner="bob", owner_id=2, **OTHER)], "cannot be given to bob"),
    ([P1, {"id": 0, "mount_tag": "t"}], [known(0)], "(id 0) is declared twice in one list"),
    ([dict(P1, owner="bob"), {"id": 0}], [known(0)], "(id 0) is declared twice in one list"),
])
def test_what_an_owners_other_images_forbid_is_refused_before_anything_is_done(declared, there, words):
    assert words in refusal(*declared, on=world(*there, datastores=[VFS, dict(VFS, id=101, name="other")]))


def test_an_image_moves_to_another_datastore_in_one_call():
    moved = [dict(P1, state="absent"), dict(P1, datastore="other")]
    on = world(known(0), datastores=[VFS, dict(VFS, id=101, name="other")])
    plan, after = planned(*moved, on=on)
    assert [name for name, _arguments in sent(plan)] == ["one.image.delete", "one.image.allocate"]
    assert plan.operations[1].arguments["wait_gone"] == [0] and after[1]["datastore"] == "other"


def test_an_image_declared_with_its_owner_is_not_another_one_declared_without():
    mine, bobs = known(0, **OTHER), known(3, owner="bob", owner_id=2)
    gone, kept = {"name": "p1", "state": "absent"}, dict(P1, owner="bob")
    assert sent(planned(gone, kept, on=world(mine, bobs))[0]) == [("one.image.delete", [0])]
    assert not planned(gone, kept, on=world(bobs))[0].changed
    # What has been renamed bears a name that another one has left.
    plan, _after = planned(dict(P1, new_name="p2"), {"name": "p9", "new_name": "p1", "owner": "bob"}, on=world(known(0, "p2"), bobs))
    assert not plan.changed


def test_renaming():
    renaming = dict(P1, new_name="p9")
    assert not planned(renaming, on=world(known(0, "p9")))[0].changed
    assert "has that name already" in refusal(renaming, on=world(known(0), known(1, "p9")))


def test_only_what_is_needed_is_read():
    def needed(*declared):
        desired = image.validated([item(**one) for one in declared])
        return image.needs(desired, Pool([known(0)]), Pool([VFS]))

    assert needed(P1, dict(P1, name="new")) == set()
    assert needed(dict(P1, owner="oneadmin", group="0")) == set()
    assert needed(dict(P1, owner="bob")) == {"users"}
    assert needed(dict(P1, name="new", group="users")) == {"groups"}
    assert needed({"name": "x", "state": "absent", "owner": "bob"}) == set()
