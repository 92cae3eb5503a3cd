# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules make of each rule by which OpenNebula keeps something else than it was sent, or says nothing.

The rules themselves are in test_opennebula_rules*.py. Each test here fails when the modules stop minding its rule.
"""
# A keyword of dict(DECLARED, keyword=…) is taken for one of the call that it is unpacked into.
# pylint: disable=repeated-keyword

import multiprocessing
import threading
import typing
import xmlrpc.client

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import client, template

from tests.support.modules import run_module
from tests.support.nasty import HARMLESS_IN_NAMES, Nasty
from tests.support.opennebula import PASSWORD, USER, opennebula

ALLOCATE, UPDATE = "one.datastore.allocate", "one.datastore.update"
SHARE = "/srv/shares/projects"
VIRTIOFS = {"name": "d", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv/shares"]}
FILES = {"name": "d", "ds_mad": "fs", "tm_mad": "local"}
IMAGE = {"name": "i", "datastore": "d", "path": SHARE}


@pytest.fixture
def one():
    with opennebula(directories=[SHARE, "/srv/shares/other"]) as server:
        yield server


def by_hand(one, *lines, cluster=-1):
    """The id of a datastore named d that somebody made past Ansible."""
    return one.by_hand(ALLOCATE, "\n".join(['NAME="d"', *lines]), cluster)


def converged(one, module="one_datastore", **declared):
    """The object of a run that has nothing to do, and says so in check mode too."""
    for check in (True, False):
        result, _calls, writes = one.run(module, check=check, **declared)
        assert not result["changed"] and writes == [], result["operations"]
    return result.get("datastore") or result.get("filesystem")


def changed(one, module="one_datastore", **declared):
    """(object, write calls) of a run that has something to do, and leaves nothing for the next one."""
    result, _calls, writes = one.run(module, **declared)
    assert result["changed"]
    after = converged(one, module, **declared)
    assert after == (result.get("datastore") or result.get("filesystem"))
    return after, writes


def refused(one, *words, module="one_datastore", **declared):
    """A run that fails with these words before it has written anything."""
    for check in (True, False):
        result, _calls, writes = one.attempt(module, check=check, **declared)
        assert result["failed"] and writes == []
        for word in words:
            assert word in result["msg"]


def shown(one, number=100):
    """The one datastore of that id, as one_datastore_info shows it."""
    return one.run("one_datastore_info", id=number)[0]["datastores"][0]


# -- type, drivers, disk type ------------------------------------------------------------------------------------


def test_type_and_disk_type_are_taken_from_the_body_not_from_the_template(one):
    number = by_hand(one, "DS_MAD=fs", "TM_MAD=local")
    one.by_hand(UPDATE, number, "TM_MAD=fs_lvm", 1)
    # The template says BLOCK now, but a VM would get a file.
    assert shown(one)["disk_type"] == "FILE" and shown(one)["type"] == "image"
    after, writes = changed(one, **dict(FILES, tm_mad="fs_lvm"))
    assert writes == [UPDATE] and after["disk_type"] == "BLOCK"


@pytest.mark.parametrize("line", ["", "TYPE=image_ds", "TYPE=Image_DS", "TYPE=garbage"])
def test_a_type_that_was_omitted_or_written_anyhow_is_no_difference(one, line):
    by_hand(one, "DS_MAD=fs", "TM_MAD=local", line)
    assert converged(one, type="image", **FILES)["type"] == "image"
    assert [found["name"] for found in one.run("one_datastore_info", type="image")[0]["datastores"]] == ["default", "d"]


def test_a_disk_type_in_lower_case_or_gone_from_the_template_is_no_difference(one):
    number = one.run("one_datastore", **dict(VIRTIOFS, tm_mad="virtiofs"))[0]["datastore"]["id"]
    declared = dict(VIRTIOFS, tm_mad="virtiofs", disk_type="FILESYSTEM")
    one.by_hand(UPDATE, number, 'NOTE="filesystem"', 1)
    converged(one, **declared)
    one.by_hand(UPDATE, number, 'SAFE_DIRS="/srv/shares"', 0)
    assert converged(one, **declared)["disk_type"] == "FILESYSTEM"


def test_a_transfer_driver_that_overrides_the_disk_type_is_refused_for_directories(one):
    refused(one, "always makes it BLOCK", "such as local or virtiofs", **dict(VIRTIOFS, tm_mad="fs_lvm"))


def test_another_transfer_driver_is_there_after_one_run_and_leaves_nothing_behind(one):
    one.run("one_datastore", **dict(FILES, tm_mad="qcow2"))
    assert {"TM_MAD_SYSTEM", "LN_TARGET_SSH", "DRIVER"} <= set(shown(one)["server_attributes"])
    after, writes = changed(one, **dict(FILES, tm_mad="fs_lvm"))
    assert writes == [UPDATE] and (after["tm_mad"], after["disk_type"]) == ("fs_lvm", "BLOCK")
    assert after["server_attributes"]["DRIVER"] == "raw"
    after, writes = changed(one, **FILES)
    assert writes == [UPDATE] and (after["tm_mad"], after["disk_type"]) == ("local", "FILE")
    assert not [name for name in after["server_attributes"] if name.endswith("_SSH")]
    assert not {"TM_MAD_SYSTEM", "DRIVER"} & set(after["server_attributes"])


SERVER_OWNED = [
    "CLONE_TARGET", "LN_TARGET", "ALLOW_ORPHANS", "PERSISTENT_SNAPSHOTS", "DATASTORE_CAPACITY_CHECK", "DRIVER",
    "SHARED", "DS_MIGRATE", "DS_MIGRATE_SNAP", "DS_LIVE_MIGRATE", "TM_MAD_SYSTEM", "CLONE_TARGET_SSH", "LN_TARGET_SSH",
    "DISK_TYPE_SSH", "BASE_PATH"]


@pytest.mark.parametrize("name", SERVER_OWNED)
def test_what_the_server_sets_itself_is_refused_as_input(one, name):
    refused(one, name, "belongs to OpenNebula", attributes={name.lower(): "x"}, **FILES)


@pytest.mark.parametrize("declared", [
    dict(FILES, tm_mad="qcow2"), dict(VIRTIOFS, tm_mad="virtiofs"), {"name": "d", "type": "system", "tm_mad": "shared"}])
def test_what_the_server_sets_itself_is_never_compared_nor_removed(one, declared):
    made = one.run("one_datastore", **declared)[0]["datastore"]
    assert set(made["server_attributes"]) <= set(SERVER_OWNED) and len(made["server_attributes"]) >= 4
    assert made["attributes"] == {}
    assert converged(one, attributes_mode="exact", **declared) == made


def test_default_directories_are_kept_out_or_kept_as_declared(one):
    warned = one.run("one_datastore", name="bare", ds_mad="virtiofs", tm_mad="local")[0]
    assert warned["datastore"]["safe_dirs"] == ["/var/tmp"] and "has no safe_dirs" in warned["warnings"][0]
    # With SAFE_DIRS alone OpenNebula would restrict nothing.
    made = changed(one, **VIRTIOFS)[0]
    assert (made["safe_dirs"], made["restricted_dirs"]) == (["/srv/shares"], ["/"])
    assert converged(one, attributes_mode="exact", name="d") == made
    none = changed(one, name="none", ds_mad="fs", tm_mad="local", safe_dirs=[], restricted_dirs=[])[0]
    assert "safe_dirs" not in none and "restricted_dirs" not in none
    # Once removed by hand they do not come back by themselves.
    one.by_hand(UPDATE, made["id"], "SAFE_DIRS=[]\nRESTRICTED_DIRS=[]", 1)
    assert changed(one, restricted_dirs=["/"], **VIRTIOFS)[0] == made


def test_safe_directories_that_restrict_nothing_are_warned_of(one):
    by_hand(one, "DS_MAD=virtiofs", "TM_MAD=local", "DISK_TYPE=FILESYSTEM", "SAFE_DIRS=/srv/shares")
    result = one.run("one_datastore", **VIRTIOFS)[0]
    assert not result["changed"] and len(result["warnings"]) == 1 and "restricted_dirs: [/]" in result["warnings"][0]
    assert one.run("one_datastore", restricted_dirs=[], **VIRTIOFS)[0]["warnings"] == []
    assert one.run("one_datastore", restricted_dirs=["/"], **VIRTIOFS)[0]["warnings"] == []


@pytest.mark.parametrize("name, option", [
    ("BASE_PATH", "leave it out"), ("CLUSTER", "use the option clusters"), ("STATE", "use the option state"),
    ("ID", "use the option id"), ("NAME", "use the option name"), ("TYPE", "use the option type"),
    ("DS_MAD", "use the option ds_mad"), ("TM_MAD", "use the option tm_mad"),
    ("DISK_TYPE", "use the option disk_type"), ("SAFE_DIRS", "write safe_dirs instead")])
def test_attributes_that_would_be_stored_without_effect_are_refused(one, name, option):
    refused(one, name, option, attributes={name: "x"}, **FILES)


def test_renaming_is_a_call_of_its_own(one):
    one.run("one_datastore", **FILES)
    after, writes = changed(one, new_name="e", **FILES)
    assert writes == ["one.datastore.rename"] and after["name"] == "e" and after["attributes"] == {}


def test_drivers_are_sent_in_lower_case_and_mended_where_they_are_not(one):
    assert changed(one, **dict(VIRTIOFS, ds_mad="VirtioFS", tm_mad="LOCAL"))[0]["ds_mad"] == "virtiofs"
    one.by_hand(UPDATE, 100, "DS_MAD=VIRTIOFS\nTM_MAD=Local", 1)
    assert shown(one)["ds_mad"] == "VIRTIOFS"
    after, writes = changed(one, **VIRTIOFS)
    assert writes == [UPDATE] and (after["ds_mad"], after["tm_mad"]) == ("virtiofs", "local")


def test_the_dash_that_stands_for_no_driver_is_no_driver(one):
    system = {"name": "s", "type": "system", "tm_mad": "shared"}
    backup = {"name": "b", "type": "backup", "ds_mad": "rsync", "rsync_host": "b1", "rsync_user": "u"}
    assert changed(one, **system)[0]["ds_mad"] == "-" and changed(one, **backup)[0]["tm_mad"] == "-"
    # So may what was read be declared again.
    converged(one, ds_mad="-", **system)
    converged(one, tm_mad="-", **backup)


def test_drivers_and_type_stay_while_images_are_inside(one):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    for other in ({"tm_mad": "ssh"}, {"ds_mad": "fs"}, {"type": "file", "ds_mad": "fs"}):
        refused(one, "holds 1 image", "allow_driver_change: true", **dict(VIRTIOFS, **other))
    assert changed(one, allow_driver_change=True, **dict(VIRTIOFS, tm_mad="ssh"))[0]["tm_mad"] == "ssh"


# -- attributes --------------------------------------------------------------------------------------------------


def test_names_and_keys_are_written_in_upper_case_and_read_in_any(one):
    declared = dict(FILES, attributes={"note": "x", "vector": {"key": "1", "Other": "2"}, "many": ["a", "b"]})
    made = changed(one, **declared)[0]
    assert made["attributes"] == {"NOTE": "x", "VECTOR": {"KEY": "1", "OTHER": "2"}, "MANY": ["a", "b"]}
    one.by_hand(UPDATE, made["id"], "<T><VECTOR><key>1</key><other>2</other></VECTOR></T>", 1)
    assert converged(one, **declared)["attributes"]["VECTOR"] == {"key": "1", "other": "2"}
    # Of several with one name the order says nothing, their number does.
    one.by_hand(UPDATE, made["id"], 'MANY="b"\nMANY="a"', 1)
    converged(one, **declared)
    one.by_hand(UPDATE, made["id"], 'MANY="b"\nMANY="a"\nMANY="a"', 1)
    assert changed(one, **declared)[0]["attributes"]["MANY"] == ["a", "b"]


def test_values_are_trimmed_texts_and_an_empty_one_is_kept(one):
    declared = dict(FILES, attributes={"padded": " x ", "number": 3, "switch": True, "empty": "", "gone": "x"})
    result = one.run("one_datastore", **declared)[0]
    assert "Blanks around the value of PADDED" in result["warnings"][0]
    assert result["datastore"]["attributes"] == {
        "PADDED": "x", "NUMBER": "3", "SWITCH": "YES", "EMPTY": "", "GONE": "x"}
    converged(one, **declared)
    after, writes = changed(one, **dict(FILES, attributes={"gone": None}))
    assert writes == [UPDATE] and "GONE" not in after["attributes"] and after["attributes"]["EMPTY"] == ""


@pytest.mark.parametrize("value", [
    'say "x"', "a # b", "# all", "a\\nb", "C:\\", 'quote and end "\\', "[a=b, c=d]", "a=b", "x, y", "one\ntwo", "<a&b>",
    "Ärger €", "$NAME", "'single'", "]]", "[]"])
def test_no_character_is_lost_on_the_way(one, value):
    declared = dict(FILES, attributes={"note": value, "vector": {"key": value, "more": "x"}, "many": [value, "x"]})
    after, writes = changed(one, **declared)
    assert after["attributes"] == {"NOTE": value, "VECTOR": {"KEY": value, "MORE": "x"}, "MANY": [value, "x"]}
    assert writes == [ALLOCATE, UPDATE] if value.endswith("\\") else [ALLOCATE]


@pytest.mark.slow
def test_hundreds_of_random_names_and_templates_are_made_in_one_call_and_left_alone_by_the_next(one):
    nasty = Nasty(0)
    named: dict[str, dict] = {}
    while len(named) < 300:
        name = nasty.name(HARMLESS_IN_NAMES).strip(template.BLANKS)
        if name and len(name.encode("utf-8")) <= template.NAME_LIMIT:
            named[name] = dict(FILES, name=name, attributes=nasty.attributes())
    declared = list(named.values())
    made = one.run("one_datastores", datastores=declared)[0]["datastores"]
    assert [found["name"] for found in made] == [item["name"] for item in declared]
    for found, item in zip(made, declared):
        assert found["attributes"] == template.friendly(template.clean(item["attributes"], "it")[0])
    again, calls, _writes = one.run("one_datastores", datastores=declared)
    assert not again["changed"] and calls == ["one.datastorepool.info"] and again["datastores"] == made


@pytest.mark.parametrize("kind, name", [
    ({"type": "backup", "ds_mad": "restic", "restic_sftp_server": "b", "restic_sftp_user": "u"}, "RESTIC_PASSWORD"),
    (FILES, "NETAPP_PASS"), (FILES, "PUREFA_API_TOKEN")])
def test_secrets_read_back_as_ciphertext_are_neither_compared_nor_shown(one, kind, name):
    def declared(word):
        given = {"restic_password": word} if name == "RESTIC_PASSWORD" else {"secret_attributes": {name: word}}
        return dict(kind, name="d", **given)

    made, _calls, _writes = one.run("one_datastore", **declared("hush-hush"))
    stored = one.by_hand("one.datastore.info", 100, True)
    assert "hush-hush" in stored and "hush-hush" not in one.by_hand("one.datastore.info", 100)
    after = converged(one, **declared("hush-hush"))
    assert "hush-hush" not in str(made) and "(hidden)" in str(after)
    result = one.run("one_datastore", update_secrets="always", **declared("another-word"))[0]
    assert result["changed"] and "another-word" not in str(result)
    assert "another-word" in one.by_hand("one.datastore.info", 100, True)
    converged(one, update_secrets="always", **declared("another-word"))


def test_an_update_never_strips_what_it_does_not_name(one):
    one.run("one_datastore", attributes={"note": "x", "other": "y"}, limit_mb=5, **VIRTIOFS)
    after, writes = changed(one, attributes={"note": "z"}, **VIRTIOFS)
    assert writes == [UPDATE] and after["attributes"] == {"NOTE": "z", "OTHER": "y"} and after["limit_mb"] == 5
    after, writes = changed(one, attributes={"note": "z"}, attributes_mode="exact", **VIRTIOFS)
    assert writes == [UPDATE] and after["attributes"] == {"NOTE": "z"} and "limit_mb" not in after
    assert (after["safe_dirs"], after["disk_type"], after["tm_mad"]) == (["/srv/shares"], "FILESYSTEM", "local")


def test_what_the_server_would_take_unseen_is_checked_here(one):
    result, _calls, _writes = one.attempt("one_datastore", limit_mb="abc", **VIRTIOFS)
    assert result["failed"] and "limit_mb" in result["msg"] and one.writes == []
    refused(one, "limit_mb", "whole number from 0", limit_mb=-1, **VIRTIOFS)
    for path in ("/srv/a b", "srv", "/srv/", "/srv/../etc", "/srv//a", "/srv/*"):
        refused(one, "safe_dirs", path, **dict(VIRTIOFS, safe_dirs=[path]))
    by_hand(one, "DS_MAD=virtiofs", "TM_MAD=local", "DISK_TYPE=FILESYSTEM", 'SAFE_DIRS="/b  /a "', "RESTRICTED_DIRS=/")
    assert converged(one, **dict(VIRTIOFS, safe_dirs=["/a", "/b"]))["safe_dirs"] == ["/b", "/a"]
    one.by_hand(UPDATE, 100, "LIMIT_MB=abc", 1)
    assert shown(one)["limit_mb"] == "abc"


# -- clusters, names ---------------------------------------------------------------------------------------------


def test_clusters_are_read_back_as_ids_and_each_membership_is_a_call(one):
    for name in ("west", "east"):
        one.by_hand("one.cluster.allocate", name)
    assert changed(one, **VIRTIOFS)[0]["cluster_ids"] == [0]
    converged(one, clusters=["default"], **VIRTIOFS)
    after, writes = changed(one, clusters=["west", "101"], **VIRTIOFS)
    assert writes == ["one.cluster.adddatastore"] * 2 + ["one.cluster.deldatastore"]
    assert after["cluster_ids"] == [100, 101]
    assert changed(one, clusters=[], **VIRTIOFS)[0]["cluster_ids"] == []
    converged(one, **VIRTIOFS)
    refused(one, "'nowhere'", clusters=["nowhere"], **VIRTIOFS)


@pytest.mark.parametrize("name", ["12", " padded ", "Case", "case", "ünïcode", "a b", "x" * 128, "a.b-c_d=[e],f"])
def test_every_name_the_server_takes_is_found_again(one, name):
    declared = dict(FILES, name=name)
    assert changed(one, **declared)[0]["name"] == name.strip()
    assert one.run("one_datastore", name=name, state="absent")[0]["changed"]


@pytest.mark.parametrize("name", [*"&|:\\\";/'#{}$<>\t\n", "", "x" * 129])
def test_a_name_the_server_would_refuse_is_refused_before(one, name):
    refused(one, "name", **dict(FILES, name="a" + name + "b" if 0 < len(name) < 129 else name))


def _create(url, name, queue):
    queue.put(run_module("one_datastore", dict(
        FILES, name=name, api_url=url, api_username=USER, api_password=PASSWORD, timeout=60)))


def test_twelve_creations_at_once_never_leave_a_playbook_believing_in_two():
    """Twelve module runs at once; whoever ends well believes in the same datastore as every other."""
    processes = multiprocessing.get_context("fork")
    with opennebula() as one:
        oned, all_have_looked = one.endpoint.oned, threading.Barrier(12)

        def gap():
            """Between the server's look for the name and its use, until every run is there."""
            oned.lock.release()
            try:
                all_have_looked.wait(60)
            finally:
                oned.lock.acquire()

        oned.leave_a_gap = gap
        queue = processes.Queue()
        runs = [processes.Process(target=_create, args=(one.endpoint.url, "race", queue)) for _number in range(12)]
        for run in runs:
            run.start()
        results = [queue.get(timeout=120) for _run in runs]
        for run in runs:
            run.join(60)
        made = sorted(found["id"] for found in one.run("one_datastore_info", name="race")[0]["datastores"])
        assert made == list(range(100, 112)), "the simulator no longer shows the race"
        assert len({result["datastore"]["id"] for result in results if not result.get("failed")}) <= 1
        twice = "datastores are named 'race' (ids "
        for result in results:
            assert not result.get("failed") or twice in result["msg"], result["msg"]
        refused(one, "%d %s%s)" % (len(made), twice, " and ".join(map(str, made))), **dict(FILES, name="race"))
        # As the message says: the others go by their ids, then the name means something again.
        for number in made[1:]:
            assert one.run("one_datastore", id=number, state="absent")[0]["changed"]
        assert converged(one, **dict(FILES, name="race"))["id"] == made[0]


# -- deleting, images --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["system", "default", "files"])
def test_the_servers_own_datastores_are_not_deleted(one, name):
    refused(one, "allow_default_datastore: true", name=name, state="absent")
    assert one.run("one_datastore", name=name, state="absent", allow_default_datastore=True)[0]["changed"]


def test_a_datastore_can_be_deleted_right_after_its_images(one):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    refused(one, "is not empty: it holds the images i (id 0, ready)", name="d", state="absent")
    one.endpoint.oned.image_delay = 0.5
    one.run("one_filesystem_image", name="i", state="absent")
    assert one.run("one_datastore", name="d", state="absent")[0]["changed"]


def test_an_image_is_made_anew_only_when_the_old_one_is_gone(one):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    one.endpoint.oned.image_delay = 0.5
    one.by_hand("one.image.delete", 0)
    assert changed(one, "one_filesystem_image", **IMAGE)[0]["id"] == 1


@pytest.mark.parametrize("path", ["/srv/my share", "/srv/*", "/srv/a;b", "srv/shares", "/srv/../etc"])
def test_a_path_the_drivers_would_misread_is_refused(one, path):
    one.run("one_datastore", **VIRTIOFS)
    before = len(one.writes)
    result, _calls, _writes = one.attempt("one_filesystem_image", **dict(IMAGE, path=path))
    assert result["failed"] and repr(path) in result["msg"] and len(one.writes) == before


def test_a_directory_is_registered_as_one_and_only_where_it_stays_one(one):
    one.run("one_datastore", **VIRTIOFS)
    assert changed(one, "one_filesystem_image", **IMAGE)[0]["type"] == "FILESYSTEM"
    one.run("one_datastore", **dict(FILES, name="files-only"))
    refused(one, "would get a disk of that kind", module="one_filesystem_image",
            **dict(IMAGE, name="j", datastore="files-only"))


@pytest.mark.parametrize("name", ["PATH", "SIZE", "TYPE"])
def test_what_an_image_never_changes_is_not_stored_as_a_note(one, name):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    refused(one, name, module="one_filesystem_image", attributes={name: "x"}, **IMAGE)


def test_another_path_is_another_image(one):
    one.run("one_datastore", **VIRTIOFS)
    one.run("one_filesystem_image", **IMAGE)
    other = dict(IMAGE, path="/srv/shares/other")
    refused(one, "cannot change the path", "replace: true", module="one_filesystem_image", **other)
    after, writes = changed(one, "one_filesystem_image", replace=True, **other)
    assert writes == ["one.image.allocate", "one.image.chmod", "one.image.chown", "one.image.delete", "one.image.rename"]
    assert (after["id"], after["path"], after["source"]) == (1, other["path"], other["path"])


def test_the_name_of_an_image_is_its_owners(one):
    one.by_hand("one.user.allocate", "bob", "bobs-word", "", [])
    one.run("one_datastore", **VIRTIOFS)
    bobs = changed(one, "one_filesystem_image", owner="bob", **IMAGE)[0]
    mine = dict(IMAGE, owner="oneadmin", mode="640")
    both = one.run("one_filesystem_images", filesystems=[dict(IMAGE, owner="bob"), mine])[0]["filesystems"]
    assert [found["owner"] for found in both] == ["bob", "oneadmin"] and both[0]["id"] == bobs["id"] != both[1]["id"]
    for found in both:
        assert converged(one, "one_filesystem_image", owner=found["owner"], **IMAGE)["id"] == found["id"]
    refused(one, "2 images are named 'i'", "id 0 of bob", "id 1 of oneadmin", module="one_filesystem_image", **IMAGE)


# -- half-way ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module, declared, broken", [
    ("one_datastore", dict(VIRTIOFS, mode="600", owner="bob", attributes={"end": "\\"}), UPDATE),
    ("one_datastore", dict(VIRTIOFS, mode="600", owner="bob", attributes={"end": "\\"}), "one.datastore.chmod"),
    ("one_datastore", dict(VIRTIOFS, mode="600", owner="bob", attributes={"end": "\\"}), "one.datastore.chown"),
    ("one_filesystem_image", dict(IMAGE, mode="640", owner="bob", attributes={"end": "\\"}), "one.image.update"),
    ("one_filesystem_image", dict(IMAGE, mode="640", owner="bob", attributes={"end": "\\"}), "one.image.chmod"),
    ("one_filesystem_image", dict(IMAGE, mode="640", owner="bob", attributes={"end": "\\"}), "one.image.chown"),
])
def test_what_failed_half_way_is_finished_by_the_same_task(one, monkeypatch, module, declared, broken):
    one.by_hand("one.user.allocate", "bob", "bobs-word", "", [])
    if module == "one_filesystem_image":
        one.run("one_datastore", **VIRTIOFS)
    original = client.Client.call

    def call(self, method, *arguments):
        if method == broken:
            raise client.ApiError("OpenNebula refused it.", method, "it", client.ACTION)
        return original(self, method, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(client.Client, "call", call)
        failed, _calls, writes = one.attempt(module, **declared)
    assert failed["failed"] and failed["changed"] and "run the task again" in failed["msg"]
    assert [done["operation"] for done in failed["operations"]] == writes and writes[0].endswith(".allocate")
    _after, writes = changed(one, module, **declared)
    assert writes[0] == broken and not [name for name in writes if name.endswith(".allocate")]


def test_names_that_the_server_takes_are_those_the_module_sends(one):
    """Straight from the server: each of its own names is one that can be declared."""
    proxy = xmlrpc.client.ServerProxy(one.endpoint.url)
    taken = []
    for code in range(32, 256):
        name = "a%sb" % chr(code)
        template = 'NAME="%s"\nDS_MAD=fs\nTM_MAD=local' % name.replace('"', '\\"')
        answer: typing.Any = proxy.one.datastore.allocate("%s:%s" % (USER, PASSWORD), template, -1)
        if answer[0]:
            taken.append(name)
    assert len(taken) > 150
    found = one.run("one_datastores", check=True, datastores=[{"name": name} for name in taken])[0]
    assert not found["changed"] and [each["name"] for each in found["datastores"]] == taken
