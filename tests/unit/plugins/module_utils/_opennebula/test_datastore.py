# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of datastores: what is refused, what is warned of, what is sent, against recorded bodies."""

import json
import pathlib

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import (
    datastore,
    datastore_plan,
    drivers,
    image,
    template,
)
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula.objects import NEW_ID, ServerState
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula.pool import Pool
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

FIXTURES = pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "opennebula"


def recorded(scenario, method):
    """The value of the first recorded answer to a method."""
    steps = json.loads((FIXTURES / scenario).read_text(encoding="utf-8"))["steps"]
    return next(step["response"][1] for step in steps if step["method"] == method)


CONFIG = drivers.read_config(recorded("system-datastore.json", "one.system.config"))
CLUSTERS = {0: "default", 100: "west", 101: "east"}
USERS = {0: "oneadmin", 2: "bob"}
GROUPS = {0: "oneadmin", 1: "users"}


def item(**options):
    """A declared datastore with the module's defaults."""
    defaults = {name: option.get("default") for name, option in datastore.argument_spec().items()}
    return dict(defaults, **options)


def known(number, name="projects", **changes):
    """A read-back datastore; C(template) adds to the attributes."""
    one = datastore.read(template.parse(recorded("seed-datastore.json", "one.datastore.info")))
    one.update(id=number, name=name)
    one["template"] = dict(one["template"], **changes.pop("template", {}))
    one.update(changes)
    return one


def system(number, tm_mad, clusters=(0,), name=None):
    return known(number, name or "system%d" % number, type="system", ds_mad="-", tm_mad=tm_mad, disk_type="FILE",
                 cluster_ids=list(clusters))


def world(*datastores, config=CONFIG, version=None):
    return ServerState(datastores or [system(0, "local")], clusters=CLUSTERS, users=USERS, groups=GROUPS, config=config,
                       version=version)


def planned(*declared, on=None, absent_images=()):
    return datastore_plan.plan_all(datastore.validated([item(**one) for one in declared]), on or world(), absent_images)


def refusal(*declared, on=None):
    with pytest.raises(Refusal) as caught:
        planned(*declared, on=on)
    return str(caught.value)


def sent(plan):
    """[(method, arguments without the object itself), ...]"""
    return [(one.name, [value for value in one.arguments["call"] if value is not NEW_ID])
            for one in plan.operations]


VIRTIOFS = {"name": "projects", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv/shares"]}


# -- reading -----------------------------------------------------------------------------------------------------


def test_the_recorded_seed_datastore_is_read_from_its_body():
    one = datastore.read(template.parse(recorded("seed-datastore.json", "one.datastore.info")))
    assert (one["type"], one["disk_type"], one["ds_mad"], one["tm_mad"], one["state"], one["mode"]) == (
        "image", "FILESYSTEM", "virtiofs", "local", "ready", "640")
    assert one["cluster_ids"] == [0]
    shown = datastore.public(one)
    assert shown["safe_dirs"] == ["/var/tmp"] and shown["restricted_dirs"] == ["/"]
    assert shown["permissions"] == "um-u-----" and shown["attributes"] == {}
    assert shown["server_attributes"]["LN_TARGET"] == "SYSTEM"


def test_the_recorded_pool_is_read_by_id():
    pool = datastore.read_pool(recorded("bad-templates.json", "one.datastorepool.info"))
    assert [(one["id"], one["name"], one["type"]) for one in pool] == [
        (0, "system", "system"), (1, "default", "image"), (2, "files", "file")]


def test_the_recorded_configuration_names_drivers_and_what_they_require():
    assert CONFIG.ds_mads["ceph"] == ["DISK_TYPE", "BRIDGE_LIST"] and CONFIG.ds_mads["virtiofs"] == []
    assert CONFIG.forced_disk_type("fs_lvm") == "BLOCK" and CONFIG.forced_disk_type("virtiofs") == "FILESYSTEM"
    assert CONFIG.forced_disk_type("local") is None


def test_secrets_never_show():
    one = known(100, template={"RESTIC_PASSWORD": ["cipher"], "OTHER_TOKEN": ["t"]})
    shown = datastore.public(one)
    assert shown["restic_password"] == "(hidden)" and shown["attributes"] == {"OTHER_TOKEN": "(hidden)"}


# -- creating ----------------------------------------------------------------------------------------------------


def test_a_virtiofs_datastore_always_sends_its_disk_type():
    plan, after = planned(VIRTIOFS)
    assert sent(plan) == [("one.datastore.allocate", [
        'NAME="projects"\nDISK_TYPE="FILESYSTEM"\nDS_MAD="virtiofs"\nRESTRICTED_DIRS="/"\nSAFE_DIRS="/srv/shares"\n'
        'TM_MAD="local"\nTYPE="IMAGE_DS"\n', 0])]
    assert after[0]["disk_type"] == "FILESYSTEM" and plan.warnings == []
    assert plan.diff()["before"] == {"projects": {"state": "absent"}}


def test_drivers_are_sent_in_lower_case():
    plan, _after = planned(dict(VIRTIOFS, ds_mad="VirtioFS", tm_mad="LOCAL"))
    document = plan.operations[0].arguments["call"][0]
    assert 'DS_MAD="virtiofs"' in document and 'TM_MAD="local"' in document


@pytest.mark.parametrize("disk_type", ["FILE", "BLOCK", "RBD"])
def test_another_disk_type_is_refused_for_virtiofs(disk_type):
    assert "FILESYSTEM is always sent" in refusal(dict(VIRTIOFS, disk_type=disk_type))
    # Also where the driver is not declared but found.
    assert "FILESYSTEM is always sent" in refusal(
        {"name": "projects", "disk_type": disk_type}, on=world(known(100), system(0, "local")))


def test_missing_safe_dirs_are_warned_of():
    plan, _after = planned({"name": "projects", "ds_mad": "virtiofs", "tm_mad": "local"})
    assert len(plan.warnings) == 1 and "Declare safe_dirs" in plan.warnings[0]
    plan, _after = planned({"name": "projects"}, on=world(known(100), system(0, "local")))
    assert "Declare safe_dirs" in plan.warnings[0] and not plan.changed
    plan, _after = planned({"name": "projects"}, on=world(known(100, template={"SAFE_DIRS": ["/srv"]})))
    assert plan.warnings == []


def test_declaring_both_lists_empty_removes_what_the_server_puts_there():
    plan, _after = planned(dict(VIRTIOFS, safe_dirs=[], restricted_dirs=[]))
    assert sent(plan)[1:] == [("one.datastore.update", ["RESTRICTED_DIRS=[]\nSAFE_DIRS=[]\n", 1])]


@pytest.mark.parametrize("systems, tm_mad, words", [
    ([("local", [0])], "local", None),
    ([("shared", [0])], "shared", None),
    ([("shared", [100])], "virtiofs", "No system datastore"),
    ([("shared", [0]), ("shared", [0]), ("local", [0])], "shared", "differ in TM_MAD"),
    ([("shared", [0]), ("local", [100])], "shared", None),
    ([("fs_lvm", [0])], "virtiofs", "block devices"),
])
def test_a_missing_tm_mad_follows_the_system_datastores(systems, tm_mad, words):
    there = [system(number, name, clusters) for number, (name, clusters) in enumerate(systems, 200)]
    plan, after = planned(dict(VIRTIOFS, tm_mad=None), on=world(*there))
    assert after[0]["tm_mad"] == tm_mad
    assert [words in warning for warning in plan.warnings] == ([] if words is None else [True])


def test_it_follows_a_system_datastore_of_the_same_call_too():
    plan, after = planned(dict(VIRTIOFS, tm_mad=None, clusters=["west"]),
                          {"name": "west-system", "type": "system", "tm_mad": "ssh", "clusters": ["west"]},
                          on=world(system(0, "local")))
    assert after[0]["tm_mad"] == "ssh"
    assert [one.target for one in plan.operations] == ["west-system", "projects"]


@pytest.mark.parametrize("tm_mad", ["ssh", "virtiofs"])
def test_a_given_tm_mad_that_does_not_match_is_warned_of(tm_mad):
    plan, _after = planned(dict(VIRTIOFS, tm_mad=tm_mad))
    assert len(plan.warnings) == 1 and "is not that of the system datastores" in plan.warnings[0]


def test_a_transfer_driver_that_spoils_the_disk_type_is_refused():
    assert "always makes it BLOCK" in refusal(dict(VIRTIOFS, tm_mad="fs_lvm"))


def test_drivers_the_server_lacks_are_named_before_anything_is_made():
    assert "datastore driver 'nope', which this OpenNebula does not have" in refusal(dict(VIRTIOFS, ds_mad="nope"))
    assert "transfer driver 'nope', which this OpenNebula does not have" in refusal(dict(VIRTIOFS, tm_mad="nope"))


def test_a_server_without_virtiofs_is_told_the_release_that_has_it():
    old = drivers.Config({"fs": []}, {"local": {}})
    text = refusal(VIRTIOFS, on=world(system(0, "local"), config=old, version="7.0.1"))
    assert "7.2.0" in text and "this server is 7.0.1" in text


def test_attributes_a_driver_requires_are_asked_for():
    ceph = {"name": "c", "ds_mad": "ceph", "tm_mad": "ceph"}
    assert "requires DISK_TYPE; give the option disk_type" in refusal(ceph)
    assert "requires BRIDGE_LIST; give the option bridge_list" in refusal(dict(ceph, disk_type="RBD"))
    assert planned(dict(ceph, disk_type="RBD", bridge_list=["hv1"]))[1][0]["disk_type"] == "RBD"
    netapp = {"name": "n", "ds_mad": "netapp", "tm_mad": "netapp"}
    assert "requires NETAPP_HOST; give it in attributes" in refusal(netapp)


@pytest.mark.parametrize("declared, words", [
    ({"name": "x"}, "has no ds_mad"),
    ({"name": "x", "ds_mad": "fs"}, "has no tm_mad"),
    ({"name": "x", "type": "system", "ds_mad": "fs", "tm_mad": "local"}, "has no ds_mad"),
    ({"name": "x", "type": "backup", "ds_mad": "rsync", "tm_mad": "local"}, "has no tm_mad"),
    ({"name": "x", "type": "file", "ds_mad": "fs", "tm_mad": "local", "disk_type": "RBD"}, "always FILE"),
    ({"name": "x", "type": "system", "ds_mad": "virtiofs"}, "no ds_mad"),
    ({"name": "x", "type": "file", "ds_mad": "virtiofs"}, "always of type image"),
    ({"name": "x", "ds_mad": "fs", "tm_mad": "local", "type": "image", "state": "disabled"}, "system datastores only"),
    ({"name": "x", "ds_mad": "fs", "tm_mad": "local", "state": "enabled"}, "system datastores only"),
    ({"name": "x", "ds_mad": "two words", "tm_mad": "local"}, "not a driver's name"),
    ({"id": 4711}, "No datastore has the id 4711"),
    ({}, "neither name nor id"),
    (dict(VIRTIOFS, clusters=["nowhere"]), "it has 'default', 'west', 'east'"),
    (dict(VIRTIOFS, clusters=["west", "100"]), "the cluster 'west' twice"),
    (dict(VIRTIOFS, owner="nobody"), "the user 'nobody', which OpenNebula does not have"),
    (dict(VIRTIOFS, group="77"), "the group '77', which OpenNebula does not have"),
    (dict(VIRTIOFS, mode=640), "write it in quotes"),
    (dict(VIRTIOFS, mode="1777"), "three octal digits"),
    (dict(VIRTIOFS, mode="rw-r-----"), "three octal digits"),
    (dict(VIRTIOFS, safe_dirs=["srv"]), "not an absolute path"),
    (dict(VIRTIOFS, safe_dirs=["/srv/a b"]), "cut off or misread"),
    # As OpenNebula keeps it, and Ansible makes one element of.
    (dict(VIRTIOFS, safe_dirs=["/var/tmp /tmp"]), "'/var/tmp /tmp' is a list in one text, as OpenNebula keeps it; write a list: "
     "[/var/tmp, /tmp]"),
    (dict(VIRTIOFS, restricted_dirs=["/etc:/root"]), "write a list: [/etc, /root]"),
    (dict(VIRTIOFS, safe_dirs=["/srv/*"]), "cut off or misread"),
    (dict(VIRTIOFS, safe_dirs=["/srv/../etc"]), "write /etc"),
    (dict(VIRTIOFS, safe_dirs=["/srv/"]), "write /srv"),
    (dict(VIRTIOFS, safe_dirs=["/srv", "/srv"]), "/srv twice"),
    (dict(VIRTIOFS, restricted_dirs=["etc"]), "not an absolute path"),
    (dict(VIRTIOFS, limit_mb=-1), "whole number from 0"),
    (dict(VIRTIOFS, bridge_list=["hv1 hv2"]), "one word without blanks"),
    (dict(VIRTIOFS, attributes={"SAFE_DIRS": "/x"}), "write safe_dirs instead"),
    (dict(VIRTIOFS, attributes={"NAME": "x"}), "use the option name"),
    (dict(VIRTIOFS, attributes={"cluster": "x"}), "use the option clusters"),
    (dict(VIRTIOFS, attributes={"DISK_TYPE": "FILE"}), "use the option disk_type"),
    (dict(VIRTIOFS, attributes={"BASE_PATH": "/x"}), "belongs to OpenNebula"),
    (dict(VIRTIOFS, attributes={"CLONE_TARGET": "SELF"}), "belongs to OpenNebula"),
    (dict(VIRTIOFS, attributes={"LN_TARGET_SSH": "SELF"}), "belongs to OpenNebula"),
    (dict(VIRTIOFS, attributes={"DS_MIGRATE_SNAP": "YES"}), "belongs to OpenNebula"),
])
def test_a_wrong_declaration_is_refused_with_what_to_write(declared, words):
    assert words in refusal(declared)


def test_every_problem_of_a_list_is_reported_at_once():
    text = refusal(dict(VIRTIOFS, mode=640), dict(VIRTIOFS, name="MyStore", safe_dirs=["x"]))
    assert "datastore 'projects'" in text and "Datastore 'MyStore': safe_dirs 'x'" in text
    assert "declared twice" in refusal(VIRTIOFS, VIRTIOFS)


@pytest.mark.parametrize("kind, expected", [
    ({"type": "system", "tm_mad": "shared"}, 'NAME="x"\nTM_MAD="shared"\nTYPE="SYSTEM_DS"\n'),
    ({"type": "file", "ds_mad": "fs", "tm_mad": "local"}, 'NAME="x"\nDS_MAD="fs"\nTM_MAD="local"\nTYPE="FILE_DS"\n'),
    ({"type": "backup", "ds_mad": "rsync", "rsync_host": "b1", "rsync_user": "u"},
     'NAME="x"\nDS_MAD="rsync"\nRSYNC_HOST="b1"\nRSYNC_USER="u"\nTYPE="BACKUP_DS"\n'),
    ({"ds_mad": "fs", "tm_mad": "fs_lvm"}, 'NAME="x"\nDS_MAD="fs"\nTM_MAD="fs_lvm"\nTYPE="IMAGE_DS"\n'),
])
def test_each_kind_sends_what_the_server_takes(kind, expected):
    plan, _after = planned(dict(kind, name="x"))
    assert plan.operations[0].arguments["call"][0] == expected


def test_more_clusters_owner_and_mode_take_a_call_each_after_the_creation():
    plan, after = planned(dict(VIRTIOFS, clusters=["east", "100"], owner="bob", group="users", mode="um-um-u--"))
    assert sent(plan)[0][1][1] == 100
    assert sent(plan)[1:] == [
        ("one.cluster.adddatastore", [101]), ("one.datastore.chmod", [1, 1, 0, 1, 1, 0, 1, 0, 0]),
        ("one.datastore.chown", [2, 1])]
    assert after[0]["mode"] == "664" and after[0]["cluster_ids"] == [100, 101]


def test_no_cluster_at_all_is_left_again_after_the_creation():
    plan, _after = planned(dict(VIRTIOFS, clusters=[]))
    assert sent(plan)[0][1][1] == -1 and sent(plan)[1] == ("one.cluster.deldatastore", [0])


# -- changing ----------------------------------------------------------------------------------------------------


def test_what_the_server_adds_is_no_difference():
    there = known(100, template={"DISK_TYPE": ["filesystem"], "TYPE": ["image_ds"], "SAFE_DIRS": ["/b  /a"]})
    del there["template"]["ALLOW_ORPHANS"]
    plan, _after = planned(dict(VIRTIOFS, safe_dirs=["/a", "/b"], type="image", disk_type="FILESYSTEM",
                                clusters=["default"], owner="oneadmin", group="0", mode="640"),
                           on=world(there, system(0, "local")))
    assert not plan.changed and plan.diff() == {"before": {}, "after": {}}


def test_a_file_datastore_behind_the_virtiofs_driver_is_mended():
    plan, _after = planned({"name": "projects", "safe_dirs": ["/var/tmp"]}, on=world(known(100, disk_type="FILE")))
    assert sent(plan) == [("one.datastore.update", [100, 'DISK_TYPE="FILESYSTEM"\n', 1])]


@pytest.mark.parametrize("declared, there", [
    ({"ds_mad": "fs"}, {}), ({"tm_mad": "shared"}, {}), ({"type": "file", "ds_mad": "fs"}, {}),
    ({"disk_type": "FILE"}, {"ds_mad": "fs", "disk_type": "BLOCK"}), ({}, {"disk_type": "FILE"}),
])
def test_drivers_and_type_stay_while_images_are_inside(declared, there):
    on = world(known(100, image_ids=[5], **there), system(0, "local"))
    declared = dict(declared, name="projects", safe_dirs=["/var/tmp"])
    assert "holds 1 image" in refusal(declared, on=on) and "allow_driver_change" in refusal(declared, on=on)
    assert planned(dict(declared, allow_driver_change=True), on=on)[0].changed
    list(on.datastores)[0]["image_ids"] = []
    assert planned(declared, on=on)[0].changed


def test_a_driver_in_another_case_is_mended_even_with_images():
    plan, _after = planned(VIRTIOFS, on=world(known(100, ds_mad="VirtioFS", image_ids=[5],
                                                    template={"SAFE_DIRS": ["/srv/shares"]})))
    assert sent(plan) == [("one.datastore.update", [100, 'DS_MAD="virtiofs"\n', 1])]


def test_a_new_transfer_driver_takes_the_disk_type_along_and_clears_what_the_old_one_left():
    there = known(100, ds_mad="fs", tm_mad="shared", disk_type="FILE", template={
        "TM_MAD_SYSTEM": ["ssh"], "LN_TARGET_SSH": ["SYSTEM"], "DRIVER": ["raw"]})
    plan, after = planned({"name": "projects", "tm_mad": "fs_lvm"}, on=world(there))
    assert sent(plan) == [("one.datastore.update", [
        100, 'DISK_TYPE="BLOCK"\nDRIVER=[]\nLN_TARGET_SSH=[]\nTM_MAD="fs_lvm"\nTM_MAD_SYSTEM=[]\n', 1])]
    assert after[0]["disk_type"] == "BLOCK"
    back, after = planned({"name": "projects", "tm_mad": "local"}, on=world(dict(after[0])))
    assert 'DISK_TYPE="FILE"' in sent(back)[0][1][1] and after[0]["disk_type"] == "FILE"


@pytest.mark.parametrize("kind, there", [("backup", "image"), ("image", "backup"), ("system", "backup")])
def test_a_type_the_server_never_changes_is_refused(kind, there):
    assert "OpenNebula never changes" in refusal({"name": "projects", "type": kind},
                                                 on=world(known(100, type=there, ds_mad="rsync")))


def test_attributes_are_appended_and_removed_one_by_one():
    there = known(100, template={"NOTE": ["old"], "GONE": ["x"], "OTHER": ["kept"], "SAFE_DIRS": ["/srv"]})
    plan, after = planned({"name": "projects", "safe_dirs": ["/srv"], "attributes": {"note": "new", "gone": None}},
                          on=world(there))
    assert sent(plan) == [("one.datastore.update", [100, 'GONE=[]\nNOTE="new"\n', 1])]
    assert plan.diff() == {"before": {"projects": {"attributes": {"GONE": "x", "NOTE": "old"}}},
                           "after": {"projects": {"attributes": {"NOTE": "new"}}}}
    assert after[0]["template"]["OTHER"] == ["kept"]


def test_exact_attributes_remove_the_others_but_not_what_keeps_the_server_safe_or_is_its_own():
    there = known(100, template={"NOTE": ["old"], "OTHER": ["gone"], "LIMIT_MB": ["5"], "SAFE_DIRS": ["/srv"]})
    plan, _after = planned({"name": "projects", "attributes": {"note": "old"}, "attributes_mode": "exact"},
                           on=world(there))
    assert sent(plan) == [("one.datastore.update", [100, "LIMIT_MB=[]\nOTHER=[]\n", 1])]


def test_repeated_and_vector_attributes_compare_by_what_they_hold():
    there = known(100, template={"MANY": ["b", "a"], "V": [{"key": "1"}], "SAFE_DIRS": ["/srv"]})
    same = {"name": "projects", "attributes": {"many": ["a", "b"], "v": {"KEY": 1}}}
    assert not planned(same, on=world(there))[0].changed
    other = {"name": "projects", "attributes": {"many": ["a"], "v": {"KEY": 2}}}
    assert sent(planned(other, on=world(there))[0])[0][1][1] == 'MANY="a"\nV=[KEY="2"]\n'


def test_secrets_are_sent_once_and_never_shown():
    restic = {"name": "projects", "restic_password": "s3cret"}
    base = dict(type="backup", ds_mad="restic", tm_mad="-", disk_type="FILE")
    there = known(100, template={"RESTIC_PASSWORD": ["cipher"]}, **base)
    assert not planned(restic, on=world(there))[0].changed
    plan, _after = planned(dict(restic, update_secrets="always"), on=world(there))
    assert plan.changed and "s3cret" not in str(plan.result())
    plan, _after = planned(restic, on=world(known(100, **base)))
    assert plan.changed and "s3cret" not in str(plan.result())


@pytest.mark.parametrize("declared", [{"nfs_auto_enable": True}, {"lvm_thin_enable": True}, {"nfs_auto_host": "n"}])
def test_options_the_server_fixes_while_images_are_inside_are_refused(declared):
    assert "does not change" in refusal(dict(declared, name="projects"), on=world(known(100, image_ids=[1])))


def test_clusters_are_the_exact_set_and_joined_before_others_are_left():
    plan, _after = planned({"name": "projects", "clusters": ["west"], "safe_dirs": ["/var/tmp"]}, on=world(known(100)))
    assert sent(plan) == [("one.cluster.adddatastore", [100, 100]), ("one.cluster.deldatastore", [0, 100])]
    assert plan.diff()["before"]["projects"] == {"clusters": ["default"]}


@pytest.mark.parametrize("state, now, expected", [
    ("disabled", "ready", [("one.datastore.enable", [100, False])]),
    ("enabled", "disabled", [("one.datastore.enable", [100, True])]),
    ("disabled", "disabled", []), ("enabled", "ready", []), ("present", "disabled", []),
])
def test_a_system_datastore_is_enabled_and_disabled(state, now, expected):
    there = system(100, "local", name="projects")
    there["state"] = now
    assert sent(planned({"name": "projects", "state": state}, on=world(there))[0]) == expected


def test_only_system_datastores_are_disabled():
    assert "system datastores only" in refusal({"name": "projects", "state": "disabled"}, on=world(known(100)))


# -- identity ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["00", "0100", "\u00b2", "\u0663", "+1", "-1"])
def test_what_is_not_written_as_an_id_is_a_name(word):
    on = world(known(0), known(100), known(2), known(3))
    for option in ("owner", "group", "clusters"):
        value = [word] if option == "clusters" else word
        assert "%r, which OpenNebula does not have" % word in refusal(dict(VIRTIOFS, **{option: value, "id": 100}), on=on)
    assert image.find_datastore({"datastore": word, "name": "i"}, on.datastores) is None
    found = known(100, template={"COMPATIBLE_SYS_DS": ["%s, 1" % word]})
    assert datastore.public(found)["compatible_sys_ds"] == [word, 1]


def test_one_datastore_declared_by_its_name_and_by_its_id_is_refused():
    assert "(id 100) is declared twice" in refusal({"name": "projects"}, {"id": 100, "mode": "640"}, on=world(known(100)))


ABSENT = {"name": "old", "state": "absent"}


@pytest.mark.parametrize("declared", [
    [{"name": "projects"}, ABSENT, {"id": 100}],
    [{"id": 100}, ABSENT, {"name": "projects"}],
    [{"id": 100, "state": "absent"}, ABSENT, VIRTIOFS],
    [{"id": 100, "state": "absent"}, ABSENT, {"name": "projects", "state": "absent"}],
    [{"name": "projects", "state": "absent"}, ABSENT, {"id": 100, "mode": "640"}],
    [{"id": 100, "state": "absent"}, ABSENT, dict(VIRTIOFS, name="projects", new_name="work")],
    [dict(VIRTIOFS, type="system", ds_mad=None, tm_mad="shared"), ABSENT, {"id": 100, "state": "absent"}],
])
def test_one_that_another_entry_of_the_list_takes_away_is_declared_twice_too(declared):
    assert "(id 100) is declared twice in one list, once by another name or by its id" in refusal(
        *declared, on=world(known(100), known(101, "old")))


def test_the_wrong_one_of_two_of_a_name_goes_by_its_id_and_the_other_stays_by_its_name():
    plan, after = planned({"id": 107, "state": "absent"}, {"name": "projects"}, on=world(known(100), known(107)))
    assert sent(plan) == [("one.datastore.delete", [107])] and after[1]["id"] == 100


def test_two_of_a_name_are_reported_with_both_ids():
    on = world(known(100), known(107))
    for declared in ({"name": "projects"}, {"name": "projects", "state": "absent"}):
        assert "2 datastores are named 'projects' (ids 100 and 107)" in refusal(declared, on=on)
    assert sent(planned({"id": 107, "state": "absent"}, on=on)[0]) == [("one.datastore.delete", [107])]


def test_renaming():
    renaming = {"name": "projects", "new_name": "work", "safe_dirs": ["/var/tmp"]}
    plan, _after = planned(renaming, on=world(known(100)))
    assert sent(plan) == [("one.datastore.rename", [100, "work"])]
    assert not planned(renaming, on=world(known(100, "work")))[0].changed
    assert "has that name already" in refusal(renaming, on=world(known(100), known(101, "work")))
    plan, _after = planned(dict(VIRTIOFS, new_name="work"))
    assert 'NAME="work"' in sent(plan)[0][1][0]
    assert "named 'other', not 'projects'" in refusal({"id": 100, "name": "projects"}, on=world(known(100, "other")))


def test_a_name_and_an_id_that_look_alike_are_not_confused():
    on = world()
    on.clusters = {0: "default", 100: "101", 101: "east"}
    assert "is the name of cluster 100 and the id of cluster 101" in refusal(dict(VIRTIOFS, clusters=["101"]), on=on)
    on.clusters = {0: "default", 100: "12"}
    assert planned(dict(VIRTIOFS, clusters=["12"]), on=on)[1][0]["cluster_ids"] == [100]


# -- deleting ----------------------------------------------------------------------------------------------------


def test_deleting():
    gone = {"name": "projects", "state": "absent"}
    assert not planned(gone)[0].changed
    plan, after = planned(gone, on=world(known(100)))
    assert sent(plan) == [("one.datastore.delete", [100])] and after == [None]
    assert "it holds the images 4, 5" in refusal(gone, on=world(known(100, image_ids=[4, 5])))
    plan, _after = planned(gone, on=world(known(100, image_ids=[4, 5])), absent_images=[4, 5])
    assert plan.changed


@pytest.mark.parametrize("number", [0, 1, 2, 99])
def test_opennebulas_own_datastores_stay(number):
    gone = {"name": "projects", "state": "absent"}
    assert "allow_default_datastore: true" in refusal(gone, on=world(known(number)))
    assert planned(dict(gone, allow_default_datastore=True), on=world(known(number)))[0].changed


# -- what has to be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("declared, expected", [
    ({}, set()),
    ({"clusters": ["default"]}, {"clusters"}),
    ({"owner": "oneadmin", "group": "oneadmin"}, set()),
    ({"owner": "bob"}, {"users"}),
    ({"group": "1"}, {"groups"}),
    ({"tm_mad": "shared"}, {"config"}),
    ({"name": "new", "owner": "bob"}, {"users", "config"}),
    ({"name": "new", "state": "absent", "clusters": ["west"]}, set()),
])
def test_only_what_is_needed_is_read(declared, expected):
    desired = datastore.validated([item(**dict({"name": "projects"}, **declared))])
    assert datastore.needs(desired, Pool([known(100)])) == expected


def test_a_configuration_that_cannot_be_read_does_not_stop_the_plan():
    assert planned(VIRTIOFS, on=world(system(0, "local"), config=None))[0].changed
