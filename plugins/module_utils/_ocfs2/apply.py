# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a host a member of its cluster, or take it out: carry out what plan.py says."""

import contextlib
import fcntl
import os

from .._host.bounded import ChildFailed, TimedOut
from .._host.commands import run
from .._host.replace import replace
from .._plan.plan import Refusal
from . import cluster_conf, settings
from .group import cluster_of
from .host import UNIT, Host
from .plan import plan_absent, plan_present

LOCK = "/run/virtshare-ocfs2.lock"
_CONFIGFS = "/sys/kernel/config/cluster/%s/node/%s"
# In this order: the kernel takes a number only for a node that has an address, and knows itself last.
_ATTRIBUTES = ("ipv4_port", "ipv4_address", "num", "local")


def ensure(module):
    """Bring the host to what module.params declares, and leave through exit_json or fail_json."""
    host = Host()
    params = module.params
    try:
        if params["timeout"] < 1:
            raise Refusal("timeout is %d; use at least 1 second." % params["timeout"])
        if module.check_mode:
            plan = _plan(params, host.read())
        else:
            with alone(LOCK):
                state = host.read()
                plan = _plan(params, state)
                _refuse_missing_tools(params["host"], state, plan)
                _Executor(host, params["timeout"]).carry_out(plan.operations)
                _expect_nothing_left(params, host, plan)
    except Refusal as refusal:
        module.fail_json(msg=str(refusal))
    except (OSError, TimedOut, ChildFailed) as error:
        module.fail_json(msg="host %s: %s" % (params["host"], error))
    module.exit_json(**plan.result())


def _plan(params, state):
    if params["state"] == "absent":
        return plan_absent(params["host"], state, params["name"])
    values = {setting.name: params[setting.name] for setting in settings.SETTINGS}
    cluster = cluster_of(params["name"], params["nodes"], params["reserved"])
    if state["node"] not in [node.name for node in cluster.nodes]:
        names = ", ".join(node.name for node in cluster.nodes) or "(there are none)"
        raise Refusal("host %s: it calls itself %s, and that is none of the nodes %s. Write its node with this name."
                      % (params["host"], state["node"], names))
    return plan_present(params["host"], state, cluster, settings.checked(values))


def _refuse_missing_tools(name, state, plan):
    """Not in check mode: a run may install them before."""
    if plan.changed and state["tools"]:
        raise Refusal("host %s: it lacks %s. Install ocfs2-tools, or use the role ocfs2_cluster, which does." % (
            name, ", ".join(state["tools"])))


def _expect_nothing_left(params, host, plan):
    left = _plan(params, host.read()).operations if plan.changed else []
    if left:
        raise Refusal("host %s: all was done, and there is still to do: %s. See journalctl -u %s." % (
            params["host"], "; ".join(each.summary for each in left), UNIT))


class _Executor:
    def __init__(self, host, seconds):
        self.host = host
        self.seconds = seconds

    def carry_out(self, operations):
        for operation in operations:
            getattr(self, "_" + operation.name)(operation)

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
            raise Refusal("o2cb was started, and no cluster runs; wanted is %s. %s" % (
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


@contextlib.contextmanager
def alone(filename):
    """Keep a second run on this host from planning with what the first one is about to change."""
    with open(filename, "a", encoding="ascii") as lock:
        os.fchmod(lock.fileno(), 0o600)
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refusal("another run changes the OCFS2 cluster of this host. Run again when it has ended.")
        yield
