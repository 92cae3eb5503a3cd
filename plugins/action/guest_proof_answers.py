# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse guests' answers that other hosts do not see, and report what the guests saw."""

from ..module_utils._plan.plan import refuse
from ..module_utils._plan.taking_part import counted, listed_names
from ..module_utils._proof.declared import absent
from ..module_utils._share.declaration import mounted
from ..module_utils._share.types import registry
from ..module_utils._virtiofs import exchange
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """guest_proof_answers, see its documentation."""

    WHERE = "with the guests' answers"
    ARGUMENTS = dict(
        [(name, dict(type="str", required=True)) for name in ("declared", "plan", "guests", "read")],
        expected_hosts=dict(type="list", elements="str", default=[]),
        maintenance=dict(type="list", elements="str", default=[]),
    )

    def work(self, arguments, hosts):
        declared, guests, read = (hosts.registered(arguments[name]) for name in ("declared", "guests", "read"))
        problems = exchange.problems({host: {
            "guest": guests.get(host), "read": read.get(host),
            "per_host": _per_host(result["shares"], guests.get(host)),
        } for host, result in declared.items()})
        expected = counted([], listed_names(arguments["expected_hosts"]), listed_names(arguments["maintenance"]))
        missing = absent(expected, hosts.batch, hosts.play, hosts.everyone, hosts.inventory, hosts.job())
        refuse(problems + ["%s took no part in this proof: %s" % pair for pair in sorted(missing.items())])
        # It was registered once, for all hosts.
        plan = hosts.variable(hosts.batch[0], arguments["plan"])["hosts"]
        return {"report": {host: plan[host]["left_out"] + exchange.report(guest, plan[host]["shares"], host)
                           for host, guest in guests.items()}}


def _per_host(shares, guest):
    """The paths that no other host has: of shares, and of the guest's directories inside them."""
    own = [share["path"] for share in mounted(shares) if registry.of(share).filesystem_per_host]
    return own + [share["path"] for share in (guest or {}).get("shares") or () if share.get("share_path") in own]
