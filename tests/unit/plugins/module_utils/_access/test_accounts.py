# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts by name, on this host and between the hosts of one share."""

import grp
import os
import pwd

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._access import agreement, declared, named_accounts
from ansible_collections.virtshare.storage.plugins.module_utils._host import accounts
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import checked

PATH = "/srv/shares/projects"
DECLARED = {"path": PATH, "type": "nfs", "source": "nas1:/export/projects", "options": {"vers": "4.2"},
            "credentials": {"username": "vm", "password": "secret"},
            "access": {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"]}}
ENTRY = {"path": PATH, "type": "nfs", "source": "nas1:/export/projects", "owner": "oneadmin", "group": "kvm",
         "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"], "read_only": False}


def test_this_hosts_accounts_are_found_by_name_and_number():
    root = pwd.getpwuid(0).pw_name
    found = accounts.lookup([root, "0", "no-such-user"], [grp.getgrgid(0).gr_name, "0", "no-such-group"])
    assert found["users"][root] == found["users"]["0"]
    assert found["users"][root]["uid"] == 0
    assert found["users"][root]["gid"] in found["users"][root]["groups"]
    assert set(found["groups"].values()) == {0}
    assert set(found["users"]) == {root, "0"} and set(found["groups"]) == {grp.getgrgid(0).gr_name, "0"}
    assert found["names"]["0"] == grp.getgrgid(0).gr_name


def test_supplementary_groups_are_those_of_the_system():
    for entry in pwd.getpwall():
        found = accounts.lookup([entry.pw_name], [])["users"][entry.pw_name]
        assert set(found["groups"]) == set(os.getgrouplist(entry.pw_name, entry.pw_gid))


def test_a_number_without_an_entry_has_no_name():
    assert accounts.user_name(3999999999) == "3999999999"
    assert accounts.group_name(3999999999) == "3999999999"
    assert accounts.lookup(["3999999999"], [])["users"] == {}


def test_unknown_accounts_are_refused_with_the_way_out():
    known = {"users": {"oneadmin": {"uid": 1, "gid": 1, "groups": [1]}}, "groups": {}, "names": {}}
    problems, pending = named_accounts.unknown([ENTRY], known, "hv1")
    assert pending == []
    assert len(problems) == 2
    assert problems[0].startswith("hv1: /srv/shares/projects: access.group names the group kvm, which does not exist")
    assert problems[1].startswith("hv1: /srv/shares/projects: access.writers names the user libvirt-qemu, which does")
    assert "useradd" in problems[1]


def test_the_accounts_of_an_acl_are_looked_up_and_refused_like_others():
    entry = {"path": PATH, "acl": ["user:ghost:rwx", "g:crew:r-x"]}
    assert named_accounts.wanted([entry, ENTRY]) == (["ghost", "libvirt-qemu", "oneadmin"], ["crew", "kvm"])
    problems, pending = named_accounts.unknown([entry], {"users": {}, "groups": {}, "names": {}}, "hv1", ["crew"])
    assert pending == ["crew"]
    (problem,) = problems
    assert problem.startswith("hv1: /srv/shares/projects: access.acl names the user ghost, which does not exist")


def test_expected_accounts_are_pending():
    known = {"users": {"oneadmin": {"uid": 1, "gid": 1, "groups": [1]}}, "groups": {}, "names": {}}
    assert named_accounts.unknown([ENTRY], known, "hv1", ["libvirt-qemu", "kvm"]) == ([], ["kvm", "libvirt-qemu"])


def entries(*shares):
    return declared.entries(checked(shares, credentials=False)[0])


def test_what_is_declared_is_taken_over_without_secrets():
    nothing = {"owner": None, "group": None, "mode": None, "writers": [], "acl": None}
    assert entries(DECLARED) == [dict(ENTRY, acl=None)]
    assert "secret" not in repr(entries(DECLARED))
    assert entries(dict(DECLARED, state="absent"), dict(DECLARED, state="unmounted")) == []
    bare = {"path": PATH, "type": "nfs", "source": "nas1:/x"}
    assert entries(bare) == [dict(bare, read_only=False, **nothing)]
    assert entries(dict(DECLARED, read_only=True, access=None))[0]["read_only"] is True


def test_an_acl_is_handed_on_also_when_it_is_to_be_empty():
    for acl in ([], ["user:backup:r-x"], None):
        (entry,) = entries(dict(DECLARED, options={"vers": 3}, access={"acl": acl}))
        assert entry["acl"] == acl


def calls(steps):
    return {host: (step["set"], step["verify"], step["set_along"]) for host, step in steps.items()}


def test_one_host_of_each_source_sets_it_and_the_others_verify_it_then():
    other = dict(ENTRY, path="/srv/b", source="nas2:/b")
    elsewhere = dict(ENTRY, source="nas9:/x")
    local = dict(ENTRY, path="/srv/l", type="local")
    steps = agreement.steps(
        {"hv1": [ENTRY, local], "hv2": [ENTRY, other, local], "hv3": [other, elsewhere], "dead": [other]},
        ["hv1", "hv2", "hv3"])
    assert calls(steps) == {
        "hv1": ([PATH, "/srv/l"], [], []), "hv2": ([], [PATH, "/srv/b"], ["/srv/l"]), "hv3": (["/srv/b", PATH], [], [])}


def test_each_host_has_the_owner_of_a_cifs_share_by_its_own_options():
    media = {"path": "/srv/media", "type": "cifs", "source": "//nas2/media"}
    assert calls(agreement.steps({"hv1": [media], "hv2": [media]}, ["hv1", "hv2"])) == {
        "hv1": (["/srv/media"], [], []), "hv2": (["/srv/media"], [], [])}


def test_what_nobody_waits_for_goes_along_with_what_is_verified():
    own = dict(ENTRY, path="/srv/own", source="nas2:/own")
    local = dict(ENTRY, path="/srv/l", type="local")
    assert calls(agreement.steps({"hv1": [ENTRY, local], "hv2": [own, ENTRY, local]}, ["hv1", "hv2"])) == {
        "hv1": ([PATH, "/srv/l"], [], []), "hv2": ([], [PATH], ["/srv/own", "/srv/l"])}


def test_a_host_that_has_only_now_mounted_a_share_leaves_it_to_one_that_had_it():
    both = {"hv1": [ENTRY], "hv2": [ENTRY]}
    assert calls(agreement.steps(both, ["hv1", "hv2"], {"hv1": [PATH]})) == {"hv1": ([], [PATH], []), "hv2": ([PATH], [], [])}
    for new in ({"hv2": [PATH]}, {"hv1": [PATH], "hv2": [PATH]}, {"hv1": ["/srv/other"]}):
        assert calls(agreement.steps(both, ["hv1", "hv2"], new)) == {"hv1": ([PATH], [], []), "hv2": ([], [PATH], [])}


def test_only_a_circle_needs_two_calls_of_a_host():
    """Each pair of three hosts has a share: whoever sets two of them, one of the others sets and waits."""
    shares = {name: dict(ENTRY, path=f"/srv/{name}", source=f"nas1:/{name}") for name in "abc"}
    made = calls(agreement.steps({
        "hv1": [shares["a"], shares["c"]], "hv2": [shares["a"], shares["b"]], "hv3": [shares["b"], shares["c"]],
    }, ["hv1", "hv2", "hv3"]))
    assert sum(bool(to_set) and bool(to_verify) for to_set, to_verify, dummy in made.values()) == 1
    assert sorted(path for to_set, dummy, dummy2 in made.values() for path in to_set) == ["/srv/a", "/srv/b", "/srv/c"]


def known(uid=64055, gid=108):
    return {"users": {"libvirt-qemu": {"uid": uid, "gid": gid, "groups": [gid]},
                      "oneadmin": {"uid": 9869, "gid": 9869, "groups": [9869]}},
            "groups": {"kvm": gid}, "names": {}}


def test_hosts_that_agree():
    assert agreement.mismatches({"hv1": known(), "hv2": known()}, {"hv1": [ENTRY], "hv2": [ENTRY]}) == []


def test_a_user_that_is_another_number_elsewhere():
    (sentence,) = agreement.mismatches(
        {"hv1": known(), "hv2": known(uid=107), "hv3": known()}, {host: [ENTRY] for host in ("hv1", "hv2", "hv3")})
    assert sentence.startswith(
        "/srv/shares/projects: user libvirt-qemu is uid 107, gid 108 on hv2; uid 64055, gid 108 on hv1, hv3:")
    assert "usermod -u" in sentence


def test_a_group_that_is_another_number_elsewhere_is_said_once_for_all_shares():
    second = dict(ENTRY, path="/srv/b")
    sentences = agreement.mismatches(
        {"hv1": known(), "hv2": known(gid=36)}, {"hv1": [ENTRY, second], "hv2": [ENTRY, second]})
    assert [sentence.split(" is ")[0] for sentence in sentences] == [
        "/srv/b: group kvm", "/srv/b: user libvirt-qemu"]


def test_the_accounts_of_an_acl_have_to_agree():
    entry = {"path": PATH, "type": "nfs", "acl": ["user:libvirt-qemu:rwx", "group:kvm:rwx"]}
    sentences = agreement.mismatches({"hv1": known(), "hv2": known(uid=107, gid=36)}, {"hv1": [entry], "hv2": [entry]})
    assert [sentence.split(" is ")[0] for sentence in sentences] == [
        "/srv/shares/projects: group kvm", "/srv/shares/projects: user libvirt-qemu"]


def test_hosts_without_a_common_share_need_not_agree():
    assert agreement.mismatches(
        {"hv1": known(), "hv2": known(uid=107)}, {"hv1": [ENTRY], "hv2": [dict(ENTRY, path="/srv/b")]}) == []


@pytest.mark.parametrize("share_type", ["local", "cifs"])
def test_shares_whose_server_knows_no_numbers_need_no_agreement(share_type):
    local = dict(ENTRY, type=share_type)
    assert agreement.mismatches({"hv1": known(), "hv2": known(uid=107)}, {"hv1": [local], "hv2": [local]}) == []
