# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what all hosts have of OCFS2, and plan what each of them needs."""

from ..module_utils._ocfs2.group import plan_cluster
from ..module_utils._plan.taking_part import counted, listed_names
from ..module_utils._share.declaration import checked
from ..module_utils._share.types.ocfs2 import Ocfs2
from ..plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """ocfs2_plan, see its documentation."""

    WHERE = "with the OCFS2 cluster"
    ARGUMENTS = dict(
        members=dict(type="str", required=True),
        hosts=dict(type="list", elements="str", default=[]),
        maintenance=dict(type="list", elements="str", default=[]),
        unknown_hosts=dict(type="bool", default=False),
    )

    def work(self, arguments, hosts):
        read = hosts.registered(arguments["members"], hosts.play)
        counting = counted([], listed_names(arguments["hosts"]), listed_names(arguments["maintenance"]))
        # Nobody can tell what is declared for one that a slice of an AWX job does not have, or that is disabled there.
        known = hosts.inventory
        expected = [host for host in counting if host not in known or _expected(hosts, host)]
        return plan_cluster(read, expected + ["the hosts outside of --limit"] * arguments["unknown_hosts"])


def _expected(hosts, host):
    """Whether OCFS2 is declared for a host, which may be outside of this run."""
    own = hosts.variable(host, "ocfs2_cluster_shares")
    shares = hosts.variable(host, "virtshare_shares") if own is None else own
    declared, dummy = checked([] if shares is None else shares)
    return bool(hosts.variable(host, "ocfs2_cluster_filesystems")) or any(
        share.get("type") == Ocfs2.name and share["state"] != "absent" for share in declared)
