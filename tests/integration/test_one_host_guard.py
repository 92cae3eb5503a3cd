# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one_host_guard against the simulator: every row of its table, killed runs, two at a time, no rights, no server."""

import time
from xml.etree import ElementTree

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import host_guard, host_guard_plan

from tests.support.opennebula import opennebula

INFO, UPDATE, STATUS = "one.host.info", "one.host.update", "one.host.status"
NAMES = ["hv1", "hv2", "hv3"]
INIT, MONITORED, ERROR, DISABLED, OFFLINE = 0, 2, 3, 4, 8


class Cloud:
    """Three hosts of a server, which are monitored as soon as told()."""

    def __init__(self, one):
        self.one = one
        self.ids = {name: one.by_hand("one.host.allocate", name, "dummy", "dummy", -1) for name in NAMES}
        for name in NAMES:
            self.told(name)

    def host(self, name):
        return host_guard_plan.read(self.one.by_hand(INFO, self.ids[name]))

    def state(self, name):
        return self.host(name)["state"]

    def marked(self, name):
        return self.host(name)["mark"] is not None

    def set(self, name, text):
        self.one.by_hand(UPDATE, self.ids[name], text, 1)

    def told(self, name, state="ok", age=0, **more):
        """What a probe of a host says, and that it was monitored now."""
        added = "".join('%s="%s"\n' % pair for pair in more.items())
        self.set(name, 'VIRTSHARE_CHECKED="%d"\nVIRTSHARE_A="%s"\nVIRTSHARE_A_FREE_MB="5"\n%s' % (time.time() - age, state, added))
        self.monitored(name)

    def monitored(self, name, age=0):
        """As after a probe of OpenNebula's own; what has an error stays so."""
        oned, number = self.one.endpoint.oned, self.ids[name]
        with oned.lock:
            host = oned.hosts.get(number)
            host.monitored({"TOTALCPU": "800", "TOTALMEMORY": "16777216"}, oned)
            oned.hosts.update(host)
            oned.monitoring._times[number] = [int(time.time()) - age]

    def failed(self, name):
        oned = self.one.endpoint.oned
        with oned.lock:
            host = oned.hosts.get(self.ids[name])
            host.not_monitored("a probe failed", oned)
            oned.hosts.update(host)

    def run(self, check=False, **parameters):
        result, calls, writes = self.attempt(check, **parameters)
        assert not result.get("failed"), result["msg"]
        return result, calls, writes

    def attempt(self, check=False, **parameters):
        """(result, calls, write calls), without those calls that only ask for the rights: asked has how many they were."""
        log = self.one.endpoint.log.entries
        before = len(log)
        result, _calls, _writes = self.one.attempt("one_host_guard", check=check, **dict({"hosts": NAMES}, **parameters))
        entries = [entry for entry in log[before:] if entry["method"] != STATUS or entry["ok"]]
        self.asked = len(log) - before - len(entries)
        return result, [entry["method"] for entry in entries], [entry["method"] for entry in entries if entry["write"]]


@pytest.fixture
def cloud():
    with opennebula() as one:
        yield Cloud(one)


def rows(result):
    return {row["name"]: row["action"] for row in result["hosts"]}


def nothing_happens(cloud, action, words="", name="hv1"):
    before = cloud.host(name)
    result, _calls, writes = cloud.run()
    assert writes == [] and not result["changed"] and rows(result)[name] == action
    assert words in "".join(result["warnings"])
    assert cloud.host(name) == before
    return result


def test_a_monitored_host_with_a_lost_share_is_marked_then_disabled_once(cloud):
    cloud.told("hv2", "lost")
    predicted, _calls, writes = cloud.run(check=True)
    assert writes == [] and cloud.state("hv2") == MONITORED
    assert predicted["hosts"][1] == {"name": "hv2", "id": cloud.ids["hv2"], "state": "monitored", "verdict": "bad",
                                     "action": "disable", "why": "VIRTSHARE_A is lost"}
    result, calls, writes = cloud.run()
    for key in ("operations", "diff", "hosts", "changed"):
        assert predicted[key] == result[key]
    # Read again before each write.
    assert calls == ["one.hostpool.info", "one.hostpool.monitoring", INFO, UPDATE, INFO, STATUS]
    assert rows(result) == {"hv1": "kept", "hv2": "disable", "hv3": "kept"}
    assert result["diff"] == {"before": {"hv2": {"state": "monitored", "mark": None}},
                              "after": {"hv2": {"state": "disabled", "mark": "VIRTSHARE_A is lost"}}}
    assert cloud.state("hv2") == DISABLED and cloud.host("hv2")["mark"]["WHY"] == "VIRTSHARE_A is lost"
    assert [cloud.state(name) for name in ("hv1", "hv3")] == [MONITORED, MONITORED]
    nothing_happens(cloud, "waiting", "hv2 (disabled): VIRTSHARE_A is lost", name="hv2")


def test_it_is_enabled_once_when_all_is_well_and_then_the_mark_goes(cloud):
    cloud.told("hv1", "lost")
    cloud.run()
    cloud.told("hv1", "degraded")
    result, calls, writes = cloud.run()
    assert writes == [STATUS, UPDATE] and calls[2:] == [INFO, STATUS, INFO, UPDATE]
    assert rows(result)["hv1"] == "enable"
    assert cloud.state("hv1") == MONITORED and not cloud.marked("hv1")
    nothing_happens(cloud, "kept")


@pytest.mark.parametrize("harm, words", [
    (lambda cloud: cloud.told("hv1", "unknown"), "VIRTSHARE_A is unknown"),
    (lambda cloud: cloud.told("hv1", age=2000), "its guard looked last at "),
    (lambda cloud: cloud.told("hv1", age=-2000), "its clock is"),
    (lambda cloud: cloud.set("hv1", "VIRTSHARE_CHECKED=[]"), "its guard says nothing"),
    (lambda cloud: cloud.told("hv1", "strange"), "VIRTSHARE_A has an unknown state"),
    (lambda cloud: cloud.monitored("hv1", age=1000), "was not monitored lately"),
    (lambda cloud: cloud.failed("hv1"), "its monitoring ended with an error"),
])
def test_a_host_that_the_guard_disabled_waits_for_good_and_fresh_news(cloud, harm, words):
    cloud.told("hv1", "lost")
    cloud.run()
    cloud.told("hv1")
    harm(cloud)
    result, _calls, writes = cloud.run()
    assert rows(result)["hv1"] == "waiting" and STATUS not in writes
    assert words in "".join(result["warnings"]) and cloud.state("hv1") == DISABLED and cloud.marked("hv1")
    nothing_happens(cloud, "waiting", words)


@pytest.mark.parametrize("harm, words", [
    (lambda cloud: cloud.told("hv1", "unknown"), "VIRTSHARE_A is unknown"),
    (lambda cloud: cloud.told("hv1", "lost", age=2000), "its guard looked last at "),
    (lambda cloud: cloud.set("hv1", "VIRTSHARE_CHECKED=[]"), "its guard says nothing"),
])
def test_no_news_disable_nothing_and_are_reported(cloud, harm, words):
    harm(cloud)
    nothing_happens(cloud, "kept", words)


@pytest.mark.parametrize("news", ["ok", "lost"])
def test_a_host_that_a_person_disabled_stays_as_it_is(cloud, news):
    cloud.told("hv1", news)
    cloud.one.by_hand(STATUS, cloud.ids["hv1"], 1)
    nothing_happens(cloud, "by_hand")
    assert cloud.state("hv1") == DISABLED and not cloud.marked("hv1")


@pytest.mark.parametrize("news", ["ok", "lost"])
@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("state", [INIT, ERROR, OFFLINE])
def test_a_host_in_another_state_is_reported_and_left_alone(cloud, state, marked, news):
    cloud.told("hv1", news)
    if marked:
        cloud.set("hv1", 'VIRTSHARE_GUARD=[WHY="x",SINCE="1"]')
    if state == ERROR:
        cloud.failed("hv1")
    else:
        cloud.one.by_hand(STATUS, cloud.ids["hv1"], 2 if state == OFFLINE else 0)
    assert cloud.state("hv1") == state
    nothing_happens(cloud, "left_alone", "hv1 (%s)" % host_guard_plan.STATES[state])


def test_a_mark_that_a_killed_run_left_is_taken_away_or_followed(cloud):
    cloud.set("hv1", 'VIRTSHARE_GUARD=[WHY="VIRTSHARE_A is lost",SINCE="1"]')
    result, _calls, writes = cloud.run()
    assert rows(result)["hv1"] == "unmark" and writes == [UPDATE] and not cloud.marked("hv1")
    # Killed between the mark and the disabling, the share still lost: the next run only disables.
    cloud.told("hv1", "lost")
    cloud.set("hv1", 'VIRTSHARE_GUARD=[WHY="VIRTSHARE_A is lost",SINCE="1"]')
    _result, _calls, writes = cloud.run()
    assert writes == [STATUS] and cloud.state("hv1") == DISABLED
    # Killed between the enabling and the mark's end.
    cloud.told("hv1")
    cloud.one.by_hand(STATUS, cloud.ids["hv1"], 0)
    _result, _calls, writes = cloud.run()
    assert writes == [UPDATE] and cloud.state("hv1") == MONITORED and not cloud.marked("hv1")


def test_never_more_hosts_than_the_limit_at_once(cloud):
    for name in NAMES:
        cloud.told(name, "lost")
    result, _calls, _writes = cloud.run()
    assert sorted(rows(result).values()) == ["disable", "limit", "limit"]
    assert "guards have disabled 1 already, and may disable no more than 1" in "".join(result["warnings"])
    again, _calls, writes = cloud.run()
    assert writes == [] and sorted(rows(again).values()) == ["limit", "limit", "waiting"]
    assert "max_disabled -1 is not possible" in cloud.attempt(max_disabled=-1)[0]["msg"]
    result, _calls, _writes = cloud.run(max_disabled=0)
    assert not result["changed"]
    result, _calls, _writes = cloud.run(max_disabled=3)
    assert [cloud.state(name) for name in NAMES] == [DISABLED] * 3


def test_a_failed_probe_of_a_disabled_host_leaves_it_disabled_and_its_vms_unknown(cloud):
    """Of the simulator: so a real server did, and so a guard's host waits."""
    number = cloud.one.by_hand("one.vm.allocate", 'NAME="web"\nCPU="1"\nMEMORY="64"')
    cloud.one.by_hand("one.vm.deploy", number, cloud.ids["hv1"], False, 0, "")
    until(lambda: machine_state(cloud, number) == "3")
    cloud.told("hv1", "lost")
    cloud.run()
    assert (cloud.state("hv1"), machine_state(cloud, number)) == (DISABLED, "3")
    cloud.failed("hv1")
    assert (cloud.state("hv1"), machine_state(cloud, number), cloud.host("hv1")["error"]) == (DISABLED, "16", True)
    nothing_happens(cloud, "waiting", name="hv1")


def machine_state(cloud, number):
    return ElementTree.fromstring(cloud.one.by_hand("one.vm.info", number)).findtext("LCM_STATE")


def until(reached):
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_guards_of_one_host_each_keep_one_limit(cloud):
    for name in NAMES:
        cloud.told(name, "lost")
    for name, action in zip(NAMES, ["disable", "limit", "limit"]):
        predicted, _calls, _writes = cloud.run(check=True, hosts=[name])
        result, calls, _writes = cloud.run(hosts=[name])
        assert rows(predicted) == rows(result) == {name: action}
        # The pool is read anyway.
        assert calls[:2] == ["one.hostpool.info", "one.hostpool.monitoring"] and len(calls) == (6 if action == "disable" else 2)
    assert [cloud.state(name) for name in NAMES] == [DISABLED, MONITORED, MONITORED]
    assert "guards have disabled 1 already, and may disable no more than 1" in "".join(result["warnings"])


def test_the_last_host_that_takes_guests_is_disabled_only_where_a_limit_says_so(cloud):
    for name in NAMES[1:]:
        cloud.one.by_hand("one.host.status", cloud.ids[name], 1)
    cloud.told("hv1", "lost")
    result, _calls, writes = cloud.run()
    assert writes == [] and rows(result)["hv1"] == "limit"
    assert "hv1 (monitored): VIRTSHARE_A is lost; it is the last host that is monitored and enabled" in "".join(result["warnings"])
    assert rows(cloud.run(max_disabled=1)[0])["hv1"] == "disable"


def test_the_reason_is_kept_up_to_date(cloud):
    cloud.told("hv1", "lost")
    cloud.run()
    since = cloud.host("hv1")["mark"]["SINCE"]
    cloud.told("hv1", "lost", VIRTSHARE_B="lost")
    _result, _calls, writes = cloud.run()
    assert writes == [UPDATE]
    assert cloud.host("hv1")["mark"] == {"WHY": "VIRTSHARE_A, VIRTSHARE_B is lost", "SINCE": since}
    nothing_happens(cloud, "waiting")


def test_only_shares_that_count_count_and_all_of_them_must_be_there(cloud):
    cloud.told("hv1", "lost", VIRTSHARE_B="ok")
    result, _calls, writes = cloud.run(attributes=["VIRTSHARE_B"])
    assert writes == [] and "hv2 (monitored): VIRTSHARE_B says nothing" in "".join(result["warnings"])
    assert cloud.state("hv1") == MONITORED


def test_attributes_of_shares_declared_no_more_are_removed(cloud):
    cloud.told("hv1", VIRTSHARE_OLD="absent", VIRTSHARE_OLD_SINCE="5", VIRTSHARE_OLD_FREE_MB="9")
    result, _calls, writes = cloud.run()
    assert writes == [UPDATE] and rows(result)["hv1"] == "kept"
    assert sorted(cloud.host("hv1")["attributes"]) == ["VIRTSHARE_A", "VIRTSHARE_A_FREE_MB", "VIRTSHARE_CHECKED"]
    nothing_happens(cloud, "kept")


def test_guards_that_are_no_more_leave_no_attribute(cloud):
    cloud.told("hv1", "lost")
    cloud.run()
    predicted, _calls, writes = cloud.run(check=True, state="absent")
    assert writes == []
    result, _calls, writes = cloud.run(state="absent")
    assert writes == [UPDATE] * 3 and predicted["diff"] == result["diff"]
    assert "hv1 (disabled): it stays disabled" in "".join(result["warnings"])
    for name in NAMES:
        assert cloud.host(name)["attributes"] == {} and not cloud.marked(name)
    assert cloud.state("hv1") == DISABLED
    again, _calls, writes = cloud.run(state="absent")
    assert writes == [] and not again["changed"]


@pytest.mark.parametrize("news, meddle, state", [
    # Between the look and the write a person, or fault tolerance, does something.
    ("lost", lambda cloud: cloud.one.by_hand(STATUS, cloud.ids["hv1"], 1), DISABLED),
    ("lost", lambda cloud: cloud.failed("hv1"), ERROR),
])
def test_a_host_that_changed_since_is_left_for_the_next_run(cloud, monkeypatch, news, meddle, state):
    cloud.told("hv1", news)
    carried_out = host_guard._carried_out

    def first_somebody_else(client, operations):
        meddle(cloud)
        return carried_out(client, operations)

    monkeypatch.setattr(host_guard, "_carried_out", first_somebody_else)
    result, _calls, writes = cloud.run()
    assert writes == [] and "hv1: it has changed since it was looked at" in "".join(result["warnings"])
    assert not result["changed"] and cloud.state("hv1") == state and not cloud.marked("hv1")


def test_two_guards_at_once_do_the_same_once(cloud, monkeypatch):
    cloud.told("hv1", "lost")
    carried_out = host_guard._carried_out

    def both(client, operations):
        monkeypatch.setattr(host_guard, "_carried_out", carried_out)
        cloud.run()
        return carried_out(client, operations)

    monkeypatch.setattr(host_guard, "_carried_out", both)
    cloud.run()
    assert cloud.state("hv1") == DISABLED and cloud.marked("hv1")
    cloud.told("hv1")
    monkeypatch.setattr(host_guard, "_carried_out", both)
    cloud.run()
    assert cloud.state("hv1") == MONITORED and not cloud.marked("hv1")


def _user(cloud, rights):
    number = cloud.one.by_hand("one.user.allocate", "guard", "pw", "", [])
    if rights:
        cloud.one.by_hand("one.acl.addrule", "%x" % (0x100000000 + number), hex(0x2000000000 + 0x400000000)[2:], hex(rights)[2:])
    return {"api_username": "guard", "api_password": "pw"}


def test_a_user_without_rights_changes_nothing_and_is_told_which_it_needs(cloud):
    cloud.told("hv1", "lost")
    user = _user(cloud, 0)
    result, _calls, writes = cloud.attempt(**user)
    assert result["failed"] and writes == []
    assert "does not show the host hv1, hv2, hv3 to user guard" in result["msg"]
    assert "oneacl create '#ID HOST/* USE+ADMIN'" in result["msg"]


@pytest.mark.parametrize("rights, works", [(0x1, False), (0x5, True)])
def test_the_rights_that_are_enough(cloud, rights, works):
    cloud.told("hv1", "lost")
    user = _user(cloud, rights)
    for check in (True, False):
        result, _calls, writes = cloud.attempt(check, **user)
        assert bool(result.get("failed")) is not works and (works or writes == [])
        if not works:
            assert "User guard may not disable and enable the host hv1" in result["msg"] and not result["changed"]
            assert "oneacl create '#ID HOST/* USE+ADMIN'" in result["msg"]
    assert cloud.state("hv1") == (DISABLED if works else MONITORED) and cloud.marked("hv1") is works


def test_the_rights_are_asked_for_first_even_where_there_is_nothing_to_do(cloud):
    """A night with a lost share is too late to learn of it. Asked are the first host, and those that are to be changed."""
    result, calls, _writes = cloud.attempt(**_user(cloud, 0x1))
    assert result["failed"] and "USE+ADMIN" in result["msg"] and calls == ["one.hostpool.info", "one.hostpool.monitoring"]
    cloud.run()
    assert cloud.asked == 1
    cloud.told("hv3", "lost")
    before = cloud.host("hv1")
    cloud.run(check=True)
    assert cloud.asked == 2 and cloud.host("hv1") == before


def test_a_host_that_is_not_there_is_a_failure_before_anything_is_changed(cloud):
    cloud.told("hv1", "lost")
    result, _calls, writes = cloud.attempt(hosts=["hv1", "hv9"])
    assert result["failed"] and writes == [] and "does not show the host hv9" in result["msg"]


def test_a_server_that_goes_away_in_between_loses_nothing(cloud, monkeypatch):
    cloud.told("hv1", "lost")
    call = host_guard.Client.call

    def cut(client, method, *arguments):
        if method == STATUS and arguments[1] != host_guard_plan.NO_STATUS:
            raise host_guard.NoAnswer("OpenNebula did not answer.")
        return call(client, method, *arguments)

    monkeypatch.setattr(host_guard.Client, "call", cut)
    result, _calls, writes = cloud.attempt()
    assert result["failed"] and writes == [UPDATE] and [each["operation"] for each in result["operations"]] == [UPDATE]
    monkeypatch.setattr(host_guard.Client, "call", call)
    _result, _calls, writes = cloud.run()
    assert writes == [STATUS] and cloud.state("hv1") == DISABLED and cloud.marked("hv1")


def test_a_server_that_is_down_is_named_and_the_next_run_does_the_work(cloud):
    cloud.told("hv1", "lost")
    result, calls, writes = cloud.attempt(api_url="http://127.0.0.1:9/RPC2")
    assert result["failed"] and not result["changed"] and calls == writes == [] and "http://127.0.0.1:9/RPC2" in result["msg"]
    _result, _calls, writes = cloud.run()
    assert writes == [UPDATE, STATUS] and cloud.state("hv1") == DISABLED


@pytest.mark.parametrize("method, answer", [("one.hostpool.info", ""), ("one.hostpool.monitoring", "<MONITORING_DATA>"), (INFO, "busy")])
def test_an_answer_that_is_none_changes_nothing_and_the_next_run_does_the_work(cloud, monkeypatch, method, answer):
    cloud.told("hv1", "lost")
    call = host_guard.Client.call
    monkeypatch.setattr(host_guard.Client, "call", lambda client, name, *arguments: (
        answer if name == method else call(client, name, *arguments)))
    result, _calls, writes = cloud.attempt()
    assert result["failed"] and not result["changed"] and writes == []
    assert f"gave an unexpected answer to {method}" in result["msg"]
    monkeypatch.setattr(host_guard.Client, "call", call)
    _result, _calls, writes = cloud.run()
    assert writes == [UPDATE, STATUS] and cloud.state("hv1") == DISABLED


def test_a_host_that_goes_while_it_is_looked_at_is_named_and_the_others_are_done(cloud, monkeypatch):
    for name in ("hv1", "hv2"):
        cloud.told(name, "lost")
    carried_out = host_guard._carried_out

    def deleted(client, operations):
        cloud.one.by_hand("one.host.delete", cloud.ids["hv1"])
        return carried_out(client, operations)

    monkeypatch.setattr(host_guard, "_carried_out", deleted)
    result, _calls, _writes = cloud.attempt(max_disabled=2)
    assert result["failed"] and f"Error getting host [{cloud.ids['hv1']}]" in result["msg"] and cloud.state("hv2") == DISABLED


def test_a_name_with_a_blank_is_a_name_and_one_that_two_hosts_have_is_refused(cloud):
    cloud.one.by_hand("one.host.rename", cloud.ids["hv1"], "hv 1")
    cloud.told("hv1", "lost")
    result, _calls, writes = cloud.run(hosts=["hv 1", "hv2"])
    assert writes == [UPDATE, STATUS] and rows(result) == {"hv 1": "disable", "hv2": "kept"}
    oned = cloud.one.endpoint.oned
    with oned.lock:
        twin = oned.hosts.get(cloud.ids["hv3"])
        twin.name = "hv2"
        oned.hosts.update(twin)
    cloud.told("hv2", "lost")
    result, _calls, writes = cloud.attempt(hosts=["hv 1", "hv2"])
    assert result["failed"] and writes == []
    assert f"more than one host hv2 (ids {cloud.ids['hv2']} and {cloud.ids['hv3']})" in result["msg"]


def test_many_hosts_are_one_page_and_a_call_more_for_each_that_changes(cloud):
    """one.hostpool.info knows no pages."""
    names = [f"hv{number}" for number in range(1, 301)]
    for name in names[3:]:
        cloud.ids[name] = cloud.one.by_hand("one.host.allocate", name, "dummy", "dummy", -1)
        cloud.told(name, "lost" if name in names[280:] else "ok")
    result, calls, writes = cloud.run(hosts=names)
    assert len(result["hosts"]) == 300 and list(rows(result).values()).count("disable") == 20
    assert writes == [UPDATE, STATUS] * 20 and calls == ["one.hostpool.info", "one.hostpool.monitoring", *[INFO, UPDATE, INFO, STATUS] * 20]
