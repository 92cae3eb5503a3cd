# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POSIX ACLs: what a declaration makes of them, and the kernel's form of them."""

import errno
import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._access import acl
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from hypothesis import given
from hypothesis import strategies as st

PATH = "/srv/shares/projects"
KNOWN = {"users": {"backup": {"uid": 34, "gid": 34, "groups": [34]},
                   "oneadmin": {"uid": 9869, "gid": 9869, "groups": [9869]},
                   "34": {"uid": 34, "gid": 34, "groups": [34]}},
         "groups": {"kvm": 108}, "names": {}}

# What setfacl -m u:64055:rwx,g:993:rx wrote on a directory with mode 2770 of ext4 on Debian 12, read with getxattr(2).
RECORDED = bytes.fromhex(
    "02000000"
    "01000700ffffffff"
    "0200070037fa0000"
    "04000700ffffffff"
    "08000500e1030000"
    "10000700ffffffff"
    "20000000ffffffff")
RECORDED_ACL = [[acl.OWNER, None, 7], [acl.USER, 64055, 7], [acl.OWNING_GROUP, None, 7], [acl.GROUP, 993, 5],
                [acl.MASK, None, 7], [acl.OTHERS, None, 0]]

MODES = st.integers(0, 0o7777)
NAMED = st.dictionaries(
    st.tuples(st.sampled_from([acl.USER, acl.GROUP]), st.integers(0, 2 ** 32 - 2)), st.integers(0, 7))


def entries(found):
    return sorted([tag, number, bits] for (tag, number), bits in found.items())


def test_names_become_numbers():
    assert acl.named(["user:backup:r-x", "g:kvm:rwx", "user:oneadmin:---"], KNOWN, PATH) == [
        [acl.USER, 34, 5], [acl.USER, 9869, 0], [acl.GROUP, 108, 7]]
    assert acl.named([], KNOWN, PATH) == []
    assert acl.named(None, KNOWN, PATH) is None


def test_a_name_that_is_not_known_yet_stands_for_itself():
    made = acl.complete(0o770, acl.named(["user:later:rwx", "user:backup:r-x"], KNOWN, PATH))
    assert acl.texts_of(made, lambda kind, number: "backup") == [
        "user::rwx", "user:backup:r-x", "user:later:rwx", "group::rwx", "mask::rwx", "other::---"]


@pytest.mark.parametrize("texts, words", [
    (["user:backup:7"], "^access.acl 'user:backup:7' is not an entry"),
    (["user:backup:rwx", "user:34:r-x"], "two entries for the user number 34"),
])
def test_what_cannot_be_meant_is_refused(texts, words):
    with pytest.raises(Refusal, match=words):
        acl.named(texts, KNOWN, PATH)


def test_two_names_of_one_user_that_say_the_same_are_one_entry():
    assert acl.named(["user:backup:rwx", "user:34:rwx"], KNOWN, PATH) == [[acl.USER, 34, 7]]


def test_the_kernels_form_is_read_and_written():
    assert acl.unpacked(RECORDED) == RECORDED_ACL
    assert acl.packed(RECORDED_ACL) == RECORDED


@pytest.mark.parametrize("data", [RECORDED.replace(b"\x02", b"\x03", 1), RECORDED[:-1]])
def test_another_form_is_not_guessed_at(data):
    with pytest.raises(OSError):
        acl.unpacked(data)


@given(MODES, NAMED)
def test_a_whole_acl_is_what_the_kernel_takes_and_keeps_the_mode(mode, found):
    """The tags in their order, a mask as soon as somebody is named, and nobody named is cut by it."""
    made = acl.complete(mode, entries(found))
    assert acl.unpacked(acl.packed(made)) == made
    if not found:
        assert made == []
        return
    assert [entry[0] for entry in made] == sorted(entry[0] for entry in made)
    (mask,) = [bits for tag, dummy, bits in made if tag == acl.MASK]
    assert all(bits | mask == mask for tag, dummy, bits in made if tag in (acl.USER, acl.GROUP, acl.OWNING_GROUP))
    assert acl.declared_mode(acl.shown_mode(mode, entries(found)), made) == mode


def test_the_servers_command():
    assert acl.command([[acl.USER, 34, 5]], "/export") == "setfacl -m u:34:r-x,d:u:34:r-x /export"
    assert acl.command([], "/export") == "setfacl -b /export"


@pytest.mark.parametrize("number, expected", [(errno.ENODATA, ([], [])), (errno.EOPNOTSUPP, (None, None))])
def test_no_acl_is_told_from_none_to_be_had(monkeypatch, number, expected):
    def refuse(*dummy):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "getxattr", refuse)
    assert acl.read("/anywhere") == expected


@pytest.mark.parametrize("number, raised", [(errno.ENODATA, False), (errno.EPERM, True)])
def test_what_is_not_there_need_not_be_taken_away(monkeypatch, number, raised):
    def refuse(*dummy):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "removexattr", refuse)
    if raised:
        with pytest.raises(PermissionError):
            acl.write("/anywhere", acl.DEFAULT, [])
    else:
        acl.write("/anywhere", acl.DEFAULT, [])


def test_an_access_acl_that_says_no_more_than_the_mode_is_none(monkeypatch):
    minimal = acl.packed([[acl.OWNER, None, 7], [acl.OWNING_GROUP, None, 5], [acl.OTHERS, None, 0]])
    monkeypatch.setattr(os, "getxattr", lambda *dummy: minimal)
    access, default = acl.read("/anywhere")
    assert access == [] and len(default) == 3
