# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""path_access on real filesystems as real users: its table against the system calls tried by hand."""

import json
import os
import signal

import pytest

from tests.support.privileged import finish, run_as_root, start_as_root

MOUNTS = {
    "tmpfs": "mount -t tmpfs none {share}",
    "ext4": "truncate -s 32M {image} && mkfs.ext4 -q {image} && mount -o loop {image} {share} && rmdir {share}/lost+found",
    # Its files have no extents, so that nothing can be allocated ahead.
    "ext3": "truncate -s 32M {image} && mkfs.ext3 -q {image} && mount -t ext4 -o loop {image} {share}"
            " && rmdir {share}/lost+found",
    "tmpfs, inside a directory of root's": "chmod 0711 {above} && mount -t tmpfs none {share}",
}

# The same system calls, without a line of the collection's code: as a person would try them.
BY_HAND = """
def by_hand(share, uid, gid, groups):
    import ctypes, errno, fcntl, mmap
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os.wait()
        return json.loads(os.read(reader, 65536))
    os.setgroups(groups), os.setgid(gid), os.setuid(uid)
    os.chdir("/")
    libc = ctypes.CDLL(None, use_errno=True)
    name = share + "/by-hand"
    outcomes = {}
    def note(what, function):
        try:
            function()
            outcomes[what] = "ok"
        except OSError as error:
            outcomes[what] = "EOPNOTSUPP" if error.errno == errno.EOPNOTSUPP else errno.errorcode[error.errno]
        return outcomes[what] == "ok"
    def fallocate(mode, length):
        call = libc.fallocate64
        call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
        if call(fd, mode, 0, length):
            raise OSError(ctypes.get_errno(), "")
    def direct():
        block = mmap.mmap(-1, 4096)
        other = os.open(name, os.O_RDWR | os.O_DIRECT)
        os.writev(other, [block])
        os.close(other)
    fd = None
    def create():
        global fd_made
        fd_made = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    if note("create", create):
        fd = fd_made
        note("write", lambda: os.write(fd, b"x" * 4096))
        note("fsync", lambda: os.fsync(fd))
        note("rename", lambda: os.rename(name, name + "2"))
        name = name + "2"
        note("read_back", lambda: open(name, "rb").read())
        note("lock", lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB))
        note("fallocate", lambda: fallocate(0, 65536))
        note("punch_hole", lambda: fallocate(3, 4096))
        note("direct_io", direct)
        note("xattr", lambda: os.setxattr(fd, "user.test", b"1"))
        note("delete", lambda: os.unlink(name))
    os.write(writer, json.dumps(outcomes).encode())
    os._exit(0)
"""
MEANINGS = {"EACCES": "denied", "EPERM": "denied", "EROFS": "denied", "EOPNOTSUPP": "not_supported",
            "EINVAL": "not_supported", "ENOSYS": "not_supported", "ENOLCK": "not_supported"}


# Beneath the tmpfs that run_as_root() lays over /srv, so that every user can reach it.
SHARE = "/srv/above/share"


def prepare(kind="tmpfs"):
    command = MOUNTS[kind].format(share=SHARE, image="/srv/image", above=os.path.dirname(SHARE))
    return f"share = {SHARE!r}\nos.makedirs(share)\nsh({command!r})\n"


def access(**more):
    entry = {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"], **more}
    return f"run_module('path_access', {{'host': 'hv1', 'timeout': 20, 'paths': [dict({entry!r}, path=share)]}})"


@pytest.mark.parametrize("kind", MOUNTS)
def test_the_table_is_what_the_system_calls_say(tmp_path, kind):
    found = run_as_root(tmp_path, BY_HAND + prepare(kind) + f"""
made = {access()}
tables = {{name: entry["operations"] for name, entry in made["paths"][0]["writers"].items()}}
result = [made, tables, by_hand(share, 9869, 9869, [993, 9869]), by_hand(share, 64055, 993, [993]), os.listdir(share)]
""")
    made, tables, oneadmin, guest, left = found
    assert made["changed"] and not made.get("failed")
    assert left == []
    for user, expected in (("oneadmin", oneadmin), ("libvirt-qemu", guest)):
        assert {operation: row["result"] for operation, row in tables[user].items()} == {
            operation: "supported" if outcome == "ok" else MEANINGS[outcome] for operation, outcome in expected.items()
        }
        for operation, row in tables[user].items():
            if row["result"] != "supported":
                assert row["words"].startswith(expected[operation])
        assert made["paths"][0]["writers"][user]["writes"]


def test_it_says_what_a_missing_operation_costs(tmp_path):
    made = run_as_root(tmp_path, prepare("ext3") + f"result = {access()}")
    row = made["paths"][0]["writers"]["oneadmin"]["operations"]["fallocate"]
    assert row == {"result": "not_supported", "words": (
        "EOPNOTSUPP: Operation not supported; a preallocated image is written in full, zero by zero, which is slow and "
        "uses the network")}


def test_owner_and_mode_are_set_once_and_predicted_in_check_mode(tmp_path):
    predicted, first, second, state = run_as_root(tmp_path, prepare() + """
call = lambda check: run_module("path_access", {"paths": [{"path": share, "owner": "oneadmin", "group": "kvm",
                                                           "mode": "2770", "writers": ["oneadmin"]}]}, check)
predicted = call(True)
assert os.stat(share).st_uid == 0
first, second = call(False), call(False)
status = os.stat(share)
result = [predicted, first, second, [status.st_uid, status.st_gid, status.st_mode & 0o7777]]
""")
    assert state == [9869, 993, 0o2770]
    assert predicted["changed"] and first["changed"] and not second["changed"]
    assert predicted["operations"] == first["operations"]
    assert predicted["diff"] == first["diff"]
    assert list(first["diff"]["after"].values()) == [{"owner": "oneadmin", "group": "kvm", "mode": "2770"}]
    assert predicted["paths"][0]["writers"] == {}, "users are not tried in check mode"
    assert second["operations"] == []


def test_a_denied_user_is_told_which_bit_is_missing(tmp_path):
    made, left = run_as_root(tmp_path, prepare() + f"result = [{access(writers=['stranger', 'oneadmin'])}, os.listdir(share)]")
    share = SHARE
    assert made["failed"]
    assert left == []
    assert made["msg"] == (
        f"hv1: {share}: stranger may not write: create: EACCES: Permission denied; {share} belongs to oneadmin:kvm "
        "(9869:993) with mode 2770; stranger (uid 12345) is in the groups stranger 12345; stranger is neither its owner "
        "nor in its group, so the bits for others count, and w and x are missing there; add stranger to the group kvm on "
        "every host (usermod -aG), declare access.acl: [user:stranger:rwx], or declare access.owner, group and mode so "
        "that it may write (such as mode: \"2770\" with a group it is in)")
    writers = made["paths"][0]["writers"]
    assert not writers["stranger"]["writes"]
    assert writers["stranger"]["operations"]["create"]["result"] == "denied"
    assert writers["stranger"]["operations"]["write"]["result"] == "not_tried"
    assert writers["oneadmin"]["writes"], "the other users are still tried"


def test_supplementary_groups_count(tmp_path):
    """oneadmin owns nothing here, and is in kvm only as a supplementary group."""
    made = run_as_root(tmp_path, prepare() + f"result = {access(owner='root', mode='0770')}")
    assert not made.get("failed"), made["msg"]
    assert made["paths"][0]["writers"]["oneadmin"]["groups"] == [993, 9869]


def test_a_directory_above_that_cannot_be_passed_is_named(tmp_path):
    made = run_as_root(tmp_path, prepare() + f"os.chmod(os.path.dirname(share), 0o700)\nresult = {access()}")
    above = os.path.dirname(SHARE)
    assert made["failed"]
    for user in ("oneadmin", "libvirt-qemu"):
        assert f"{user} may not write: create: EACCES" in made["msg"]
    assert f"{above} belongs to root:root (0:0) with mode 0700" in made["msg"]
    assert f"and x is missing there; let it through with: chmod o+x {above}" in made["msg"]


def test_a_read_only_mount_is_named(tmp_path):
    made = run_as_root(tmp_path, prepare() + f"""
{access(writers=[])}
sh("mount -o remount,ro " + share)
result = {access()}
""")
    assert made["failed"]
    assert "oneadmin may not write: create: EROFS: Read-only file system; the mount or the export is read-only" in made["msg"]
    assert "read_only: true" in made["msg"]


def test_a_path_that_is_no_mount_is_never_touched(tmp_path):
    made, before, after = run_as_root(tmp_path, f"""
share = {SHARE!r}
os.makedirs(share)
before = repr(os.stat(share))
made = {access()}
result = [made, before, repr(os.stat(share))]
""")
    assert made["failed"] and not made["changed"]
    assert "is not mounted: a plain directory of the local" in made["msg"]
    assert "nothing was changed" in made["msg"]
    assert before == after


def test_a_mount_of_another_type_is_never_touched(tmp_path):
    made, uid = run_as_root(tmp_path, prepare() + f"""
made = {access(type='nfs', source='nas1:/export')}
result = [made, os.stat(share).st_uid]
""")
    assert made["failed"] and uid == 0
    assert "is the tmpfs mount of none, but the type nfs is declared" in made["msg"]


def test_one_bad_path_does_not_keep_the_others_from_being_done(tmp_path):
    made, uid = run_as_root(tmp_path, prepare() + """
entry = {"owner": "oneadmin", "writers": ["oneadmin"]}
paths = [dict(entry, path=path) for path in (os.path.dirname(share) + "/missing", share, os.path.dirname(share))]
result = [run_module("path_access", {"paths": paths, "host": "hv1"}), os.stat(share).st_uid]
""")
    assert made["failed"] and made["changed"]
    assert uid == 9869
    assert len(made["problems"]) == 2
    assert [bool(entry["problems"]) for entry in made["paths"]] == [True, False, True]
    assert made["paths"][1]["writers"]["oneadmin"]["writes"]


def test_another_host_applies_and_this_one_verifies(tmp_path):
    differing, fine, uid = run_as_root(tmp_path, prepare() + """
call = lambda apply: run_module("path_access", {
    "apply": apply, "host": "hv2", "paths": [{"path": share, "owner": "oneadmin", "mode": "0750"}]})
differing = call(False)
uid = os.stat(share).st_uid
call(True)
result = [differing, call(False), uid]
""")
    assert differing["failed"] and not differing["changed"] and uid == 0
    assert "owner is root (0), not oneadmin (9869); mode is 1777, not 0750; another host" in differing["msg"]
    assert not fine.get("failed") and not fine["changed"]


def test_a_path_of_its_own_is_set_in_the_call_that_verifies_another(tmp_path):
    made, modes = run_as_root(tmp_path, prepare() + """
other = os.path.dirname(share) + "/other"
os.mkdir(other)
assert os.system("mount -t tmpfs none '%s'" % other) == 0
result = [run_module("path_access", {"host": "hv2", "paths": [
    {"path": share, "mode": "0750", "apply": False}, {"path": other, "mode": "0711"}]}),
    ["%o" % (os.stat(path).st_mode & 0o7777) for path in (share, other)]]
""")
    assert made["failed"] and modes == ["1777", "711"]
    assert [(entry["path"].rpartition("/")[2], len(entry["problems"])) for entry in made["paths"]] == [
        ("share", 1), ("other", 0)]


def test_unknown_accounts_are_refused_before_anything_is_touched(tmp_path):
    made, uid = run_as_root(tmp_path, prepare() + """
made = run_module("path_access", {"host": "hv1", "paths": [
    {"path": share, "owner": "oneadmin"}, {"path": share, "owner": "nobody-here", "writers": ["ghost"]}]})
result = [made, os.stat(share).st_uid]
""")
    assert made["failed"] and uid == 0
    assert [problem.split(", ")[0] for problem in made["problems"]] == [
        f"hv1: {SHARE}: access.owner names the user nobody-here",
        f"hv1: {SHARE}: access.writers names the user ghost"]


def test_resolving_touches_no_path(tmp_path):
    fine, pending, real = run_as_root(tmp_path, """
paths = [{"path": "/no/such/place", "owner": "oneadmin", "group": "later", "writers": ["later-user"]}]
expected = ["later", "later-user"]
result = [
    run_module("path_access", {"state": "resolved", "paths": [dict(paths[0], group="kvm", writers=[])]}),
    run_module("path_access", {"state": "resolved", "paths": paths, "expected_accounts": expected}),
    run_module("path_access", {"paths": paths, "expected_accounts": expected}),
]
""")
    assert not fine.get("failed") and not fine["changed"]
    assert fine["accounts"]["users"]["oneadmin"] == {"uid": 9869, "gid": 9869, "groups": [993, 9869]}
    assert fine["accounts"]["groups"] == {"kvm": 993}
    assert not pending.get("failed")
    assert pending["pending_accounts"] == ["later", "later-user"]
    assert real["failed"], "what is expected must be there once the run needs it"


@pytest.mark.parametrize("mode", [777, 0o770, "u+w", "0999"])
def test_a_wrong_mode_is_refused_with_what_to_write(tmp_path, mode):
    made = run_as_root(tmp_path, prepare() + f"result = {access(mode=mode)}")
    assert made["failed"] and not made["changed"]
    assert 'write it as mode: "2770"' in made["msg"]


def test_a_share_that_is_not_mounted_yet_is_predicted(tmp_path):
    applying, verifying, undeclared = run_as_root(tmp_path, f"""
share = {SHARE!r}
os.makedirs(share)
call = lambda apply, **entry: run_module(
    "path_access", {{"apply": apply, "paths": [dict(path=share, **entry)], "expected_accounts": ["later"]}}, True)
result = [call(True, owner="later", mode="2770"), call(False, owner="later", mode="2770"), call(True, writers=["later"])]
""")
    assert applying["changed"] and applying["paths"][0]["pending"]
    assert list(applying["diff"]["after"].values()) == [{"owner": "later", "mode": "2770"}]
    assert not verifying["changed"] and not verifying.get("failed")
    assert not undeclared["changed"] and not undeclared.get("failed")


ACL = ["user:oneadmin:rwx", "user:libvirt-qemu:rwx", "group:stranger:r-x"]
READ_ACLS = """
import struct
def acls(name):
    found = []
    for attribute in ("system.posix_acl_access", "system.posix_acl_default"):
        try:
            data = os.getxattr(name, attribute)
        except OSError as error:
            found.append(error.errno)
            continue
        found.append([list(entry) for entry in struct.iter_unpack("<HHI", data[4:])])
    return found
"""
NO_ID, NO_ACL = 0xFFFFFFFF, 61  # ENODATA
KERNELS_ACL = [[1, 7, NO_ID], [2, 7, 9869], [2, 7, 64055], [4, 0, NO_ID], [8, 5, 12345], [16, 7, NO_ID], [32, 0, NO_ID]]


@pytest.mark.parametrize("kind", ["ext4", "tmpfs"])
def test_several_users_write_what_the_others_made(tmp_path, kind):
    """Owner and group are root's: what they may they have from the ACL alone, and a reading group only reads.

    As any ACL it gives no more than the program that makes a file lets others have.
    """
    made, acl, mode, tried, inherited = run_as_root(tmp_path, READ_ACLS + prepare(kind) + f"""
made = {access(owner='root', group='root', mode='2700', acl=ACL)}
def as_user(uid, gid, command):
    return subprocess.run(["setpriv", "--reuid=%d" % uid, "--regid=%d" % gid, "--clear-groups", "sh", "-c", command],
                          cwd=share, stderr=subprocess.DEVNULL).returncode
tried = [as_user(9869, 9869, "umask 022; echo made > image && mkdir below"),
         as_user(64055, 993, "echo changed >> image && echo new > below/image"),
         as_user(9869, 9869, "echo back >> below/image"),
         as_user(12345, 12345, "cat image"), as_user(12345, 12345, "echo no >> image"),
         as_user(54321, 54321, "cat image")]
if not os.fork():
    os.setgroups([]), os.setgid(9869), os.setuid(9869)
    os.open(share + "/strict", os.O_CREAT | os.O_WRONLY, 0o644)
    os._exit(0)
os.wait()
tried.append(as_user(64055, 993, "echo no >> strict"))
result = [made, acls(share), oct(os.stat(share).st_mode & 0o7777), tried, acls(share + "/below")]
""")
    assert not made.get("failed"), made["msg"]
    assert acl == [KERNELS_ACL, KERNELS_ACL]
    assert mode == "0o2770"
    assert [bool(code) for code in tried] == [False, False, False, False, True, True, True]
    assert inherited == [KERNELS_ACL, KERNELS_ACL]
    assert made["paths"][0]["acl"] == made["paths"][0]["default_acl"] == [
        "user::rwx", "user:oneadmin:rwx", "user:libvirt-qemu:rwx", "group::---", "group:stranger:r-x", "mask::rwx",
        "other::---"]


def test_an_acl_is_set_once_predicted_and_mended(tmp_path):
    predicted, first, second, cut, mended, left = run_as_root(tmp_path, READ_ACLS + prepare("ext4") + f"""
call = lambda check=False, **more: run_module("path_access", {{"paths": [dict(
    {{"path": share, "owner": "oneadmin", "group": "kvm", "mode": "2750", "acl": {ACL!r}}}, **more)]}}, check)
predicted = call(True)
untouched = acls(share)
assert untouched == [{NO_ACL}, {NO_ACL}], untouched
first, second = call(), call()
os.chmod(share, 0o750)
cut = call(True)
mended = [call(), acls(share), oct(os.stat(share).st_mode), call()["changed"]]
left = [call(acl=[]), acls(share), oct(os.stat(share).st_mode), call(acl=[])["changed"]]
result = [predicted, first, second, cut, mended, left]
""")
    assert predicted["operations"] == first["operations"] and predicted["diff"] == first["diff"]
    assert [operation["operation"] for operation in first["operations"]] == ["path.own", "path.acl", "path.mode"]
    assert not second["changed"] and second["paths"][0]["mode"] == "2770"
    (before,), (after,) = cut["diff"]["before"].values(), cut["diff"]["after"].values()
    assert (before["mode"], after["mode"]) == ("0750", "2750")
    assert before["acl"][-2] == "mask::r-x" and after["acl"][-2] == "mask::rwx"
    assert mended[0]["diff"] == cut["diff"]
    whole = [[tag, 5 if tag == 4 else bits, number] for tag, bits, number in KERNELS_ACL]
    assert mended[1:] == [[whole, whole], "0o42770", False]
    assert left[0]["changed"] and left[1:] == [[NO_ACL, NO_ACL], "0o42750", False]


def test_another_owner_is_mended_without_cutting_the_acl(tmp_path):
    mended, acl, without_mode, mode = run_as_root(tmp_path, READ_ACLS + prepare("ext4") + f"""
call = lambda **more: run_module("path_access", {{"paths": [dict({{"path": share, "acl": {ACL!r}}}, **more)]}})
call(owner="oneadmin", mode="2750")
os.chown(share, 0, 0)
mended = [call(owner="oneadmin", mode="2750"), acls(share)]
without_mode = call(acl=[])
result = mended + [without_mode, oct(os.stat(share).st_mode)]
""")
    assert [operation["operation"] for operation in mended["operations"]] == ["path.own"] and not mended.get("failed")
    assert acl[0] == acl[1] and [16, 7, NO_ID] in acl[0]
    assert without_mode["changed"] and mode == "0o42750", "the group gets its own bits back, not the mask's"


def test_another_host_verifies_the_acl(tmp_path):
    made, acl = run_as_root(tmp_path, READ_ACLS + prepare("ext4") + f"""
made = run_module("path_access", {{"host": "hv2", "apply": False, "paths": [{{"path": share, "acl": {ACL[:1]!r}}}]}})
result = [made, acls(share)]
""")
    assert made["failed"] and acl == [NO_ACL, NO_ACL]
    assert f"hv2: {SHARE}: ACL is none, not user::rwx,user:oneadmin:rwx,group::r-x,mask::rwx,other::r-x" in made["msg"]


def test_a_filesystem_without_acls_is_refused_before_anything_is_changed(tmp_path):
    checked, made, uid = run_as_root(tmp_path, prepare("ext4") + f"""
sh("umount " + share + " && mount -t ramfs none " + share)
call = lambda check: run_module("path_access", {{"host": "hv1", "paths": [
    {{"path": share, "owner": "oneadmin", "acl": {ACL!r}, "writers": ["oneadmin"]}}]}}, check)
result = [call(True), call(False), os.stat(share).st_uid]
""")
    for result in (checked, made):
        assert result["failed"] and not result["changed"]
        assert result["msg"].startswith(
            f"hv1: {SHARE}: access.acl is declared, but ACLs are unsupported on ramfs (none); nothing was changed; ")
    assert uid == 0


# The kernel's answers as a client of an NFS server gets them: the share's mount is shown as one, and a call is refused.
AS_NFS = """
import errno
from ansible_collections.virtshare.storage.plugins.module_utils import mountinfo
shown = mountinfo.read
mountinfo.read = lambda: [mount._replace(fstype={fstype!r}, source="nas1:/export/projects")
                          if mount.mount_point == share else mount for mount in shown()]
def refuse(*dummy, **more):
    raise OSError({number}, os.strerror({number}))
os.{call} = refuse
"""


@pytest.mark.parametrize("fstype, call, number, words", [
    ("nfs4", "chown", "errno.EPERM", "root may not change owner and ACL of nas1:/export/projects (EPERM: Operation not "
     "permitted): the server nas1 maps this host's root to nobody (root_squash, the default of an export); set them once "
     "on the server: chown 9869 /export/projects && setfacl -m u:9869:rwx,d:u:9869:rwx /export/projects; or export to "
     "this host with no_root_squash"),
    ("nfs", "getxattr", "errno.EACCES", "root may not look at owner and ACL of nas1:/export/projects (EACCES: Permission "
     "denied): the server nas1 maps this host's root to nobody"),
    ("nfs4", "getxattr", "errno.EOPNOTSUPP", "access.acl is declared, but ACLs are unsupported on nfs4 (nas1:/export/"
     "projects); nothing was changed; NFS 4 hides the server's POSIX ACLs: set them once on the server nas1"),
    ("nfs4", "chown", "errno.EROFS", "(EROFS: Read-only file system): it is mounted or exported read-only; declare the "
     "share with read_only: true, or make it writable"),
])
def test_what_a_server_refuses_is_said_with_what_to_do_there(tmp_path, fstype, call, number, words):
    made, uid = run_as_root(tmp_path, prepare("ext4") + AS_NFS.format(fstype=fstype, call=call, number=number) + f"""
made = run_module("path_access", {{"host": "hv1", "paths": [
    {{"path": share, "type": "nfs", "owner": "oneadmin", "acl": {ACL[:1]!r}, "writers": ["oneadmin"]}}]}})
result = [made, os.stat(share).st_uid]
""")
    assert made["failed"] and not made["changed"] and uid == 0
    (problem,) = made["problems"]
    assert problem.startswith(f"hv1: {SHARE}: ") and words in problem


def test_a_user_that_the_acl_cuts_is_told_so(tmp_path):
    denying = access(mode="0777", acl=["user:stranger:r-x"], writers=["stranger"])
    made = run_as_root(tmp_path, prepare("ext4") + f"result = {denying}")
    assert made["failed"]
    assert "stranger may not write: create: EACCES" in made["msg"]
    assert "and the ACL user::rwx,user:stranger:r-x,group::rwx,mask::rwx,other::rwx;" in made["msg"]
    assert "its ACL names stranger, so that entry counts, and w is missing there" in made["msg"]


def test_a_wrong_acl_is_refused_with_what_to_write(tmp_path):
    made = run_as_root(tmp_path, prepare() + f"result = {access(acl=['mask::rwx'])}")
    assert made["failed"] and not made["changed"]
    assert f"{SHARE}: access.acl 'mask::rwx' is not an entry for a user or a group." in made["msg"]


# The user's test stops after its first step, so that it can be killed there; the file it has just made is the witness.
STOPPING = """
from ansible_collections.virtshare.storage.plugins.module_utils.access import write_test
def stop(directory, now, keep):
    os.write(screen, b"%d\\n" % os.getpid())
    signal.pause()
import signal
screen = os.dup(1)
real, write_test._remove_aged = write_test._remove_aged, stop
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_killed_test_leaves_nothing(tmp_path, number):
    process = start_as_root(tmp_path, prepare() + STOPPING + f"""
made = {access(writers=['oneadmin'])}
result = [made, os.listdir(share)]
""")
    child = int(process.stdout.readline())
    os.kill(child, number)
    made, left = json.loads(finish(process))
    assert made["failed"]
    assert left == []


def test_what_a_killed_module_left_is_removed_by_the_next_run_and_no_more(tmp_path):
    before, after = run_as_root(tmp_path, prepare() + f"""
from ansible_collections.virtshare.storage.plugins.module_utils.access import write_test
mine = write_test.PREFIX + write_test.host_tag() + "."
boot = write_test._boot_tag()
gone = subprocess.Popen(["true"])
gone.wait()
stale = [mine + boot + ".%d.aa" % gone.pid, mine + "0therboo.1.bb.renamed", write_test.PREFIX + "an-older-host.x.1.cc"]
kept = [mine + boot + ".%d.dd" % os.getpid(), write_test.PREFIX + "another-host.x.1.ee", "image.raw"]
for name in stale + kept:
    open(share + "/" + name, "w").close()
os.utime(share + "/" + stale[2], (0, 0))
os.utime(share + "/image.raw", (0, 0))
before = sorted(os.listdir(share))
made = {access(mode='2777')}
assert not made.get("failed"), made
result = [[name for name in before if name in kept], sorted(os.listdir(share))]
""")
    assert len(before) == 3
    assert after == before


def test_a_filesystem_that_hangs_is_named_and_the_others_are_done(tmp_path):
    made = run_as_root(tmp_path, prepare() + """
import time
from ansible_collections.virtshare.storage.plugins.module_utils.access import ownership
other = os.path.dirname(share) + "/other"
os.mkdir(other)
sh("mount -t tmpfs fine " + other)
real = ownership.read
ownership.read = lambda path, *rest: time.sleep(600) if path == share else real(path, *rest)
started = time.monotonic()
made = run_module("path_access", {"host": "hv1", "timeout": 1, "paths": [
    {"path": share, "owner": "oneadmin"}, {"path": other, "owner": "oneadmin", "writers": ["oneadmin"]}]})
made["took"] = time.monotonic() - started
made["uid"] = os.stat(other).st_uid
result = made
""")
    assert made["failed"]
    assert made["took"] < 10
    share = SHARE
    assert made["msg"].startswith(f"hv1: {share}: the server none did not answer within 1 s (tmpfs mount of none)")
    assert made["uid"] == 9869
    assert made["paths"][1]["writers"]["oneadmin"]["writes"]
