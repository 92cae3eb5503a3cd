# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: a table of what is found and what is done about it, in which order, and what is refused."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import found as found_module
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import order, plan
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.mountpoint import Point
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types import registry
from hypothesis import given
from hypothesis import strategies as st

ROOT = "20 1 254:0 / / rw,relatime - ext4 /dev/vda rw"
NFS = "52 20 0:37 / /srv/x rw,relatime - nfs4 nas1:/export/x rw,vers=4.2,hard,timeo=600,addr=192.0.2.12"
OTHER = "53 20 0:38 / /srv/x rw,relatime - nfs4 nas1:/export/other rw,vers=4.2,hard,addr=192.0.2.12"
TMPFS_ON_NFS = "54 52 0:50 / /srv/x rw,relatime - tmpfs none rw"

MISSING = Point("missing", None, "", "", None, [])
GUARDED = Point("directory", None, "0:0", "0000", True, [])
PLAIN = Point("directory", None, "0:0", "0755", False, [])
FULL = Point("directory", None, "0:0", "0755", False, ["disk.qcow2"])
UNSEEN = Point("unseen", None, "", "", None, [])
RIGHT_LINE = "nas1:/export/x /srv/x nfs rw,vers=4.2,_netdev,nofail 0 0"


def share(**changes):
    return validated([dict({"path": "/srv/x", "type": "nfs", "source": "nas1:/export/x",
                            "options": {"vers": "4.2"}}, **changes)])[0]


def found(mounts=(), lines=RIGHT_LINE, point=GUARDED, addresses=None, origin=None, stale=False):
    entries = mountinfo.parse("\n".join([ROOT] + list(mounts)))
    return found_module.Found(
        found_module.stack(entries, "/srv/x"), [entry for entry in entries if entry.mount_point != "/srv/x"],
        fstab.lines_of(lines, "/srv/x"), fstab.find(lines, "/srv/x"), point,
        {"addresses": addresses, "origin": origin}, stale, found_module.trap_at(entries, "/srv/x"))


def made(declared, state, in_use=(), allow=False):
    return plan.plan_share(declared, registry.of(declared), state, lambda path, mount: list(in_use), allow)


def names(result):
    return [operation.name for operation in order.whole([result], None, None).operations]


# what is declared, what is found, what is done
CASES = {
    "nothing there": (share(), found(lines="", point=MISSING), ["directory", "fstab", "mount"]),
    "all as declared": (share(), found([NFS]), []),
    "unmounted by hand": (share(), found(), ["mount"]),
    "another export": (share(), found([OTHER]), ["unmount", "mount"]),
    "something on top of it": (share(), found([NFS, TMPFS_ON_NFS]), ["unmount"]),
    "something on top of another": (
        share(), found([OTHER, TMPFS_ON_NFS.replace("54 52", "54 53")]), ["unmount", "unmount", "mount"]),
    "a line in fstab lost": (share(), found([NFS], lines=""), ["fstab"]),
    "a line in fstab edited": (share(), found([NFS], lines=RIGHT_LINE.replace("rw,", "rw,soft,")), ["fstab"]),
    "a line in fstab spaced": (share(), found([NFS], lines=RIGHT_LINE.replace(" ", "\t")), []),
    "a line in fstab doubled": (share(), found([NFS], lines=RIGHT_LINE + "\n" + RIGHT_LINE), ["fstab"]),
    "a line in fstab that systemd reads otherwise": (
        share(source="nas1:/export/x#1"), found([NFS.replace("export/x", "export/x#1")],
                                                lines=RIGHT_LINE.replace("export/x", "export/x\\0431")), ["fstab"]),
    "a line in fstab with a sign": (
        share(source="nas1:/export/x#1"), found([NFS.replace("export/x", "export/x#1")],
                                                lines=RIGHT_LINE.replace("export/x", "export/x#1")), []),
    "a directory not guarded": (share(), found([NFS], point=PLAIN), ["directory"]),
    "a directory not to be seen": (share(), found([NFS], point=UNSEEN), []),
    "a flag of the mount": (share(options={"vers": "4.2", "noatime": True}), found([NFS]), ["fstab", "remount"]),
    "read-only": (share(read_only=True), found([NFS]), ["fstab", "remount"]),
    "an option of NFS": (share(options={"vers": "4.2", "soft": True}), found([NFS]), ["unmount", "fstab", "mount"]),
    "a stale export": (share(), found([NFS], stale=True), ["unmount", "mount"]),
    "a moved server": (share(), found([NFS], addresses=["192.0.2.99"]), ["unmount", "mount"]),
    "an automount trap": (
        share(), found(["60 20 0:60 / /srv/x rw - autofs systemd-1 rw"]), ["automount_stop", "mount"]),
    "declared unmounted": (share(state="unmounted"), found([NFS]), ["unmount", "fstab"]),
    "unmounted already": (
        share(state="unmounted"), found(lines=RIGHT_LINE.replace("nofail", "nofail,noauto")), []),
    "absent": (share(state="absent"), found([NFS]), ["unmount", "remove_directory", "fstab"]),
    "absent already": (share(state="absent"), found(lines="", point=MISSING), []),
    "absent, a directory of somebody else": (share(state="absent"), found(lines="", point=PLAIN), []),
}


@pytest.mark.parametrize("declared, state, operations", list(CASES.values()), ids=list(CASES))
def test_what_is_done(declared, state, operations):
    result = made(declared, state)
    assert names(result) == operations
    assert result.changed == bool(operations)
    assert (result.before != result.after) == bool(operations)
    assert all(operation.target == "/srv/x" for operation in result.operations)


VENDORS = "70 20 8:1 / /srv/x rw,relatime - xfs /dev/sdb1 rw"
HIDDEN = ["disk.qcow2", "allow_hidden_files: true"]
# what is declared, what is found, who uses it, what the refusal says
REFUSALS = {
    "another export in use": (
        share(), found([OTHER]), ["qemu (process 7)"], ["nas1:/export/other", "qemu (process 7)", "Nothing was changed"]),
    "an option in use": (
        share(options={"soft": True}), found([NFS]), ["qemu (process 7)"], ["hard instead of soft", "qemu (process 7)"]),
    "unmounted in use": (share(state="unmounted"), found([NFS]), ["sh (process 9)"], ["unmounted", "sh (process 9)"]),
    "absent in use": (share(state="absent"), found([NFS]), ["sh (process 9)"], ["absent", "sh (process 9)"]),
    "hidden files": (share(), found(point=FULL), [], HIDDEN),
    "hidden files under another export": (share(), found([OTHER], point=FULL), [], HIDDEN),
    "a file": (share(), found(point=PLAIN._replace(kind="other")), [], ["not a directory"]),
    "a link": (
        share(), found(point=PLAIN._replace(kind="link", linked="/data/x")), [], ["symbolic link", "path: /data/x"]),
    "a line in fstab under another name": (
        share(), found([NFS])._replace(other_names=["/data/x"]), [], ["under another name", "/data/x leads there", "Remove the line"]),
    "a line under another name that would mount what is absent": (
        share(state="absent"), found()._replace(other_names=["/data/x"]), [], ["under another name"]),
    "below a link": (share(), found(point=MISSING._replace(linked="/data/x")), [], ["symbolic link", "path: /data/x"]),
    "nothing to check": (
        share(type="local", source="", options={}), found(lines="", point=None), [], ["nothing is mounted", "source"]),
    "read-only and checked only": (
        share(type="local", source="", options={}, read_only=True), found([VENDORS], lines="", point=None), [],
        ["with rw instead of ro", "only checked", "a vendor's tool", "declare what it has: read_only: false."]),
    "writable and checked only": (
        share(type="local", source="", options={}), found([VENDORS.replace("rw", "ro")], lines="", point=None), [],
        ["with ro instead of rw", "declare what it has: read_only: true."]),
    "on a read-only filesystem and checked only": (
        share(type="local", source="", options={}), found([VENDORS.replace("sdb1 rw", "sdb1 ro")], lines="", point=None), [],
        ["with ro instead of rw"]),
    "flags and checked only": (
        share(type="local", source="", options={"noexec": True, "nosuid": True, "noatime": True}),
        found([VENDORS], lines="", point=None), [],
        ["suid, exec, relatime instead of nosuid, noexec, noatime", "leave nosuid and noexec and noatime out of its options."]),
    "no directory to bind": (
        share(type="local", source="/data/x", options={}), found(lines=""), [], ["/data/x is not a directory"]),
    "a bind of a read-only filesystem": (
        share(type="local", source="/data/x", options={}),
        found(["71 20 254:0 /data/x /srv/x rw - ext4 /dev/vda ro"], lines="", origin=["254:0", "/data/x"]), [],
        ["the filesystem of its source /data/x is mounted read-only", "read_only: true"]),
}


@pytest.mark.parametrize("declared, state, in_use, words", list(REFUSALS.values()), ids=list(REFUSALS))
def test_what_is_refused(declared, state, in_use, words):
    with pytest.raises(Refusal) as caught:
        made(declared, state, in_use)
    assert str(caught.value).startswith("/srv/x: ")
    for word in words:
        assert word in str(caught.value)


def test_who_uses_a_mount_is_asked_only_when_it_must_go():
    def never(path, mount):
        raise AssertionError("asked for %s" % path)
    declared = share(options={"vers": "4.2", "noatime": True})
    assert plan.plan_share(declared, registry.of(declared), found([NFS]), never).changed


@pytest.mark.parametrize("allowed_by", ["share", "module"])
def test_hidden_files_may_be_allowed(allowed_by):
    result = made(share(allow_hidden_files=allowed_by == "share"), found(point=FULL), allow=allowed_by == "module")
    assert names(result) == ["directory", "mount"]


def test_files_under_a_mount_that_stays_are_reported():
    result = made(share(), found([NFS], point=FULL))
    assert names(result) == ["directory"]
    assert ["disk.qcow2" in warning for warning in result.warnings] == [True]


def test_a_directory_that_is_not_empty_stays_when_the_share_goes():
    result = made(share(state="absent"), found([NFS], point=GUARDED._replace(names=["disk.qcow2"])))
    assert names(result) == ["unmount", "fstab"]
    assert "disk.qcow2" in result.warnings[0]


def test_a_filesystem_that_others_mount_is_only_checked():
    declared = share(type="local", source="", options={})
    state = found(["70 20 8:1 / /srv/x rw - xfs /dev/sdb1 rw"], lines="", point=None)
    assert names(made(declared, state)) == []
    flags = share(type="local", source="", options={"nosuid": True, "noexec": True, "dev": True}, read_only=True)
    state = found(["70 20 8:1 / /srv/x ro,nosuid,noexec,noatime - xfs /dev/sdb1 rw"], lines="", point=None)
    assert names(made(flags, state)) == []


def test_a_bind_of_the_right_directory_stays_and_of_another_goes():
    declared = share(type="local", source="/data/x", options={})
    line = "/data/x /srv/x none rw,bind,nofail 0 0"
    bind = "71 20 254:0 /data/x /srv/x rw - ext4 /dev/vda rw"
    assert names(made(declared, found([bind], lines=line, origin=["254:0", "/data/x"]))) == []
    assert names(made(declared, found([bind], lines=line, origin=["254:0", "/data/y"]))) == ["unmount", "mount"]


def test_the_diff_shows_mount_fstab_and_directory():
    result = made(share(), found([OTHER], lines="old:/x /srv/x nfs soft", point=PLAIN))
    assert result.before == {"/srv/x": {
        "mount": "nas1:/export/other of type nfs4", "fstab": "old:/x /srv/x nfs soft",
        "directory": "directory of 0:0, mode 0755"}}
    assert result.after == {"/srv/x": {
        "mount": "nas1:/export/x of type nfs", "fstab": RIGHT_LINE,
        "directory": "unusable while nothing is mounted"}}


@pytest.mark.parametrize("line", [
    "//nas2/x /srv/x cifs username=vm,password=hunter2,ro 0 0", "//nas2/x /srv/x cifs PASS=hunter2,,hunter2 0 0",
    "//vm:hunter2@nas2/x /srv/x cifs ro", "\\\\vm:a/hunter2@nas2\\x /srv/x cifs ro", "//nas2/x\t/srv/x cifs passwd=hunter2",
])
def test_a_password_that_somebody_wrote_into_fstab_is_not_in_the_diff(line):
    for declared in (share(), share(state="absent")):
        result = made(declared, found(lines=line))
        assert "fstab" in names(result) and "hunter2" not in repr(result.diff())
        assert result.before["/srv/x"]["fstab"].startswith(line[:2])


def test_all_shares_are_released_before_any_is_mounted():
    first = made(share(), found([OTHER]))
    second = made(share(), found([OTHER]))
    for operation in second.operations:
        operation.target = "/srv/y"
    second.before, second.after = {"/srv/y": second.before["/srv/x"]}, {"/srv/y": second.after["/srv/x"]}
    ordered = [(operation.name, operation.target) for operation in order.whole([first, second], None, None).operations]
    assert ordered == [("unmount", "/srv/x"), ("unmount", "/srv/y"), ("mount", "/srv/x"), ("mount", "/srv/y")]


@pytest.mark.parametrize("state, lags, dead, operations", [
    (found(lines=""), False, [], ["fstab", "systemd_reload", "mount"]),
    (found(lines=""), None, [], ["fstab", "mount"]),
    (found(), False, [], ["mount"]),
    (found([NFS]), True, [], ["systemd_reload"]),
    (found([NFS]), False, [], []),
    (found(lines=""), False, ["nas9"], ["fstab", "mount"]),
    (found([NFS]), True, ["nas9"], []),
])
def test_systemd_reads_fstab_once_when_it_changed_and_no_server_is_dead(state, lags, dead, operations):
    result = order.whole([made(share(), state)], lags, lambda: dead)
    assert [operation.name for operation in result.operations] == operations
    assert any("nas9" in warning for warning in result.warnings) == bool(dead)


def test_an_option_that_other_mounts_keep_is_refused_unless_they_go_too():
    neighbour = NFS.replace("52 20", "80 20").replace("/srv/x", "/srv/y")
    state = found([NFS, neighbour])
    alone = made(share(options={"timeo": 100}), state)
    refused = order.futile({"/srv/x": alone})
    assert list(refused) == ["/srv/x"]
    assert "/srv/y" in refused["/srv/x"] and "nosharecache" in refused["/srv/x"]

    together = made(share(options={"timeo": 100}), state)
    for operation in together.operations:
        operation.target = "/srv/y"
        operation.arguments["bound"] = ["/srv/x"]
    assert order.futile({"/srv/x": alone, "/srv/y": together}) == {}
    together.operations[0].arguments["bound"] = ["/srv/z"]
    assert sorted(order.futile({"/srv/x": alone, "/srv/y": together})) == ["/srv/x", "/srv/y"]


def test_stack_sees_what_a_mount_above_hides():
    entries = mountinfo.parse("\n".join([ROOT, NFS, "90 20 0:90 / /srv rw - tmpfs none rw"]))
    assert found_module.stack(entries, "/srv/x") == []
    entries = mountinfo.parse("\n".join([ROOT, NFS, "90 52 0:90 / /srv/x/deep rw - tmpfs none rw"]))
    assert [mount.mount_id for mount in found_module.stack(entries, "/srv/x")] == [52]


@given(st.integers(0, 6), st.booleans())
def test_stack_counts_what_lies_on_each_other(depth, noise):
    lines = [ROOT]
    for number in range(depth):
        lines.append("%d %d 0:%d / /srv/x rw - tmpfs none rw" % (100 + number, 99 + number if number else 20, number))
        if noise:
            lines.append("%d %d 0:99 / /srv/x/sub rw - tmpfs none rw" % (200 + number, 100 + number))
    assert [mount.mount_id for mount in found_module.stack(mountinfo.parse("\n".join(lines)), "/srv/x")] == list(
        range(100, 100 + depth))


@pytest.mark.parametrize("flags, changes, commands", [
    ("rw,relatime", {}, None),
    ("rw,relatime", {"read_only": True}, ["mount -o remount,bind,ro,relatime /srv/x/inner"]),
    ("ro,relatime", {}, ["mount -o remount,bind,rw,relatime /srv/x/inner"]),
    ("rw,nosuid,relatime", {"options": {"vers": "4.2", "nosuid": True}}, []),
])
def test_mounts_that_the_client_made_inside_get_the_flags_of_the_share(flags, changes, commands):
    inner = "53 52 0:38 / /srv/x/inner %s - nfs4 nas1:/export/x/inner ro,vers=4.2" % flags
    result = made(share(**changes), found([NFS, inner], lines=fstab.format_line(
        registry.named("nfs").entry(share(**changes)))))
    steps = [each for each in result.operations if each.name == "remount"]
    assert [" ".join(command) for each in steps for command in each.arguments["inside"].values()] == (commands or [])
    assert bool(steps) == (commands is not None)
    assert ("mounts inside" in str(result.before)) == bool(commands)
