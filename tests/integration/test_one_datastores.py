# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datastores of every kind against the simulator: made, left alone, mended, deleted, and how many calls that takes."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import client

from tests.simulators.onesim import configuration
from tests.support.opennebula import opennebula

POOL = "one.datastorepool.info"


@pytest.fixture
def one():
    with opennebula(directories=["/srv/shares"]) as server:
        for name in ("west", "east"):
            server.by_hand("one.cluster.allocate", name)
        server.by_hand("one.user.allocate", "bob", "bobs-word", "", [])
        yield server


COMMON: dict = {"clusters": ["west", "east"], "owner": "bob", "group": "users", "mode": "664",
                "attributes": {"note": "a # b"}}
DECLARED: dict[str, dict] = {
    "virtiofs": dict(COMMON, name="d", ds_mad="virtiofs", tm_mad="local", safe_dirs=["/srv/shares", "/srv/more"],
                     restricted_dirs=["/"], limit_mb=100),
    "image": dict(COMMON, name="d", type="image", ds_mad="fs", tm_mad="shared", bridge_list=["hv1", "hv2"],
                  no_decompress=True, limit_transfer_bw="10M", compatible_sys_ds=[0, 100], staging_dir="/var/stage"),
    "ceph": dict(COMMON, name="d", ds_mad="ceph", tm_mad="ceph", disk_type="RBD", bridge_list=["hv1"], pool_name="one",
                 ceph_host=["m1", "m2"], ceph_user="libvirt", ceph_secret="6f88b54b-5dae-41fe-a43e-b2763f601cfc",
                 rbd_format=2),
    "system": dict(COMMON, name="d", type="system", tm_mad="shared", state="disabled", nfs_auto_enable=True,
                   nfs_auto_host="nas1", nfs_auto_path="/export", nfs_auto_opts="vers=4.2"),
    "file": dict(COMMON, name="d", type="file", ds_mad="fs", tm_mad="ssh", safe_dirs=["/srv"]),
    "backup": dict(COMMON, name="d", type="backup", ds_mad="rsync", rsync_host="b1", rsync_user="u", rsync_args="-a"),
    "restic": dict(COMMON, name="d", type="backup", ds_mad="restic", restic_password="hush-hush",
                   restic_sftp_server="b1", restic_sftp_user="u", restic_connections=3),
}


@pytest.mark.parametrize("kind", sorted(DECLARED))
def test_predicted_made_left_alone_deleted(one, kind):
    declared = DECLARED[kind]
    predicted, _calls, writes = one.run("one_datastore", check=True, **declared)
    assert predicted["changed"] and writes == []

    made, calls, writes = one.run("one_datastore", **declared)
    for key in ("changed", "operations", "diff"):
        assert made[key] == predicted[key]
    assert [operation["operation"] for operation in made["operations"]] == writes
    assert calls.count(POOL) == 2
    after = made["datastore"]
    for key in ("name", "mode", "limit_mb", "safe_dirs", "bridge_list", "ceph_host", "rbd_format", "nfs_auto_enable",
                "compatible_sys_ds", "no_decompress"):
        if key in declared:
            assert after[key] == declared[key]
    assert (after["owner"], after["group"], after["cluster_ids"]) == ("bob", "users", [100, 101])
    assert after["attributes"] == {"NOTE": "a # b"}
    assert "hush-hush" not in str(made)

    for check in (False, True):
        again, calls, writes = one.run("one_datastore", check=check, **declared)
        assert not again["changed"] and again["operations"] == [] and again["diff"] == {"before": {}, "after": {}}
        assert calls == [POOL, "one.clusterpool.info"]
        assert again["datastore"] == after

    gone = {"name": "d", "state": "absent"}
    predicted, _calls, writes = one.run("one_datastore", check=True, **gone)
    assert predicted["changed"] and writes == []
    result, _calls, writes = one.run("one_datastore", **gone)
    assert result["diff"] == predicted["diff"] and writes == ["one.datastore.delete"] and "datastore" not in result
    result, calls, _writes = one.run("one_datastore", **gone)
    assert not result["changed"] and calls == [POOL]


# kind, what somebody does by hand (method, arguments after the id), the calls that mend it.
UPDATE = "one.datastore.update"
DRIFTS = [
    ("virtiofs", [(UPDATE, 'SAFE_DIRS="/elsewhere"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, "SAFE_DIRS=[]", 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'RESTRICTED_DIRS="/etc"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'LIMIT_MB="abc"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'NOTE="changed"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, "NOTE=[]", 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'NOTE="twice"\nNOTE="a # b"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'DISK_TYPE="FILE"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'TM_MAD="shared"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'TM_MAD="virtiofs"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'TM_MAD="fs_lvm"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'TM_MAD="fs_lvm"', 1), (UPDATE, 'X="y"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'DS_MAD="fs"', 1)], [UPDATE]),
    ("virtiofs", [(UPDATE, 'NOTE="only this"', 0)], [UPDATE]),
    ("virtiofs", [("one.datastore.chmod", 1, 1, 1, 1, 1, 1, 1, 1, 1)], ["one.datastore.chmod"]),
    ("virtiofs", [("one.datastore.chown", 0, -1)], ["one.datastore.chown"]),
    ("virtiofs", [("one.datastore.chown", -1, 0)], ["one.datastore.chown"]),
    ("image", [(UPDATE, 'BRIDGE_LIST="hv9"', 1)], [UPDATE]),
    ("image", [(UPDATE, 'NO_DECOMPRESS="NO"', 1)], [UPDATE]),
    ("image", [(UPDATE, 'LIMIT_TRANSFER_BW="1G"', 1)], [UPDATE]),
    ("image", [(UPDATE, 'COMPATIBLE_SYS_DS="7"', 1)], [UPDATE]),
    ("image", [(UPDATE, 'STAGING_DIR="/tmp"', 1)], [UPDATE]),
    ("image", [(UPDATE, 'TYPE="FILE_DS"', 1)], [UPDATE]),
    ("image", [(UPDATE, 'TM_MAD="ssh"', 1)], [UPDATE]),
    ("image", [(UPDATE, 'DS_MAD="dummy"', 1)], [UPDATE]),
    ("ceph", [(UPDATE, 'DISK_TYPE="FILE"', 1)], [UPDATE]),
    ("ceph", [(UPDATE, 'POOL_NAME="x"\nCEPH_HOST="x"\nCEPH_USER="x"\nCEPH_SECRET="x"\nRBD_FORMAT="1"', 1)], [UPDATE]),
    ("system", [("one.datastore.enable", True)], ["one.datastore.enable"]),
    ("system", [(UPDATE, 'TM_MAD="ssh"', 1)], [UPDATE]),
    ("system", [(UPDATE, 'NFS_AUTO_ENABLE="NO"\nNFS_AUTO_HOST="x"\nNFS_AUTO_PATH="/"\nNFS_AUTO_OPTS="x"', 1)],
     [UPDATE]),
    ("file", [(UPDATE, 'SAFE_DIRS="/"', 1)], [UPDATE]),
    ("file", [(UPDATE, 'TYPE="IMAGE_DS"', 1)], [UPDATE]),
    ("backup", [(UPDATE, 'RSYNC_HOST="x"\nRSYNC_USER="x"\nRSYNC_ARGS="x"', 1)], [UPDATE]),
    ("restic", [(UPDATE, 'RESTIC_SFTP_SERVER="x"\nRESTIC_SFTP_USER="x"\nRESTIC_CONNECTIONS="1"', 1)], [UPDATE]),
    ("restic", [(UPDATE, 'RESTIC_SFTP_SERVER="x"', 1), ("one.datastore.chmod", 0, 0, 0, 0, 0, 0, 0, 0, 0)],
     [UPDATE, "one.datastore.chmod"]),
]


@pytest.mark.parametrize("kind, drift, mended_by", DRIFTS)
def test_what_drifts_is_mended_and_nothing_else(one, kind, drift, mended_by):
    declared = DECLARED[kind]
    made = one.run("one_datastore", **declared)[0]["datastore"]
    for method, *arguments in drift:
        one.by_hand(method, made["id"], *arguments)
    predicted, _calls, writes = one.run("one_datastore", check=True, **declared)
    assert predicted["changed"] and writes == []
    before, after = predicted["diff"]["before"]["d"], predicted["diff"]["after"]["d"]
    assert before != after

    mended, _calls, writes = one.run("one_datastore", **declared)
    assert writes == mended_by and mended["diff"] == predicted["diff"]
    left_by_hand = mended["datastore"]["attributes"].pop("X", None)
    assert left_by_hand in (None, "y")
    for key in set(made) - {"server_attributes"}:
        assert mended["datastore"][key] == made[key], key
    again, _calls, writes = one.run("one_datastore", **declared)
    assert not again["changed"] and writes == []


@pytest.mark.parametrize("declared", [{"rsync_host": ""}, {"attributes_mode": "exact", "rsync_user": "u"}])
def test_what_the_driver_requires_is_not_taken_away(one, declared):
    one.run("one_datastore", name="bk", type="backup", ds_mad="rsync", rsync_host="h", rsync_user="u")
    for check in (True, False):
        result, _calls, writes = one.attempt("one_datastore", check=check, name="bk", type="backup", ds_mad="rsync", **declared)
        assert result["failed"] and writes == [] and "requires RSYNC_HOST; give the option rsync_host" in result["msg"]
    one.run("one_datastore", name="bk", attributes={"x": "y"})
    assert one.run("one_datastore", name="bk", attributes={"x": None})[0]["changed"]


@pytest.mark.parametrize("clusters", [[], ["default"], ["west"], ["0", "101"], ["west", "east", "default"]])
def test_clusters_are_the_exact_set(one, clusters):
    base = {"name": "d", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv"]}
    ids = sorted({"default": 0, "west": 100, "east": 101}.get(name) or int(name if name.isdigit() else 0)
                 for name in clusters)
    for first in ({}, {"clusters": ["west", "east"]}):
        one.run("one_datastore", **base, **first)
        result = one.run("one_datastore", **base, clusters=clusters)[0]
        assert result["datastore"]["cluster_ids"] == ids
        assert not one.run("one_datastore", **base, clusters=clusters)[0]["changed"]
        one.run("one_datastore", name="d", state="absent")
    created = one.run("one_datastore", **base, clusters=clusters)[0]
    assert created["datastore"]["cluster_ids"] == ids


def test_a_list_of_any_length_costs_the_same_reads(one):
    declared = [dict(DECLARED["virtiofs"], name="d%d" % number) for number in range(25)]
    made, calls, writes = one.run("one_datastores", datastores=declared)
    assert len(made["datastores"]) == 25
    assert len(calls) - len(writes) == 6
    # Allocate, a second cluster, mode, owner: four things a datastore.
    assert len(writes) == 25 * 4
    again, calls, _writes = one.run("one_datastores", datastores=declared)
    assert not again["changed"] and calls == [POOL, "one.clusterpool.info"]
    assert [datastore["name"] for datastore in again["datastores"]] == [item["name"] for item in declared]


def make_twin(one):
    """A second datastore named race, as a lost race leaves it behind: the server checks and inserts in two steps."""
    number = one.by_hand("one.datastore.allocate", 'NAME="twin"\nDS_MAD="fs"\nTM_MAD="local"', -1)
    twin = one.endpoint.oned.datastores.get(number)
    twin.name = "race"
    one.endpoint.oned.datastores.update(twin)
    return number


def test_two_made_at_once_are_reported_with_both_ids(one):
    declared = {"name": "race", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv"]}
    one.run("one_datastore", **declared)
    other = make_twin(one)
    for extra in ({}, {"state": "absent"}):
        result, _calls, writes = one.attempt("one_datastore", **dict(declared, **extra))
        assert result["failed"] and "(ids 100 and 101)" in result["msg"] and writes == []
    assert one.run("one_datastore", id=other, state="absent")[0]["changed"]
    assert not one.run("one_datastore", **declared)[0]["changed"]


def test_a_race_lost_while_creating_is_seen_in_the_read_back(one, monkeypatch):
    original = client.Client.call

    def call(self, method, *arguments):
        value = original(self, method, *arguments)
        if method == "one.datastore.allocate":
            make_twin(one)
        return value

    monkeypatch.setattr(client.Client, "call", call)
    result, _calls, _writes = one.attempt("one_datastore", name="race", ds_mad="fs", tm_mad="local")
    assert result["failed"] and "(ids 100 and 101)" in result["msg"] and result["changed"]


def test_what_the_server_refuses_for_one_does_not_stop_the_others(one):
    bob = dict(one.connection, api_username="bob", api_password="bobs-word")
    good = {"name": "good", "ds_mad": "fs", "tm_mad": "local"}
    one.run("one_datastore", **good, owner="bob", mode="600")
    one.run("one_datastore", name="hers", ds_mad="fs", tm_mad="local", mode="644")
    one.connection = bob
    result, _calls, writes = one.attempt("one_datastores", datastores=[
        {"name": "hers", "attributes": {"note": "x"}, "mode": "600"},
        dict(good, attributes={"note": "x"}),
    ])
    assert result["failed"] and "does not allow user 'bob' the call one.datastore.update" in result["msg"]
    assert writes == ["one.datastore.update", "one.datastore.update"]
    assert [(done["operation"], done["target"]) for done in result["operations"]] == [("one.datastore.update", "good")]
    assert "run the task again" in result["msg"]


def test_a_failure_half_way_is_finished_by_the_next_run(one, monkeypatch):
    declared = [dict(DECLARED["virtiofs"], name="d%d" % number) for number in range(3)]
    original = client.Client.call

    def call(self, method, *arguments):
        """The connection breaks when the second datastore is made, but neither its mode nor its owner is set."""
        if self.calls.count("one.datastore.chmod") == 1 and method == "one.datastore.chmod":
            raise client.NoAnswer("OpenNebula at http://x cannot be reached.")
        return original(self, method, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(client.Client, "call", call)
        failed, _calls, _writes = one.attempt("one_datastores", datastores=declared)
    assert failed["failed"] and "d1: OpenNebula at http://x cannot be reached" in failed["msg"]
    assert failed["changed"] and [done["target"] for done in failed["operations"]] == ["d0"] * 4 + ["d1"] * 2
    result, _calls, writes = one.run("one_datastores", datastores=declared)
    assert [operation["target"] for operation in result["operations"]].count("d0") == 0
    assert writes.count("one.datastore.allocate") == 1
    assert not one.run("one_datastores", datastores=declared)[0]["changed"]


def test_secrets_are_compared_when_asked_for(one):
    declared = dict(DECLARED["restic"])
    one.run("one_datastore", **declared)
    changed = dict(declared, restic_password="another-word")
    assert not one.run("one_datastore", **changed)[0]["changed"]
    assert not one.run("one_datastore", **declared, update_secrets="always")[0]["changed"]
    result, _calls, writes = one.run("one_datastore", **changed, update_secrets="always")
    assert writes == ["one.datastore.update"] and "another-word" not in str(result)
    assert not one.run("one_datastore", **changed, update_secrets="always")[0]["changed"]


def test_following_the_system_datastores(one):
    one.run("one_datastores", datastores=[
        {"name": "projects", "ds_mad": "virtiofs", "safe_dirs": ["/srv"], "clusters": ["west"]},
        {"name": "west-system", "type": "system", "tm_mad": "ssh", "clusters": ["west"]}])
    result = one.run("one_datastore", name="projects")[0]
    assert result["datastore"]["tm_mad"] == "ssh" and not result["changed"]
    warned = one.run("one_datastore", name="projects", tm_mad="local")[0]
    assert warned["changed"] and "is not that of the system datastores" in warned["warnings"][0]


def test_the_preflight_stops_before_anything_is_made(one, monkeypatch):
    monkeypatch.setattr(configuration, "DATASTORE_DRIVERS", [
        driver for driver in configuration.DATASTORE_DRIVERS if driver["NAME"] != "virtiofs"])
    result, _calls, writes = one.attempt("one_datastores", datastores=[
        {"name": "good", "ds_mad": "fs", "tm_mad": "local"},
        {"name": "projects", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv"]}])
    assert result["failed"] and "7.2.0; this server is 7.5.80" in result["msg"] and writes == []


def test_info(one):
    one.run("one_datastore", **DECLARED["restic"])
    found, calls, _writes = one.run("one_datastore_info", type="backup")
    assert [datastore["name"] for datastore in found["datastores"]] == ["d"] and calls == [POOL]
    assert found["datastores"][0]["restic_password"] == "(hidden)" and not found["changed"]
    assert [datastore["id"] for datastore in one.run("one_datastore_info")[0]["datastores"]] == [0, 1, 2, 100]
    assert one.run("one_datastore_info", name="nobody")[0]["datastores"] == []
    assert len(one.run("one_datastore_info", id=0, ds_mad="-", check=True)[0]["datastores"]) == 1


def test_defaults_and_full_datastores_are_not_deleted(one):
    result, _calls, writes = one.attempt("one_datastore", name="default", state="absent")
    assert result["failed"] and "allow_default_datastore" in result["msg"] and writes == []
    assert one.run("one_datastore", name="files", state="absent", allow_default_datastore=True)[0]["changed"]
