# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what flexVDI's volumes need hosts to have: directories to write in, and bricks."""

from ..module_utils._flexvdi import readiness
from ..module_utils._plan.plan import refuse
from ..module_utils._share.declaration import checked
from ..plugin_utils._action import ControllerAction, plain


class ActionModule(ControllerAction):
    """volume_directories, see its documentation."""

    WHERE = "in the declared shares"
    ARGUMENTS = dict(
        external_volumes=dict(type="list", elements="dict", default=[]),
        gluster_volumes=dict(type="list", elements="dict", default=[]),
        shares=dict(type="raw", required=True),
        users=dict(type="list", elements="str", required=True),
    )

    def work(self, arguments, hosts):
        given = plain(arguments)
        shares, problems = checked(given["shares"])
        refuse(problems)
        return {"directories": readiness.inside(given["external_volumes"], shares, given["users"]),
                "bricks": readiness.brick_paths(given["gluster_volumes"])}
