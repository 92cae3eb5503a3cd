# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""share_access on real filesystems as real users: its table against the system calls tried by hand."""

import json
import os
import re
import signal

import pytest

from tests.support.access import BY_HAND, MEANINGS, MOUNTS, SHARE, access, prepare
from tests.support.privileged import finish, run_as_root, send_signal, start_as_root

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", MOUNTS)
def test_the_table_is_what_the_system_calls_say(tmp_path, kind):
    found = run_as_root(tmp_path, BY_HAND + prepare(kind) + f"""
made = {access()}
tables = {{name: entry["tests"] for name, entry in made["paths"][0]["writers"].items()}}
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
    row = made["paths"][0]["writers"]["oneadmin"]["tests"]["fallocate"]
    assert row == {"result": "not_supported", "words": (
        "EOPNOTSUPP: Operation not supported; a preallocated image is written in full, zero by zero, which is slow and "
        "uses the network")}


def test_owner_and_mode_are_set_once_and_predicted_in_check_mode(tmp_path):
    predicted, first, second, state = run_as_root(tmp_path, prepare() + """
call = lambda check: run_module("share_access", {"shares": [declared(
    path=share, owner="oneadmin", group="kvm", mode="2770", writers=["oneadmin"])]}, check)
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
    assert writers["stranger"]["tests"]["create"]["result"] == "denied"
    assert writers["stranger"]["tests"]["write"]["result"] == "not_tried"
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
os.mkdir(os.path.dirname(share) + "/plain")
shares = [declared(path=os.path.dirname(share) + "/" + name, owner="oneadmin", writers=["oneadmin"])
          for name in ("missing", "share", "plain")]
result = [run_module("share_access", {"shares": shares, "host": "hv1"}), os.stat(share).st_uid]
""")
    assert made["failed"] and made["changed"]
    assert uid == 9869
    assert len(made["problems"]) == 2
    assert [bool(entry["problems"]) for entry in made["paths"]] == [True, False, True]
    assert made["paths"][1]["writers"]["oneadmin"]["writes"]


def test_another_host_applies_and_this_one_verifies(tmp_path):
    differing, fine, uid = run_as_root(tmp_path, prepare() + """
call = lambda **more: run_module("share_access", dict(
    more, host="hv2", shares=[declared(path=share, owner="oneadmin", mode="0750")]))
differing = call(verify=[share])
uid = os.stat(share).st_uid
call(set=[share])
result = [differing, call(verify=[share]), uid]
""")
    assert differing["failed"] and not differing["changed"] and uid == 0
    assert "owner is root (0), not oneadmin (9869); mode is 1777, not 0750; another host" in differing["msg"]
    assert not fine.get("failed") and not fine["changed"]


def test_a_path_of_its_own_is_set_in_the_call_that_verifies_another(tmp_path):
    made, modes = run_as_root(tmp_path, prepare() + """
other = os.path.dirname(share) + "/other"
os.mkdir(other)
assert os.system("mount -t tmpfs none '%s'" % other) == 0
result = [run_module("share_access", {"host": "hv2", "verify": [share], "shares": [
    declared(path=share, mode="0750"), declared(path=other, mode="0711")]}),
    ["%o" % (os.stat(path).st_mode & 0o7777) for path in (share, other)]]
""")
    assert made["failed"] and modes == ["1777", "711"]
    assert [(entry["path"].rpartition("/")[2], len(entry["problems"])) for entry in made["paths"]] == [
        ("share", 1), ("other", 0)]


def test_unknown_accounts_are_refused_before_anything_is_touched(tmp_path):
    made, uid = run_as_root(tmp_path, prepare() + """
made = run_module("share_access", {"host": "hv1", "shares": [
    declared(path="/srv/first", owner="oneadmin"), declared(path=share, owner="nobody-here", writers=["ghost"])]})
result = [made, os.stat(share).st_uid]
""")
    assert made["failed"] and uid == 0
    assert [problem.split(", ")[0] for problem in made["problems"]] == [
        f"hv1: {SHARE}: access.owner names the user nobody-here",
        f"hv1: {SHARE}: access.writers names the user ghost"]


def test_what_packages_of_the_run_bring_is_expected_in_check_mode_only(tmp_path):
    fine, pending, real = run_as_root(tmp_path, """
call = lambda check=False, **access: run_module("share_access", {
    "shares": [declared(path="/no/such/place", owner="oneadmin", **access)], "expected_accounts": ["later", "later-user"],
}, check)
result = [call(True, group="kvm"), call(True, group="later", writers=["later-user"]),
          call(group="later", writers=["later-user"])]
""")
    assert not fine.get("failed")
    assert fine["accounts"]["users"]["oneadmin"] == {"uid": 9869, "gid": 9869, "groups": [993, 9869]}
    assert fine["accounts"]["groups"] == {"kvm": 993}
    assert not pending.get("failed")
    assert pending["pending_accounts"] == ["later", "later-user"]
    assert real["failed"], "what is expected must be there once the run needs it"


@pytest.mark.parametrize("mode", [777, 0o770, "u+w", "0999"])
def test_a_wrong_mode_is_refused_with_what_to_write(tmp_path, mode):
    made = run_as_root(tmp_path, prepare() + f"result = {access(mode=mode)}")
    assert made["failed"] and not made["changed"]
    assert re.search(r'[Ww]rite it in quotes: mode: "\d+"|such as mode: "2770"', made["msg"])


def test_a_share_that_is_not_mounted_yet_is_predicted(tmp_path):
    applying, verifying, undeclared = run_as_root(tmp_path, f"""
share = {SHARE!r}
os.makedirs(share)
call = lambda option, **access: run_module(
    "share_access", {{option: [share], "shares": [declared(path=share, **access)], "expected_accounts": ["later"]}}, True)
result = [call("set", owner="later", mode="2770"), call("verify", owner="later", mode="2770"),
          call("set", writers=["later"])]
""")
    assert applying["changed"] and applying["paths"][0]["pending"]
    assert list(applying["diff"]["after"].values()) == [{"owner": "later", "mode": "2770"}]
    assert not verifying["changed"] and not verifying.get("failed")
    assert not undeclared["changed"] and not undeclared.get("failed")


def test_a_directory_that_is_not_bound_yet_is_looked_at(tmp_path):
    right, wrong, gone = run_as_root(tmp_path, f"""
share = {SHARE!r}
os.makedirs(share)
os.makedirs("/srv/data", mode=0o750)
call = lambda source, mode: run_module(
    "share_access", {{"set": [share], "shares": [declared(path=share, source=source, owner="root", mode=mode)]}}, True)
result = [call("/srv/data", "0750"), call("/srv/data", "2770"), call("/srv/gone", "2770")]
""")
    assert right["paths"][0]["pending"] and not right["changed"] and right["operations"] == []
    assert wrong["diff"] == {"before": {SHARE: {"mode": "0750"}}, "after": {SHARE: {"mode": "2770"}}}
    assert gone["diff"]["after"] == {SHARE: {"owner": "root", "mode": "2770"}}


# The user's test stops after its first step, so that it can be killed there; the file it has just made is the witness.
STOPPING = """
from ansible_collections.virtshare.storage.plugins.module_utils._access import write_test
def stop(descriptor, content):
    os.write(screen, b"%d\\n" % os.getpid())
    signal.pause()
import signal
screen = os.dup(1)
real, write_test._write = write_test._write, stop
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_killed_test_leaves_nothing(tmp_path, number):
    process = start_as_root(tmp_path, prepare() + STOPPING + f"""
made = {access(writers=['oneadmin'])}
result = [made, os.listdir(share)]
""")
    child = int(process.stdout.readline())
    send_signal(child, number)
    made, left = json.loads(finish(process))
    assert made["failed"]
    assert left == []


def test_what_a_killed_module_left_is_removed_by_the_next_run_and_no_more(tmp_path):
    """No time of a file counts: those that are kept are all as old as a file can be."""
    before, after, later = run_as_root(tmp_path, prepare() + f"""
from ansible_collections.virtshare.storage.plugins.module_utils._access import write_test
from ansible_collections.virtshare.storage.plugins.module_utils._share import leftovers
leftovers.MEMORY = "/srv/leftovers.json"
mine = write_test.PREFIX + write_test.host_tag() + "."
boot = write_test._boot_tag()
gone = subprocess.Popen(["true"])
gone.wait()
number, other = "0123456789ab", write_test.PREFIX + "0123456789ab.deadbeef."
def name(start, pid):
    return leftovers.sealed(start + "%d.%s" % (pid, number))
stale = [name(mine + boot + ".", gone.pid), name(mine + "0therboo.", 1) + ".renamed"]
aged = name(other, 1)
kept = [name(mine + boot + ".", os.getpid()), name(other, 2), other + "3." + number, write_test.PREFIX + "mine", "image.raw"]
for each in stale + [aged] + kept:
    open(share + "/" + each, "w").close()
    os.utime(share + "/" + each, (0, 0))
os.symlink("image.raw", share + "/" + name(mine + boot + ".", gone.pid + 1))
kept.append(name(mine + boot + ".", gone.pid + 1))
made = {access(mode='2777')}
assert not made.get("failed"), made
first = sorted(os.listdir(share))
memory = json.load(open(leftovers.MEMORY))
memory[share][aged] -= write_test.STALE_SECONDS + 1
json.dump(memory, open(leftovers.MEMORY, "w"))
made = {access(mode='2777')}
result = [sorted(kept), [each for each in first if each != aged], sorted(os.listdir(share))]
assert aged in first
""")
    assert after == before == later


def test_a_filesystem_that_hangs_is_named_and_the_others_are_done(tmp_path):
    made = run_as_root(tmp_path, prepare() + """
import time
from ansible_collections.virtshare.storage.plugins.module_utils._access import ownership
other = os.path.dirname(share) + "/other"
os.mkdir(other)
sh("mount -t tmpfs fine " + other)
real = ownership.read
ownership.read = lambda path, *rest: time.sleep(600) if path == share else real(path, *rest)
started = time.monotonic()
made = run_module("share_access", {"host": "hv1", "timeout": 1, "shares": [
    declared(path=share, owner="oneadmin"), declared(path=other, owner="oneadmin", writers=["oneadmin"])]})
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
