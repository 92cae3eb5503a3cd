# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration as roles ask for it: its normal form, and every problem in one failure."""

import datetime

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.plugin_utils._action import each_once, plain

from tests.support.action import work

GOOD = {"path": "/srv/x", "type": "nfs", "source": "nas1:/x"}
WRONG = [dict(GOOD, path="srv/x"), dict(GOOD, type="zfs")]
MEDIA = {"path": "/srv/m", "type": "cifs", "source": "//nas1/media",
         "credentials": {"username": "vm", "password": "secret"}, "access": {"owner": "oneadmin"}}


def test_good_shares_come_back_whole_and_without_passwords():
    made = work("declared_shares", shares=[GOOD, MEDIA])
    (share, media) = made["shares"]
    assert (share["path"], share["state"], share["access"]["writers"]) == ("/srv/x", "mounted", [])
    assert media["path"] == "/srv/m" and "secret" not in repr(made)
    assert made["problems"] == [] and made["types"] == ["nfs", "cifs"]


def test_all_problems_are_in_the_error():
    with pytest.raises(Refusal) as caught:
        work("declared_shares", shares=WRONG)
    assert len(caught.value.problems) == 2
    assert ["srv/x" in caught.value.problems[0], "zfs" in caught.value.problems[1]] == [True, True]
    assert work("declared_shares", shares=WRONG, fail=False) == {
        "shares": [], "types": [], "users": [], "groups": [], "problems": caught.value.problems}


def test_of_what_earlier_steps_said_of_a_share_the_first_counts():
    said = [{"path": "/srv/x", "error": "not mounted"}, {"path": "/srv/x", "error": "not writable"}]
    assert work("declared_shares", shares=[GOOD], troubles=said)["troubles"] == {"/srv/x": "not mounted"}


def test_accounts_are_those_of_the_shares_to_be_mounted():
    shares = [
        {"path": "/srv/a", "type": "nfs", "source": "nas1:/a", "access": {"owner": "oneadmin", "writers": ["oneadmin"]}},
        {"path": "/srv/b", "type": "nfs", "source": "nas1:/b", "access": {"owner": "ada"}, "state": "absent"},
        {"path": "/srv/c", "type": "nfs", "source": "nas1:/c", "options": {"vers": 3},
         "access": {"group": "kvm", "acl": ["u:backup:r-x"]}}]
    made = work("declared_shares", shares=shares)
    assert (made["users"], made["groups"]) == (["backup", "oneadmin"], ["kvm"])


def test_the_problems_of_all_hosts_are_named_once():
    reports = {"hv1": {"problems": ["a"]}, "hv2": {"problems": ["a", "b"]}, "hv3": {"problems": []},
               "hv4": {"skipped": True}}
    variables = {host: {"report": report} for host, report in reports.items()}
    with pytest.raises(Refusal) as caught:
        work("declared_shares", dict(variables, hv5={}), registered="report")
    assert caught.value.problems == ["hv1 and hv2: a", "hv2: b"]
    variables["hv3"]["report"]["shares"] = [GOOD]
    assert work("declared_shares", {"hv3": variables["hv3"]}, registered="report") == {}
    assert work("declared_shares", variables, ["hv3"], registered="report") == {}, "other hosts of the inventory"


def test_nothing_declared_is_warned_of():
    empty = {"report": {"problems": [], "shares": []}}
    assert work("declared_shares", {"hv1": empty, "hv2": empty}, registered="report") == {
        "warnings": ["no share is declared for hv1 and hv2, so that nothing is done here"]}
    made = work("declared_shares", shares=[], fail=False, allow_empty=False)
    assert made["problems"][0].startswith("no share is declared, and with purge every share would be removed.")
    assert work("declared_shares", shares=[], fail=False)["problems"] == []
    assert work("declared_shares", shares=[GOOD], fail=False, allow_empty=False)["problems"] == []


def test_what_all_hosts_have_names_none_of_them():
    assert each_once({"hv1": ["a", "a"], "hv2": ["a"]}) == ["a"]


def test_values_become_pythons_own():
    class Tagged(str):
        pass

    class Vault:
        def __str__(self):
            return "decrypted"

    day = datetime.date(2026, 11, 28)
    made = plain({Tagged("a"): [Tagged("b"), 1, 1.5, True, None, Vault(), day, ()]})
    assert made == {"a": ["b", 1, 1.5, True, None, "decrypted", day, []]}
    assert {type(value) for value in (*made, made["a"][0], made["a"][5])} == {str}
