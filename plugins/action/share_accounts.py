# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse users and groups of shares that hosts lack, or that have other numbers on other hosts."""

from ..module_utils._access import agreement, declared
from ..module_utils._plan.plan import refuse
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """share_accounts, see its documentation."""

    WHERE = "with the users and groups of the shares"
    ARGUMENTS = dict(
        declared=dict(type="str", required=True),
        found=dict(type="str", required=True),
        expected=dict(type="str"),
        allow_unknown=dict(type="bool", default=False),
    )

    def work(self, arguments, hosts):
        shares = {host: declared.entries(result["shares"])
                  for host, result in hosts.registered(arguments["declared"]).items()}
        known = {host: result["accounts"] for host, result in hosts.registered(arguments["found"]).items()
                 if result.get("accounts")}
        problems = []
        if not arguments["allow_unknown"]:
            expected = {host: hosts.variable(host, arguments["expected"]) for host in known} if arguments["expected"] else {}
            problems.extend(agreement.unknown(shares, known, expected))
        problems.extend(agreement.mismatches(known, shares))
        refuse(problems)
        return {}
