# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disable hosts that have lost a share, and enable them again: read, plan, and, unless it is a check run, carry it out."""

import time

from .._plan.outcome import Outcome
from .._plan.plan import Failure, NoAnswer, Plan
from .._plan.web import shown
from . import host_guard_plan as plans
from . import named_hosts
from .client import AUTHORIZATION, CONNECTION_SPEC, ApiError, Client

RIGHTS = "USE+ADMIN"

ARGUMENT_SPEC = dict(
    CONNECTION_SPEC,
    state=dict(type="str", default="present", choices=["present", "absent"]),
    hosts=dict(type="list", elements="str", required=True),
    attributes=dict(type="list", elements="str", default=[]),
    max_disabled=dict(type="int"),
    max_age=dict(type="int", default=1260),
    max_monitoring_age=dict(type="int", default=360),
)


def work(params, check_mode):
    """The Outcome of one_host_guard."""
    outcome = Outcome(Plan(), {"hosts": []})
    with outcome.collect():
        if params["max_disabled"] is not None and params["max_disabled"] < 0:
            raise Failure("max_disabled %d is not possible. Write how many hosts guards may have disabled at once."
                          % params["max_disabled"])
        client = Client.from_params(params)
        outcome.hide(client.secrets)
        pool = _hosts(client)
        hosts = named_hosts.chosen(client, params["hosts"], pool, RIGHTS)
        plan, rows = plans.removal(hosts) if params["state"] == "absent" else plans.plan(
            hosts, pool, params["attributes"], time.time(), params)
        touched = {operation.target for operation in plan.operations}
        _require_rights(client, [host for host in hosts if host is hosts[0] or host["name"] in touched])
        outcome.plan = plan
        outcome.result["hosts"] = rows
        if outcome.plan.changed and not check_mode:
            done, skipped, outcome.problems = _carried_out(client, outcome.plan.operations)
            outcome.plan = outcome.plan.only(done)
            outcome.warnings += skipped
        outcome.warnings += _reports(rows)
    return outcome


def _hosts(client):
    hosts = client.read(plans.read_pool, "one.hostpool.info")
    # Only the newest record of each host.
    times = client.read(plans.read_times, "one.hostpool.monitoring", 0)
    return [dict(host, timestamp=times.get(host["id"])) for host in hosts]


def _require_rights(client, hosts):
    """A Failure unless the user may disable and enable these hosts.

    OpenNebula shows its rules to administrators only, so it is asked for a state that does not exist: it looks at the
    rights first, and changes nothing.
    """
    for host in hosts:
        try:
            client.call(plans.STATUS, host["id"], plans.NO_STATUS)
        except ApiError as error:
            if error.code == AUTHORIZATION:
                raise Failure("User %s may not disable and enable the host %s at OpenNebula at %s; %s" % (
                    client.username, host["name"], shown(client.url), named_hosts.way_to(RIGHTS, client.username)))


def _carried_out(client, operations):
    """(the operations done, warnings about hosts that changed meanwhile, problems)."""
    done, skipped, problems, over = [], [], [], set()
    for operation in operations:
        if operation.target in over:
            continue
        try:
            number = operation.arguments["host"]
            host = client.read(plans.read, "one.host.info", number)
            if not plans.as_expected(host, operation.arguments["expects"]):
                over.add(operation.target)
                skipped.append("%s: it has changed since it was looked at, and is left for the next run (it was to %s)" % (
                    operation.target, operation.summary))
                continue
            client.call(operation.name, *operation.arguments["call"])
        except NoAnswer as error:
            left = len(operations) - len(done)
            problems += ["%s: %s" % (operation.target, error),
                         "Not done because of that: %d of %d operations; the next run does the rest." % (left, len(operations))]
            break
        except ApiError as error:
            over.add(operation.target)
            way_out = " To disable and enable hosts, %s" % named_hosts.way_to(RIGHTS, client.username)
            problems.append("%s: %s%s" % (operation.target, error, way_out if error.code == AUTHORIZATION else ""))
            continue
        done.append(operation)
    return done, skipped, problems


def _reports(rows):
    """What an operator should know of, a sentence each."""
    for row in rows:
        if row["why"] and (row["action"] in (plans.HELD, plans.WAITING, plans.LEFT, plans.FOREIGN)
                           or row["verdict"] == plans.UNKNOWN):
            yield "%s (%s): %s" % (row["name"], row["state"], row["why"])
