# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller adds to share_proof: who runs the proof, and when by its own clock the host was asked."""

import multiprocessing
import os
import time

from ansible.plugins.action import ActionBase

from ..module_utils._proof import controller
from ..module_utils._proof.explain import listed


def _strategy_trouble(task, task_vars):
    """Why the play's strategy cannot have a proof, a sentence, or None."""
    hosts = sorted(str(host) for host in task_vars.get("ansible_play_hosts_all") or ())
    strategy = str(task.get_play().strategy)
    if len(hosts) < 2 or not strategy.endswith(("free", "host_pinned")):
        return None
    return ("with strategy: %s each of %s goes on without waiting for the others, and a proof needs that all have written "
            "before one reads. Write strategy: linear in the play" % (strategy, listed(hosts)))


class ActionModule(ActionBase):
    """Runs share_proof on the host, and adds what only the controller knows: its clock, and which runs were given up."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        trouble = _strategy_trouble(self._task, task_vars or {})
        if trouble:
            return dict(result, failed=True, msg=trouble)
        arguments = dict(self._task.args)
        if not arguments.get("controller"):
            # Each task is run in a child of the process that lives as long as the run does.
            parent = multiprocessing.parent_process()
            arguments["controller"] = controller.tag(os.getpid() if parent is None else parent.pid)
        sent = time.time()
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        if "clock" in result:
            result["clock"].update(sent=sent, received=time.time())
        if "shares" in result:
            result["abandoned"] = controller.abandoned(result["shares"])
        return result
