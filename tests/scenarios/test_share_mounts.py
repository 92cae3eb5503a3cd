# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""share_mounts over real NFS: first run, drift, options, a busy mount, dead servers, a boot, and absence.

The tests share one host and build on each other's state, in the order written; each leaves the shares as declared.
"""

import time

import pytest

from tests.lab import Lab
from tests.support.lab_site import LabSite
from tests.support.mounts import until_answered

EXPORTS = """\
/export/projects *(rw,sync,no_subtree_check,no_root_squash)
/export/my\\040disks *(rw,sync,no_subtree_check,no_root_squash)
/export/old *(rw,sync,no_subtree_check,no_root_squash)
/export/other *(rw,sync,no_subtree_check,no_root_squash)
"""
FSTAB = "# by hand\t \n\n/swapfile none  swap\tsw 0 0\n"
TIMEOUT = 15
MARGIN = 20  # seconds that Ansible and a host on a busy machine take for themselves


def share(name, source=None, **more):
    return {"path": f"/srv/shares/{name}", "type": "nfs", "source": source or f"nas1:/export/{name}", **more}


PROJECTS = share("projects", options={"vers": "4.2"})
DISKS = share("my disks", options={"vers": "4.2", "noatime": True})
OLD = share("old", options={"vers": "3"}, read_only=True)
LOCAL = {"path": "/srv/shares/local", "type": "local", "source": "/opt"}
ALL = [PROJECTS, DISKS, OLD, LOCAL]
PATHS = [each["path"] for each in ALL]

PLAYBOOK = [
    {
        "name": "Mount",
        "hosts": "hypervisors",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Run the role",
                "when": "whole_role",
                "ansible.builtin.include_role": {"name": "virtshare.storage.share_mounts"},
            },
            {
                "name": "Mount the shares",
                "when": "not whole_role",
                "virtshare.storage.share_mounts": {
                    "shares": "{{ virtshare_shares }}", "timeout": "{{ share_mounts_timeout }}",
                    "purge": "{{ purge_below is defined }}", "purge_below": "{{ purge_below | default(omit) }}",
                },
            },
        ],
    }
]


class Site(LabSite):
    """One hypervisor and its storage server."""

    def __init__(self, lab, directory):
        super().__init__(lab, directory, PLAYBOOK)

    def play(self, shares, *arguments, whole_role=False):
        variables = {"virtshare_shares": shares, "share_mounts_timeout": TIMEOUT, "whole_role": whole_role}
        return self.played(variables, *arguments)

    def mounts(self, shares, *arguments):
        """The module's result, and the operations as (name, path) in it."""
        result = self.play(shares, *arguments).of("share_mounts")["hv1"]
        assert "operations" in result, result
        return result, [(each["operation"], each["target"]) for each in result["operations"]]

    def ssh(self, command, host="hv1", timeout=120):
        return self.lab.ssh(host, command, timeout=timeout).stdout

    def live(self):
        """{path: (source, options)} of what the kernel shows, the uppermost mount of each."""
        rows = [line.split(" ") for line in self.ssh("cat /proc/mounts").splitlines()]
        return {row[1].replace("\\040", " "): (row[0].replace("\\040", " "), row[3].split(","))
                for row in rows if row[1].startswith("/srv/shares/")}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Lab.up("mounts", ["hv1:hypervisor-ready", "nas1:storage"], fresh=True) as lab:
        lab.ssh("nas1", "cat > /etc/exports && for each in projects 'my disks' old other; do mkdir -p \"/export/$each\""
                        " && echo \"$each\" > \"/export/$each/name\"; done && exportfs -ra", stdin=EXPORTS)
        lab.ssh("hv1", "cat > /etc/fstab", stdin=FSTAB)
        yield Site(lab, tmp_path_factory.mktemp("mounts"))


def assert_as_declared(site):
    live = site.live()
    assert {path: source for path, (source, _options) in live.items()} == {
        "/srv/shares/projects": "nas1:/export/projects",
        "/srv/shares/my disks": "nas1:/export/my disks",
        "/srv/shares/old": "nas1:/export/old",
        "/srv/shares/local": "/dev/root",
    }
    assert "vers=4.2" in live["/srv/shares/projects"][1] and "hard" in live["/srv/shares/projects"][1]
    assert "noatime" in live["/srv/shares/my disks"][1]
    assert "vers=3" in live["/srv/shares/old"][1] and "ro" in live["/srv/shares/old"][1]
    assert site.ssh("cat /srv/shares/projects/name '/srv/shares/my disks/name' /srv/shares/old/name").split("\n")[:3] == [
        "projects", "my disks", "old"]
    assert site.ssh("cat /etc/fstab") == FSTAB + (
        "nas1:/export/projects /srv/shares/projects nfs rw,vers=4.2,_netdev,nofail 0 0\n"
        "nas1:/export/my\\040disks /srv/shares/my\\040disks nfs rw,vers=4.2,noatime,_netdev,nofail 0 0\n"
        "nas1:/export/old /srv/shares/old nfs ro,vers=3,_netdev,nofail,x-systemd.after=rpc-statd.service 0 0\n"
        "/opt /srv/shares/local none rw,bind,nofail 0 0\n")


def test_the_role_predicts_its_first_run_without_a_client_and_the_second_changes_nothing(site):
    before = site.ssh("cat /etc/fstab /proc/mounts; ls /srv; dpkg -l")
    predicted = site.play(ALL, "--check", "--diff", whole_role=True)
    assert predicted.code == 0, predicted.failure_text()
    assert site.ssh("cat /etc/fstab /proc/mounts; ls /srv; dpkg -l") == before
    first = site.play(ALL, whole_role=True)
    assert first.code == 0, first.failure_text()
    assert predicted.changes == first.changes and len(first.changes) == 2
    for key in ("operations", "diff"):
        assert predicted.of("share_mounts")["hv1"][key] == first.of("share_mounts")["hv1"][key]
    assert_as_declared(site)
    assert site.play(ALL, whole_role=True).changes == set()
    result, operations = site.mounts(ALL, "--check", "--diff")
    assert (result["changed"], operations) == (False, [])


def test_changed_options_reach_the_live_mount_and_leave_it_again(site):
    flags = [dict(PROJECTS, options={"vers": "4.2", "nodev": True}, read_only=True), *ALL[1:]]
    assert [name for name, _path in site.mounts(flags)[1]] == ["fstab", "systemd_reload", "remount"]
    assert {"ro", "nodev"} <= set(site.live()["/srv/shares/projects"][1])
    assert "rw" in site.live()["/srv/shares/my disks"][1], "a mount of the same server keeps its own flags"

    own = [dict(PROJECTS, options={"vers": "4.1", "soft": True, "timeo": 100}), *ALL[1:]]
    assert [name for name, _path in site.mounts(own)[1]] == ["unmount", "fstab", "systemd_reload", "mount"]
    assert {"rw", "vers=4.1", "soft", "timeo=100"} <= set(site.live()["/srv/shares/projects"][1])
    assert site.mounts(own)[1] == []

    assert [name for name, _path in site.mounts(ALL)[1]] == ["unmount", "fstab", "systemd_reload", "mount"]
    assert_as_declared(site)


def test_an_option_that_another_mount_of_the_server_keeps_is_refused(site):
    result, operations = site.mounts([dict(PROJECTS, options={"vers": "4.2", "timeo": 100}), *ALL[1:]])
    assert operations == []
    for word in ("/srv/shares/projects", "timeo=600 instead of timeo=100", "/srv/shares/my disks", "nosharecache"):
        assert word in result["msg"]
    assert_as_declared(site)


def test_a_busy_wrong_mount_is_refused_naming_its_user_while_other_shares_are_done(site):
    site.ssh("umount /srv/shares/projects && mount -t nfs -o vers=4.2 nas1:/export/other /srv/shares/projects"
             " && umount '/srv/shares/my disks'"
             " && systemd-run --unit holder --property StandardInput=file:/srv/shares/projects/name sleep 600")
    pid = site.ssh("systemctl show --property MainPID --value holder").strip()
    for arguments in (["--check"], []):
        result, operations = site.mounts(ALL, *arguments)
        assert operations == [("mount", "/srv/shares/my disks")]
        for word in ("/srv/shares/projects", "nas1:/export/other", f"sleep (process {pid})", "Nothing was changed"):
            assert word in result["msg"]
    site.ssh("systemctl stop holder")
    assert site.mounts(ALL)[1] == [("unmount", "/srv/shares/projects"), ("mount", "/srv/shares/projects")]
    assert_as_declared(site)


# Who uses a directory of the share, in rounds of no more than a message names: what begins it, and the unit whose process is
# named, or how else it is named. A virtiofsd without a sandbox opens the directory when its guest comes, and then has it open
# as any other process.
DAEMON = "systemd-run --quiet --collect --unit user-{0} --property Type=exec"
USERS = [
    {
        sandbox: (DAEMON.format(sandbox) + f" /usr/libexec/virtiofsd --socket-path=/run/users/{sandbox}.socket"
                  f" --shared-dir $vm --sandbox {sandbox}", "user-" + sandbox) for sandbox in ("chroot", "namespace")
    },
    {
        "qemu": (DAEMON.format("qemu") + " qemu-system-x86_64 -M none -nodefaults -display none -drive"
                 " if=none,format=raw,file=$vm/disk.img", "user-qemu"),
        "directory": (DAEMON.format("directory") + " --property WorkingDirectory=$vm sleep 900", "user-directory"),
        "bind": ("mkdir -p /run/users/bind && mount --bind $vm /run/users/bind", "a bind mount at /run/users/bind"),
        "nested": ("mkdir -p /run/users/nested && mount --bind /run/users/bind /run/users/nested",
                   "a bind mount at /run/users/nested"),
        "loop": ("{ modprobe loop || true; } && losetup /dev/loop7 $vm/disk.img", "the loop device /dev/loop7"),
    },
    {
        "kept": ("mkdir -p /run/users/kept && mount -t tmpfs none /run/users/kept && mount --make-private /run/users/kept"
                 " && touch /run/users/kept/x && unshare --mount=/run/users/kept/x --propagation private true",
                 "the mount namespace that /run/users/kept/x keeps"),
        "container": (DAEMON.format("container") + " unshare --mount --propagation private sh -c"
                      " 'mount --bind '$vm' /mnt && umount '$share' && exec sleep 900'", "user-container"),
        "map": (DAEMON.format("map") + " python3 -c 'import mmap, os, signal; f = os.open(\"'$vm'/disk.img\", os.O_RDWR);"
                " m = mmap.mmap(f, 0); os.close(f); signal.pause()'", "user-map"),
        "overlay": ("mkdir -p /run/users/overlay && mount -t overlay -o lowerdir=$vm:/opt none /run/users/overlay",
                    "the overlay at /run/users/overlay"),
        "chroot": (DAEMON.format("root") + " python3 -c 'import os, signal; os.chroot(\"'$vm'\"); os.chdir(\"/\");"
                   " signal.pause()'", "user-root"),
    },
]
END_USERS = ("systemctl stop 'user-*.service'; losetup -d /dev/loop7 2>/dev/null; for each in kept/x kept overlay nested bind; do"
             " umount /run/users/$each 2>/dev/null; done; rm -rf /run/users/*.socket; mountpoint -q /run/users/bind && exit 1;"
             " true")


@pytest.mark.parametrize("users", USERS, ids=["virtiofsd", "first", "second"])
def test_all_who_use_a_directory_of_a_share_keep_it(site, users):
    """For a changed source, a changed option, absent and purge; virtiofsd of C is in tests/integration/test_share_users.py."""
    path = PROJECTS["path"]
    site.ssh(f"mkdir -p /run/users {path}/vm1 && truncate -s 1M {path}/vm1/disk.img")
    script = "set -e; share=%s; vm=$share/vm1; %s" % (path, "; ".join(begin for begin, _name in users.values()))
    try:
        site.ssh(f"{script}; sleep 2")
        names = [name if not name.startswith("user-") else "(process %s)" % site.ssh(
            f"systemctl show --property MainPID --value {name}").strip() for _begin, name in users.values()]
        before = site.live(), site.ssh("cat /etc/fstab")
        for changed, arguments in (
                ([dict(PROJECTS, source="nas1:/export/other")], ()),
                ([dict(PROJECTS, options={"vers": "4.1"})], ()),
                ([dict(PROJECTS, state="absent")], ()),
                ([], ("--extra-vars", "purge_below=/srv/shares"))):
            result, operations = site.mounts(changed + ALL[1:], *arguments)
            assert operations == []
            (message,) = [each["error"] for each in result["errors"]]
            assert f"hv1: {path}: the mount there has to go" in message
            assert [name for name in names if name not in message] == []
        assert (site.live(), site.ssh("cat /etc/fstab")) == before
    finally:
        site.ssh(END_USERS)
    assert_as_declared(site)


def test_a_wrong_new_source_does_not_take_the_share_away(site):
    """A name that is none, an export that is none, an option that the kernel refuses: nothing is unmounted for those."""
    before = site.live(), site.ssh("cat /etc/fstab /run/mount/utab")
    for changed, words in (
            (dict(PROJECTS, source="nsa1:/export/projects"), "server nsa1 of nsa1:/export/projects has no address"),
            (dict(PROJECTS, source="nas1:/export/nowhere"), "What is mounted there stays. Nothing was changed"),
            (dict(PROJECTS, options={"vers": "4.2", "sec": "krb5"}), "What is mounted there stays. Nothing was changed")):
        result, operations = site.mounts([changed, *ALL[1:]], "--check")
        assert operations == [] and words in result["msg"]
    assert (site.live(), site.ssh("cat /etc/fstab /run/mount/utab")) == before


def test_a_second_name_and_another_address_of_the_server_are_the_same_share(site):
    address = site.ssh("getent ahostsv4 nas1").split()[0]
    second = address.rsplit(".", 1)[0] + ".222"
    site.ssh(f"ip address add {second}/24 dev vec0", "nas1")
    hosts = site.ssh("cat /etc/hosts")
    turning, old = dict(PROJECTS, source="nasvip:/export/projects"), dict(OLD, source="nasvip:/export/old")
    try:
        site.ssh(f"echo {address} nasvip >> /etc/hosts")
        assert {name for name, path in site.mounts([turning, DISKS, old, LOCAL])[1]} == {"fstab", "systemd_reload"}
        assert site.mounts([turning, DISKS, old, LOCAL])[1] == []
        site.ssh(f"sed -i s/'{address} nasvip'/'{second} nasvip'/ /etc/hosts")
        assert site.mounts([turning, DISKS, old, LOCAL], "--check")[1] == []
        assert site.mounts([turning, DISKS, old, LOCAL])[1] == []
    finally:
        site.lab.ssh("hv1", "cat > /etc/hosts", stdin=hosts)
    site.mounts(ALL)
    site.ssh(f"ip address del {second}/24 dev vec0", "nas1")
    assert_as_declared(site)


@pytest.mark.release
def test_dead_servers_end_in_time_and_spare_the_rest(site):
    site.ssh("umount /srv/shares/local")
    extra = {"path": "/srv/shares/more", "type": "local", "source": "/opt"}
    declared = [*ALL, share("new", "nas1:/export/other"), share("nobody", "nas7:/export/x"), extra]
    site.lab.power_off("nas1")
    try:
        begun = time.monotonic()
        result, operations = site.mounts(declared)
        assert time.monotonic() - begun < TIMEOUT + MARGIN
        # systemd would hang on the dead mounts for 90 s, and everything that needs it
        assert operations == [("directory", extra["path"]), ("fstab", extra["path"]), ("mount", LOCAL["path"]),
                              ("mount", extra["path"])]
        assert {each["path"] for each in result["errors"]} == {
            "/srv/shares/projects", "/srv/shares/my disks", "/srv/shares/old", "/srv/shares/new", "/srv/shares/nobody"}
        for each in result["errors"]:
            assert each["path"] in each["error"] and "hv1" in each["error"]
            assert ("nas7" if "nobody" in each["path"] else "nas1") in each["error"]
        assert "port 2049 within 2 s" in result["msg"]
        # taking a share of a dead server away works, for nothing needs to be asked of it
        result, operations = site.mounts([dict(OLD, state="absent"), dict(extra, state="absent")])
        assert [name for name, path in operations if path == OLD["path"]] == ["unmount", "remove_directory", "fstab"]
    finally:
        site.lab.power_on("nas1")
    until_answered(site.lab, ["hv1"], DISKS["path"])
    result, operations = site.mounts(ALL)
    assert ("systemd_reload", "systemd") in operations and ("mount", OLD["path"]) in operations, result
    site.ssh("test ! -e /srv/shares/more && test ! -e /srv/shares/new")
    assert site.mounts(ALL)[1] == []


# A server in the dead one's place, on this very host: it takes every connection and says nothing.
MUTE = """
import socket
taken = []
with socket.create_server(("", 2049)) as server:
    while True:
        taken.append(server.accept())
"""


@pytest.mark.release
def test_a_server_that_takes_connections_and_does_not_answer_is_named_after_the_timeout(site):
    address = site.ssh("getent ahostsv4 nas1").split()[0]
    site.lab.power_off("nas1")
    try:
        site.lab.ssh("hv1", "cat > /root/mute.py", stdin=MUTE)
        site.ssh(f"ip address add {address}/32 dev lo && systemd-run --unit mute python3 /root/mute.py"
                 " && timeout 20 sh -c 'until ss -Hltn sport = :2049 | grep -q LISTEN; do sleep 0.2; done'")
        begun = time.monotonic()
        result, operations = site.mounts([PROJECTS, DISKS, LOCAL])
        assert time.monotonic() - begun < TIMEOUT + MARGIN
    finally:
        site.ssh(f"ip address del {address}/32 dev lo; systemctl stop mute")
        site.lab.power_on("nas1")
    until_answered(site.lab, ["hv1"], DISKS["path"])
    assert operations == []
    first, second = [each["error"] for each in result["errors"]]
    for word in ("/srv/shares/projects", "nas1", f"within {TIMEOUT} s", "hv1", "left alone"):
        assert word in first
    assert "/srv/shares/my disks" in second and "nas1" in second
    assert site.mounts(ALL)[1] == []


def test_unmounted_shares_stay_so_and_absent_ones_leave_nothing(site):
    resting = [dict(each, state="unmounted") for each in ALL]
    assert {name for name, _path in site.mounts(resting)[1]} == {"unmount", "fstab", "systemd_reload"}
    assert site.live() == {}
    site.ssh("mount -a")
    assert site.live() == {}
    assert site.mounts(resting)[1] == []
    gone = [dict(each, state="absent") for each in ALL]
    site.mounts(gone)
    assert site.ssh("cat /etc/fstab; ls -A /srv/shares") == FSTAB
    assert site.mounts(gone)[1] == []
