# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which hosts of the play have which share."""

from ..module_utils._proof import declared
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """share_proof_peers, see its documentation."""

    ARGUMENTS = dict(written=dict(type="str", required=True))

    def work(self, arguments, hosts):
        return {"peers": declared.peers(hosts.registered(arguments["written"]))}
