# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""share_mounts with real bind mounts on a real ext4, in a mount namespace that ends with each test."""

import pytest

from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

# Every script begins with two directories to bind on a disk of their own, and a fstab with foreign lines.
BEGIN = r"""
import time
image = {image!r}
disk = "/srv/disk"
os.mkdir(disk)
sh("truncate -s 32M %s && mkfs.ext4 -q %s && mount -o loop %s %s" % (image, image, image, disk))
for name in ("data", "da ta#", "other"):
    os.mkdir("%s/%s" % (disk, name))
    open("%s/%s/in-%s" % (disk, name, name[:2]), "w").close()
fstab = disk + "/fstab"
FOREIGN = "# caf\u00e9 \t \nUUID=1  /\text4 defaults 0 1\r\n"
open(fstab, "w").write(FOREIGN)
A, B = disk + "/shares/a", disk + "/shares/b #2"

def share(path=A, source=disk + "/data", **changes):
    return dict({{"path": path, "type": "local", "source": source}}, **changes)

def both(**changes):
    return [share(**changes), share(B, disk + "/da ta#", read_only=True)]

def share_mounts(shares, check=False, **parameters):
    outcome = run_module("share_mounts", dict(parameters, shares=shares, fstab=fstab, timeout=20), check)
    return {{
        "changed": outcome.get("changed"), "msg": outcome.get("msg", ""), "warnings": outcome["warnings"],
        "did": [operation["operation"] for operation in outcome.get("operations", [])],
        "diff": outcome.get("diff"), "mounts": outcome.get("mounts"),
    }}

def mountinfo():
    return sorted(line.split(" - ")[0].split(" ", 2)[2] for line in open("/proc/self/mountinfo") if " /srv/disk/" in line)

def state():
    return [mountinfo(), open(fstab, newline="").read(), sh("find %s -xdev -printf '%%p %%m %%U %%T@\\n' | sort" % disk)]
"""


def on_a_host(tmp_path, script, **more):
    return run_as_root(tmp_path, BEGIN.format(image=str(tmp_path / "disk")) + script, **more)


def test_check_mode_predicts_the_first_run_and_the_second_changes_nothing(tmp_path):
    result = on_a_host(tmp_path, """
before = state()
predicted = share_mounts(both(options={"noatime": True}), check=True)
untouched = state() == before
first = share_mounts(both(options={"noatime": True}))
second = share_mounts(both(options={"noatime": True}))
result = dict(
    untouched=untouched, predicted=predicted, first=first, second=second, fstab=open(fstab, newline="").read(),
    same=all(predicted[key] == first[key] for key in ("changed", "did", "diff")),
    seen=[os.listdir(A), os.listdir(B)], foreign=FOREIGN)
""")
    assert result["untouched"] and result["same"]
    assert result["first"]["changed"] and not result["second"]["changed"]
    assert result["first"]["did"] == ["directory"] * 2 + ["fstab"] * 2 + ["mount"] * 2
    assert result["second"]["did"] == []
    assert result["seen"] == [["in-da"], ["in-da"]]
    assert result["fstab"] == result["foreign"] + (
        "/srv/disk/data /srv/disk/shares/a none rw,noatime,bind,nofail 0 0\n"
        "/srv/disk/da\\040ta# /srv/disk/shares/b\\040#2 none ro,bind,nofail 0 0\n")
    a, b = result["first"]["mounts"]
    assert (a["mounted"], a["root"], a["fstype"]) == (True, "/data", "ext4") and "noatime" in a["options"]
    assert (b["path"], b["root"]) == ("/srv/disk/shares/b #2", "/da ta#")
    assert "ro" in b["options"] and "rw" not in b["options"]


def test_nobody_can_write_below_a_lost_mount(tmp_path):
    result = on_a_host(tmp_path, """
share_mounts([share()])
sh("umount " + A)
try:
    open(A + "/lost", "w")
    wrote = "wrote"
except OSError as error:
    wrote = error.strerror
result = [wrote, sh("stat -c '%a %u' " + A).strip(), share_mounts([share()])["did"], os.listdir(A)]
""")
    assert result == ["Operation not permitted", "0 0", ["mount"], ["in-da"]]


def test_the_directory_is_guarded_while_it_is_covered(tmp_path):
    result = on_a_host(tmp_path, """
os.makedirs(A)
sh("mount --bind %s/data %s" % (disk, A))
mounts = open("/proc/self/mountinfo").read()
did = share_mounts([share()])["did"]
seen_inside = sh("stat -c %a " + A).strip()
same_mounts = open("/proc/self/mountinfo").read() == mounts
again = share_mounts([share()])["did"]
sh("umount " + A)
result = [did, seen_inside, same_mounts, again, sh("stat -c %a " + A).strip(), sh("lsattr -d " + A)[4]]
""")
    assert result == [["directory", "fstab"], "755", True, [], "0", "i"]


DRIFTS = {
    "unmounted": ("umount {a}", ["mount"]),
    "another directory": ("umount {a}; mount --bind /srv/disk/other {a}", ["unmount", "mount"]),
    "covered by a filesystem in memory": ("mount -t tmpfs none {a}", ["unmount"]),
    "mounted twice over": ("mount -t tmpfs none {a}; mount --bind /srv/disk/other {a}", ["unmount", "unmount"]),
    "read-only": ("mount -o remount,bind,ro {a}", ["remount"]),
    "other flags": ("mount -o remount,bind,strictatime,nodev {a}", ["remount"]),
    "fstab edited": ("sed -i s/noatime/noatime,nosuid/ /srv/disk/fstab", ["fstab"]),
    "fstab line gone": ("sed -i /shares.a/d /srv/disk/fstab", ["fstab"]),
    "guard taken away": ("umount {a}; chattr -i {a}; chmod 755 {a}; mount --bind -o noatime /srv/disk/data {a}",
                         ["directory"]),
    "directory gone": ("umount {a}; chattr -i {a}; rmdir {a}", ["directory", "mount"]),
}


@pytest.mark.parametrize("drift, operations", list(DRIFTS.values()), ids=list(DRIFTS))
def test_drift_is_predicted_and_mended(tmp_path, drift, operations):
    result = on_a_host(tmp_path, """
declared = [share(options={"noatime": True})]
share_mounts(declared)
good = mountinfo(), sorted(open(fstab).read().splitlines())
sh(%r)
predicted = share_mounts(declared, check=True)
mended = share_mounts(declared)
after = mountinfo(), sorted(open(fstab).read().splitlines())
result = dict(
    predicted=predicted["did"], did=mended["did"], msg=mended["msg"], again=share_mounts(declared)["did"],
    mended=[[line.replace("nodev,", "") for line in each] for each in after] == [list(each) for each in good],
    good=good, after=after)
""" % drift.format(a="/srv/disk/shares/a"))
    assert result["did"] == operations, result
    assert result["predicted"] == operations
    assert result["again"] == []
    assert result["mended"], result


def test_a_mount_in_use_is_refused_naming_who_uses_it_and_the_other_share_is_done(tmp_path):
    result = on_a_host(tmp_path, """
sh("mkdir -p %s && mount --bind /srv/disk/other %s" % (A, A))
def attempt(**popen):
    user = subprocess.Popen(["sleep", "60"], **popen)
    try:
        return [user.pid, share_mounts([share(), share(B)], check=True), share_mounts([share(), share(B)])]
    finally:
        user.kill()
        user.wait()
before = mountinfo()
by_directory = attempt(cwd=A)
untouched = [line for line in mountinfo() if "shares/a" in line] == before
by_file = attempt(stdin=open(A + "/in-ot"))
sh("mkdir %s/deep && mount -t tmpfs none %s/deep" % (A, A))
by_mount = share_mounts([share()])
sh("umount %s/deep" % A)
result = dict(by_directory=by_directory, by_file=by_file, by_mount=by_mount, untouched=untouched,
              free=share_mounts([share()])["did"])
""")
    pid, check, run = result["by_directory"]
    for outcome in (check, run):
        for word in ("/srv/disk/shares/a", "/other", f"sleep (process {pid})", "Nothing was changed for this share"):
            assert word in outcome["msg"]
    assert check["did"] == run["did"] == ["directory", "fstab", "mount"]
    assert result["untouched"]
    pid, check, run = result["by_file"]
    assert f"sleep (process {pid})" in run["msg"] and run["did"] == []
    assert "a mount at /srv/disk/shares/a/deep" in result["by_mount"]["msg"]
    assert result["free"] == ["unmount", "directory", "fstab", "mount"]


def test_a_process_in_a_mount_namespace_of_its_own_holds_the_share_too(tmp_path):
    result = on_a_host(tmp_path, """
share_mounts([share()])
# As virtiofsd does it: an open file in a namespace where the share has another number.
user = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c",
                         "exec 9<%s/in-da; echo ready; exec sleep 60" % A], stdout=subprocess.PIPE)
user.stdout.readline()
refused = share_mounts([share(source=disk + "/other")])["msg"]
user.kill(), user.wait()
result = [user.pid, refused, share_mounts([share(source=disk + "/other")])["did"]]
""")
    pid, refused, freed = result
    assert f"(process {pid})" in refused
    assert freed == ["unmount", "fstab", "mount"]


def test_files_that_a_mount_would_hide_are_reported_and_may_be_allowed(tmp_path):
    result = on_a_host(tmp_path, """
os.makedirs(A)
open(A + "/disk.qcow2", "w").close()
refused = share_mounts([share(), share(B)])
allowed = share_mounts([share(allow_hidden_files=True)])
converged = share_mounts([share()])
result = [refused, allowed, converged]
""")
    refused, allowed, converged = result
    assert "disk.qcow2" in refused["msg"] and "allow_hidden_files: true" in refused["msg"]
    assert refused["did"] == ["directory", "fstab", "mount"]
    assert allowed["did"] == ["directory", "fstab", "mount"] and allowed["msg"] == ""
    assert converged["did"] == [] and "disk.qcow2" in converged["warnings"][0]


def test_unmounted_and_absent(tmp_path):
    result = on_a_host(tmp_path, """
before = open(fstab, newline="").read()
share_mounts([share()])
steps = []
for state in ("unmounted", "mounted", "absent"):
    predicted = share_mounts([share(state=state)], check=True)["did"]
    did = share_mounts([share(state=state)])["did"]
    again = share_mounts([share(state=state)])["did"]
    steps.append([predicted == did, did, again, bool(mountinfo()), os.path.exists(A), "noauto" in open(fstab).read()])
result = [steps, open(fstab, newline="").read() == before]
""")
    steps, same = result
    assert steps == [
        [True, ["unmount", "fstab"], [], False, True, True],
        [True, ["fstab", "mount"], [], True, True, False],
        [True, ["unmount", "remove_directory", "fstab"], [], False, False, False],
    ]
    assert same


def test_a_share_without_a_source_is_only_checked(tmp_path):
    result = on_a_host(tmp_path, """
os.makedirs(A)
checked = [{"path": A, "type": "local"}]
nothing = share_mounts(checked)
sh("mount -t tmpfs none " + A)
before = state()
there = share_mounts(checked)
result = [nothing["msg"], there["did"], there["mounts"][0]["fstype"], state() == before]
""")
    message, did, fstype, same = result
    assert "nothing is mounted there" in message
    assert (did, fstype, same) == ([], "tmpfs", True)


def test_paths_behind_links_and_missing_sources_are_refused(tmp_path):
    result = on_a_host(tmp_path, """
sh("ln -s /srv/disk/data /srv/disk/link")
link = share_mounts([share(disk + "/link/a")])["msg"]
itself = share_mounts([share(disk + "/link")])["msg"]
missing = share_mounts([share(source=disk + "/missing")])["msg"]
result = [link, itself, missing, sorted(os.listdir(disk))]
""")
    link, itself, missing, listing = result
    assert "path: /srv/disk/data/a" in link
    assert "path: /srv/disk/data" in itself
    assert "/srv/disk/missing is not a directory" in missing
    assert "shares" not in listing


def test_a_wrong_declaration_changes_nothing(tmp_path):
    result = on_a_host(tmp_path, """
before = state()
outcome = share_mounts([share(), share("srv/relative"), share(B, access={"mode": 777})])
result = [outcome["msg"], outcome["did"], state() == before]
""")
    message, did, same = result
    assert message.startswith("2 problems") and "srv/relative" in message and '"0777"' in message
    assert (did, same) == ([], True)


def test_a_second_run_waits_for_the_first(tmp_path):
    result = on_a_host(tmp_path, """
import fcntl
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import apply
reader, writer = os.pipe()
release, hold = os.pipe()
if os.fork() == 0:
    lock = open(apply.LOCK, "a")
    fcntl.lockf(lock, fcntl.LOCK_EX)
    os.write(writer, b"locked")
    os.close(hold)
    os.read(release, 1)
    os._exit(0)
os.read(reader, 6)
check = share_mounts([share()], check=True)["did"]
refused = run_module("share_mounts", dict(shares=[share()], fstab=fstab, timeout=1))
os.close(hold)
os.wait()
result = [check, refused["msg"], share_mounts([share()])["did"]]
""")
    check, message, after = result
    assert check == after == ["directory", "fstab", "mount"]
    assert "another run changes the mounts of this host" in message and "2 s" in message


def test_a_bind_has_its_own_flags_and_not_those_of_the_mount_that_it_is_from(tmp_path):
    result = on_a_host(tmp_path, """
sh("mkdir /srv/ro && mount --bind {0}/other /srv/ro && mount -o remount,bind,ro,noexec /srv/ro".format(disk))
wanted = [share(source="/srv/ro", options={"exec": True})]
result = [share_mounts(wanted, check=True), share_mounts(wanted), share_mounts(wanted)]
open(A + "/written", "w").close()
""")
    foreseen, done, again = result
    assert done["msg"] == "" and done["did"] == foreseen["did"] and "mount" in done["did"]
    assert again["did"] == []


@pytest.mark.parametrize("spoil, mend, words, way_out", [
    # Large writes are refused before the last block is taken, and what is reserved for one becomes free with the next sync.
    ("cat /dev/zero > /srv/etc/filler 2>/dev/null; for round in 1 2 3; do sync;"
     " dd if=/dev/zero of=/srv/etc/more bs=4k oflag=append,dsync conv=notrunc 2>/dev/null; done; sync",
     "rm /srv/etc/filler /srv/etc/more", "No space left on device",
     ". Free some space on its filesystem, then run again"),
    ("mount -o remount,ro /srv/etc", "mount -o remount,rw /srv/etc", "Read-only file system",
     ". Make its filesystem writable, then run again"),
    ("chattr +i /srv/etc/fstab", "chattr -i /srv/etc/fstab",
     "it is immutable. Take that away with chattr -i /srv/etc/fstab", ""),
    ("chattr +a /srv/etc/fstab", "chattr -a /srv/etc/fstab",
     "it is append-only. Take that away with chattr -a /srv/etc/fstab", ""),
    ("chattr +i /srv/etc", "chattr -i /srv/etc",
     "its directory /srv/etc is immutable. Take that away with chattr -i /srv/etc", ""),
    ("chattr +a /srv/etc", "chattr -a /srv/etc",
     "its directory /srv/etc is append-only. Take that away with chattr -a /srv/etc", ""),
    ("touch /srv/fstab && cp /srv/etc/fstab /srv/fstab && mount --bind /srv/fstab /srv/etc/fstab", "umount /srv/etc/fstab",
     "it is a mount point, as in a container, and cannot be replaced. Unmount it first", ""),
], ids=["full", "read-only", "immutable", "append-only", "immutable directory", "append-only directory", "mount point"])
def test_a_disk_that_takes_no_change_loses_nothing(tmp_path, spoil, mend, words, way_out):
    """A share whose source changed is not unmounted when the new one cannot be recorded."""
    result = on_a_host(tmp_path, """
etc = image + "-etc"
sh("truncate -s 8M {0} && mkfs.ext4 -q -b 4096 {0} && mkdir /srv/etc && mount -o loop {0} /srv/etc"
   " && mv {1} /srv/etc".format(etc, fstab))
fstab = "/srv/etc/fstab"
share_mounts([share()])
changed = [share(source=disk + "/other"), share(B, disk + "/da ta#")]
before = [mountinfo(), open(fstab, newline="").read()]
sh(%r)
converged, foreseen, refused = share_mounts([share()]), share_mounts(changed, check=True), share_mounts(changed)
same = [mountinfo(), open(fstab, newline="").read()] == before
listing = os.listdir("/srv/etc")
sh(%r)
ended = share_mounts(changed)
result = [converged, foreseen, refused, same, listing, ended, share_mounts(changed)["did"]]
""" % (spoil, mend))
    converged, foreseen, refused, same, listing, ended, again = result
    assert (converged["did"], converged["msg"], refused["did"], same) == ([], "", [], True)
    assert (foreseen["msg"], foreseen["did"]) == (refused["msg"], [])
    assert refused["msg"] == (
        f"vm: /srv/disk/shares/a, /srv/disk/shares/b #2: /srv/etc/fstab could not be written: {words}. "
        f"Nothing was changed for this share{way_out}.")
    assert ".fstab.virtshare" not in listing
    assert ended["did"] == ["unmount", "directory", "fstab", "fstab", "mount", "mount"] and again == []


@pytest.mark.parametrize("every", [60, pytest.param(20, marks=pytest.mark.release)])
def test_a_run_killed_anywhere_leaves_a_whole_fstab_and_the_next_one_ends_it(tmp_path, every):
    """At every twentieth stop, or every sixtieth in make test, at a system call: one share is added, of another the source changes."""
    result = on_a_host(tmp_path, """
from tests.support.killed import adopt_orphans, run_until, wait_for_orphans
adopt_orphans()
before = [share(source=disk + "/other")]
declared = [share(), share(B, disk + "/da ta#")]
def begin():
    share_mounts([dict(each, state="absent") for each in declared])
    share_mounts(before)
    return open(fstab, newline="").read()
begin()
share_mounts(declared)
good, new = mountinfo(), open(fstab, newline="").read()
wrong, stop = [], 0
old = begin()
while run_until(stop, lambda: share_mounts(declared)):
    # A mount that is under way when the run is killed comes to its end.
    wait_for_orphans()
    text = open(fstab, newline="").read()
    ended = share_mounts(declared)
    again = share_mounts(declared)["did"]
    if text not in (old, new) or ended["msg"] or again or mountinfo() != good or open(fstab, newline="").read() != new:
        wrong.append([stop, text, ended, again, mountinfo()])
    old = begin()
    stop += %d
result = [stop, wrong, sorted(os.listdir(disk))]
""" % every, seconds=240)
    last, wrong, listing = result
    assert last > 200, "it was killed before it did much"
    assert wrong == []
    assert listing == ["da ta#", "data", "fstab", "lost+found", "other", "shares"]


def test_shares_no_longer_declared_are_reported_and_removed_where_only_declared_ones_may_stay(tmp_path):
    result = on_a_host(tmp_path, """
C, HAND = disk + "/shares/c", disk + "/shares/by hand"
share_mounts([share(), share(B, disk + "/da ta#"), share(C, disk + "/other")])
# Mounted by a person: neither in fstab nor over a directory of ours. And one of ours whose line was lost.
sh("mkdir '%s' && mount --bind %s/other '%s'" % (HAND, disk, HAND))
sh("sed -i '/shares.c/d' " + fstab)
sh("mkdir %s/elsewhere && echo 'nas1:/x %s/elsewhere nfs noauto 0 0' >> %s" % (disk, disk, fstab))
before = state()
reported = run_module("share_mounts", dict(shares=[share()], fstab=fstab, timeout=20))
purge = dict(purge=True, purge_below=disk + "/shares")
same = state() == before
user = subprocess.Popen(["sleep", "60"], cwd=B)
busy = run_module("share_mounts", dict(purge, shares=[share()], fstab=fstab, timeout=20), True)
user.kill(), user.wait()
predicted = run_module("share_mounts", dict(purge, shares=[share()], fstab=fstab, timeout=20), True)
same = same and state() == before
removed = run_module("share_mounts", dict(purge, shares=[share()], fstab=fstab, timeout=20))
again = run_module("share_mounts", dict(purge, shares=[share()], fstab=fstab, timeout=20))
none_left = share_mounts([], **purge)["did"]
result = dict(
    pid=user.pid, reported=reported, busy=busy, predicted=predicted, removed=removed, again=again, same=same,
    listing=sorted(os.listdir(disk + "/shares")), mounted=[line.split()[2] for line in mountinfo()],
    none_left=none_left, fstab=open(fstab, newline="").read(), foreign=FOREIGN)
""")
    b, c = "/srv/disk/shares/b #2", "/srv/disk/shares/c"
    reported = result["reported"]
    assert not reported["changed"] and result["same"]
    assert [(each["path"], each["type"], each["mounted"], each["fstab"] is None, each["removed"])
            for each in reported["undeclared"]] == [
        (b, "local", True, False, False), (c, "local", True, True, False)]
    assert reported["undeclared"][0]["source"] == "/srv/disk/da ta#"
    for words in (b, c, "/srv/disk/da ta#", "state: absent", "purge_below: /srv/disk/shares"):
        assert words in reported["warnings"][0]
    assert "by hand" not in reported["warnings"][0] and "elsewhere" not in reported["warnings"][0]

    for words in (b, f"sleep (process {result['pid']})", "it is not declared", "Nothing was changed"):
        assert words in result["busy"]["msg"]
    predicted, removed = result["predicted"], result["removed"]
    assert [(each["operation"], each["target"]) for each in removed["operations"]] == [
        ("unmount", b), ("unmount", c), ("remove_directory", b), ("remove_directory", c), ("fstab", b)]
    for key in ("changed", "operations", "diff", "undeclared", "warnings"):
        assert predicted[key] == removed[key]
    assert removed["warnings"] == [] and all(each["removed"] for each in removed["undeclared"])
    assert result["again"]["operations"] == result["again"]["undeclared"] == []
    assert result["none_left"] == ["unmount", "remove_directory", "fstab"]
    assert result["listing"] == ["by hand"]
    assert result["fstab"] == result["foreign"] + "nas1:/x /srv/disk/elsewhere nfs noauto 0 0\n"


@pytest.mark.parametrize("parameters, words", [
    ({"purge": True}, ["purge_below is missing", "purge_below: /srv/shares"]),
    ({"purge": True, "purge_below": "/"}, ["'/'", "the root of the host"]),
    ({"purge": True, "purge_below": "/srv"}, ["'/srv'", "belongs to the host's own system"]),
    ({"purge": True, "purge_below": "/run/user"}, ["'/run/user'", "belongs to the host's own system"]),
    ({"purge": True, "purge_below": "srv/shares"}, ["relative", "/srv/shares"]),
    ({"purge_below": "/srv/shares/"}, ["shortest form", "Write /srv/shares."]),
])
def test_a_prefix_that_is_no_place_of_its_own_is_refused_and_nothing_is_changed(tmp_path, parameters, words):
    result = on_a_host(tmp_path, """
before = state()
outcome = share_mounts([share()], **%r)
result = [outcome["msg"], state() == before]
""" % parameters)
    message, same = result
    assert same
    for word in words:
        assert word in message


def test_a_missing_program_is_reported_before_anything_is_changed(tmp_path):
    result = on_a_host(tmp_path, """
from ansible_collections.virtshare.storage.plugins.module_utils._share.types.nfs import Nfs
Nfs.helper = (("/srv/none",), "nfs-common")
declared = [share(), {"path": B, "type": "nfs", "source": "127.0.0.1:/export", "state": "mounted"}]
before = state()
reported = [run_module("share_mounts", dict(shares=declared, fstab=fstab, timeout=20, missing_programs="report"), check)
            for check in (True, False)]
same = state() == before
resting = run_module("share_mounts", dict(shares=[share(), dict(declared[1], state="unmounted")], fstab=fstab,
                                           timeout=20, missing_programs="report"))
result = [reported, same, [each["operation"] for each in resting["operations"]]]
""")
    reported, same, operations = result
    for each in reported:
        assert (each["missing_programs"], each["changed"], each["operations"]) == (["nfs"], False, [])
        assert [mount["mounted"] for mount in each["mounts"]] == [False, False]
    assert same
    assert operations == ["directory", "directory", "fstab", "fstab", "mount"]


def test_flags_in_quotes_are_flags_of_the_live_mount(tmp_path):
    first, second, third, options, line = on_a_host(tmp_path, """
first = share_mounts([share()])
second = share_mounts([share(options={"noatime": "true", "nosuid": "yes", "nodev": "off", "x-systemd.automount": "no"})])
third = share_mounts([share(options={"noatime": True, "nosuid": True})])
result = [first, second, third, second["mounts"][0]["options"], second["mounts"][0]["fstab"]]
""")
    assert first["changed"] and second["did"] == ["fstab", "remount"] and not third["changed"], third
    assert {"noatime", "nosuid"} <= set(options) and "nodev" not in options
    assert line == "/srv/disk/data /srv/disk/shares/a none rw,noatime,nosuid,bind,nofail 0 0"


def test_an_owner_that_the_host_does_not_know_ends_its_share_before_anything_is_touched(tmp_path):
    predicted, made, untouched, directory = on_a_host(tmp_path, """
before = state()
cifs = {"path": B, "type": "cifs", "source": "//127.0.0.1/media", "options": {"cruid": "nosuch"},
        "access": {"owner": "domain users", "group": "nogroupthere"}, "credentials": {"username": "vm", "password": "s3cr3t"}}
predicted = share_mounts([cifs], check=True)
made = share_mounts([cifs])
result = [predicted, made, state() == before, os.path.exists("/etc/virtshare/credentials/" + B.strip("/"))]
""")
    words = ": /srv/disk/shares/b #2: the user domain users and the user nosuch and the group nogroupthere do not exist"
    assert words in made["msg"] and "Nothing was changed for this share." in made["msg"], made["msg"]
    assert any(words in warning and "yet" in warning for warning in predicted["warnings"]), predicted
    assert untouched and not directory


@pytest.mark.parametrize("declared", ["mounted", "unmounted", "absent"])
def test_a_share_whose_parent_was_bound_over_itself_is_refused_in_check_mode_too(tmp_path, declared):
    result = on_a_host(tmp_path, """
share_mounts([share()])
parent = os.path.dirname(A)
sh("mount --bind %%s %%s" %% (parent, parent))
before = state()
predicted = share_mounts([share(state=%r)], check=True)
refused = share_mounts([share(state=%r)])
untouched = state() == before
sh("umount " + parent)
result = dict(predicted=predicted["msg"], refused=refused["msg"], untouched=untouched,
              after=share_mounts([share(state=%r)]), there=[A in line.split()[2] for line in mountinfo()].count(True))
""" % (declared, declared, declared))
    assert "/srv/disk/shares/a: there is a mount at this path already, hidden under what is mounted at /srv/disk/shares, " \
           "and nothing can unmount it there. Take that away first: umount /srv/disk/shares." in result["refused"]
    assert result["predicted"] == result["refused"] and result["untouched"]
    assert not result["after"]["msg"] and result["there"] == (declared == "mounted")


def test_a_share_in_a_directory_that_is_bound_over_itself_goes_in_both_places(tmp_path):
    result = on_a_host(tmp_path, """
parent = os.path.dirname(A)
os.mkdir(parent)
sh("mount --make-shared %s; mount --bind %s %s" % (disk, parent, parent))
first = share_mounts([share()])
twice = [line.split()[2] for line in mountinfo()].count(A)
predicted = share_mounts([share(state="absent")], check=True)
gone = share_mounts([share(state="absent")])
result = dict(first=first["msg"], twice=twice, predicted=predicted["did"], did=gone["did"], msg=gone["msg"],
              there=os.path.exists(A), again=share_mounts([share(state="absent")])["did"])
""")
    assert (result["first"], result["msg"], result["twice"]) == ("", "", 2)
    assert result["predicted"] == result["did"] == ["unmount", "remove_directory", "fstab"]
    assert (result["there"], result["again"]) == (False, [])
