# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the external volumes of flexVDI that lie in directories inside shares."""

from ..module_utils._flexvdi import readiness
from ..plugin_utils._action import ControllerAction, plain


class ActionModule(ControllerAction):
    """volume_directories, see its documentation."""

    ARGUMENTS = dict((name, dict(type="list", elements=elements, required=True))
                     for name, elements in (("volumes", "dict"), ("shares", "dict"), ("users", "str")))

    def work(self, arguments, hosts):
        given = plain(arguments)
        return {"directories": readiness.inside(given["volumes"], given["shares"], given["users"])}
