# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan what the guest of each host reads from each share, and who wrote it."""

from ..module_utils._proof import declared, nonces
from ..module_utils._virtiofs import exchange
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """guest_proof_plan, see its documentation."""

    ARGUMENTS = dict(
        declared=dict(type="str", required=True),
        written=dict(type="str", required=True),
        run_id=dict(type="str", required=True),
        guests=dict(type="list", elements="str", required=True),
        directories=dict(type="list", elements="str", default=[]),
    )

    def work(self, arguments, hosts):
        written = hosts.registered(arguments["written"])
        found = {host: exchange.given(declared.entries(result["shares"], arguments["directories"]), host, hosts.batch,
                                      written, lambda path, name: nonces.relative_name(arguments["run_id"], path, name))
                 for host, result in hosts.registered(arguments["declared"]).items()}
        return {"hosts": found, "names": [found[host]["guest"] for host in found if host in arguments["guests"]]}
