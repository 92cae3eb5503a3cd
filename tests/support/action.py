# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an action plugin without ansible-playbook around it."""

import importlib

from ansible_collections.virtshare.storage.plugins.plugin_utils._action import Hosts


def work(name, variables=None, batch=None, **arguments):
    """What the action plugin virtshare.storage.NAME returns; it raises Refusal.

    variables: {host: {name: value}} of the inventory; batch: the hosts of the play, all of the inventory without it.
    """
    plugin = importlib.import_module("ansible_collections.virtshare.storage.plugins.action." + name).ActionModule
    variables = variables or {}
    given = {key: option.get("default") for key, option in plugin.ARGUMENTS.items()}
    hosts = Hosts({"hostvars": variables, **dict.fromkeys(
        ["ansible_play_batch", "ansible_play_hosts"], list(variables if batch is None else batch))})
    return plugin.work(object.__new__(plugin), dict(given, **arguments), hosts)
