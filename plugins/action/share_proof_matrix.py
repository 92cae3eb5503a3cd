# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge whether all hosts of the play see the same filesystem at each share's path."""

from ..module_utils._plan.taking_part import counted, listed_names
from ..module_utils._proof import matrix
from ..module_utils._proof.declared import absent as absent_hosts
from ..module_utils._proof.summary import summary
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """share_proof_matrix, see its documentation."""

    ARGUMENTS = dict(
        declared=dict(type="str", required=True),
        written=dict(type="str", required=True),
        read=dict(type="str", required=True),
        expected_hosts=dict(type="list", elements="str", default=[]),
        maintenance=dict(type="list", elements="str", default=[]),
        allow_same_machine=dict(type="bool", default=False),
        active=dict(type="list", elements="str", default=[]),
        everyone=dict(type="list", elements="str", default=[]),
    )

    def work(self, arguments, hosts):
        declared, written, read = (hosts.registered(arguments[name]) for name in ("declared", "written", "read"))
        results = {host: {"write": written.get(host), "read": read.get(host),
                          "troubles": declared.get(host, {}).get("troubles")} for host in hosts.batch}
        shares = [share for result in declared.values() for share in result["shares"]]
        maintenance = listed_names(arguments["maintenance"])
        expected = counted([], listed_names(arguments["expected_hosts"]), maintenance)
        absent = {}
        if arguments["everyone"]:
            absent = absent_hosts(expected, hosts.batch, arguments["active"], arguments["everyone"], hosts.inventory, hosts.job())
        judgement = matrix.judge(results, shares, [*expected, *absent], arguments["allow_same_machine"], absent,
                                 [host for host in maintenance if host not in results])
        return {"result": judgement, "summary": summary(judgement), "warnings": judgement["warnings"]}
