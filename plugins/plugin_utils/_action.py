# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins share: they work on the controller alone, and refuse with a list of problems."""

import datetime

from ansible.plugins.action import ActionBase

from ..module_utils._plan.gathered import gathered
from ..module_utils._plan.plan import Failure
from ..module_utils._plan.taking_part import VARIABLES, Job
from ..module_utils._proof.explain import listed


class ControllerAction(ActionBase):
    """An action that asks no host for anything. A subclass has work(), its spec, and where problems are found."""

    TRANSFERS_FILES = False
    _requires_connection = False

    ARGUMENTS = {}
    WHERE = ""

    def run(self, tmp=None, task_vars=None):
        """The result of work(); of a Failure a short message and C(problems), so that Ansible shows each of them once."""
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS)
        result["changed"] = False
        try:
            result.update(self.work(arguments, Hosts(task_vars)))
        except Failure as failure:
            problems = gathered(failure.problems)
            number = len(problems)
            result.update(failed=True, problems=problems,
                          msg="%s %s" % ("1 problem" if number == 1 else "%d problems" % number, self.WHERE))
        return result

    def work(self, arguments, hosts):
        """The result's keys. arguments: as ARGUMENTS has them; hosts: Hosts. Refusal when something must not be done."""
        raise NotImplementedError


class Hosts:
    """The hosts of the play, and the variables of all hosts that the inventory has."""

    def __init__(self, task_vars):
        self._variables = task_vars["hostvars"]
        # The names that the task itself has, which may come from its play.
        self.own = set(task_vars)
        self.run_tags = list(task_vars.get("ansible_run_tags") or ())
        self.batch = [str(host) for host in task_vars["ansible_play_batch"]]
        self.play = [str(host) for host in task_vars["ansible_play_hosts"]]
        # With those that failed in an earlier task, or in an earlier play.
        self.everyone = [str(host) for host in task_vars.get("ansible_play_hosts_all") or self.play]
        self.limit = str(task_vars.get("ansible_limit") or "")

    @property
    def inventory(self):
        """The names of all hosts that the inventory has, also outside of the play and of --limit."""
        return [str(host) for host in self._variables]

    def job(self):
        """The Job of AWX that runs this, as far as the variables tell."""
        return Job({name: self.variable(self.batch[0], name) for name in VARIABLES} if self.batch else {})

    def names(self, host):
        """The names of a host's variables."""
        return {str(name) for name in self._variables[host]} if host in self._variables else set()

    def variable(self, host, name):
        """The value of a host's variable, None where it has none. Registered results, facts and the inventory count."""
        if host not in self._variables or name not in self._variables[host]:
            return None
        return plain(self._variables[host][name])

    def registered(self, name, hosts=None):
        """{host: the result that a task registered, or a fact} of the batch or of hosts; without those that have none."""
        found = {host: self.variable(host, name) for host in (self.batch if hosts is None else hosts)}
        return {host: result for host, result in found.items() if result and not result.get("skipped")}


def plain(value):
    """A value of Ansible's as Python's own types, without tags, templates or vaults around it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {plain(key): plain(element) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    # A text, which one from a vault becomes by this; YAML makes dates of some.
    return value if isinstance(value, datetime.date) else str(value)


def each_once(problems):
    """{host: sentences} as a list in which each stands once, after the names of its hosts where not all have it."""
    hosts_of = {}
    for host, sentences in problems.items():
        for sentence in sentences:
            names = hosts_of.setdefault(sentence, [])
            if host not in names:
                names.append(host)
    return [sentence if len(names) == len(problems) else "%s: %s" % (listed(names), sentence)
            for sentence, names in hosts_of.items()]
