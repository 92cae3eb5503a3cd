# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a user is denied, in words that name the bit, the directory and the way out."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._access import acl, permissions
from hypothesis import given
from hypothesis import strategies as st

NAMES = {"users": {0: "root", 9869: "oneadmin"}, "groups": {0: "root", 108: "kvm", 9869: "oneadmin"}}
GUEST = {"name": "libvirt-qemu", "uid": 64055, "gid": 108, "groups": [108, 64055]}


def directory(path, uid=0, gid=0, mode=0o755):
    return {"path": path, "uid": uid, "gid": gid, "mode": mode}


def explain(*components, **more):
    return permissions.explain_denial(more.get("user", GUEST), list(components), NAMES, more.get("remote", False))


def test_every_directory_down_to_the_path():
    assert permissions.parents("/srv/shares/a") == ["/", "/srv", "/srv/shares", "/srv/shares/a"]
    assert permissions.parents("/") == ["/"]


def test_others_may_not_write():
    (sentence,) = explain(directory("/"), directory("/srv/a", 9869, 9869, 0o755))
    assert sentence == (
        "/srv/a belongs to oneadmin:oneadmin (9869:9869) with mode 0755; libvirt-qemu (uid 64055) is in the groups "
        "kvm 108, 64055; libvirt-qemu is neither its owner nor in its group, so the bits for others count, and w is "
        "missing there; add libvirt-qemu to the group oneadmin on every host (usermod -aG), declare access.acl: "
        "[user:libvirt-qemu:rwx], or declare access.owner, group and mode so that it may write (such as mode: \"2770\" "
        "with a group it is in)")


def test_the_group_may_not_write():
    (sentence,) = explain(directory("/"), directory("/srv/a", 9869, 108, 0o2750))
    assert "libvirt-qemu is in its group kvm, so the group's bits count, and w is missing there" in sentence
    assert sentence.endswith("; declare access.mode with w for the group")


def test_the_owner_may_not_although_others_may():
    user = {"name": "oneadmin", "uid": 9869, "gid": 9869, "groups": [9869]}
    (sentence,) = explain(directory("/srv/a", 9869, 0, 0o0077), user=user)
    assert "oneadmin is its owner, so the owner's bits count, and w and x are missing there" in sentence
    assert sentence.endswith("; declare access.mode with w and x for the owner")


def test_a_parent_cannot_be_passed():
    first, second = explain(directory("/"), directory("/srv", mode=0o700), directory("/srv/a"))
    assert first.startswith("/srv belongs to root:root (0:0) with mode 0700")
    assert first.endswith("and x is missing there; let it through with: chmod o+x /srv")
    assert second.startswith("/srv/a belongs to")


@pytest.mark.parametrize("groups, remote, words", [
    ([108], False, ["a security label", "the audit log"]),
    ([108], True, ["an ACL there", "all_squash", "read-only for this host"]),
    (list(range(100, 120)), True, ["20 groups", "only 16", "--manage-gids"]),
])
def test_what_else_may_deny_when_the_bits_do_not(groups, remote, words):
    (sentence,) = explain(directory("/srv/a", 0, 108, 0o770), user=dict(GUEST, groups=groups), remote=remote)
    assert "allow libvirt-qemu (uid 64055) to write" in sentence
    for word in words:
        assert word in sentence


@given(st.integers(0, 0o777), st.sampled_from([1, 2]), st.sampled_from([1, 2, 3]))
def test_the_bits_are_read_as_the_kernel_does(mode, uid, gid):
    """POSIX: the owner's bits alone count for the owner, the group's alone for its members."""
    user = {"name": "u", "uid": 1, "gid": 1, "groups": [1, 2]}
    sentences = permissions.explain_denial(user, [directory("/d", uid, gid, mode)], NAMES)
    shift = 6 if uid == 1 else 3 if gid in (1, 2) else 0
    allowed = (mode >> shift) & 3 == 3
    assert (" missing there" in sentences[0]) is not allowed


def test_components_are_read_from_the_real_directories(tmp_path):
    os.chmod(str(tmp_path), 0o2751)
    components = permissions.read_components(str(tmp_path))
    assert components[0]["path"] == "/"
    assert components[-1] == {"path": str(tmp_path), "uid": os.geteuid(), "gid": os.stat(str(tmp_path)).st_gid,
                              "mode": 0o2751, "acl": [], "label": None}


def listed(*entries, mask=7, group=0):
    return sorted([[acl.OWNER, None, 7], [acl.OWNING_GROUP, None, group], [acl.MASK, None, mask],
                   [acl.OTHERS, None, 0], *entries])


@pytest.mark.parametrize("entries, words", [
    (listed([acl.USER, 64055, 5]), ["its ACL names libvirt-qemu, so that entry counts, and w is missing there",
                                    "user::rwx,user:64055:r-x,group::---,mask::rwx,other::---",
                                    "declare that entry of access.acl with w"]),
    (listed([acl.USER, 64055, 7], mask=5), ["so that entry counts, and w is missing there", "mask::r-x"]),
    (listed([acl.USER, 64055, 0], [acl.GROUP, 64055, 7]), ["w and x are missing there"]),
    (listed([acl.GROUP, 64055, 5]), ["its ACL names the group 64055 of libvirt-qemu", "w is missing there"]),
    (listed([acl.GROUP, 108, 0], [acl.GROUP, 64055, 1]), ["its ACL names the group 64055", "and w is missing there"]),
    (listed([acl.USER, 1, 7]), ["libvirt-qemu is neither its owner", "w and x are missing"]),
])
def test_an_acl_decides_as_the_kernel_reads_it(entries, words):
    (sentence,) = explain(dict(directory("/srv/a", 9869, 9869, 0o770), acl=entries))
    for word in words:
        assert word in sentence


def test_a_named_entry_that_allows_it_is_no_reason():
    (sentence,) = explain(dict(directory("/srv/a", 9869, 9869, 0o770), acl=listed([acl.USER, 64055, 3])))
    assert "something else denies it" in sentence


def test_a_directory_above_whose_acl_does_not_let_through():
    first, dummy = explain(dict(directory("/srv", 0, 0, 0o770), acl=listed([acl.USER, 64055, 4])), directory("/srv/a"))
    assert first.endswith("and x is missing there; let it through with: setfacl -m u:64055:rx /srv")


def test_the_label_is_named_when_the_bits_allow_it():
    label = "system_u:object_r:default_t:s0"
    (sentence,) = explain(dict(directory("/srv/a", 0, 108, 0o770), label=label))
    assert "a security label (the directory's is system_u:object_r:default_t:s0; see the audit log)" in sentence
