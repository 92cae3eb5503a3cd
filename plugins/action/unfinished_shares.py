# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fail at the end of a run with all that it left undone, so that what goes well is not held up by what does not."""

from ..module_utils._plan.plan import refuse
from ..module_utils._plan.taking_part import MAINTENANCE
from ..module_utils._proof.declared import absent
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """unfinished_shares, see its documentation."""

    WHERE = "left. Everything else is done. Correct what is named and run again, which does the rest"
    ARGUMENTS = dict(
        expected_hosts=dict(type="list", elements="str", default=[]),
        allow_partial=dict(type="bool", default=False),
        published=dict(type="list", elements="str", default=[]),
    )

    def work(self, arguments, hosts):
        proof = next((found for found in map(lambda host: hosts.variable(host, "share_proof_result"), hosts.play) if found), None)
        missing = absent(arguments["expected_hosts"], hosts.play, [], hosts.everyone, hosts.inventory, hosts.job(),
                         proof=proof is not None)
        problems = [] if proof and arguments["allow_partial"] else _of_missing(missing, proof)
        problems += [problem for share in (proof or {}).get("shares", ()) for problem in share["problems"]]
        for host in hosts.play:
            problems += hosts.variable(host, "__share_proof_report_problems") or []
        for result in ("share_mounts_result", "share_access_result"):
            for found in hosts.registered(result, hosts.play).values():
                problems += _of_host(found)
        for host in arguments["published"]:
            for result in ("opennebula_storage_result", "flexvdi_storage_result"):
                problems += (hosts.variable(host, result) or {}).get("problems") or []
        refuse(_each_once(problems))
        return {}


def _of_missing(missing, proof):
    """A sentence for each expected host that did not go all the way. missing: {host: why}."""
    partial = [share["path"] for share in (proof or {}).get("shares", ()) if share["state"] == "partial"]
    words = "; without it nothing can be published of %s" % ", ".join(partial) if partial else ""
    return ["%s did not go all the way: %s%s. Put it into %s to leave it out on purpose" % (host, why, words, MAINTENANCE)
            for host, why in sorted(missing.items())]


def _of_host(result):
    """What one host has found to be wrong with its shares."""
    if result.get("failed"):
        return list(result.get("problems") or [])
    return [problem for path in result.get("paths") or () for problem in path.get("problems") or ()]


def _each_once(problems):
    """Without what another sentence says as well."""
    found = []
    for problem in problems:
        if not any(problem in other for other in found):
            found.append(problem)
    return found
