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
        server.run("one_filesystem_image", **(IMAGE | {"name": "old"}))
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
    assert writes == (["one.image.delete"] if state == "absent" else [
        "one.image.allocate", "one.image.chmod", "one.image.chown", "one.image.delete", "one.image.rename"])
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
    # Not even a slow machine takes it for one that was left behind.
    aged(crashed, 1, seconds=-600)
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
    done, writes = predicted_once(crashed, "one_filesystem_image", **(IMAGE | {"name": "old"}))
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
    ({"path": "/srv/shares/other", "replace": True}, "so it is not registered again"),
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
    predicted(one, "one_filesystem_image", **(IMAGE | {"mount_tag": "t"}))


def test_a_lock_against_administration_is_only_for_admin_bits(one):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    one.by_hand("one.image.lock", 0, 3, False)
    predicted(one, "one_filesystem_image", **dict(IMAGE, mode="640", mount_tag="t"))
    refused(one, "one_filesystem_image", "locked against administration", **(IMAGE | {"mode": "740"}))


def test_an_image_is_disabled_and_enabled(one):
    one.run("one_datastore", **VIRTIOFS)
    made = predicted(one, "one_filesystem_image", **(IMAGE | {"state": "disabled"}))
    assert made["filesystem"]["state"] == "disabled"
    result = one.run("one_filesystem_image", **IMAGE)[0]
    assert not result["changed"] and "state: enabled enables it" in result["warnings"][0]
    again = predicted(one, "one_filesystem_image", replace=True, **(IMAGE | {"path": "/srv/shares/other"}))
    assert again["filesystem"]["state"] == "disabled", "what was set on the old one is set on the new one"
    there = dict(IMAGE, path="/srv/shares/other")
    done = predicted(one, "one_filesystem_image", **(there | {"state": "enabled"}))
    assert done["diff"] == {"before": {"i": {"state": "disabled"}}, "after": {"i": {"state": "ready"}}}
    assert predicted(one, "one_filesystem_image", **(there | {"state": "disabled"}))["changed"]


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
    predicted(one, "one_datastore", **(VIRTIOFS | {"type": "image"}))


def test_what_a_datastore_holds_is_named_with_the_vms(used):
    used.by_hand("one.image.allocate", 'NAME="j"\nTYPE="FILESYSTEM"\nPATH="%s"' % SHARE, 100)
    while "<STATE>1<" not in used.by_hand("one.image.info", 1):
        pass
    held = "i (id 0, used by VM 0 (web1, RUNNING on hv1)), j (id 1, ready)"
    refused(used, "one_datastore", "is not empty: it holds the images " + held, name="d", state="absent")
    refused(used, "one_datastore", "holds 2 images (%s), so its tm_mad" % held, **(VIRTIOFS | {"tm_mad": "shared"}))


def test_the_vms_are_returned_where_they_are_asked_for(used):
    found, calls, _writes = used.run("one_filesystem_image_info", vms=True)
    web1 = {"id": 0, "name": "web1", "owner": "oneadmin", "state": "RUNNING", "host": "hv1"}
    assert found["filesystems"][0]["vms"] == [web1] and calls == ["one.imagepool.info", "one.vmpool.infoset"]
    found, calls, _writes = used.run("one_datastore_info", vms=True, name="d")
    assert found["datastores"][0]["vms"] == [web1]
    assert calls == ["one.datastorepool.info", "one.imagepool.info", "one.vmpool.infoset"]
    found, calls, _writes = used.run("one_datastore_info")
    assert "vms" not in found["datastores"][0] and calls == ["one.datastorepool.info"]
    used.by_hand("one.vm.action", "poweroff", 0)
    while "<STATE>8<" not in used.by_hand("one.vm.info", 0):
        pass
    assert used.run("one_filesystem_image_info", vms=True)[0]["filesystems"][0]["vms"][0]["state"] == "POWEROFF"


def test_nothing_is_asked_for_where_nothing_is_used(one):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    found, calls, _writes = one.run("one_filesystem_image_info", vms=True)
    assert found["filesystems"][0]["vms"] == [] and calls == ["one.imagepool.info"]


# -- secrets that a user cannot compare ---------------------------------------------------------------------------


def test_secrets_that_are_shown_encrypted_are_refused_and_never_written(one):
    backup = {"name": "b", "type": "backup", "ds_mad": "restic", "restic_password": "hush", "update_secrets": "always",
              "restic_sftp_server": "s", "restic_sftp_user": "u"}
    one.run("one_datastore", **backup)
    assert not one.run("one_datastore", **backup)[0]["changed"]
    one.by_hand("one.user.allocate", "bob", "bobpass", "", [])
    one.by_hand("one.datastore.chmod", 100, 1, 1, 0, 1, 1, 0, 1, 1, 0)
    bob = {"api_username": "bob", "api_password": "bobpass"}
    message = refused(one, "one_datastore", "RESTIC_PASSWORD of the datastore 'b' cannot be compared",
                      "member of the group oneadmin", "update_secrets: on_create", **dict(backup, **bob))
    assert "hush" not in message
    assert not one.run("one_datastore", **dict(backup, update_secrets="on_create", **bob))[0]["changed"]
    one.by_hand("one.user.chgrp", 2, 0)
    assert not one.run("one_datastore", **dict(backup, **bob))[0]["changed"]


# -- a registration that takes its time ---------------------------------------------------------------------------


def test_big_directories_are_registered_in_one_task(one):
    one.run("one_datastore", **VIRTIOFS)
    one.endpoint.oned.stat_delay = 1.2
    many = [dict(IMAGE, name="i%d" % number) for number in range(3)]
    done, _calls, writes = one.run("one_filesystem_images", timeout=1, filesystems=many)
    assert writes == ["one.image.allocate"] * 3 and done["warnings"] == []
    assert [image["state"] for image in done["filesystems"]] == ["ready"] * 3


def test_one_that_takes_too_long_is_explained_and_found_by_the_next_run(one):
    one.run("one_datastore", **VIRTIOFS)
    one.endpoint.oned.stat_delay = 1.5
    result = one.attempt("one_filesystem_image", register_timeout=1, **IMAGE)[0]
    for word in ("did not answer one.image.allocate within 1 s", "counts what is in the directory",
                 "register_timeout"):
        assert word in result["msg"]
    while "<NAME>i</NAME>" not in one.by_hand("one.imagepool.info", -2, -1, -1):
        pass
    assert one.run("one_filesystem_image", **IMAGE)[0]["filesystem"]["id"] == 0
    result = one.attempt("one_filesystem_image", register_timeout=0, **IMAGE)[0]
    assert "register_timeout 0 is not a positive number" in result["msg"]


def test_a_size_that_the_server_gave_up_on_is_explained(one, monkeypatch):
    one.run("one_datastore", **VIRTIOFS)
    oned = one.endpoint.oned
    monkeypatch.setattr(oned, "wait_for_stat", lambda: None)
    oned.stat_delay = 90
    result = one.attempt("one_filesystem_image", **IMAGE)[0]
    assert "Cannot parse image SIZE" in result["msg"] and "du -sm" in result["msg"] and "90 s" in result["msg"]


def test_a_registration_that_took_long_is_named():
    from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import image_plan
    from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Operation
    took = [Operation("one.image.allocate", name, "", seconds=seconds) for name, seconds in (("a", 45.2), ("b", 2))]
    assert image_plan.slow(took) == [
        "Registering a took OpenNebula 45 s: it counts what is in the directory (du) before it answers."]


# -- what the server adds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lists, added", [
    ({}, {"SAFE_DIRS": "/var/tmp", "RESTRICTED_DIRS": "/"}),
    ({"safe_dirs": []}, {"RESTRICTED_DIRS": "/"}),
    ({"restricted_dirs": []}, {"SAFE_DIRS": "/var/tmp"}),
    ({"safe_dirs": [], "restricted_dirs": []}, {}),
    ({"restricted_dirs": ["/home"]}, {"RESTRICTED_DIRS": "/home"}),
    ({"safe_dirs": ["/srv"]}, {"SAFE_DIRS": "/srv", "RESTRICTED_DIRS": "/"}),
])
def test_check_mode_shows_the_directories_that_the_server_adds(one, lists, added):
    declared = {"name": "d", "ds_mad": "virtiofs", "tm_mad": "local", **lists}
    said = one.run("one_datastore", check=True, **declared)[0]
    done = one.run("one_datastore", **declared)[0]
    assert said["diff"] == done["diff"] and said["operations"] == done["operations"]
    assert said["diff"]["after"]["d"].get("attributes", {}) == added
    for option in ("safe_dirs", "restricted_dirs"):
        assert said["datastore"].get(option) == done["datastore"].get(option)
    assert not one.run("one_datastore", **declared)[0]["changed"]


def test_the_diff_names_clusters(one):
    one.by_hand("one.cluster.allocate", "east")
    done = predicted(one, "one_datastore", **VIRTIOFS)
    assert done["diff"]["after"]["d"]["clusters"] == ["default"]
    done = predicted(one, "one_datastore", **dict(VIRTIOFS, clusters=["default", "east"]))
    assert (done["diff"]["before"]["d"], done["diff"]["after"]["d"]) == (
        {"clusters": ["default"]}, {"clusters": ["default", "east"]})
    done = predicted(one, "one_datastore", **dict(VIRTIOFS, clusters=[100]))
    assert done["diff"]["after"]["d"] == {"clusters": ["east"]}


# -- maps of users ------------------------------------------------------------------------------------------------


def test_the_map_of_each_host_is_read_where_opennebula_takes_it(one):
    one.by_hand("one.cluster.allocate", "east")
    for name, cluster in (("hv1", 0), ("hv2", 100), ("hv3", 100)):
        one.by_hand("one.host.allocate", name, "kvm", "kvm", cluster)
    one.by_hand("one.cluster.update", 100, 'DISK=[UID_MAP="300000",GID_MAP="300000"]', 1)
    one.by_hand("one.host.update", 2, 'DISK=[UID_MAP="200000"]', 1)
    found, calls, _writes = one.run("one_idmap_info")
    assert calls == ["one.hostpool.info", "one.clusterpool.info"]
    assert [(host["name"], host["cluster"], host["uid_map"], host["gid_map"]) for host in found["hosts"]] == [
        ("hv1", "default", "0:100000:65536", "0:100000:65536"), ("hv2", "east", "0:300000:65536", "0:300000:65536"),
        ("hv3", "east", "0:200000:65536", "0:300000:65536")]
    assert [host["name"] for host in one.run("one_idmap_info", hosts=["hv3", "hv1"])[0]["hosts"]] == ["hv1", "hv3"]
    refused = one.attempt("one_idmap_info", hosts=["hv3", "other"])[0]
    assert refused["failed"] and "does not show the host other to user oneadmin" in refused["msg"]
    assert "oneacl create '#ID HOST/* USE'" in refused["msg"]
    one.by_hand("one.host.update", 0, 'DISK=[UID_MAP="100000:1"]', 1)
    assert "'100000:1' of DISK of the host hv1 is not the first number of a range of 65536 users" in \
        one.attempt("one_idmap_info")[0]["msg"]


def test_a_map_in_an_image_has_no_effect_and_is_warned_of(one):
    one.run("one_datastore", **VIRTIOFS)
    result = one.run("one_filesystem_image", **dict(IMAGE, attributes={"uid_map": 200000}))[0]
    assert "The attribute UID_MAP of filesystem image 'i' has no effect" in result["warnings"][0]
