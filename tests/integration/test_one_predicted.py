# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server would refuse, never finish or do on its own: the modules say so before, in check mode as in the run."""

import pytest

from tests.support.opennebula import opennebula

SHARE = "/srv/shares/projects"
VIRTIOFS = {"name": "d", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv/shares"]}
IMAGE = {"name": "i", "datastore": "d", "path": SHARE}
EMOJI = "\U0001f600"


@pytest.fixture
def one():
    with opennebula(directories=[SHARE, "/srv/shares/other"]) as server:
        yield server


def refused(one, module, *words, **declared):
    """The message of a run that fails with these words, in check mode too, before anything is written."""
    for check in (True, False):
        result, _calls, writes = one.attempt(module, check=check, **declared)
        assert result["failed"] and writes == []
        for word in words:
            assert word in result["msg"]
    return result["msg"]


def predicted(one, module, **declared):
    """(result of the run, its write calls), after check mode has said the same and written nothing."""
    said, _calls, writes = one.run(module, check=True, **declared)
    assert writes == []
    done, _calls, writes = one.run(module, **declared)
    assert said["changed"] == done["changed"] and said["operations"] == done["operations"]
    assert said["diff"] == done["diff"]
    assert len(writes) == len(done["operations"])
    again, _calls, writes = one.run(module, **declared)
    assert not again["changed"] and writes == []
    return done


# -- characters beyond the Basic Multilingual Plane ---------------------------------------------------------------


@pytest.mark.parametrize("changed", [
    {"name": EMOJI}, {"new_name": EMOJI}, {"attributes": {"note": EMOJI}}, {"attributes": {"v": {"k": EMOJI}}},
    {"safe_dirs": ["/srv/" + EMOJI]}, {"restic_password": "hush" + EMOJI}, {"bridge_list": [EMOJI]},
    {"ceph_user": EMOJI}, {"secret_attributes": {"netapp_pass": "hush" + EMOJI}},
])
def test_a_character_that_no_call_can_carry_is_refused_in_a_datastore(one, changed):
    message = refused(one, "one_datastore", "beyond the Basic Multilingual Plane", "leave it out",
                      **dict(VIRTIOFS, **changed))
    assert "hush" not in message and "fault" not in message


@pytest.mark.parametrize("changed", [
    {"name": EMOJI}, {"path": "/srv/shares/" + EMOJI}, {"mount_tag": EMOJI}, {"mount_point": "/mnt/" + EMOJI},
    {"attributes": {"note": EMOJI}},
])
def test_and_in_an_image(one, changed):
    one.run("one_datastore", **VIRTIOFS)
    refused(one, "one_filesystem_image", "beyond the Basic Multilingual Plane", "leave it out",
            **dict(IMAGE, **changed))


def test_a_user_whose_password_no_call_can_carry(one):
    result = one.attempt("one_datastore_info", api_password="hush" + EMOJI)[0]
    assert "the password of the user for OpenNebula holds a character" in result["msg"] and "hush" not in result["msg"]


def test_what_the_database_holds_already_is_named_with_the_way_to_find_it(one):
    one.run("one_datastore", **VIRTIOFS)
    oned = one.endpoint.oned
    with oned.lock:
        store = oned.datastores.get(100)
        store.name = "d" + EMOJI
        oned.datastores.update(store)
    for module, declared in (("one_datastore_info", {}), ("one_datastore", VIRTIOFS), ("one_filesystem_image", IMAGE)):
        message = one.attempt(module, **declared)[0]["msg"]
        for word in ("one.datastorepool.info", "one of its datastores holds a character", "'onedatastore show ID'",
                     "'onedatastore rename ID NAME'"):
            assert word in message
    one.by_hand("one.datastore.rename", 100, "d")
    assert not one.run("one_datastore", **VIRTIOFS)[0]["changed"]


# -- images that a crash has left ---------------------------------------------------------------------------------


@pytest.fixture
def crashed():
    """A server that was ended while it registered the image i and deleted the image old; time: of the registration."""
    with opennebula(directories=[SHARE, "/srv/shares/other"], image_delay=0.3) as server:
        server.run("one_datastore", **VIRTIOFS)
        server.run("one_filesystem_image", **dict(IMAGE, name="old"))
        server.by_hand("one.image.delete", 0)
        server.by_hand("one.image.allocate", 'NAME="i"\nTYPE="FILESYSTEM"\nPATH="%s"' % SHARE, 100)
        server.endpoint.oned.crash()
        server.endpoint.oned.image_delay = 0.02
        yield server


def aged(one, number, seconds=3600):
    """Let an image have been registered that long ago."""
    with one.endpoint.oned.lock:
        image = one.endpoint.oned.images.get(number)
        image.registered -= seconds
        one.endpoint.oned.images.update(image)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_image_left_locked_is_named_at_once_and_goes_with_force(crashed, state):
    aged(crashed, 1)
    declared = dict(IMAGE, state=state)
    refused(crashed, "one_filesystem_image", "'i' (id 1) is LOCKED since", "Set force: true", **declared)
    done, writes = predicted_once(crashed, "one_filesystem_image", **dict(declared, force=True))
    assert writes == ["one.image.delete"] + ["one.image.allocate"] * (state == "present")
    assert done["deleted_ids"] == [1]
    if state == "present":
        assert (done["filesystem"]["id"], done["filesystem"]["state"]) == (2, "ready")
    assert not crashed.run("one_filesystem_image", **dict(declared, force=True))[0]["changed"]


def predicted_once(one, module, **declared):
    """As predicted(), for what a crash has left: (result, write calls)."""
    said = one.run(module, check=True, **declared)[0]
    done, _calls, writes = one.run(module, **declared)
    assert (said["operations"], said["diff"]) == (done["operations"], done["diff"])
    return done, writes


def test_one_that_may_still_be_registered_is_waited_for_and_then_explained(crashed):
    result = crashed.attempt("one_filesystem_image", wait_timeout=1, **IMAGE)[0]
    assert "it is in state locked. Where oned was restarted meanwhile it stays so: set force: true" in result["msg"]
    result, _calls, writes = crashed.attempt("one_filesystem_image", wait_timeout=1, name="i", state="absent")
    assert result["failed"] and "force: true" in result["msg"] and writes == []
    assert crashed.run("one_filesystem_image", name="i", state="absent", force=True)[0]["changed"]


def test_an_image_left_in_deletion_is_deleted_once_more(crashed):
    done, writes = predicted_once(crashed, "one_filesystem_image", name="old", datastore="d", state="absent")
    assert writes == ["one.image.delete"] and "delete it once more, id 0" in done["operations"][0]["summary"]
    assert not crashed.run("one_filesystem_image", name="old", state="absent")[0]["changed"]


def test_and_its_name_is_free_again_in_the_same_run(crashed):
    done, writes = predicted_once(crashed, "one_filesystem_image", **dict(IMAGE, name="old"))
    assert writes == ["one.image.delete", "one.image.allocate"] and done["filesystem"]["id"] == 2


def test_what_is_gone_when_it_is_to_be_deleted_once_more_counts_as_deleted(crashed, monkeypatch):
    from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import client
    real = client.Client.call

    def call(self, method, *arguments):
        if method == "one.image.delete":
            crashed.by_hand("one.image.delete", *arguments)
            while 0 in crashed.endpoint.oned.images.ids():
                pass
        return real(self, method, *arguments)

    monkeypatch.setattr(client.Client, "call", call)
    assert crashed.run("one_filesystem_image", name="old", state="absent")[0]["deleted_ids"] == [0]


# -- what the server would refuse half-way ------------------------------------------------------------------------


@pytest.fixture
def used(one):
    """A server on which the VM web1 runs on hv1 with the image i."""
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    one.by_hand("one.host.allocate", "hv1", "kvm", "kvm", -1)
    one.by_hand("one.vm.allocate", 'NAME="web1"\nCPU=1\nMEMORY=64\nDISK=[IMAGE_ID=0]')
    one.by_hand("one.vm.deploy", 0, 0)
    while "<LCM_STATE>3<" not in one.by_hand("one.vm.info", 0):
        pass
    return one


@pytest.mark.parametrize("changed, consequence", [
    ({"state": "absent"}, "so it is not deleted"),
    ({"persistent": True}, "so it is not made persistent"),
    ({"state": "disabled"}, "so it cannot be disabled"),
    ({"path": "/srv/shares/other", "replace": True}, "so it is not registered anew"),
])
def test_a_refusal_names_the_vm_and_what_can_be_done(used, changed, consequence):
    refused(used, "one_filesystem_image", "used by VM 0 (web1, RUNNING on hv1)", consequence, "Terminate",
            "never detaches", **dict(IMAGE, **changed))
    result, calls, _writes = used.run("one_filesystem_image", **IMAGE)
    assert not result["changed"] and calls == ["one.datastorepool.info", "one.imagepool.info"]


def test_a_vm_that_the_user_may_not_see_is_named_by_its_id(used):
    used.by_hand("one.user.allocate", "bob", "bobpass", "", [])
    used.by_hand("one.image.chmod", 0, 1, 1, 0, 1, 1, 0, 1, 1, 0)
    result = used.attempt("one_filesystem_image", api_username="bob", api_password="bobpass", name="i",
                          state="absent")[0]
    assert "is used by VM 0, so it is not deleted" in result["msg"]


@pytest.mark.parametrize("level, words", [(1, "any use"), (2, "all but use")])
def test_a_lock_is_named_with_who_has_it_and_since_when(one, level, words):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    one.by_hand("one.image.lock", 0, level, False)
    for changed in ({"mount_tag": "t"}, {"new_name": "j"}, {"persistent": True}, {"mode": "640"}, {"state": "disabled"},
                    {"state": "absent"}, {"path": "/srv/shares/other", "replace": True}):
        refused(one, "one_filesystem_image", "locked against %s by oneadmin since 20" % words, "'oneimage unlock 0'",
                **dict(IMAGE, **changed))
    assert not one.run("one_filesystem_image", **IMAGE)[0]["changed"]
    one.by_hand("one.image.unlock", 0)
    predicted(one, "one_filesystem_image", **dict(IMAGE, mount_tag="t"))


def test_a_lock_against_administration_is_only_for_admin_bits(one):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    one.by_hand("one.image.lock", 0, 3, False)
    predicted(one, "one_filesystem_image", **dict(IMAGE, mode="640", mount_tag="t"))
    refused(one, "one_filesystem_image", "locked against administration", **dict(IMAGE, mode="740"))


def test_an_image_is_disabled_and_enabled(one):
    one.run("one_datastore", **VIRTIOFS)
    made = predicted(one, "one_filesystem_image", **dict(IMAGE, state="disabled"))
    assert made["filesystem"]["state"] == "disabled"
    result = one.run("one_filesystem_image", **IMAGE)[0]
    assert not result["changed"] and "state: enabled enables it" in result["warnings"][0]
    again = predicted(one, "one_filesystem_image", replace=True, **dict(IMAGE, path="/srv/shares/other"))
    assert again["filesystem"]["state"] == "disabled", "what was set on the old one is set on the new one"
    there = dict(IMAGE, path="/srv/shares/other")
    done = predicted(one, "one_filesystem_image", **dict(there, state="enabled"))
    assert done["diff"] == {"before": {"i": {"state": "disabled"}}, "after": {"i": {"state": "ready"}}}
    assert predicted(one, "one_filesystem_image", **dict(there, state="disabled"))["changed"]


def test_a_directory_that_cannot_be_registered_is_not_hidden_by_disabling_it(one):
    one.run("one_datastore", **VIRTIOFS)
    result = one.attempt("one_filesystem_image", **dict(IMAGE, path="/opt", state="disabled"))[0]
    assert result["failed"] and "could not be registered: " in result["msg"]
    assert "<STATE>5<" in one.by_hand("one.image.info", 0)


@pytest.mark.parametrize("word", ["RBD", "FILE", "nonsense"])
def test_a_disk_type_in_an_images_template_is_removed(one, word):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    one.by_hand("one.image.update", 0, 'DISK_TYPE="%s"' % word, 1)
    done = predicted(one, "one_filesystem_image", **IMAGE)
    assert done["diff"]["before"]["i"] == {"attributes": {"DISK_TYPE": word}}
    assert "DISK_TYPE" not in one.by_hand("one.image.info", 0).partition("<TEMPLATE>")[2]


@pytest.mark.parametrize("word, kind", [("FILE_DS", "file"), ("SYSTEM_DS", "system")])
def test_a_type_that_somebody_changed_is_named_with_the_way_back(one, word, kind):
    one.run("one_datastore", **VIRTIOFS)
    one.by_hand("one.datastore.update", 100, 'TYPE="%s"' % word, 1)
    refused(one, "one_datastore", "'d' (id 100) is of type %s" % kind, "write type: image", **VIRTIOFS)
    predicted(one, "one_datastore", **dict(VIRTIOFS, type="image"))
