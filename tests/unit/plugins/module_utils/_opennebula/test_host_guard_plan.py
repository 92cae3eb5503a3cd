# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the hosts' guard in all combinations of states, marks and news: what it may do, and that it does it once."""

import itertools

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import host_guard_plan as plans

NOW = 1_800_000_000
SETTINGS = {"max_age": 1000, "max_monitoring_age": 300, "max_disabled": None}
MARKS = (None, {}, {"WHY": "another"}, {"WHY": "VIRTSHARE_A is lost", "SINCE": "5"})
NEWS = ("ok", "degraded", "lost", "unknown", "strange", "absent", None)
CHECKED = (str(NOW - 10), str(NOW - 2000), str(NOW + 2000), "0", "", "007", "\u00b2", "9" * 30, "-5")
HARMS = ((False, NOW - 5), (True, NOW - 5), (False, NOW - 900), (False, NOW + 900), (False, None))


def host(state, mark, news, checked, harm, number=0):
    attributes = {"VIRTSHARE_A": news, "VIRTSHARE_CHECKED": checked}
    return {"id": number, "name": "hv%d" % number, "state": state, "mark": mark, "error": harm[0], "timestamp": harm[1],
            "attributes": {name: value for name, value in attributes.items() if value is not None}}


# Another host that takes guests: without a limit the last one is never disabled.
SPARE = host(plans.MONITORED, None, "ok", CHECKED[0], HARMS[0], 99)


def carried_out(before, operations):
    """The host after these operations, each of which finds what it was planned for."""
    after = dict(before, attributes=dict(before["attributes"]))
    for operation in operations:
        assert plans.as_expected(after, operation.arguments["expects"])
        _number, value = operation.arguments["call"][:2]
        if operation.name == plans.STATUS:
            after["state"] = plans.DISABLED if value == plans.DISABLE else plans.MONITORED
        elif "VIRTSHARE_GUARD=" in value:
            after["mark"] = {} if "WHY=" in value else None
            if "WHY=" in value:
                why = value.partition('WHY="')[2].rpartition('"]')[0]
                after["mark"] = {"WHY": why, "SINCE": "x"}
        else:
            for line in value.splitlines():
                after["attributes"].pop(line.partition("=")[0], None)
    return after


@pytest.mark.parametrize("state", sorted(plans.STATES))
def test_each_row_of_the_table_in_every_combination(state):
    seen = set()
    for mark, news, checked, harm in itertools.product(MARKS, NEWS, CHECKED, HARMS):
        one = host(state, mark, news, checked, harm)
        plan, (row,) = plans.plan([one], [one, SPARE], [], NOW, SETTINGS)
        done = {(operation.name, operation.arguments["call"][1]) for operation in plan.operations if operation.name == plans.STATUS}
        fresh = checked == CHECKED[0]
        bad, good = fresh and news == "lost", fresh and news in ("ok", "degraded", "absent", None)
        well = good and harm == HARMS[0]
        expected = {(plans.STATUS, plans.DISABLE)} if state == plans.MONITORED and bad else (
            {(plans.STATUS, plans.ENABLE)} if state == plans.DISABLED and mark is not None and well else set())
        assert done == expected, (mark, news, checked, harm)
        if state not in (plans.MONITORED, plans.DISABLED) or (mark is None and not done):
            assert all("VIRTSHARE_A=[]" in operation.arguments["call"][1] for operation in plan.operations)
        seen.add(row["action"])
        # A minute later, with the same news, the next run finds its own words and does nothing.
        after = carried_out(one, plan.operations)
        again, _rows = plans.plan([after], [after, SPARE], [], NOW + 60, SETTINGS)
        assert not again.operations, (mark, news, checked, harm, again.operations)
    assert seen == {plans.MONITORED: {"kept", "unmark", "disable"}, plans.DISABLED: {"waiting", "enable", "by_hand"}}.get(
        state, {"left_alone"})


def test_no_more_than_a_third_and_those_first_that_are_disabled_already():
    lost = [host(plans.MONITORED, None, "lost", CHECKED[0], HARMS[0], number) for number in range(6)]
    lost[5].update(state=plans.DISABLED, mark={"WHY": "x"})
    _plan, rows = plans.plan(lost, lost, [], NOW, SETTINGS)
    assert [row["action"] for row in rows] == ["disable"] + ["limit"] * 4 + ["waiting"]


def actions(hosts, pool, **settings):
    return [row["action"] for row in plans.plan(hosts, pool, [], NOW, dict(SETTINGS, **settings))[1]]


@pytest.mark.parametrize("state", sorted(plans.STATES))
def test_a_host_that_another_guard_has_marked_counts_in_whatever_state(state):
    """One that is marked and still monitored is between its mark and its disabling."""
    lost = host(plans.MONITORED, None, "lost", CHECKED[0], HARMS[0], 1)
    other = host(state, {"WHY": "x"}, "lost", CHECKED[0], HARMS[0], 2)
    assert actions([lost], [lost, other, SPARE]) == ["limit"]
    assert actions([lost], [lost, dict(other, mark=None), SPARE]) == ["disable"]
    assert actions([lost], [lost, other, SPARE], max_disabled=2) == ["disable"]


@pytest.mark.parametrize("mark", MARKS)
def test_one_that_is_marked_already_does_not_stand_in_its_own_way(mark):
    lost = host(plans.MONITORED, mark, "lost", CHECKED[0], HARMS[0], 1)
    assert actions([lost], [lost, SPARE], max_disabled=1) == ["disable"]


@pytest.mark.parametrize("state", sorted(set(plans.STATES) - {plans.MONITORED}))
def test_the_last_host_that_takes_guests_is_disabled_only_where_a_limit_says_so(state):
    lost = host(plans.MONITORED, None, "lost", CHECKED[0], HARMS[0], 1)
    elsewhere = host(state, None, "ok", CHECKED[0], HARMS[0], 3)
    plan, rows = plans.plan([lost], [lost, elsewhere], [], NOW, SETTINGS)
    assert not plan.operations and rows[0]["why"] == (
        "VIRTSHARE_A is lost; it is the last host that is monitored and enabled, and only a declared max_disabled lets a guard "
        "disable that one")
    assert actions([lost], [lost, elsewhere], max_disabled=1) == ["disable"]
    # Where there is one host only, its guests have nowhere else to go in any case.
    assert actions([lost], [lost]) == ["disable"]


@pytest.mark.parametrize("stamp", ["", "x", "\u00b2"])
def test_a_time_of_monitoring_that_is_none_is_as_if_it_were_not_there(stamp):
    body = ("<HOST><ID>3</ID><NAME>hv</NAME><STATE>4</STATE><TEMPLATE/><MONITORING><TIMESTAMP>%s</TIMESTAMP></MONITORING></HOST>"
            % stamp)
    assert plans.read(body)["timestamp"] is None


def body(number=3, name="hv", state=2, template="", rest="<MONITORING/>"):
    return "<HOST><ID>%s</ID><NAME>%s</NAME><STATE>%s</STATE><TEMPLATE>%s</TEMPLATE>%s</HOST>" % (number, name, state, template, rest)


@pytest.mark.parametrize("document, expected", [
    (body(template="<VIRTSHARE_A><![CDATA[ok]]></VIRTSHARE_A><VIRTSHARE_A><![CDATA[lost]]></VIRTSHARE_A>"),
     {"attributes": {"VIRTSHARE_A": "ok"}}),
    (body(template="<VIRTSHARE_GUARD><WHY>x</WHY></VIRTSHARE_GUARD><VIRTSHARE_GUARD>y</VIRTSHARE_GUARD>"), {"mark": {"WHY": "x"}}),
    # What anybody wrote by hand is a mark, too, whatever it holds.
    (body(template="<VIRTSHARE_GUARD>x</VIRTSHARE_GUARD>"), {"mark": {}}),
    (body(template="<VIRTSHARE_GUARD></VIRTSHARE_GUARD>"), {"mark": {}}),
    (body(template="<VIRTSHARE_A><B>ok</B></VIRTSHARE_A><virtshare_c>ok</virtshare_c>"), {"attributes": {}, "mark": None}),
    (body(template="<VIRTSHARE_A/>"), {"attributes": {"VIRTSHARE_A": ""}}),
    (body(template="<ERROR></ERROR>"), {"error": True}),
    (body(template="<ERROR><![CDATA[Sun : probe \"x\" &]]></ERROR>"), {"error": True}),
    ("<HOST><ID>3</ID><NAME>hv</NAME><STATE>2</STATE></HOST>", {"attributes": {}, "mark": None, "error": False, "timestamp": None}),
    (body(rest=""), {"timestamp": None}),
    (body(rest="<MONITORING><TIMESTAMP></TIMESTAMP></MONITORING>"), {"timestamp": None}),
    (body(rest="<MONITORING><TIMESTAMP>-1</TIMESTAMP></MONITORING>"), {"timestamp": -1}),
    (body(rest="<MONITORING><TIMESTAMP>%s</TIMESTAMP></MONITORING>" % ("9" * 30)), {"timestamp": int("9" * 30)}),
    (body(name="<![CDATA[hv 1]]>"), {"name": "hv 1"}), (body(name="hv1.example.org"), {"name": "hv1.example.org"}),
    (body(state="9"), {"state": 9}), (body(state=""), {"state": -1}), (body(state="x"), {"state": -1}),
])
def test_strange_hosts_are_read_as_what_they_say(document, expected):
    found = plans.read(document)
    assert {key: found[key] for key in expected} == expected
    (pooled,) = plans.read_pool("<HOST_POOL>%s</HOST_POOL>" % document)
    assert pooled["timestamp"] is None and dict(pooled, timestamp=found["timestamp"]) == found
    # Whatever it is, one run's plan leaves nothing to do for the next.
    plan, (_row,) = plans.plan([found], [found, SPARE], [], NOW, SETTINGS)
    after = carried_out(found, plan.operations)
    again, _rows = plans.plan([after], [after, SPARE], [], NOW + 60, SETTINGS)
    assert not again.operations
    if found["state"] not in (plans.MONITORED, plans.DISABLED):
        assert not plan.operations


RECORD = "<MONITORING><ID>%s</ID><TIMESTAMP>%s</TIMESTAMP></MONITORING>"


@pytest.mark.parametrize("records, times", [
    ("", {}),
    (RECORD % (3, 10) + RECORD % (3, 30) + RECORD % (3, 20) + RECORD % (9, 50), {3: 30, 9: 50}),
    (RECORD % (4, "") + RECORD % (3, "1e9") + RECORD % (5, 10), {5: 10}),
    ("<MONITORING/>", {}),
])
def test_the_newest_record_of_each_host_tells_when_it_was_monitored(records, times):
    assert plans.read_times("<MONITORING_DATA>%s</MONITORING_DATA>" % records) == times


@pytest.mark.parametrize("answer", ["", "<HOST_POOL>", "<html><body>busy", None, 7])
def test_what_is_no_xml_is_no_pool(answer):
    with pytest.raises(ValueError):
        plans.read_pool(answer)
    with pytest.raises(ValueError):
        plans.read_times(answer)
