# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories registered as images against the simulator: made, left alone, mended, refused, deleted."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import client

from tests.simulators.onesim.frontend import FrontEnd
from tests.support.opennebula import opennebula

READS = ["one.datastorepool.info", "one.imagepool.info"]


@pytest.fixture
def one():
    directories = ["/srv/shares/projects", "/srv/shares/other", "/opt/outside"]
    with opennebula(directories=directories, files=["/srv/shares/afile"]) as server:
        server.by_hand("one.user.allocate", "bob", "bobs-word", "", [])
        server.run("one_datastore", name="projects", ds_mad="virtiofs", tm_mad="local", safe_dirs=["/srv/shares"])
        yield server


PROJECTS = {"name": "projects", "datastore": "projects", "path": "/srv/shares/projects"}
FULL = dict(PROJECTS, mount_tag="projects", mount_point="/mnt/projects", persistent=True, owner="bob", group="users",
            mode="640", attributes={"note": 'say "x" \\', "flag": True})


def test_predicted_made_left_alone_deleted(one):
    predicted, _calls, writes = one.run("one_filesystem_image", check=True, **FULL)
    assert predicted["changed"] and writes == []
    made, _calls, writes = one.run("one_filesystem_image", **FULL)
    for key in ("changed", "operations", "diff"):
        assert made[key] == predicted[key]
    assert [operation["operation"] for operation in made["operations"]] == writes
    after = made["filesystem"]
    for key in ("name", "datastore", "path", "mount_tag", "mount_point", "persistent", "owner", "group", "mode"):
        assert after[key] == FULL[key] == predicted["filesystem"][key]
    assert (after["type"], after["state"], after["source"]) == ("FILESYSTEM", "ready", FULL["path"])
    assert after["attributes"] == {"NOTE": 'say "x" \\', "FLAG": "YES"}

    for check in (False, True):
        again, calls, _writes = one.run("one_filesystem_image", check=check, **FULL)
        assert not again["changed"] and calls == READS and again["filesystem"] == after

    gone = {"name": "projects", "state": "absent"}
    predicted, _calls, writes = one.run("one_filesystem_image", check=True, **gone)
    assert predicted["changed"] and writes == [] and predicted["deleted_ids"] == [0]
    result, _calls, writes = one.run("one_filesystem_image", **gone)
    assert result["diff"] == predicted["diff"] and writes == ["one.image.delete"]
    result, calls, _writes = one.run("one_filesystem_image", **gone)
    assert not result["changed"] and calls == READS
    # The deletion was waited for, so the datastore is empty at once.
    assert one.run("one_datastore", name="projects", state="absent")[0]["changed"]


@pytest.mark.parametrize("method, arguments, mended_by", [
    ("one.image.update", ['MOUNT_TAG="x"', 1], "one.image.update"),
    ("one.image.update", ["MOUNT_POINT=[]", 1], "one.image.update"),
    ("one.image.update", ['NOTE="x"', 1], "one.image.update"),
    ("one.image.update", ['OTHER="x"', 0], "one.image.update"),
    ("one.image.persistent", [False], "one.image.persistent"),
    ("one.image.chmod", [0, 0, 0, 0, 0, 0, 0, 0, 0], "one.image.chmod"),
    ("one.image.chown", [0, -1], "one.image.chown"),
    ("one.image.chown", [-1, 0], "one.image.chown"),
])
def test_what_drifts_is_mended_and_nothing_else(one, method, arguments, mended_by):
    full = dict(FULL, attributes={"note": "plain"})
    made = one.run("one_filesystem_image", **full)[0]["filesystem"]
    one.by_hand(method, made["id"], *arguments)
    predicted, _calls, writes = one.run("one_filesystem_image", check=True, **full)
    assert predicted["changed"] and writes == []
    mended, calls, writes = one.run("one_filesystem_image", **full)
    assert writes == [mended_by] and mended["diff"] == predicted["diff"]
    names = {"one.userpool.info", "one.grouppool.info"} if mended_by == "one.image.chown" else set()
    assert [call for call in calls if call not in names] == [*READS, mended_by, READS[1]]
    assert len(calls) <= 5
    assert mended["filesystem"]["attributes"].pop("OTHER", "x") == "x"
    assert mended["filesystem"] == made
    assert not one.run("one_filesystem_image", **full)[0]["changed"]


@pytest.mark.parametrize("path, reason", [
    ("/opt/outside", "Not allowed to use directory '/opt/outside', check RESTRICTED_DIRS in your datastore"),
    ("/srv/shares/afile", "The provided path '/srv/shares/afile' is not a directory"),
    ("/srv/shares/missing", "/srv/shares/missing"),
])
def test_the_error_state_is_a_failure_with_the_servers_reason_and_is_retried(one, path, reason):
    declared = dict(PROJECTS, path=path)
    result, _calls, _writes = one.attempt("one_filesystem_image", **declared)
    assert result["failed"] and reason in result["msg"] and "in datastore projects" in result["msg"]
    assert ["outside SAFE_DIRS" in warning for warning in result["warnings"]] == [True] * path.startswith("/opt")
    predicted = one.run("one_filesystem_image", check=True, **declared)[0]
    assert [one["operation"] for one in predicted["operations"]][::3] == ["one.image.allocate", "one.image.delete"]
    # Somebody puts right what the reason names; the next run finishes the work.
    one.run("one_datastore", name="projects", safe_dirs=["/srv/shares", "/opt"])
    one.endpoint.oned.frontend = FrontEnd([path])
    mended = one.run("one_filesystem_image", **declared)[0]
    assert mended["filesystem"]["state"] == "ready" and mended["diff"] == predicted["diff"]
    assert not one.run("one_filesystem_image", **declared)[0]["changed"]


def test_without_waiting_the_result_is_what_is_there(one):
    one.endpoint.oned.image_delay = 0.5
    result = one.run("one_filesystem_image", wait=False, **PROJECTS)[0]
    assert result["filesystem"]["state"] == "locked"
    settled, _calls, writes = one.run("one_filesystem_image", **PROJECTS)
    assert settled["filesystem"]["state"] == "ready" and not settled["changed"] and writes == []


def test_waiting_is_bounded(one):
    one.endpoint.oned.image_delay = 30
    result, _calls, _writes = one.attempt("one_filesystem_image", wait_timeout=1, **PROJECTS)
    assert result["failed"] and result["changed"]
    assert "has not finished registering projects (id 0) within 1 s" in result["msg"]


def test_another_path_needs_replace(one):
    one.run("one_filesystem_image", **FULL)
    other = dict(FULL, path="/srv/shares/other")
    result, _calls, writes = one.attempt("one_filesystem_image", **other)
    assert result["failed"] and "set replace: true" in result["msg"] and writes == []
    predicted, _calls, writes = one.run("one_filesystem_image", check=True, replace=True, **other)
    assert writes == []
    replaced = one.run("one_filesystem_image", replace=True, **other)[0]
    assert replaced["diff"] == predicted["diff"]
    after = replaced["filesystem"]
    assert (after["id"], after["path"], after["mount_tag"], after["owner"]) == (1, other["path"], "projects", "bob")
    assert not one.run("one_filesystem_image", replace=True, **other)[0]["changed"]


def test_names_are_unique_for_each_owner(one):
    one.run("one_filesystem_image", **dict(PROJECTS, owner="bob"))
    one.run("one_filesystem_images", filesystems=[dict(PROJECTS, owner="bob"), dict(PROJECTS, owner="oneadmin")])
    result, _calls, writes = one.run("one_filesystem_images", filesystems=[
        dict(PROJECTS, owner="bob", mode="640"), dict(PROJECTS, owner="oneadmin")])
    assert writes == ["one.image.chmod"]
    assert [image["owner"] for image in result["filesystems"]] == ["bob", "oneadmin"]
    result, _calls, _writes = one.attempt("one_filesystem_image", **PROJECTS)
    assert result["failed"] and "2 images are named 'projects'" in result["msg"]
    gone = one.run("one_filesystem_images", filesystems=[
        {"name": "projects", "owner": owner, "state": "absent"} for owner in ("bob", "oneadmin")])[0]
    assert gone["deleted_ids"] == [0, 1]


def test_a_list_of_any_length_costs_the_same_reads(one):
    declared = [dict(FULL, name="i%d" % number, attributes={"note": "x"}) for number in range(25)]
    made, _calls, writes = one.run("one_filesystem_images", filesystems=declared)
    assert len(made["filesystems"]) == 25 and len(writes) == 25 * 3
    again, calls, _writes = one.run("one_filesystem_images", filesystems=declared)
    assert not again["changed"] and calls == READS


def test_one_that_fails_does_not_stop_the_others(one):
    result, _calls, _writes = one.attempt("one_filesystem_images", filesystems=[
        dict(PROJECTS, name="bad", path="/srv/shares/afile"), PROJECTS])
    assert result["failed"] and "'bad'" in result["msg"] and "'projects' (id" not in result["msg"]
    assert one.run("one_filesystem_image", **PROJECTS)[0]["filesystem"]["state"] == "ready"


def test_a_failure_half_way_is_finished_by_the_next_run(one, monkeypatch):
    declared = [dict(FULL, name="i%d" % number) for number in range(3)]
    original = client.Client.call

    def call(self, method, *arguments):
        """The connection breaks when the second image is registered, but its mode is not set."""
        if self.calls.count("one.image.chmod") == 1 and method == "one.image.chmod":
            raise client.NoAnswer("OpenNebula at http://x cannot be reached.")
        return original(self, method, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(client.Client, "call", call)
        failed, _calls, _writes = one.attempt("one_filesystem_images", filesystems=declared)
    assert failed["failed"] and "i1: OpenNebula at http://x cannot be reached" in failed["msg"]
    assert failed["changed"] and {done["target"] for done in failed["operations"]} == {"i0", "i1"}
    result, _calls, writes = one.run("one_filesystem_images", filesystems=declared)
    assert {operation["target"] for operation in result["operations"]} == {"i1", "i2"}
    assert writes.count("one.image.allocate") == 1
    assert not one.run("one_filesystem_images", filesystems=declared)[0]["changed"]


def test_the_datastore_to_come_is_predicted_in_check_mode_only(one):
    coming = dict(PROJECTS, datastore="coming")
    result, _calls, writes = one.attempt("one_filesystem_image", **coming)
    assert result["failed"] and "create it first" in result["msg"] and writes == []
    predicted = one.run("one_filesystem_image", check=True, **coming)[0]
    assert predicted["changed"] and "does not exist yet" in predicted["warnings"][0]
    listed = predicted_together(one, [dict(STORE, name="coming")], [coming])
    assert listed["operations"] == predicted["operations"] and listed["warnings"] == []


STORE = {"name": "projects", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv/shares"]}


def predicted_together(one, datastores, filesystems):
    """The images of a check run whose task before that manages datastores, as the role does it."""
    stores = one.run("one_datastores", check=True, datastores=datastores)[0]["datastores"]
    return one.attempt("one_filesystem_images", check=True, filesystems=filesystems, expected_datastores=stores)[0]


@pytest.mark.parametrize("store, declared", [
    ({"new_name": "shares"}, {"datastore": "shares"}),
    ({"new_name": "shares"}, {}),
    ({"new_name": "shares"}, {"name": "other", "datastore": "shares", "path": "/srv/shares/other"}),
    ({"name": "files", "ds_mad": "fs", "safe_dirs": None}, {"name": "other", "datastore": "files"}),
    ({"safe_dirs": ["/srv"]}, {"name": "other", "path": "/srv/shares/other"}),
    ({"safe_dirs": ["/srv/elsewhere"]}, {"name": "other", "path": "/srv/shares/other"}),
])
def test_images_are_predicted_in_the_datastores_of_the_same_run(one, store, declared):
    one.run("one_filesystem_image", **PROJECTS)
    stores, declared = [dict(STORE, **store)], [dict(PROJECTS, **declared)]
    predicted = predicted_together(one, stores, declared)
    one.run("one_datastores", datastores=stores)
    done = one.attempt("one_filesystem_images", filesystems=declared, wait=False)[0]
    assert bool(predicted.get("failed")) == bool(done.get("failed"))
    for key in ("operations", "diff", "warnings", "changed"):
        assert predicted[key] == done[key], key


def test_an_image_a_vm_uses_is_neither_deleted_nor_replaced(one):
    number = one.run("one_filesystem_image", **PROJECTS)[0]["filesystem"]["id"]
    used = one.endpoint.oned.images.get(number)
    used.running_vms = 1
    one.endpoint.oned.images.update(used)
    for declared in ({"name": "projects", "state": "absent"}, dict(PROJECTS, path="/srv/shares/other", replace=True)):
        result, _calls, writes = one.attempt("one_filesystem_image", **declared)
        assert result["failed"] and "is used by 1 VM" in result["msg"] and writes == []
