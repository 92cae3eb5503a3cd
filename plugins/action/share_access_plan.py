# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which host of a share sets its owner and mode, and which only verify them."""

from ..module_utils._access import agreement, declared
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """share_access_plan, see its documentation."""

    ARGUMENTS = dict(declared=dict(type="str", required=True), mounts=dict(type="str", default=""))

    def work(self, arguments, hosts):
        # One that is in trouble on a host is set by another, or by none.
        shares = {host: [entry for entry in declared.entries(result["shares"])
                         if entry["path"] not in (result.get("troubles") or {})]
                  for host, result in hosts.registered(arguments["declared"]).items()}
        mounts = hosts.registered(arguments["mounts"]) if arguments["mounts"] else {}
        new = {host: [operation["target"] for operation in result.get("operations") or () if operation["operation"] == "mount"]
               for host, result in mounts.items()}
        return {"hosts": agreement.steps(shares, hosts.batch, new)}
