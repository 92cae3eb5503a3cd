# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of OpenNebula are to take no guests, by what their guards say: attributes and states in, operations out. Pure.

States of a host (host_state in the source): 0 init, 2 monitored, 3 error, 4 disabled, 8 offline. Only a monitored one is
disabled, only one that the guard has disabled is enabled, and all else is left alone: a person, or OpenNebula's own fault
tolerance, is at work there.
"""

import time

from .._plan import host_attributes
from .._plan.plan import Operation, Plan
from . import objects, template

MONITORED, DISABLED = 2, 4
STATES = {0: "init", 1: "monitoring", 2: "monitored", 3: "error", 4: "disabled", 5: "monitoring after an error",
          6: "monitoring for the first time", 7: "monitoring, disabled", 8: "offline"}
ENABLE, DISABLE = 0, 1
# Seen: refused with "Wrong status code", after the user's rights were looked at.
NO_STATUS = -1
APPEND = 1
# What is said of the shares of a host: some are lost; all can be used; nobody knows.
BAD, GOOD, UNKNOWN = "bad", "good", "unknown"
# What becomes of a host.
KEPT, TO_DISABLE, TO_ENABLE, TO_UNMARK, HELD, WAITING, FOREIGN, LEFT = (
    "kept", "disable", "enable", "unmark", "limit", "waiting", "by_hand", "left_alone")
STATUS, UPDATE = "one.host.status", "one.host.update"


def read_pool(document):
    """The hosts of one.hostpool.info, each {"id", "name", "state", "attributes", "mark", "error", "timestamp"}.

    attributes: {NAME: text} of what guards print. mark: the value of the guard's mark, a dict, or None. timestamp: None, as the
    pool does not tell it, see read_times(). ValueError for another body.
    """
    return [_read(element, {}) for element in template.parse(document).findall("HOST")]


def read_times(document):
    """{id of a host: seconds since 1970 of its newest record} of one.hostpool.monitoring; ValueError for another body."""
    times = {}
    for record in template.parse(document).iter("MONITORING"):
        seen = objects.child_int(record, "TIMESTAMP", None)
        if seen is not None:
            number = objects.child_int(record, "ID", -1)
            times[number] = max(times.get(number, seen), seen)
    return times


def read(document):
    """The host of one.host.info, as in read_pool()."""
    element = template.parse(document)
    seen = objects.child_int(element, "MONITORING/TIMESTAMP", None)
    return _read(element, {} if seen is None else {objects.child_int(element, "ID", -1): seen})


def _read(element, times):
    values = template.decode(element.find("TEMPLATE"))
    number = objects.child_int(element, "ID", -1)
    # OpenNebula's scheduler looks at the first of several, and so do we.
    mark = values.get(host_attributes.MARK, [None])[0]
    return {
        "id": number, "name": objects.child_text(element, "NAME"), "state": objects.child_int(element, "STATE", -1),
        "attributes": {name: found[0] for name, found in values.items() if name.startswith(host_attributes.PREFIX)
                       and name != host_attributes.MARK and isinstance(found[0], str)},
        "mark": mark if mark is None or isinstance(mark, dict) else {},
        "error": "ERROR" in values, "timestamp": times.get(number),
    }


def verdict(host, names, now, settings):
    """(BAD, GOOD or UNKNOWN, why) of a host's shares.

    names: of the attributes that count, empty for all that the host prints. settings: {"max_age"}.
    """
    attributes = host["attributes"]
    checked = objects.whole_number(attributes.get(host_attributes.CHECKED, ""))
    if checked is None:
        return UNKNOWN, "its guard says nothing"
    age = now - checked
    if abs(age) > settings["max_age"]:
        # Without a number that is another one in each run: the mark holds these words, and is written when they change.
        return UNKNOWN, ("its guard looked last at %s UTC" % time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(checked))
                         if age > 0 else "its clock is more than %d s ahead" % settings["max_age"])
    states = {name: attributes.get(name, "nothing") for name in names or host_attributes.states_of(attributes)}
    for word, found in (("lost", BAD), ("unknown", UNKNOWN), ("nothing", UNKNOWN)):
        said = sorted(name for name, state in states.items() if state == word)
        if said:
            return found, "%s %s" % (", ".join(said), "says nothing" if word == "nothing" else "is %s" % word)
    strange = sorted(name for name, state in states.items() if state not in ("ok", "degraded", host_attributes.ABSENT))
    if strange:
        return UNKNOWN, "%s has an unknown state" % ", ".join(strange)
    return GOOD, ""


def plan(hosts, pool, names, now, settings):
    """(Plan, [a row for each host]). A row: {"name", "id", "state", "verdict", "action", "why"}, see above for the words.

    pool: all hosts of OpenNebula, these among them. names: see verdict(). settings: {"max_age", "max_monitoring_age": seconds,
    "max_disabled": hosts that may be disabled by guards at once, None for a third of hosts, and never the last of several that
    takes guests}. Those of the pool that are disabled already count.
    """
    limit = settings["max_disabled"] if settings["max_disabled"] is not None else max(1, len(hosts) // 3)
    looked_at = set(host["id"] for host in hosts)
    # One of ours that is marked and monitored is decided on below. One of another guard's may be disabled at this moment.
    taken = sum(host["mark"] is not None and (host["state"] == DISABLED or host["id"] not in looked_at) for host in pool)
    open_ones = sum(host["state"] == MONITORED for host in pool)
    spares_last = settings["max_disabled"] is None and len(pool) > 1
    whole, rows = Plan(), []
    for host in sorted(hosts, key=lambda one: one["id"]):
        found, why = verdict(host, names, now, settings)
        action, words = _decide(host, found, why, now, settings)
        if action == TO_DISABLE:
            if taken >= limit:
                action, words = HELD, "%s; guards have disabled %d already, and may disable no more than %d at once" % (
                    why, taken, limit)
            elif spares_last and open_ones <= 1:
                action, words = HELD, ("%s; it is the last host that is monitored and enabled, and only a declared max_disabled "
                                       "lets a guard disable that one" % why)
            else:
                taken += 1
                open_ones -= 1
        whole.add(Plan(list(_operations(host, action, why, now)), *_diff(host, action, why)))
        rows.append({"name": host["name"], "id": host["id"], "state": STATES.get(host["state"], str(host["state"])),
                     "verdict": found, "action": action, "why": words})
    return whole, rows


def removal(hosts):
    """plan() for guards that are no more: their attributes and marks go, and no state is changed."""
    whole, rows = Plan(), []
    for host in sorted(hosts, key=lambda one: one["id"]):
        names = sorted(host["attributes"]) + ([host_attributes.MARK] if host["mark"] is not None else [])
        still = host["state"] == DISABLED and host["mark"] is not None
        if names:
            text = "".join(template.encode({name: []})[0] for name in names)
            whole.add(Plan([Operation(UPDATE, host["name"], "remove %s" % ", ".join(names), host=host["id"],
                                      call=[host["id"], text, APPEND], expects={})],
                           {host["name"]: {"attributes": names}}, {host["name"]: {"attributes": []}}))
        rows.append({"name": host["name"], "id": host["id"], "state": STATES.get(host["state"], str(host["state"])),
                     "verdict": UNKNOWN, "action": FOREIGN if still else KEPT,
                     "why": "it stays disabled until you enable it: onehost enable %d" % host["id"] if still else ""})
    return whole, rows


def _decide(host, found, why, now, settings):
    """(what becomes of a host, why), the limit aside."""
    state, mark = host["state"], host["mark"]
    if state == MONITORED:
        if found == BAD:
            return TO_DISABLE, why
        return (TO_UNMARK, "a mark is left") if mark is not None and found == GOOD else (KEPT, why)
    if state == DISABLED and mark is not None:
        if found != GOOD:
            return WAITING, why
        if host["error"]:
            return WAITING, "its shares are well, but its monitoring ended with an error"
        if host["timestamp"] is None or abs(now - host["timestamp"]) > settings["max_monitoring_age"]:
            return WAITING, "its shares are well, but it was not monitored lately"
        return TO_ENABLE, ""
    if state == DISABLED:
        return FOREIGN, why or "disabled by somebody else, who has to enable it"
    return LEFT, why or "left alone in this state"


def _operations(host, action, why, now):
    """Mark before disabling, and enable before the mark goes: a run that is killed between them is put right by the next."""
    expects = {"state": host["state"], "marked": host["mark"] is not None}
    if action == TO_DISABLE:
        if host["mark"] is None or host["mark"].get("WHY") != why:
            yield _update(host, host_attributes.MARK, [{"WHY": why, "SINCE": str(int(now))}], "note why it is disabled", expects)
        yield _status(host, DISABLE, "disable it: %s" % why, dict(expects, marked=True))
    elif action == TO_ENABLE:
        yield _status(host, ENABLE, "enable it", expects)
        yield _update(host, host_attributes.MARK, [], "remove the guard's mark", dict(expects, state=MONITORED))
    elif action == TO_UNMARK:
        yield _update(host, host_attributes.MARK, [], "remove the guard's mark", expects)
    elif action == WAITING and why and host["mark"].get("WHY") != why:
        yield _update(host, host_attributes.MARK, [{"WHY": why, "SINCE": host["mark"].get("SINCE", str(int(now)))}],
                      "note why it stays disabled", expects)
    if host["state"] in (MONITORED, DISABLED):
        gone = host_attributes.gone(host["attributes"])
        if gone:
            text = "".join(template.encode({name: []})[0] for name in gone)
            yield Operation(UPDATE, host["name"], "remove %s, no longer declared" % ", ".join(gone), host=host["id"],
                            call=[host["id"], text, APPEND], expects={})


def _update(host, name, values, summary, expects):
    return Operation(UPDATE, host["name"], summary, host=host["id"],
                     call=[host["id"], template.encode({name: values})[0], APPEND], expects=expects)


def _status(host, number, summary, expects):
    return Operation(STATUS, host["name"], summary, host=host["id"], call=[host["id"], number], expects=expects)


def _diff(host, action, why):
    """(before, after) of a host, each {} where nothing changes."""
    before = {"state": STATES.get(host["state"], host["state"]), "mark": host["mark"] and host["mark"].get("WHY", "")}
    after = dict(before)
    if action == TO_DISABLE:
        after.update(state=STATES[DISABLED], mark=why)
    elif action == TO_ENABLE:
        after.update(state=STATES[MONITORED], mark=None)
    elif action == TO_UNMARK:
        after.update(mark=None)
    elif action == WAITING and why:
        after.update(mark=why)
    gone = host_attributes.gone(host["attributes"]) if host["state"] in (MONITORED, DISABLED) else []
    if gone:
        before["attributes"], after["attributes"] = gone, []
    return ({}, {}) if before == after else ({host["name"]: before}, {host["name"]: after})


def as_expected(host, expects):
    """Whether a host, read again, still is what an operation was planned for."""
    return all([expects.get("state", host["state"]) == host["state"],
                expects.get("marked", host["mark"] is not None) == (host["mark"] is not None)])
