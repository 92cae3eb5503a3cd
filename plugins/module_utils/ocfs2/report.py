# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that must be known of one host to tell what its cluster needs, in one reading."""

from ansible_collections.virtshare.storage.plugins.module_utils.bounded import ChildFailed, TimedOut
from ansible_collections.virtshare.storage.plugins.module_utils.ocfs2 import address, cluster_conf, devices, filesystem
from ansible_collections.virtshare.storage.plugins.module_utils.ocfs2.host import Host
from ansible_collections.virtshare.storage.plugins.module_utils import blockdevice
from ansible_collections.virtshare.storage.plugins.module_utils.plan import Refusal


def report(module):
    """Leave through exit_json with what is found, or through fail_json."""
    params = module.params
    try:
        if params["timeout"] < 1:
            raise Refusal("timeout is %d, and nothing ends in no time. Write at least 1." % params["timeout"])
        state = Host().read()
        state["address"] = _address(params, state)
        sources = list(dict.fromkeys(params["sources"] + params["devices"]))
        state["devices"] = devices.look(sources, params["devices"], params["timeout"])
    except Refusal as refusal:
        module.fail_json(msg="host %s: %s" % (params["host"], refusal))
    except (OSError, TimedOut, ChildFailed) as error:
        module.fail_json(msg="host %s: %s" % (params["host"], error))
    for source in params["devices"]:
        if blockdevice.is_bare(source):
            module.warn(filesystem.bare_words(source, source))
    module.exit_json(changed=False, **state)


def _address(params, state):
    where = "%s of %s" % (cluster_conf.PATH, params["host"])
    written = cluster_conf.parse(state["cluster_conf"], where).get(params["name"])
    live = state["live"] if state["live"] and state["live"]["name"] == params["name"] else None
    recorded = [node[2] for node in live["nodes"] if node[0] == state["node"]] if live else []
    recorded += [node.address for node in written.nodes if node.name == state["node"]] if written else []
    return address.chosen(
        params["host"], address.own_addresses(params["timeout"]), params["address"], params["network"],
        recorded, address.resolved([state["node"], params["host"]]))
