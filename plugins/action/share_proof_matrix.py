# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge whether all hosts of the play see the same filesystem at each share's path."""

from ..module_utils._proof import matrix
from ..module_utils._proof.declared import absent as absent_hosts
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """share_proof_matrix, see its documentation."""

    ARGUMENTS = dict(
        declared=dict(type="str", required=True),
        written=dict(type="str", required=True),
        read=dict(type="str", required=True),
        expected_hosts=dict(type="list", elements="str", default=[]),
        allow_same_machine=dict(type="bool", default=False),
        active=dict(type="list", elements="str", default=[]),
        everyone=dict(type="list", elements="str", default=[]),
    )

    def work(self, arguments, hosts):
        declared, written, read = (hosts.registered(arguments[name]) for name in ("declared", "written", "read"))
        results = {host: {"write": written.get(host), "read": read.get(host)} for host in hosts.batch}
        shares = [share for result in declared.values() for share in result["shares"]]
        absent = absent_hosts(arguments["expected_hosts"], hosts.batch, arguments["active"], arguments["everyone"])
        judgement = matrix.judge(results, shares, arguments["expected_hosts"], arguments["allow_same_machine"],
                                 absent if arguments["everyone"] else None)
        return {"result": judgement, "warnings": judgement["warnings"]}
