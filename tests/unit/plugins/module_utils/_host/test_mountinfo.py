# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mountinfo: the kernel's list of mounts, read without asking any server."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from hypothesis import given
from hypothesis import strategies as st

ROOT = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard"
NFS = ("61 27 0:45 / /srv/shares/projects rw,relatime shared:30 master:2 - nfs4 nas1:/export/projects "
       "rw,vers=4.2,addr=192.0.2.1")


def entries(*lines):
    return mountinfo.parse("\n".join(lines) + "\n")


def test_a_line_is_taken_apart():
    (entry,) = entries(NFS)
    assert entry.mount_id == 61
    assert entry.parent_id == 27
    assert entry.st_dev == "0:45"
    assert entry.root == "/"
    assert entry.mount_point == "/srv/shares/projects"
    assert entry.options == ["rw", "relatime"]
    assert entry.fstype == "nfs4"
    assert entry.source == "nas1:/export/projects"
    assert entry.super_options == ["rw", "vers=4.2", "addr=192.0.2.1"]


@pytest.mark.parametrize("line, below, directory", [
    ("9 8 8:1 /data /x rw - ext4 /dev/vda rw", "a/b", "/data/a/b"),
    ("9 8 8:1 / /x rw - ext4 /dev/vda rw", ".", "/"),
    ("9 8 0:9 / /x rw - nfs4 nas1:/export rw", "a", "nas1:/export/a"),
    ("9 8 0:9 / /x rw - nfs nas1:/ rw", "a", "nas1:/a"),
    # One that was removed is not the one that is called "deleted".
    ("9 8 8:1 /data//deleted /x rw - ext4 /dev/vda rw", ".", "/data//deleted"),
    ("9 8 8:1 /data/deleted /x rw - ext4 /dev/vda rw", ".", "/data/deleted"),
])
def test_a_directory_is_told_from_others_as_a_bind_mount_of_it_would_be(line, below, directory):
    (entry,) = entries(line)
    assert mountinfo.directory(entry, below) == directory


def test_a_line_without_optional_fields_and_one_with_an_empty_source():
    plain, empty = entries(
        "22 27 0:21 / /proc rw - proc proc rw",
        "23 27 0:22 / /x rw -  tmpfs  rw".replace("  tmpfs", " tmpfs"))
    assert (plain.fstype, plain.source, plain.super_options) == ("proc", "proc", ["rw"])
    assert (empty.fstype, empty.source, empty.super_options) == ("tmpfs", "", ["rw"])


def test_escapes_are_undone_in_every_field():
    (entry,) = entries(r"9 8 0:9 /a\134b /mnt/a\040b\011c\012d\043 rw - cifs //nas/a\040b rw,username=a\054b\040c")
    assert entry.root == "/a\\b"
    assert entry.mount_point == "/mnt/a b\tc\nd#"
    assert entry.source == "//nas/a b"
    assert entry.super_options == ["rw", "username=a,b c"]


@pytest.mark.parametrize("shown, options", [
    ('rw,context="system_u:object_r:nfs_t:s0:c1,c2",vers=4.2', ["rw", 'context="system_u:object_r:nfs_t:s0:c1,c2"', "vers=4.2"]),
    ('rw,vers=4.2,context="a:b:c:s0:c1,c2"', ["rw", "vers=4.2", 'context="a:b:c:s0:c1,c2"']),
    ('rw,fscontext="a:b:c:c1,c2",defcontext="d:e:f:c3,c4"', ["rw", 'fscontext="a:b:c:c1,c2"', 'defcontext="d:e:f:c3,c4"']),
    ("rw,context=a:b:c:s0,acl", ["rw", "context=a:b:c:s0", "acl"]),
    # A name with a quote in it, which no filesystem escapes, ends with its comma.
    ('rw,username=a"b,domain=c"d,soft', ["rw", 'username=a"b', 'domain=c"d', "soft"]),
    ('rw,username="a,soft', ["rw", 'username="a', "soft"]),
    ("rw,localflocks,,cluster_stack=o2cb", ["rw", "localflocks", "cluster_stack=o2cb"]),
])
def test_a_comma_inside_quotes_is_part_of_its_option(shown, options):
    (entry,) = mountinfo.parse("52 20 0:37 / /srv/x rw - nfs4 nas1:/x %s" % shown)
    assert entry.super_options == options


def test_a_backslash_that_is_no_escape_stays():
    assert mountinfo.unescape(r"a\9b\04") == r"a\9b\04"


def test_names_that_are_not_utf_8_survive():
    assert mountinfo.unescape(r"/mnt/\377 é") == os.fsdecode(b"/mnt/\xff ") + "é"


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_unescape_undoes_what_the_kernel_does(name):
    escaped = "".join("\\%03o" % ord(letter) if letter in " \t\n\\#" else letter for letter in name)
    assert mountinfo.unescape(escaped) == name


def test_foreign_lines_are_passed_over():
    assert entries("", "nonsense", "a b c d e f g - h i j", "1 2 3:4 / / rw shared:1 ext4 /dev/vda rw") == []


def test_find_wants_exactly_the_path():
    listed = entries(ROOT, NFS)
    assert mountinfo.find(listed, "/srv/shares/projects").mount_id == 61
    assert mountinfo.find(listed, "/srv/shares") is None
    assert mountinfo.find(listed, "/srv/shares/projects/inside") is None
    assert mountinfo.find([], "/") is None


def test_containing_gives_the_filesystem_of_a_plain_directory():
    listed = entries(ROOT, NFS)
    assert mountinfo.containing(listed, "/srv/shares").source == "/dev/vda"
    assert mountinfo.containing(listed, "/srv/shares/projects/inside").mount_id == 61
    assert mountinfo.containing(listed, "/srv/shares/projects2").source == "/dev/vda"


def test_of_two_mounts_on_one_place_the_later_is_seen():
    listed = entries(ROOT, NFS, "70 61 0:50 / /srv/shares/projects rw - tmpfs tmpfs rw")
    assert mountinfo.find(listed, "/srv/shares/projects").fstype == "tmpfs"


def test_a_mount_hidden_by_one_of_a_directory_above_is_not_found():
    listed = entries(ROOT, NFS, "70 27 0:50 / /srv rw - tmpfs tmpfs rw")
    assert mountinfo.find(listed, "/srv/shares/projects") is None
    assert mountinfo.containing(listed, "/srv/shares/projects").fstype == "tmpfs"


def test_the_root_that_lies_on_top_of_the_first_one_is_walked_from():
    listed = entries("1 1 0:2 / / rw - rootfs rootfs rw", ROOT, NFS)
    assert mountinfo.find(listed, "/").source == "/dev/vda"
    assert mountinfo.find(listed, "/srv/shares/projects").mount_id == 61


def test_the_list_of_a_chroot_has_no_root():
    listed = entries("61 27 0:45 / /data rw - nfs4 nas1:/export rw")
    assert mountinfo.find(listed, "/data").source == "nas1:/export"
    assert mountinfo.containing(listed, "/elsewhere") is None


def test_the_running_kernel_is_understood():
    listed = mountinfo.read()
    assert mountinfo.find(listed, "/proc").fstype == "proc"
    for directory in ("/proc", "/proc/sys", "/sys"):
        found = os.stat(directory).st_dev
        assert mountinfo.containing(listed, directory).st_dev == "%d:%d" % (os.major(found), os.minor(found))


@pytest.mark.parametrize("line, part", [
    ("9 8 0:45 / /a rw - nfs4 nas1:/export/projects rw", True),
    ("9 8 0:45 / /a rw - nfs4 nas1:/export/projects/vm1 rw", True),
    ("9 8 0:45 / /a rw - nfs4 nas1b:/export/projects/vm1 rw", True),
    ("9 8 0:45 / /a rw - nfs4 nas1:/export/projects2 rw", False),
    ("9 8 0:45 / /a rw - nfs4 nas1:/export rw", False),
    ("9 8 0:46 / /a rw - nfs4 nas1:/export/projects rw", False),
])
def test_a_part_of_a_share_is_told_by_filesystem_and_directory(line, part):
    one, mount = entries(line, NFS)
    assert mountinfo.shows_part_of(one, mount) == part


def test_a_part_of_a_disk_is_told_by_its_root():
    whole, part, beside, mount = entries(
        "1 0 8:1 / / rw - ext4 /dev/vda rw", "2 1 8:1 /data/x /a rw - ext4 /dev/vda rw",
        "3 1 8:1 /data2 /b rw - ext4 /dev/vda rw", "4 1 8:1 /data /c rw shared:1 - ext4 /dev/vda rw")
    assert [mountinfo.shows_part_of(each, mount) for each in (whole, part, beside, mount)] == [False, True, False, True]
    assert (part.propagation, mount.propagation) == ((), ("shared:1",))


def test_the_mounts_inside_are_found_by_their_parents():
    listed = entries(
        "5 4 0:5 / /a/b/c rw - tmpfs none rw", "2 1 0:2 / /a rw - tmpfs none rw", "3 2 0:3 / /a rw - tmpfs none rw",
        "4 2 0:4 / /a/b rw - tmpfs none rw", "6 3 0:6 / /a/d rw - tmpfs none rw")
    assert [each.mount_point for each in mountinfo.children(listed, listed[1])] == ["/a/b", "/a/b/c"]
