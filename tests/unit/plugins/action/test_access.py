# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sets what of which share, and which users and groups are refused, over all hosts of a play."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

from tests.support.action import work

NOBODY = {"owner": None, "group": None, "mode": None, "writers": [], "acl": None}


def share(path="/srv/a", **access):
    return {"path": path, "type": "nfs", "source": "nas1:" + path, "state": "mounted", "read_only": False,
            "access": dict(NOBODY, **access)}


def known(uid=9869, **groups):
    return {"users": {"oneadmin": {"uid": uid, "gid": 1, "groups": [1]}}, "groups": groups, "names": {}}


def on(shares, *found):
    """The variables of hosts with the same shares, and these accounts."""
    return {f"hv{number}": {"declared": {"shares": shares}, "found": {"accounts": accounts}}
            for number, accounts in enumerate(found, 1)}


def refused(variables, **more):
    with pytest.raises(Refusal) as caught:
        work("share_accounts", variables, declared="declared", found="found", **more)
    return caught.value.problems


def test_one_host_sets_a_share_and_the_others_verify_it():
    variables = on([share()], {}, {})
    made = work("share_access_plan", variables, ["hv2", "hv1"], declared="declared")["hosts"]
    assert [(host, len(made[host]["set"]), len(made[host]["verify"])) for host in ("hv1", "hv2")] == [
        ("hv1", 0, 1), ("hv2", 1, 0)]


def test_one_that_has_only_now_mounted_a_share_does_not_set_it():
    variables = on([share()], {}, {})
    variables["hv1"]["share_mounts_result"] = {"operations": [{"operation": "mount", "target": "/srv/a"}]}
    variables["hv2"]["share_mounts_result"] = {"operations": [{"operation": "fstab", "target": "/srv/a"}]}
    made = work("share_access_plan", variables, declared="declared", mounts="share_mounts_result")["hosts"]
    assert made["hv1"]["verify"] == made["hv2"]["set"] == ["/srv/a"]


def test_accounts_that_all_hosts_have_alike_are_right():
    gone = dict(share("/srv/b", owner="ada"), state="absent")
    assert work("share_accounts", on([share(owner="oneadmin", writers=["oneadmin"]), gone], known(), known()),
                declared="declared", found="found") == {}


def test_a_missing_account_is_one_sentence_for_all_hosts_and_shares():
    needy = [share("/srv/a", owner="ada", mode="2770"), share("/srv/c", writers=["ada", "oneadmin"])]
    assert refused(on(needy, known(), known())) == [
        "user ada does not exist on hv1, hv2, and is access.owner of /srv/a and access.writers of /srv/c; create it first "
        "(useradd, with the same number on all hosts), install the package that brings it, or name one that exists"]


def test_what_packages_bring_is_no_problem_on_the_hosts_that_expect_it():
    variables = on([share(owner="ada", group="kvm")], known(), known(kvm=1))
    variables["hv1"]["expected"] = ["kvm"]
    (sentence,) = refused(variables, expected="expected")
    assert sentence.startswith("user ada does not exist on hv1, hv2, and is access.owner of /srv/a;")
    sentences = refused(variables)
    assert sentences[1].startswith("group kvm does not exist on hv1, and is access.group of /srv/a; create it first (groupadd")
    assert work("share_accounts", variables, declared="declared", found="found", allow_unknown=True) == {}


def test_acl_entries_of_one_number_that_differ_are_a_problem_of_the_accounts():
    accounts = known()
    accounts["users"]["9869"] = accounts["users"]["oneadmin"]
    (problem,) = refused(on([share("/srv/c", acl=["user:oneadmin:rwx", "user:9869:r-x"])], accounts))
    assert problem.startswith("hv1: /srv/c: access.acl has two entries for the user number 9869")


def test_accounts_that_differ_between_hosts_are_refused():
    (sentence,) = refused(on([share(writers=["oneadmin"])], known(9869), known(1001)))
    assert "uid 1001, gid 1 on hv2; uid 9869, gid 1 on hv1" in sentence


def test_a_host_that_was_not_asked_is_left_out():
    variables = on([share(owner="ada")], known())
    variables["hv1"]["found"] = {"skipped": True}
    assert work("share_accounts", variables, declared="declared", found="found") == {}
