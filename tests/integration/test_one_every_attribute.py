# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of a datastore on every kind of datastore: made, left alone, drifted by hand, mended, deleted.

One table, ROWS; a test holds it to the options there are.
"""

import dataclasses

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import attributes, datastore

from tests.support.opennebula import opennebula

POOL, CLUSTERS = "one.datastorepool.info", "one.clusterpool.info"
UPDATE, RENAME, ENABLE = "one.datastore.update", "one.datastore.rename", "one.datastore.enable"
CHMOD, CHOWN = "one.datastore.chmod", "one.datastore.chown"
JOIN, LEAVE = "one.cluster.adddatastore", "one.cluster.deldatastore"
WEST, EAST, BOB, USERS = 100, 101, 2, 1
DATASTORE = object()

# What a kind is made of; the rest of a declaration comes from ROWS.
KINDS = {
    "image": {"type": "image", "ds_mad": "fs", "tm_mad": "shared", "disk_type": "FILE"},
    "system": {"type": "system", "tm_mad": "shared", "disk_type": "FILE", "state": "disabled"},
    "file": {"type": "file", "ds_mad": "fs", "tm_mad": "shared"},
    "backup": {"type": "backup", "ds_mad": "restic"},
    "virtiofs": {"type": "image", "ds_mad": "virtiofs", "tm_mad": "local", "disk_type": "FILESYSTEM"},
}
# Options that say how to look or what is allowed: nothing on the server can drift from them.
NOT_KEPT = {"id", "name", "allow_driver_change", "allow_default_datastore", "update_secrets"}


@dataclasses.dataclass
class Row:
    """One option, and one way in which somebody's hand makes the server differ from it.

    value: what is declared, where KINDS does not declare it. by_hand: the call (DATASTORE stands for the id).
    mended_by: the one call that puts it right. shows: what the diff names, {kind: ...} where kinds differ.
    kinds: those it can drift on. more: options declared for this row only.
    """

    option: str
    by_hand: tuple
    mended_by: str
    shows: object
    value: object = None
    kinds: tuple = tuple(KINDS)
    more: dict = dataclasses.field(default_factory=dict)


def updated(document):
    return (UPDATE, DATASTORE, document, 1)


# option: what is declared, and what somebody writes over it.
TYPED = {
    "safe_dirs": (["/srv/shares", "/srv/more"], "/elsewhere"),
    "restricted_dirs": (["/"], "/etc"),
    "bridge_list": (["hv1", "hv2"], "hv9"),
    "staging_dir": ("/var/stage", "/tmp"),
    "limit_mb": (100, "abc"),
    "limit_transfer_bw": ("10M", "1G"),
    "no_decompress": (True, "NO"),
    "sparse": (False, "YES"),
    "qcow2_standalone": (True, "no"),
    "compatible_sys_ds": ([0, 100], "7"),
    "nfs_auto_enable": (True, "NO"),
    "nfs_auto_host": ("nas1", "nas2"),
    "nfs_auto_path": ("/export", "/"),
    "nfs_auto_opts": ("vers=4.2,soft", "vers=3"),
    "pool_name": ("one", "two"),
    "ec_pool_name": ("data", "other"),
    "ceph_host": (["m1", "m2:6789"], "m1"),
    "ceph_user": ("libvirt", "admin"),
    "ceph_secret": ("6f88b54b-5dae-41fe-a43e-b2763f601cfc", "7f88b54b-5dae-41fe-a43e-b2763f601cfc"),
    "ceph_conf": ("/etc/ceph/other.conf", "/etc/ceph/ceph.conf"),
    "ceph_key": ("/etc/ceph/other.keyring", "/etc/ceph/keyring"),
    "rbd_format": (2, "1"),
    "lvm_thin_enable": (True, "NO"),
    "rsync_host": ("b1", "b2"),
    "rsync_user": ("u", "root"),
    "rsync_args": ("-a --bwlimit=1", "-az"),
    "rsync_tmp_dir": ("/var/stage", "/var/tmp"),
    "rsync_nice": (-19, "19"),
    "rsync_ionice": (7, "0"),
    "rsync_max_riops": (100, "1"),
    "rsync_max_wiops": (0, "1"),
    "rsync_cpu_quota": (150, "1"),
    "rsync_sparsify": (True, "NO"),
    "restic_password": ("hush-hush", "another-word"),
    "restic_sftp_user": ("u", "root"),
    "restic_sftp_server": ("b1", "b2"),
    "restic_bwlimit": (1000, "1"),
    "restic_compression": ("max", "off"),
    "restic_connections": (3, "1"),
    "restic_maxproc": (4, "1"),
    "restic_nice": (19, "-19"),
    "restic_ionice": (0, "7"),
    "restic_max_riops": (100, "1"),
    "restic_max_wiops": (100, "1"),
    "restic_cpu_quota": (50, "100"),
    "restic_sparsify": (False, "YES"),
}
FURTHER = {"note": "a # b", "many": ["one", "two", 3], "vector": {"key": "x, y", "other": True}, "gone": None}


def typed_rows():
    for option, attribute, kind in attributes.TYPED:
        value, other = TYPED[option]
        secrets = {"update_secrets": "always"} if kind == "secret" else {}
        yield Row(option, updated('%s="%s"' % (attribute, other)), UPDATE, {attribute}, value, more=secrets)
        # One kind is enough: an attribute that is gone is the same to all, and some drivers do not let theirs go.
        yield Row(option, updated("%s=[]" % attribute), UPDATE, {attribute}, value, ("image",))


ROWS = [
    Row("type", updated('TYPE="FILE_DS"'), UPDATE, ["type"], kinds=("image",)),
    Row("type", updated('TYPE="IMAGE_DS"'), UPDATE, ["type"], kinds=("file",)),
    Row("type", updated('TYPE="IMAGE_DS"\nDS_MAD="fs"'), UPDATE, ["ds_mad", "type"], kinds=("system",)),
    Row("ds_mad", updated('DS_MAD="dummy"'), UPDATE, ["ds_mad"], kinds=("image", "file")),
    Row("ds_mad", updated('DS_MAD="rsync"'), UPDATE, ["ds_mad"], kinds=("backup",)),
    Row("ds_mad", updated('DS_MAD="fs"'), UPDATE, ["ds_mad"], kinds=("virtiofs",)),
    Row("tm_mad", updated('TM_MAD="ssh"'), UPDATE, ["tm_mad"], kinds=("image", "system", "file")),
    Row("tm_mad", updated('TM_MAD="virtiofs"'), UPDATE, ["tm_mad"], kinds=("virtiofs",)),
    Row("disk_type", updated('DISK_TYPE="BLOCK"'), UPDATE, ["disk_type"], kinds=("image", "system")),
    Row("disk_type", updated('DISK_TYPE="FILE"'), UPDATE, ["disk_type"], kinds=("virtiofs",)),
    Row("state", (ENABLE, DATASTORE, True), ENABLE, ["state"], kinds=("system",)),
    Row("new_name", (RENAME, DATASTORE, "before"), RENAME, ["name"], "d"),
    Row("clusters", (LEAVE, WEST, DATASTORE), JOIN, ["clusters"], ["west", str(EAST)]),
    Row("clusters", (JOIN, 0, DATASTORE), LEAVE, ["clusters"], ["west", str(EAST)]),
    Row("owner", (CHOWN, DATASTORE, 0, -1), CHOWN, ["owner"], "bob"),
    Row("group", (CHOWN, DATASTORE, -1, 0), CHOWN, ["group"], "users"),
    Row("mode", (CHMOD, DATASTORE, 1, 1, 1, 1, 1, 1, 1, 1, 1), CHMOD, ["mode"], "um-um-u--"),
    *typed_rows(),
    Row("attributes", updated('NOTE="a"'), UPDATE, {"NOTE"}, FURTHER),
    Row("attributes", updated("NOTE=[]"), UPDATE, {"NOTE"}, FURTHER),
    Row("attributes", updated('NOTE="twice"\nNOTE="a # b"'), UPDATE, {"NOTE"}, FURTHER),
    Row("attributes", updated('MANY="one"\nMANY="two"'), UPDATE, {"MANY"}, FURTHER),
    Row("attributes", updated('VECTOR=[KEY="x",OTHER="YES"]'), UPDATE, {"VECTOR"}, FURTHER),
    Row("attributes", updated('VECTOR="no vector"'), UPDATE, {"VECTOR"}, FURTHER),
    Row("attributes", updated('GONE="is back"'), UPDATE, {"GONE"}, FURTHER),
    Row("attributes_mode", updated('EXTRA="by hand"'), UPDATE, {"EXTRA"}, "merge", more={"attributes_mode": "exact"}),
    Row("secret_attributes", updated("ARRAY_TOKEN=[]"), UPDATE, {"ARRAY_TOKEN"}, {"array_token": "tok-en"}),
    Row("secret_attributes", updated('ARRAY_TOKEN="changed"'), UPDATE, {"ARRAY_TOKEN"}, {"array_token": "tok-en"},
        more={"update_secrets": "always"}),
]
SECRETS = ("hush-hush", "another-word", "tok-en")


def test_the_table_holds_every_option():
    assert {row.option for row in ROWS} | NOT_KEPT == set(datastore.argument_spec())
    assert {row.option for row in ROWS} & NOT_KEPT == set()


def declaration(kind):
    declared = {row.option: row.value for row in ROWS if row.value is not None}
    return dict(declared, name="before", **KINDS[kind])


@pytest.fixture
def one():
    with opennebula() as server:
        assert [server.by_hand("one.cluster.allocate", name) for name in ("west", "east")] == [WEST, EAST]
        assert server.by_hand("one.user.allocate", "bob", "bobs-word", "", []) == BOB
        yield server


def both(one, **declared):
    """(result, writes) of a run that was predicted to the letter by a check run without a write call before it."""
    predicted, _calls, writes = one.run("one_datastore", check=True, **declared)
    assert writes == []
    result, _calls, writes = one.run("one_datastore", **declared)
    for key in ("changed", "operations", "diff", "warnings"):
        assert result[key] == predicted[key], key
    assert [operation["operation"] for operation in result["operations"]] == writes
    for secret in SECRETS:
        assert secret not in str(result) + str(predicted)
    return result, writes


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_made_left_alone_mended_deleted(one, kind):
    declared = declaration(kind)
    result, _writes = both(one, **declared)
    assert result["changed"] and result["diff"]["before"] == {"d": {"state": "absent"}}
    made = result["datastore"]
    check_values(made, kind)
    check_left_alone(one, declared, made)
    for row in ROWS:
        if kind in row.kinds:
            drift_and_mend(one, dict(declared, **row.more), row, made)
    check_left_alone(one, declared, made)

    gone = {"name": "d", "state": "absent"}
    result, writes = both(one, **gone)
    assert writes == ["one.datastore.delete"] and "datastore" not in result
    assert result["diff"] == {"before": {"d": {"id": made["id"], "state": "present"}},
                              "after": {"d": {"state": "absent"}}}
    for check in (True, False):
        again, calls, _writes = one.run("one_datastore", check=check, **gone)
        assert not again["changed"] and calls == [POOL]


def check_values(made, kind):
    """What was made reads back in the types of its options."""
    for option, _attribute, how in attributes.TYPED:
        assert made[option] == ("(hidden)" if how == "secret" else TYPED[option][0]), option
    assert made["attributes"] == {"NOTE": "a # b", "MANY": ["one", "two", "3"], "ARRAY_TOKEN": "(hidden)",
                                  "VECTOR": {"KEY": "x, y", "OTHER": "YES"}}
    for key, value in KINDS[kind].items():
        assert made[key] == value, key
    assert (made["name"], made["owner"], made["group"], made["mode"], made["cluster_ids"]) == (
        "d", "bob", "users", "664", [WEST, EAST])


def check_left_alone(one, declared, made):
    for check in (True, False):
        again, calls, _writes = one.run("one_datastore", check=check, **declared)
        assert not again["changed"] and again["operations"] == [] and calls == [POOL, CLUSTERS]
        assert again["diff"] == {"before": {}, "after": {}} and same(again["datastore"], made)


def drift_and_mend(one, declared, row, made):
    what = "%s after %s" % (row.option, row.by_hand[1:])
    method, *arguments = row.by_hand
    one.by_hand(method, *[made["id"] if argument is DATASTORE else argument for argument in arguments])
    result, writes = both(one, **declared)
    assert writes == [row.mended_by], what
    before, after = result["diff"]["before"]["d"], result["diff"]["after"]["d"]
    if isinstance(row.shows, set):
        # An attribute that is to be absent, or was, stands on one side only.
        assert set(before) | set(after) == {"attributes"}, what
        before, after = before["attributes"], after["attributes"]
        assert set(before) | set(after) == row.shows, what
        assert before != after or before == {name: "(hidden)" for name in row.shows}, what
    else:
        assert sorted(before) == sorted(after) == row.shows, what
        assert before != after, what
    assert same(result["datastore"], made), what


def same(one, other):
    """Equal but for what OpenNebula's drivers write, which may stay behind when a driver came and went."""
    return all(one[key] == other[key] for key in set(one) | set(other) if key != "server_attributes")


@pytest.mark.parametrize("length", [1, 40])
def test_calls_do_not_grow_with_the_list(one, length):
    declared = [dict(declaration(kind), name="before%d" % number, new_name="d%d" % number)
                for number, kind in zip(range(length), sorted(KINDS) * length)]
    made, calls, writes = one.run("one_datastores", datastores=declared)
    reads = [call for call in calls if call not in writes]
    assert reads == [POOL, CLUSTERS, "one.userpool.info", "one.grouppool.info", "one.system.config", POOL]
    for check in (True, False):
        again, calls, _writes = one.run("one_datastores", check=check, datastores=declared)
        assert not again["changed"] and calls == [POOL, CLUSTERS]
        assert list(map(same, again["datastores"], made["datastores"])) == [True] * length

    # A change costs the reads and one call for each thing that changes.
    number = made["datastores"][-1]["id"]
    one.by_hand(UPDATE, number, 'NOTE="x"\nLIMIT_MB="7"', 1)
    one.by_hand(CHMOD, number, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    one.by_hand(LEAVE, EAST, number)
    result, calls, writes = one.run("one_datastores", datastores=declared)
    assert calls == [POOL, CLUSTERS, UPDATE, JOIN, CHMOD, POOL] and len(result["operations"]) == len(writes) == 3
    one.by_hand(CHOWN, number, 0, 0)
    _result, calls, _writes = one.run("one_datastores", datastores=declared)
    assert calls == [POOL, CLUSTERS, "one.userpool.info", "one.grouppool.info", CHOWN, POOL]
