# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a host a member of its cluster, or take it out: carry out what plan.py says."""

import contextlib
import os

from .._host.commands import run
from .._host.lock import alone
from .._host.replace import replace
from .._plan.outcome import Outcome, on
from .._plan.plan import Plan, Refusal
from . import cluster_conf, settings
from .group import cluster_of
from .host import UNIT, Host
from .plan import plan_absent, plan_present

LOCK = "/run/virtshare-ocfs2.lock"
_CONFIGFS = "/sys/kernel/config/cluster/%s/node/%s"
# In this order: the kernel takes a number only for a node that has an address, and knows itself last.
_ATTRIBUTES = ("ipv4_port", "ipv4_address", "num", "local")


def work(params, check_mode):
    """The Outcome of ocfs2_cluster."""
    host = Host()
    outcome = Outcome(Plan())
    with outcome.collect(), on(params["host"]):
        if params["timeout"] < 1:
            raise Refusal("timeout is %g; use at least 1 second." % params["timeout"])
        if check_mode:
            outcome.plan = _plan(params, host.read())
            return outcome
        with alone(LOCK, "the OCFS2 cluster"):
            state = host.read()
            plan = _plan(params, state)
            _refuse_missing_programs(params["host"], state, plan)
            _Executor(host, params["timeout"]).carry_out(plan, outcome)
            _expect_nothing_left(params, host, plan)
    return outcome


def _plan(params, state):
    if params["state"] == "absent":
        return plan_absent(params["host"], state, params["name"])
    values = {setting.name: params[setting.name] for setting in settings.SETTINGS}
    cluster = cluster_of(params["name"], params["nodes"], params["reserved"])
    if state["node"] not in [node.name for node in cluster.nodes]:
        names = ", ".join(node.name for node in cluster.nodes) or "(there are none)"
        raise Refusal("%s: the host name is %s, and the declared nodes are %s. Declare its node by this name."
                      % (params["host"], state["node"], names))
    return plan_present(params["host"], state, cluster, settings.checked(values))


def _refuse_missing_programs(name, state, plan):
    """Not in check mode: a run may install them before."""
    if plan.changed and state["missing_programs"]:
        raise Refusal("%s: programs are missing: %s. Install ocfs2-tools, or use the role ocfs2_cluster, which does." % (
            name, ", ".join(state["missing_programs"])))


def _expect_nothing_left(params, host, plan):
    left = _plan(params, host.read()).operations if plan.changed else []
    if left:
        raise Refusal("%s: the changes were made, and these are still needed: %s. See journalctl -u %s." % (
            params["host"], "; ".join(each.summary for each in left), UNIT))


class _Executor:
    def __init__(self, host, seconds):
        self.host = host
        self.seconds = seconds

    def carry_out(self, plan, outcome):
        """Do the operations in their order; the outcome has what is done by then."""
        for number, operation in enumerate(plan.operations, 1):
            getattr(self, "_" + operation.name)(operation)
            outcome.plan = plan.only(plan.operations[:number])

    def _cluster_conf(self, operation):
        _write_or_remove(self.host.path(cluster_conf.PATH), operation.arguments["text"])

    def _unit(self, operation):
        _write_or_remove(self.host.path(operation.target), operation.arguments["text"])
        self._systemctl("daemon-reload")

    def _settings(self, operation):
        _write(self.host.path(operation.target),
               settings.with_variables(self.host.text(operation.target), operation.arguments["pairs"]))

    def _enable(self, operation):  # pylint: disable=unused-argument
        self._systemctl("enable")

    def _disable(self, operation):  # pylint: disable=unused-argument
        self._systemctl("disable")

    def _start(self, operation):
        # A service that was started while it had nothing to do counts as running, and a start would do nothing.
        self._systemctl("restart")
        if self.host.running() is None:
            raise Refusal("o2cb was started, but the cluster %s does not run. %s" % (
                operation.target, self._journal()))

    def _restart(self, operation):
        self._start(operation)

    def _stop(self, operation):  # pylint: disable=unused-argument
        self._systemctl("stop")

    def _join(self, operation):
        node = operation.arguments["node"]
        directory = self.host.path(_CONFIGFS % (self.host.running()["name"], node.name))
        os.mkdir(directory)
        values = (str(node.port), node.address, str(node.number), "1" if operation.arguments["local"] else "0")
        try:
            for name, value in zip(_ATTRIBUTES, values):
                with open(os.path.join(directory, name), "w", encoding="ascii") as attribute:
                    attribute.write(value)
        except OSError:
            # Half a node would be taken for one with another number.
            os.rmdir(directory)
            raise

    def _systemctl(self, verb):
        code, output = run(["systemctl", verb] + ([] if verb == "daemon-reload" else [UNIT]), self.seconds)
        if code != 0:
            raise Refusal("systemctl %s %s failed: %s. %s" % (verb, UNIT, " ".join(output.split()), self._journal()))

    def _journal(self):
        dummy, output = run(
            ["journalctl", "--unit", UNIT, "--lines", "6", "--output", "cat", "--no-pager"], self.seconds)
        return "Its journal says: %s" % " / ".join(output.splitlines()) if output else "Its journal says nothing."


def _write_or_remove(path, text):
    if text:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        _write(path, text)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _write(path, text):
    replace(path, text.encode("utf-8", "surrogateescape"), lambda descriptor: os.fchmod(descriptor, 0o644))
