# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""share_access's ACLs on real filesystems, as real users, and in the words for servers that have them otherwise."""

import pytest

from tests.support.access import SHARE, access, prepare
from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

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
call = lambda check=False, **more: run_module("share_access", {{"shares": [declared(**dict(
    {{"path": share, "owner": "oneadmin", "group": "kvm", "mode": "2750", "acl": {ACL!r}}}, **more))]}}, check)
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
call = lambda **more: run_module("share_access", {{"shares": [declared(**dict({{"path": share, "acl": {ACL!r}}}, **more))]}})
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
made = run_module("share_access", {{"host": "hv2", "verify": [share], "shares": [declared(path=share, acl={ACL[:1]!r})]}})
result = [made, acls(share)]
""")
    assert made["failed"] and acl == [NO_ACL, NO_ACL]
    assert f"hv2: {SHARE}: ACL is none, not user::rwx,user:oneadmin:rwx,group::r-x,mask::rwx,other::r-x" in made["msg"]


def test_a_filesystem_without_acls_is_refused_before_anything_is_changed(tmp_path):
    checked, made, uid = run_as_root(tmp_path, prepare("ext4") + f"""
sh("umount " + share + " && mount -t ramfs none " + share)
call = lambda check: run_module("share_access", {{"host": "hv1", "shares": [
    declared(path=share, owner="oneadmin", acl={ACL!r}, writers=["oneadmin"])]}}, check)
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
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
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
made = run_module("share_access", {{"host": "hv1", "shares": [declared(
    share, "nfs", "nas1:/export/projects", owner="oneadmin", acl={ACL[:1]!r}, writers=["oneadmin"])]}})
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
    assert f"hv1: share {SHARE}: access.acl 'mask::rwx' is not an entry for a user or a group." in made["msg"]


def test_accounts_with_blanks_are_taken_everywhere(tmp_path):
    made, again, acl, owner = run_as_root(tmp_path, READ_ACLS + prepare("ext4") + """
call = lambda: run_module("share_access", {"shares": [declared(
    share, owner="CORP\\\\svc vm", group="domain users", mode="2770", writers=["CORP\\\\svc vm"],
    acl=["group:domain users:rwx", "user:CORP\\\\svc vm:r-x"])]})
made, again = call(), call()
result = [made, again, acls(share)[0], [os.stat(share).st_uid, os.stat(share).st_gid]]
""")
    assert not made.get("failed"), made["msg"]
    assert not again["changed"] and owner == [20100, 20513]
    assert [8, 7, 20513] in acl and [2, 5, 20100] in acl
