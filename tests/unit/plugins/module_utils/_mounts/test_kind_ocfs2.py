# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCFS2 as the kernel shows it: the device behind a label, the options, and what a remount can change."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import blockdevice, fstab, mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._mounts.host import Host
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import validated
from ansible_collections.virtshare.storage.plugins.module_utils._share.types.ocfs2 import Ocfs2

# As Linux 6.12 shows it.
LIVE = ("60 27 254:16 / /srv/v rw,relatime shared:9 - ocfs2 /dev/vdb rw,_netdev,heartbeat=local,nointr,data=ordered,"
        "errors=remount-ro,atime_quantum=60,coherency=full,user_xattr,acl")


def live(line=LIVE, **changes):
    (mount,) = mountinfo.parse(line)
    return mount._replace(**changes)


def share(source="LABEL=vm", read_only=False, **options):
    return validated([{"path": "/srv/v", "type": "ocfs2", "source": source, "options": options,
                       "read_only": read_only}])[0]


def differences(declared, mount, recorded=None):
    return [(each.declared, each.live, each.per_mount) for each in Ocfs2().differences(declared, mount, recorded)]


def recorded(options):
    return fstab.Entry("LABEL=vm", "/srv/v", "ocfs2", options.split(","), 0, 0)


@pytest.mark.parametrize("options", [
    {}, {"errors": "remount-ro"}, {"data": "ordered"}, {"heartbeat": "local"}, {"coherency": "full"}, {"acl": True},
    {"user_xattr": True}, {"atime_quantum": 60}, {"commit": 5}, {"commit": 0}, {"nointr": True}, {"barrier": 0},
    {"resv_level": 2}, {"preferred_slot": 0}, {"_netdev": False}, {"noacl": False}, {"relatime": True},
    {"nofail": True}, {"async": True}, {"nolazytime": True}, {"noiversion": True}, {"nomand": True}, {"cluster_stack": "o2cb"},
    {"context": "a:b:c:s0"},
], ids=str)
def test_what_is_live_already(options):
    assert differences(share(**options), live()) == []


@pytest.mark.parametrize("options, expected", [
    ({"errors": "panic"}, ("errors=panic", "errors=remount-ro", True)),
    ({"errors": "continue"}, ("errors=continue", "errors=remount-ro", True)),
    ({"commit": 30}, ("commit=30", "no commit", True)),
    ({"barrier": 1}, ("barrier=1", "no barrier", True)),
    ({"coherency": "buffered"}, ("coherency=buffered", "coherency=full", True)),
    ({"intr": True}, ("intr", "nointr", True)),
    ({"noacl": True}, ("noacl", "acl", True)),
    ({"nouser_xattr": True}, ("nouser_xattr", "user_xattr", True)),
    ({"atime_quantum": 0}, ("atime_quantum=0", "atime_quantum=60", True)),
    ({"data": "writeback"}, ("data=writeback", "data=ordered", False)),
    ({"localflocks": True}, ("localflocks", "no localflocks", False)),
    ({"inode64": True}, ("inode64", "no inode64", False)),
    ({"preferred_slot": 3}, ("preferred_slot=3", "no preferred_slot", False)),
    ({"localalloc": 8}, ("localalloc=8", "no localalloc", False)),
    ({"sync": True}, ("sync", "async", False)),
    ({"dirsync": True}, ("dirsync", "no dirsync", False)),
    ({"lazytime": True}, ("lazytime", "nolazytime", False)),
    ({"cluster_stack": "pcmk"}, ("cluster_stack=pcmk", "no cluster_stack", False)),
    ({"noatime": True}, ("noatime", "relatime", True)),
], ids=str)
def test_what_is_not_live(options, expected):
    assert differences(share(**options), live()) == [expected]


def test_what_the_kernel_does_not_show_is_compared_with_what_was_recorded():
    assert differences(share(localalloc=8), live(), recorded("rw,localalloc=8")) == []
    assert differences(share(), live(), recorded("rw,localalloc=8")) == [("no localalloc=8", "localalloc=8", False)]


@pytest.mark.parametrize("was, shown, expected", [
    ("rw,errors=continue", "errors=continue", [("no errors=continue", "errors=continue", True)]),
    ("rw,errors=remount-ro", "errors=remount-ro", []),
    ("rw,errors=continue", "errors=remount-ro", []),
    ("rw,data=writeback", "errors=remount-ro,data=writeback", [("no data=writeback", "data=writeback", False)]),
])
def test_what_was_asked_for_once_is_to_go(was, shown, expected):
    line = LIVE.replace("data=ordered,", "") if "data" in shown else LIVE
    mount = live(line.replace("errors=remount-ro", shown))
    assert differences(share(), mount, recorded(was)) == expected


@pytest.mark.parametrize("on, off", [("sync", "async"), ("lazytime", "nolazytime"), ("mand", "nomand")])
def test_a_word_for_off_is_the_other_one_not_shown(on, off):
    shown = live(LIVE.replace("rw,_netdev", "rw,%s,_netdev" % on))
    assert differences(share(**{off: True}), live(), recorded("rw,%s" % off)) == []
    assert differences(share(**{off: True}), shown) == [(off, on, False)]
    assert differences(share(**{off: True}), shown, recorded("rw,%s" % on)) == [(off, on, False)]
    assert differences(share(), shown, recorded("rw,%s" % on)) == [("no %s" % on, on, False)]
    assert differences(share(), live(), recorded("rw,%s" % off)) == []


def test_a_context_that_a_host_without_selinux_leaves_out_is_no_difference():
    assert differences(share(), live(), recorded("rw,context=a:b:c:s0")) == []


def test_locks_that_are_local_are_not_switched_under_their_owners():
    mount = live(LIVE + ",localflocks,")
    assert differences(share(errors="panic"), mount) == [("errors=panic", "errors=remount-ro", False)]


def test_a_remount_tells_all_options_as_it_would_forget_the_others():
    (command,) = Ocfs2().remount_commands(share(errors="panic", commit=30, noacl=True), live(), None)
    assert command[:5] == ["mount", "-i", "-t", "ocfs2", "-o"] and command[6:] == ["/dev/vdb", "/srv/v"]
    assert command[5] == ("remount,rw,relatime,heartbeat=local,nointr,data=ordered,atime_quantum=60,coherency=full,"
                          "user_xattr,errors=panic,commit=30,noacl")
    back = Ocfs2().remount_commands(share(), live(LIVE + ",commit=30"), recorded("rw,commit=30"))
    assert "commit=0" in back[0][5].split(",")
    with_interrupts = Ocfs2().remount_commands(share(intr=True), live(), None)[0][5].split(",")
    assert "intr" in with_interrupts and "nointr" not in with_interrupts


def test_a_selinux_context_with_a_comma_is_compared_and_told_again_in_quotes():
    mount = live(LIVE.replace("rw,_netdev", 'rw,context="a:b:c:s0:c1,c2",_netdev'))
    declared = share(context="a:b:c:s0:c1,c2")
    assert differences(declared, mount) == []
    assert differences(share(), mount, Ocfs2().entry(declared)) == [
        ("no context=a:b:c:s0:c1,c2", "context=a:b:c:s0:c1,c2", False)]
    (command,) = Ocfs2().remount_commands(share(context="a:b:c:s0:c1,c2", errors="panic"), mount, None)
    assert 'context="a:b:c:s0:c1,c2"' in fstab.split_options(command[5])


def test_flags_alone_leave_the_filesystem_alone():
    assert Ocfs2().remount_commands(share(noatime=True), live(), None) == [
        ["mount", "-i", "-o", "remount,bind,rw,noatime", "/srv/v"]]
    read_only = live(LIVE.replace("- ocfs2 /dev/vdb rw", "- ocfs2 /dev/vdb ro"))
    assert Ocfs2().remount_commands(share(), read_only, None)[0][5].startswith("remount,rw,")


def test_a_volume_is_known_by_its_device():
    assert Ocfs2().mismatch(share(), live(), {"device": "254:16"}) is None
    assert Ocfs2().mismatch(share(), live(), {"device": "254:32"}) == "/dev/vdb of type ocfs2"
    assert Ocfs2().mismatch(share(), live(root="/below"), {"device": "254:16"}) == "/dev/vdb (/below) of type ocfs2"
    assert Ocfs2().mismatch(share(), live(fstype="ext4"), {"device": "254:16"}) == "/dev/vdb of type ext4"


def test_in_fstab_it_waits_for_its_cluster_and_the_kernel_is_not_told_what_it_does_not_know():
    assert fstab.format_line(Ocfs2().entry(share(errors="panic"))) == (
        "LABEL=vm /srv/v ocfs2 rw,errors=panic,_netdev,x-systemd.requires=o2cb.service 0 0")
    assert Ocfs2().mount_command(share(nofail=True))[4] == "rw,_netdev,x-systemd.requires=o2cb.service"
    assert Ocfs2().servers(share()) == []


@pytest.mark.parametrize("output, words", [
    ("mount.ocfs2: Cluster name is invalid while trying to join the group", "o2cb does not run on this host"),
    ("mount.ocfs2: Unable to access cluster service while trying initialize cluster", "o2cb does not run"),
    ("mount: /srv/v: can't find LABEL=vm.", "is the disk attached"),
    ("mount.ocfs2: Bad magic number in inode while opening device /dev/vdb", "no OCFS2 on this device"),
    ("Check 'dmesg' for more information on this error 22.", "slots"),
    ("Check 'dmesg' for more information on this error 107.", "port"),
    ("mount: unknown filesystem type 'ocfs2'", "kernel has no OCFS2"),
])
def test_an_error_of_mount_is_explained(output, words):
    assert words in Ocfs2().explain(output)


def test_a_name_that_may_mean_another_disk_tomorrow_is_warned_about():
    assert Ocfs2().warnings(share("LABEL=vm")) == Ocfs2().warnings(share("/dev/disk/by-id/wwn-1")) == []
    for source in ("/dev/sdb", "/dev/sdb1", "/dev/vdb", "/dev/nvme0n1", "/dev/dm-3"):
        assert "Write LABEL=…, UUID=… or a path below /dev/disk/by-id" in Ocfs2().warnings(share(source))[0]


@pytest.mark.parametrize("source, link", [
    ("LABEL=vm store", r"/dev/disk/by-label/vm\x20store"), ("LABEL=a/b", r"/dev/disk/by-label/a\x2fb"),
    ("LABEL=größe", "/dev/disk/by-label/größe"), ("UUID=0-1", "/dev/disk/by-uuid/0-1"), ("/dev/sdb", "/dev/sdb"),
])
def test_the_link_that_udev_keeps_for_a_source(source, link):
    assert blockdevice.link_of(source) == link


def test_a_device_that_is_gone_leaves_its_mount_alone():
    host = Host("/nonexistent", 5)
    gone = share("/dev/disk/by-id/not-there")
    assert host._device(gone, []) is None
    with pytest.raises(Refusal, match="whether /dev/vdb, which is mounted there, is the right one cannot be told"):
        host._device(gone, [live()])
    with pytest.raises(Refusal, match="/dev/null is not a block device"):
        host._device(share("/dev/null"), [])
