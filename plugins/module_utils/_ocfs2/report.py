# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that must be known of one host to tell what its cluster needs, in one reading."""

from .._host import blockdevice
from .._host.bounded import ChildFailed, TimedOut
from .._plan.outcome import Outcome
from .._plan.plan import Refusal
from . import address, cluster_conf, devices
from .host import Host


def work(params, check_mode):  # pylint: disable=unused-argument
    """The Outcome of ocfs2_cluster_info."""
    state = read(params)
    return Outcome(warnings=state.pop("warnings"), result=state)


def read(params):
    """What ocfs2_cluster_info returns for its parameters; Refusal, which names the host, for what cannot be read."""
    try:
        if params["timeout"] < 1:
            raise Refusal("timeout is %g; use at least 1 second." % params["timeout"])
        state = Host().read()
        state["address"] = _address(params, state)
        sources = list(dict.fromkeys(params["sources"] + params["devices"]))
        state["devices"] = devices.look(sources, params["devices"], params["timeout"])
    except (Refusal, OSError, TimedOut, ChildFailed) as error:
        raise Refusal("%s: %s" % (params["host"], error))
    state["warnings"] = [devices.bare_words(source, source) for source in params["devices"]
                         if blockdevice.is_bare(source)]
    return state


def _address(params, state):
    where = "%s of %s" % (cluster_conf.PATH, params["host"])
    written = cluster_conf.parse(state["cluster_conf"], where).get(params["name"])
    live = state["live"] if state["live"] and state["live"]["name"] == params["name"] else None
    recorded = [node["address"] for node in live["nodes"] if node["name"] == state["node"]] if live else []
    recorded += [node.address for node in written.nodes if node.name == state["node"]] if written else []
    return address.chosen(
        params["host"], address.own_addresses(params["timeout"]), params["address"], params["network"],
        recorded, address.resolved([state["node"], params["host"]]))
