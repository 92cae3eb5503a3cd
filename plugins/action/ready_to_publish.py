# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse to publish what the hosts have not shown."""

from ..module_utils._flexvdi import readiness
from ..module_utils._plan import proven
from ..module_utils._plan.plan import refuse
from ..module_utils._plan.taking_part import listed_names
from ..plugin_utils._action import ControllerAction


def _dicts():
    return dict(type="list", elements="dict", default=[])


class ActionModule(ControllerAction):
    """ready_to_publish, see its documentation."""

    WHERE = ("with what is to be published. Nothing is published. Declare the shares in virtshare_shares and run site.yml, "
             "correct what is declared, or set the role's option require_proof to false if the shares are proven by other means")
    ARGUMENTS = dict(
        proofs=_dicts(),
        directories=_dicts(),
        external_volumes=_dicts(),
        gluster_volumes=_dicts(),
        image_storages=_dicts(),
        access=dict(type="str", default="share_access_result"),
        bricks=dict(type="str", default="share_mounts_directories_result"),
        host_names=dict(type="dict", default={}),
        users=dict(type="list", elements="str", default=[]),
        maintenance=dict(type="list", elements="str", default=[]),
        check_mode=dict(type="bool", default=False),
        fail=dict(type="bool", default=True),
    )

    def work(self, arguments, hosts):
        seen = self._seen(arguments, hosts)
        found = {name: self._judged(name, arguments, *seen) for name in ("directories", "external_volumes", "gluster_volumes")}
        problems = proven.together(problem for judged in found.values() for each in judged for problem in each[1])
        if arguments["fail"]:
            refuse(problems)
            return {}
        return dict({name: [one for one, why in judged if not why] for name, judged in found.items()}, problems=problems)

    @staticmethod
    def _seen(arguments, hosts):
        """(access, bricks) as readiness.unready() takes them."""
        members = readiness.inventory_names(arguments["image_storages"], arguments["host_names"])
        return [{host: result.get(key) or [] for host, result in hosts.registered(known, members).items()}
                for known, key in ((arguments["access"], "paths"), (arguments["bricks"], "directories"))]

    @staticmethod
    def _judged(name, arguments, access, bricks):
        """[(one of the declared, why it must not be published)] of a list."""
        if name == "directories":
            return [(one, proven.directories([one], arguments["proofs"], arguments["check_mode"]))
                    for one in arguments[name]]
        return [(one, readiness.unready(
            [one] if name == "external_volumes" else [], [one] if name == "gluster_volumes" else [],
            arguments["image_storages"], arguments["proofs"], access, bricks, arguments["host_names"], arguments["users"],
            arguments["check_mode"], listed_names(arguments["maintenance"]))) for one in arguments[name]]
