# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof in a few lines, for displays such as the artifacts of a job of AWX. Pure.

AWX gives the artifacts of one job to the next ones of a workflow, as extra variables: nothing may act on what is in here.
"""

# Of several states the one that comes first counts for all of them.
_SHARES = ("failed", "partial", "pending")
_HOSTS = ("failed", "missing", "unproven", "pending")
PROBLEMS = 50
PROVEN, NOTHING, LEFT_OUT = "proven", "nothing", "left_out"


def summary(judgement):
    """{"state", "paths": {path: state}, "hosts": {host: state}, "problems": [sentences]} of what matrix.judge() returned."""
    shares = judgement["shares"]
    paths = {share["path"]: share["state"] for share in shares}
    hosts, problems = {}, []
    for share in shares:
        problems += ["%s: %s" % (share["path"], problem) for problem in share["problems"]]
        for host, cell in share["hosts"].items():
            hosts.setdefault(host, []).append(cell["state"])
            if cell["state"] == "missing":
                problems.append("%s: %s: %s" % (share["path"], host, cell["problem"]))
    more = len(problems) - PROBLEMS
    return {
        "state": _first(_SHARES, paths.values()) if shares else NOTHING,
        "paths": paths,
        "hosts": dict({host: LEFT_OUT for host in judgement["maintenance"]},
                      **{host: _first(_HOSTS, hosts[host]) for host in sorted(hosts)}),
        "problems": problems[:PROBLEMS] + (["and %d more" % more] if more > 0 else []),
    }


def _first(order, states):
    return next((state for state in order if state in states), PROVEN)
