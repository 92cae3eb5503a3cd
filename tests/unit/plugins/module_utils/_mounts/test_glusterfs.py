# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A GlusterFS mount is what its process was told: servers, options, and what nobody tells is not compared."""

import contextlib
import errno

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import fuse_processes
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share import served
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.doors import tcp
from ansible_collections.virtshare.storage.plugins.module_utils._share.types.glusterfs import GlusterFs

# As Linux 7.2 shows a mount of mount.glusterfs 11.1, and as its process was started.
LINE = ("54 20 0:54 / /srv/x rw,relatime shared:90 - fuse.glusterfs nas1:/scratch "
        "rw,user_id=0,group_id=0,default_permissions,allow_other,max_read=131072")
PROCESS = ("/usr/sbin/glusterfs --log-level=WARNING --process-name fuse --volfile-server=nas1 --volfile-server=nas2 "
           "--volfile-id=/scratch /srv/x").split()
SUBDIRECTORY = ("/usr/sbin/glusterfs --read-only --process-name fuse --volfile-server=nas1 --volfile-server=nas2 "
                "--volfile-id=/scratch --subdir-mount=/library /srv/x").split()


def live(line=LINE, process=None, **changes):
    (mount,) = mountinfo.parse(line)
    mount = mount._replace(**changes)
    return mount._replace(super_options=mount.super_options + GlusterFs().process_options(mount, [process] if process else []))


def gluster(source="nas1,nas2:/scratch", read_only=False, **options):
    return validated([{"path": "/srv/x", "type": "glusterfs", "source": source, "options": options,
                       "read_only": read_only}])[0]


def differences(share, mount, recorded=None):
    return [(each.declared, each.live) for each in GlusterFs().differences(share, mount, recorded)]


def test_what_fstab_and_mount_are_told():
    share = gluster(**{"log-level": "WARNING"})
    assert fstab.format_line(GlusterFs().entry(share)) == (
        "nas1:/scratch /srv/x glusterfs rw,log-level=WARNING,backup-volfile-servers=nas2,_netdev,nofail 0 0")
    assert GlusterFs().mount_command(share) == [
        "mount", "-t", "glusterfs", "-o", "rw,log-level=WARNING,backup-volfile-servers=nas2,_netdev", "nas1:/scratch",
        "/srv/x"]


def test_the_server_that_answers_is_mounted_from_and_the_record_stays():
    share = GlusterFs().reached(gluster(), {"server": "nas2"})
    assert GlusterFs().mount_command(share)[4:6] == ["rw,backup-volfile-servers=nas1,_netdev", "nas2:/scratch"]
    assert GlusterFs().reached(gluster(), {"server": None}) == gluster()


def test_every_server_is_asked():
    assert GlusterFs().servers(gluster()) == [
        {"host": "nas1", "doors": [tcp(24007)]}, {"host": "nas2", "doors": [tcp(24007)]}]
    assert GlusterFs().servers(gluster(**{"server-port": 24100}))[1]["doors"] == [tcp(24100)]
    assert GlusterFs().servers(gluster(transport="rdma"))[0]["doors"] == []


@pytest.mark.parametrize("source, shown, same", [
    ("nas1,nas2:/scratch", "nas1:/scratch", True),
    ("nas1,nas2:/scratch", "nas2:scratch", True),
    ("NAS1,nas2:/scratch", "nas1:/scratch", True),
    ("nas1,nas2:/scratch/a/b", "nas1:/scratch//a/b", True),
    ("nas1:/scratch", "nas1:/scratch.tcp", True),
    ("nas1:/scratch", "nas2:/scratch", False),
    ("nas1,nas2:/scratch", "nas3:/scratch", False),
    ("nas1,nas2:/scratch", "nas1:/other", False),
    ("nas1,nas2:/scratch", "nas1:/scratch/a", False),
])
def test_a_volume_is_the_same_over_any_of_its_servers(source, shown, same):
    mismatch = GlusterFs().mismatch(gluster(source), live(source=shown), {})
    assert mismatch == (None if same else "%s of type fuse.glusterfs" % shown)


def test_another_filesystem_under_the_right_name_is_foreign():
    assert GlusterFs().mismatch(gluster(), live(fstype="tmpfs"), {}) == "nas1:/scratch of type tmpfs"


@pytest.mark.parametrize("options", [
    {"log-level": "WARNING"}, {"log-level": "warning"}, {"log-level": "WARNING", "_netdev": True, "noauto": True},
    {"log-level": "WARNING", "relatime": True},
])
def test_what_is_live_already(options):
    assert differences(gluster(**options), live(process=PROCESS)) == []


@pytest.mark.parametrize("share, process, expected", [
    (gluster(**{"log-level": "ERROR"}), PROCESS, ("log-level=ERROR", "log-level=WARNING")),
    (gluster(acl=True, **{"log-level": "WARNING"}), PROCESS, ("acl", "no acl")),
    (gluster("nas1:/scratch", **{"log-level": "WARNING"}), PROCESS, ("the servers nas1", "the servers nas1 and nas2")),
    (gluster("nas1,nas2,nas3:/scratch", **{"log-level": "WARNING"}), PROCESS,
     ("the servers nas1 and nas2 and nas3", "the servers nas1 and nas2")),
    (gluster(noatime=True, **{"log-level": "WARNING"}), PROCESS, ("noatime", "relatime")),
])
def test_what_is_not(share, process, expected):
    assert differences(share, live(process=process)) == [expected]


def test_an_option_that_is_no_longer_declared_goes_if_the_process_has_it():
    recorded = GlusterFs().entry(gluster(**{"log-level": "WARNING"}))
    assert differences(gluster(), live(process=PROCESS), recorded) == [("no log-level=WARNING", "log-level=WARNING")]
    assert differences(gluster(), live(process=PROCESS), None) == []


def test_only_flags_are_compared_when_nobody_tells_more():
    assert differences(gluster(**{"log-level": "ERROR"}), live()) == []
    assert differences(gluster(noatime=True), live()) == [("noatime", "relatime")]


def test_a_process_that_was_started_read_only_needs_a_new_mount():
    mount = live(LINE.replace("nas1:/scratch rw", "nas1:/scratch/library ro"), SUBDIRECTORY)
    (difference,) = GlusterFs().differences(gluster("nas1,nas2:/scratch/library"), mount, None)
    assert (difference.declared, difference.live, difference.per_mount) == ("rw", "ro", False)
    assert differences(gluster("nas1,nas2:/scratch/library", read_only=True), mount) == []


def test_flags_are_set_by_the_kernel_and_not_by_a_helper_that_cannot():
    assert GlusterFs().remount_commands(gluster(noatime=True), live(), None) == [
        ["mount", "-i", "-o", "remount,bind,rw,noatime", "/srv/x"]]


@pytest.mark.parametrize("command, told", [
    (PROCESS, ["volfile-servers=nas1:nas2", "log-level=WARNING"]),
    (["glusterfs", "-s", "nas1", "--volfile-id", "/scratch", "-L", "DEBUG", "--acl", "/srv/x"],
     ["volfile-servers=nas1", "log-level=DEBUG", "acl"]),
    (["glusterfs", "--volfile-server=nas9", "--volfile-id=/scratch", "/srv/x"], []),
    (["glusterfs", "--volfile-server=nas1", "--volfile-id=/scratch", "/srv/y"], []),
    (["glusterfs", "--volfile-server=nas1", "--volfile-id=/other", "/srv/x"], []),
])
def test_a_process_tells_of_its_own_mount_only(command, told):
    assert GlusterFs().process_options(live(), [command]) == told


def test_a_mount_without_its_process_is_mounted_anew_and_one_with_it_is_not():
    assert GlusterFs().is_stale(errno.ENOTCONN, live())
    assert not GlusterFs().is_stale(errno.ENOTCONN, live(process=PROCESS))
    assert not GlusterFs().is_stale(0, live())


@pytest.mark.parametrize("output, word", [
    ("Mount failed. Check the log file for more details. failed to fetch volume file (key:/x)", "gluster volume list"),
    ("failed to get the 'volume file' from server", "auth.allow"),
    ("Transport endpoint is not connected", "gluster volume status"),
    ("Invalid option: foo", "mount.glusterfs(8)"),
])
def test_an_error_is_explained(output, word):
    assert word in GlusterFs().explain(output)


def test_the_log_tells_the_last_errors_since_the_mount_began(tmp_path):
    log = tmp_path / "srv-x.log"
    log.write_text("[2026-11-24 18:30:00.1 +0000] E [MSGID: 1] [a.c:1:f] 0-glusterfs: of yesterday\n")
    begin = fuse_processes.end_of(str(log))
    with log.open("a") as opened:
        opened.write("[2026-11-24 18:30:00.1 +0000] I [MSGID: 1] [a.c:1:f] 0-glusterfs: nothing\n"
                     + "[2026-11-24 18:30:00.1 +0000] E [MSGID: 1] [a.c:1:f] 0-glusterfs: what is wrong\n" * 2)
    assert fuse_processes.troubles(str(log), begin) == ["0-glusterfs: what is wrong"]
    assert fuse_processes.troubles(str(log), 1 << 20)[-1] == "0-glusterfs: what is wrong", "a rotated log begins anew"
    assert fuse_processes.troubles(str(tmp_path / "none"), 0) == []


def test_where_the_log_is():
    assert GlusterFs().log(gluster()) == "/var/log/glusterfs/srv-x.log"
    assert GlusterFs().log(gluster(**{"log-file": "/var/log/x.log"})) == "/var/log/x.log"


@pytest.mark.parametrize("source, translators, refused", [
    ("nas1:/scratch/inside", ["scratch-dht", "scratch-shard"], True),
    ("nas1:/scratch/inside", ["scratch-dht"], False),
    ("nas1:/scratch/inside", None, False),
    ("nas1:/scratch", ["scratch-dht", "scratch-shard"], False),
])
def test_a_directory_of_a_volume_that_keeps_files_in_pieces_is_refused(tmp_path, source, translators, refused):
    if translators is not None:
        for name in translators:
            (tmp_path / ".meta/graphs/active" / name).mkdir(parents=True)
    share = dict(gluster(source), path=str(tmp_path))
    with pytest.raises(Refusal, match="features.shard") if refused else contextlib.ExitStack():
        fuse_processes.refuse_sharded(share, GlusterFs(), 5)


def test_a_process_whose_namespace_we_may_not_know_counts_as_ours(monkeypatch):
    """As the guard's service, which has fewer rights than the process that serves the mount."""
    with open("/proc/self/comm", encoding="utf-8") as source:
        name = source.read().strip()
    with open("/proc/self/cmdline", encoding="utf-8") as source:
        own = source.read().split("\0")[:-1]

    def refused(path):
        if path != "/proc/self/ns/mnt":
            raise PermissionError(path)
        return "mnt:[1]"

    monkeypatch.setattr(served.os, "readlink", refused)
    assert own in served.command_lines({name})
