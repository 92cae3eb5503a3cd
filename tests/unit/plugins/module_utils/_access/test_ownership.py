# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Owner, group and mode: the plan, and why a server does not let root set them."""

import errno
import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._access import acl, ownership
from ansible_collections.virtshare.storage.plugins.module_utils._host.mountinfo import Mount
from hypothesis import given
from hypothesis import strategies as st

PATH = "/srv/shares/projects"
NAMES = {("user", 0): "root", ("group", 0): "root", ("user", 9869): "oneadmin", ("group", 108): "kvm"}
WANTED = {"owner": "oneadmin", "group": "kvm", "uid": 9869, "gid": 108, "mode": 0o2770, "acl": None}
NOTHING = {"owner": None, "group": None, "uid": None, "gid": None, "mode": None, "acl": None}


def name(kind, number):
    return NAMES[kind, number]


def mount(fstype="nfs4", source="nas1:/export/projects"):
    return Mount(61, 27, "0:45", "/", PATH, ["rw"], fstype, source, ["rw"])


def plan(current, **desired):
    return ownership.plan(PATH, current, dict(NOTHING, **desired), name)


def test_everything_differs():
    made = plan({"uid": 0, "gid": 0, "mode": 0o755}, **WANTED)
    assert [(operation.name, operation.target, operation.summary, operation.arguments)
            for operation in made.operations] == [
                ("path.own", PATH, "set owner oneadmin and group kvm", {"uid": 9869, "gid": 108}),
                ("path.mode", PATH, "set mode 2770", {"mode": 0o2770})]
    assert made.before == {PATH: {"owner": "root", "group": "root", "mode": "0755"}}
    assert made.after == {PATH: {"owner": "oneadmin", "group": "kvm", "mode": "2770"}}


def test_nothing_differs():
    made = plan({"uid": 9869, "gid": 108, "mode": 0o2770}, **WANTED)
    assert not made.changed
    assert made.before == made.after == {}


@pytest.mark.parametrize("desired, arguments, after", [
    ({"owner": "oneadmin", "uid": 9869}, {"uid": 9869, "gid": -1}, {"owner": "oneadmin"}),
    ({"group": "kvm", "gid": 108}, {"uid": -1, "gid": 108}, {"group": "kvm"}),
    ({"mode": 0o700}, {"mode": 0o700}, {"mode": "0700"}),
])
def test_what_is_not_declared_is_left_alone(desired, arguments, after):
    made = plan({"uid": 0, "gid": 0, "mode": 0o755}, **desired)
    assert [operation.arguments for operation in made.operations] == [arguments]
    assert made.after == {PATH: after}


def test_a_share_that_is_not_mounted_yet_will_get_all_that_is_declared():
    made = plan(None, **{**WANTED, "uid": None, "gid": None})
    assert [operation.name for operation in made.operations] == ["path.own", "path.mode"]
    assert made.before == {PATH: {}}
    assert made.after == {PATH: {"owner": "oneadmin", "group": "kvm", "mode": "2770"}}
    assert not plan(None).changed


# What access.acl: [user:9869:rwx, group:108:r-x] gives on a directory with mode 2750.
ENTRIES = [[acl.USER, 9869, 7], [acl.GROUP, 108, 5]]
WHOLE = [[acl.OWNER, None, 7], [acl.USER, 9869, 7], [acl.OWNING_GROUP, None, 5], [acl.GROUP, 108, 5],
         [acl.MASK, None, 7], [acl.OTHERS, None, 0]]
WHOLE_TEXTS = ["user::rwx", "user:oneadmin:rwx", "group::r-x", "group:kvm:r-x", "mask::rwx", "other::---"]


def state(mode, access=(), default=()):
    return {"uid": 0, "gid": 0, "mode": mode, "acl": list(access), "default_acl": list(default)}


def test_an_acl_is_set_with_a_mask_that_takes_nothing_from_the_declared():
    made = plan(state(0o750), mode=0o2750, acl=ENTRIES)
    assert [(operation.name, operation.arguments) for operation in made.operations] == [
        ("path.acl", {"acl": WHOLE, "mode": 0o2770}), ("path.mode", {"mode": 0o2770})]
    assert made.operations[0].summary == "set the ACL user:oneadmin:rwx,group:kvm:r-x"
    assert made.before == {PATH: {"acl": [], "default_acl": [], "mode": "0750"}}
    assert made.after == {PATH: {"acl": WHOLE_TEXTS, "default_acl": WHOLE_TEXTS, "mode": "2750"}}


def test_the_mask_in_the_place_of_the_groups_bits_is_no_other_mode():
    assert not plan(state(0o2770, WHOLE, WHOLE), mode=0o2750, acl=ENTRIES).changed
    assert ownership.differences(state(0o2770, WHOLE, WHOLE), dict(NOTHING, mode=0o2750, acl=ENTRIES), name) == []


def test_a_chmod_behind_its_back_is_seen_and_mended():
    """chmod 2750 takes w from everybody the ACL names, and leaves their entries as they are."""
    cut = [entry if entry[0] != acl.MASK else [acl.MASK, None, 5] for entry in WHOLE]
    made = plan(state(0o2750, cut, WHOLE), mode=0o2750, acl=ENTRIES)
    assert [(operation.name, operation.arguments) for operation in made.operations] == [
        ("path.acl", {"acl": WHOLE, "mode": 0o2770})]
    assert set(made.before[PATH]) == {"acl"}


def test_an_acl_without_a_declared_mode_keeps_the_mode():
    (operation,) = plan(state(0o2750), acl=ENTRIES).operations
    assert operation.arguments == {"acl": WHOLE, "mode": 0o2770}
    assert not plan(state(0o2770, WHOLE, WHOLE), acl=ENTRIES).changed


def test_an_empty_acl_takes_all_away_and_gives_the_group_its_bits_back():
    made = plan(state(0o2770, WHOLE, WHOLE), acl=[])
    assert [(operation.summary, operation.arguments) for operation in made.operations] == [
        ("remove the ACL", {"acl": [], "mode": 0o2750})]
    assert made.after == {PATH: {"acl": [], "default_acl": []}}
    assert not plan(state(0o2750), acl=[]).changed


@pytest.mark.parametrize("current", [
    state(0o2770, WHOLE), state(0o2770, (), WHOLE), state(0o2770, WHOLE[:1] + WHOLE[2:], WHOLE),
    state(0o2770, sorted(WHOLE + [[acl.USER, 0, 7]]), WHOLE), state(0o2770, WHOLE, WHOLE[:1] + WHOLE[2:]),
])
def test_every_entry_too_many_or_too_few_is_a_difference(current):
    assert [operation.name for operation in plan(current, acl=ENTRIES, mode=0o2750).operations][:1] == ["path.acl"]
    assert "ACL is " in "; ".join(ownership.differences(current, dict(NOTHING, mode=0o2750, acl=ENTRIES), name))


def test_an_acl_that_is_not_declared_is_left_alone():
    assert not plan({"uid": 0, "gid": 0, "mode": 0o2770}, mode=0o2770).changed


@pytest.mark.parametrize("desired, after", [
    ({"acl": ENTRIES, "mode": 0o2750}, {"acl": WHOLE_TEXTS, "default_acl": WHOLE_TEXTS, "mode": "2750"}),
    ({"acl": ENTRIES}, {"acl": ["user:oneadmin:rwx", "group:kvm:r-x"],
                        "default_acl": ["user:oneadmin:rwx", "group:kvm:r-x"]}),
])
def test_the_acl_of_a_share_that_is_not_mounted_yet_is_predicted(desired, after):
    assert plan(None, **desired).after == {PATH: after}
    assert not plan(None, acl=[]).changed


def test_nfs4_shows_no_acls_and_what_to_do_instead():
    words = ownership.explain_no_acls(PATH, mount(), dict(NOTHING, acl=ENTRIES), "hv1")
    assert words == (
        "hv1: /srv/shares/projects: access.acl is declared, but ACLs are unsupported on nfs4 (nas1:/export/projects); "
        "nothing was changed; NFS 4 hides the server's POSIX ACLs: set them once on the server nas1, where they count "
        "for all hosts: setfacl -m u:9869:rwx,g:108:r-x,d:u:9869:rwx,d:g:108:r-x /export/projects; then leave access.acl "
        "out; or mount it with options {vers: \"3\"}, which shows them")


@pytest.mark.parametrize("source, server, export", [
    ("nas1:/export/a:b", "nas1", "/export/a:b"), ("[fd00::1]:/export/a:b", "[fd00::1]", "/export/a:b"), ("nas1:/a:/b", "nas1", "/a:/b"),
    ("nas1:/", "nas1", "/"),
])
def test_an_export_with_a_colon_is_named_whole(source, server, export):
    words = ownership.explain_no_acls(PATH, mount(source=source), dict(NOTHING, acl=ENTRIES), "hv1")
    assert "on the server %s, where" % server in words and ",d:g:108:r-x %s; then" % export in words
    error = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    words = ownership.explain_error(error, PATH, mount(source=source), WANTED, "hv1")
    assert "the server %s maps" % server in words and "chmod 2770 %s;" % export in words


@pytest.mark.parametrize("fstype, source, way_out", [
    ("nfs", "nas1:/export/projects", "the mount has noacl, or the server's filesystem has none: set them once on the"),
    ("fuse.glusterfs", "gl1:/v", "mount it with options {acl: true}"),
    ("ocfs2", "/dev/sdb", "without noacl if that is among its options, or leave access.acl out and put all who write"),
])
def test_other_filesystems_without_acls(fstype, source, way_out):
    words = ownership.explain_no_acls(PATH, mount(fstype, source), dict(NOTHING, acl=ENTRIES), "hv1")
    assert "ACLs are unsupported on %s (%s); nothing was changed; " % (fstype, source) in words
    assert way_out in words


def test_root_squash_over_nfs_3_names_the_acl_too():
    error = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    words = ownership.explain_error(error, PATH, mount("nfs"), dict(WANTED, acl=ENTRIES), "hv1")
    assert "root may not change owner and group and mode and ACL of nas1:/export/projects" in words
    assert "chmod 2770 /export/projects && setfacl -m u:9869:rwx,g:108:r-x,d:u:9869:rwx,d:g:108:r-x /export/" in words


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 0o7777), st.integers(0, 0o7777))
def test_after_the_plan_nothing_differs(uid, gid, mode, wanted_mode):
    desired = {"owner": "u", "group": "g", "uid": 1, "gid": 2, "mode": wanted_mode, "acl": None}
    state = {"uid": uid, "gid": gid, "mode": mode}
    made = ownership.plan(PATH, state, desired, lambda kind, number: str(number))
    assert made.changed == bool(ownership.differences(state, desired, lambda kind, number: str(number)))
    for operation in made.operations:
        for key, value in operation.arguments.items():
            if value != -1:
                state[key] = value
    assert ownership.differences(state, desired, lambda kind, number: str(number)) == []


def test_root_squash_says_what_to_do_on_the_server():
    error = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    words = ownership.explain_error(error, PATH, mount(), WANTED, "hv1")
    assert words == (
        "hv1: /srv/shares/projects: root may not change owner and group and mode of nas1:/export/projects (EPERM: "
        "Operation not permitted): the server nas1 maps this host's root to nobody (root_squash, the default of an "
        "export); set them once on the server: chown 9869:108 /export/projects && chmod 2770 /export/projects; or "
        "export to this host with no_root_squash")


@pytest.mark.parametrize("desired, command", [
    ({"owner": "oneadmin", "uid": 9869}, "chown 9869 /export/projects;"),
    ({"group": "kvm", "gid": 108}, "chown :108 /export/projects;"),
    ({"mode": 0o770}, "chmod 0770 /export/projects;"),
])
def test_the_servers_command_holds_what_is_declared(desired, command):
    error = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    assert command in ownership.explain_error(error, PATH, mount(), dict(NOTHING, **desired), "hv1")


def test_an_ipv6_server_is_told_from_its_export():
    error = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    words = ownership.explain_error(error, PATH, mount(source="[fd00::1]:/export"), WANTED, "hv1")
    assert "chown 9869:108 /export &&" in words


@pytest.mark.parametrize("fstype, source, words", [
    ("fuse.glusterfs", "gl1,gl2:/scratch/below",
     "the volume maps root to nobody (server.root-squash); let root in on a server: gluster volume set scratch "
     "server.root-squash off"),
    ("ext4", "/dev/sdb", "the directory may be immutable (lsattr -d /srv/shares/projects); take that off with: chattr"),
])
def test_other_filesystems_that_do_not_let_root(fstype, source, words):
    error = PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    assert words in ownership.explain_error(error, PATH, mount(fstype, source), WANTED, "hv1")


def test_what_is_no_refusal_is_said_as_it_is():
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert ownership.explain_error(error, PATH, mount(), WANTED, "hv1").endswith(
        "(ENOSPC: No space left on device); the filesystem has no room, for data or for files (df -h, df -i): free some, "
        "then run again")
    error = OSError(errno.EIO, os.strerror(errno.EIO))
    assert ownership.explain_error(error, PATH, mount(), WANTED, "hv1").endswith("(EIO: Input/output error)")


def test_an_owner_that_is_neither_root_nor_nobody_may_be_all_squashs():
    error = PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    def words(uid):
        return ownership.explain_error(error, PATH, mount(), WANTED, "hv1", state={"uid": uid})

    assert words(1024).endswith(
        "the server nas1 maps this host's root to another user. If the export maps all users to one (all_squash), as the "
        "directory's owner, uid 1024, suggests, leave owner, group and mode out of the share's access: everybody writes as "
        "that user. If it maps root alone (root_squash, the default of an export), set them once on the server: chown "
        "9869:108 /export/projects && chmod 2770 /export/projects; or export to this host with no_root_squash")
    for uid in (0, 65534, 4294967294):
        assert "all_squash" not in words(uid) and "root_squash" in words(uid)


def test_a_read_only_export():
    error = OSError(errno.EROFS, os.strerror(errno.EROFS))
    assert "read_only: true" in ownership.explain_error(error, PATH, mount(), WANTED, "hv1")


def test_a_change_that_cifs_ignores():
    state = {"uid": 0, "gid": 0, "mode": 0o755}
    phrases = ownership.differences(state, WANTED, name)
    assert phrases == ["owner is root (0), not oneadmin (9869)", "group is root (0), not kvm (108)",
                       "mode is 0755, not 2770"]
    words = ownership.explain_ignored(phrases, PATH, mount("cifs", "//nas2/media"), WANTED, "hv1")
    assert 'dir_mode: "02770"' in words and "uid=, gid=" in words
    words = ownership.explain_ignored(phrases, PATH, mount(), WANTED, "hv1")
    assert "nas1" in words and "same numbers" in words
