# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shares in libvirt's local AppArmor abstraction: exact, and nothing else of the file is touched."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._access import apparmor
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from hypothesis import given
from hypothesis import strategies as st

PROJECTS = {"path": "/srv/shares/projects", "read_only": False}
MEDIA = {"path": "/srv/shares/media", "read_only": True}
BLOCK = (
    b"# BEGIN virtshare.storage shares (written by share_access, not by hand)\n"
    b'"/srv/shares/media/" r,\n'
    b'"/srv/shares/media/**" rk,\n'
    b'"/srv/shares/projects/" r,\n'
    b'"/srv/shares/projects/**" rwk,\n'
    b"# END virtshare.storage shares\n")
# Debian 12 (libvirt 9.0) includes it always, newer ones if it exists.
INCLUDES = [b"  #include <local/abstractions/libvirt-qemu>\n",
            b"  include if exists <local/abstractions/libvirt-qemu>\n",
            b'include "/etc/apparmor.d/local/abstractions/libvirt-qemu"\n']


def tree(root, enabled="Y\n", abstraction=INCLUDES[0], local=None):
    """A host's files; what is None is not there."""
    for name, content in ((apparmor.ENABLED, enabled and enabled.encode()), (apparmor.ABSTRACTION, abstraction),
                          (apparmor.LOCAL, local)):
        if content is not None:
            filename = os.path.join(str(root), name)
            os.makedirs(os.path.dirname(filename), exist_ok=True)
            with open(filename, "wb") as target:
                target.write(content)
    return str(root)


def plan(data, *shares, **more):
    return apparmor.plan({"file": more.get("file", apparmor.LOCAL), "data": data}, shares)


def written(data, *shares):
    operations = plan(data, *shares).operations
    return operations[0].arguments["data"] if operations else data


@pytest.mark.parametrize("files", [{"enabled": None}, {"enabled": "N\n"}, {"abstraction": None}])
def test_there_is_nothing_to_do_where_it_confines_no_guests(tmp_path, files):
    assert apparmor.read(tree(tmp_path, **files)) is None


def test_what_libvirts_package_will_bring_counts_as_there(tmp_path):
    root = tree(tmp_path, abstraction=None)
    assert apparmor.read(root, libvirt_planned=True) == {"file": apparmor.LOCAL, "data": b""}
    assert apparmor.read(tree(tmp_path, enabled="N\n"), libvirt_planned=True) is None


@pytest.mark.parametrize("line", INCLUDES)
def test_the_abstraction_and_our_part_are_read(tmp_path, line):
    root = tree(tmp_path, abstraction=b"  #include <abstractions/base>\n" + line, local=b"  /data/** rwk,\n")
    assert apparmor.read(root) == {"file": apparmor.LOCAL, "data": b"  /data/** rwk,\n"}


def test_where_only_libvirts_own_directory_is_included_our_part_is_a_file_there(tmp_path):
    root = tree(tmp_path, abstraction=b"  include if exists <abstractions/libvirt-qemu.d>\n", local=b"  /data/** rwk,\n")
    state = apparmor.read(root)
    assert state == {"file": apparmor.DROP_IN, "data": b""}
    made = apparmor.plan(state, [PROJECTS])
    apparmor.apply(made.operations[0], root)
    assert apparmor.listed(apparmor.read(root)) == ['"/srv/shares/projects/" r,', '"/srv/shares/projects/**" rwk,']
    with open(os.path.join(root, apparmor.LOCAL), "rb") as source:
        assert source.read() == b"  /data/** rwk,\n"


def test_the_local_abstraction_is_taken_where_both_are_included(tmp_path):
    root = tree(tmp_path, abstraction=b"include if exists <abstractions/libvirt-qemu.d>\n" + INCLUDES[1])
    assert apparmor.read(root)["file"] == apparmor.LOCAL


@pytest.mark.parametrize("line", [
    b"  # include <local/abstractions/libvirt-qemu>\n", b"", b"#include <abstractions/base>\n"])
def test_an_abstraction_that_does_not_include_it_is_named_and_nothing_written(tmp_path, line):
    state = apparmor.read(tree(tmp_path, abstraction=line))
    assert state == {"file": None, "data": b""}
    made = apparmor.plan(state, [PROJECTS])
    assert not made.changed
    (warning,) = made.warnings
    assert "/etc/apparmor.d/abstractions/libvirt-qemu does not include /etc/apparmor.d/local/abstr" in warning
    assert "include if exists <local/abstractions/libvirt-qemu>" in warning
    assert apparmor.plan(state, []).warnings == []


def test_all_shares_are_listed():
    made = plan(b"", PROJECTS, MEDIA)
    (operation,) = made.operations
    assert operation.arguments["data"] == BLOCK
    assert (operation.name, operation.target, operation.summary) == (
        "apparmor.rules", "/etc/apparmor.d/local/abstractions/libvirt-qemu",
        "allow guests at /srv/shares/media, /srv/shares/projects")
    assert made.before == {operation.target: []}
    assert made.after == {operation.target: [line.decode() for line in BLOCK.splitlines()[1:-1]]}
    assert not plan(BLOCK, PROJECTS, MEDIA).changed


def test_what_is_special_to_apparmor_is_not_in_a_path():
    """apparmor_parser 3.0.8 read this rule as the path that it was made from (its option -D rule-exprs)."""
    assert apparmor.rules([{"path": '/srv/a b/@{HOME} [x]*?{y,z}^"q\\w'}])[0] == (
        r'''"/srv/a b/@\{HOME\} \[x\]\*\?\{y,z\}\^\"q\\w/" r,''')


@pytest.mark.parametrize("before, after", [
    (b"/data/** rwk,\n", b"/data/** rwk,\n" + BLOCK),
    (b"/data/** rwk,", b"/data/** rwk,\n" + BLOCK),
    (b"# \xff\r\n" + BLOCK.replace(b"projects", b"old") + b"\n /x r,", b"# \xff\r\n" + BLOCK + b"\n /x r,"),
    (b"a\n" + BLOCK.replace(b"rwk", b"rw") + b"b\n" + BLOCK + b"c\n", b"a\n" + BLOCK + b"b\nc\n"),
    (BLOCK.rstrip(b"\n"), BLOCK),
])
def test_only_our_part_changes(before, after):
    assert written(before, PROJECTS, MEDIA) == after
    assert written(after, PROJECTS, MEDIA) == after


def test_without_shares_our_part_goes():
    made = plan(b"a\n" + BLOCK + b"b\n")
    assert made.operations[0].arguments["data"] == b"a\nb\n"
    assert made.operations[0].summary == "remove the rules of all shares"
    assert not plan(b"a\nb\n").changed


@pytest.mark.parametrize("data", [
    apparmor.BEGIN + b"\n/x r,\n", b"/x r,\n" + apparmor.END + b"\n", BLOCK + apparmor.END, BLOCK + apparmor.BEGIN,
    apparmor.BEGIN + b"\n" + BLOCK,
])
def test_a_damaged_part_is_refused(data):
    with pytest.raises(Refusal) as refusal:
        plan(data, PROJECTS)
    assert "/etc/apparmor.d/local/abstractions/libvirt-qemu" in str(refusal.value)
    assert "nothing was changed" in str(refusal.value)


@given(st.lists(st.sampled_from([b"/x r,\n", b"\n", b"# y\n", BLOCK, BLOCK.replace(b"rwk", b"r")]), max_size=6),
       st.sampled_from([b"", b"end"]), st.lists(st.sampled_from([PROJECTS, MEDIA]), max_size=2))
def test_foreign_lines_stay_and_a_second_time_changes_nothing(parts, end, shares):
    data = b"".join(parts) + end
    after = written(data, *shares)
    assert written(after, *shares) == after
    foreign = [line for part in parts + [end] if part.count(b"\n") < 2 for line in part.splitlines()]
    ours = set(BLOCK.splitlines()) | {b'"/srv/shares/projects/**" r,'}
    assert [line for line in after.splitlines() if line not in ours] == foreign


def test_the_file_is_made_with_its_directory_and_keeps_its_owner_and_mode(tmp_path):
    root = tree(tmp_path)
    filename = os.path.join(root, apparmor.LOCAL)
    apparmor.apply(plan(b"", PROJECTS, MEDIA).operations[0], root)
    assert os.stat(filename).st_mode & 0o777 == 0o644
    os.chmod(filename, 0o640)
    inode = os.stat(filename).st_ino
    apparmor.apply(plan(apparmor.read(root)["data"], PROJECTS).operations[0], root)
    assert os.stat(filename).st_mode & 0o777 == 0o640
    assert os.stat(filename).st_ino != inode, "it is replaced, not written over"
    assert apparmor.listed(apparmor.read(root)) == ['"/srv/shares/projects/" r,', '"/srv/shares/projects/**" rwk,']
    assert os.listdir(os.path.dirname(filename)) == ["libvirt-qemu"]
