# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the shares of a host to their declared state: look, plan, carry out, read back."""

import collections
import contextlib
import errno
import fcntl
import os
import time

from .._host import fstab, mountinfo
from .._plan.plan import Plan, Refusal
from .._share.declaration import validated
from .._share.paths import checked_purge_below
from .._share.types import registry
from . import fuse_processes, undeclared
from .executor import Executor
from .host import Host
from .plan import futile, plan_removal, plan_share, stack, trap_at, whole

LOCK = "/run/virtshare-mounts.lock"


def reconcile(module):
    """Bring the host's shares to what module.params declares, and leave through exit_json or fail_json."""
    try:
        shares = validated(module.params["shares"])
        if module.params["timeout"] < 1:
            raise Refusal("timeout is %d; use at least 1 second." % module.params["timeout"])
        prefix = checked_purge_below(module.params["purge"], module.params["purge_below"])
        host = Host(module.params["fstab"], module.params["timeout"])
        if module.check_mode:
            result, errors = _reconcile(module, host, shares, prefix)
        else:
            with _alone(LOCK, host.timeout * (len(shares) + 1)):
                result, errors = _reconcile(module, host, shares, prefix)
    except Refusal as refusal:
        module.fail_json(msg=str(refusal))
    except OSError as error:
        module.fail_json(msg="the host's mounts cannot be read: %s" % error)
    for warning in result.pop("warnings"):
        module.warn(warning)
    if errors:
        module.fail_json(msg=_all_errors(errors, len(shares), host.name), errors=errors, **result)
    module.exit_json(**result)


def _reconcile(module, host, shares, prefix):
    """(the module's result, [{path, error}])"""
    work = _Work(host)
    missing = work.missing_programs(shares)
    if missing and module.params["missing_programs"] == "report":
        return dict(Plan().result(), warnings=[], mounts=_read_back(host, shares), undeclared=[],
                    missing_programs=missing), []
    work.plan_declared(shares, module.params["allow_hidden_files"])
    left = work.plan_undeclared([share["path"] for share in shares], module.params["purge"], prefix)
    plan = work.whole()
    if not module.check_mode:
        executor = Executor(host, work.shares, work.types)
        plan.operations = executor.carry_out(plan.operations)
        work.errors.update(executor.errors)
        _forget_undone(plan)
    result = plan.result()
    result["warnings"] = plan.warnings
    result["mounts"] = _read_back(host, shares)
    result["missing_programs"] = work.missing_programs(shares)
    result["undeclared"] = [
        undeclared.result(candidate, found, removed and candidate.share["path"] not in work.errors)
        for candidate, found, removed in left]
    remaining = undeclared.warning([each for each in result["undeclared"] if not each["removed"]
                                    and each["path"] not in work.errors], host.name, prefix)
    result["warnings"].extend([remaining] if remaining else [])
    places = [share["path"] for share in work.shares] + [host.fstab_path]
    return result, [{"path": place, "error": work.errors[place]} for place in places if place in work.errors]


class _Work:
    """What is planned for the shares of a host, and what went wrong with which: {path: …} each."""

    def __init__(self, host):
        self.host = host
        self.shares = []
        self.types = {}
        self.plans = collections.OrderedDict()
        self.errors = {}

    def missing_programs(self, shares):
        """The types of the shares to be mounted whose mount program is not on the host, sorted."""
        types = set()
        for share in shares:
            share_type = registry.of(share)
            if share["state"] == "mounted" and share_type.managed(share) and self.host.helper_missing(share_type):
                types.add(share["type"])
        return sorted(types)

    def plan_declared(self, shares, allow_hidden_files):
        known = [self._take(share) for share in shares]
        found, problems = self.host.find(known, self.types)
        self.errors.update(problems)
        for share in known:
            if share["path"] in found:
                self._plan(plan_share, share, found[share["path"]], allow_hidden_files)

    def plan_undeclared(self, declared, purge, prefix):
        """[(Candidate, Found, whether it is to be removed)]"""
        result = []
        for candidate, found in self.host.undeclared(declared, prefix):
            removed = undeclared.removable(candidate, purge, prefix)
            result.append((candidate, found, removed))
            if removed:
                self._plan(plan_removal, self._take(candidate.share), found)
        return result

    def whole(self):
        """The Plan of all that can be done."""
        refused = futile(self.plans)
        self.errors.update(refused)
        return whole([plan for path, plan in self.plans.items() if path not in refused], self.host.systemd_lags(),
                     self.host.dead_servers)

    def _take(self, share):
        """The share as it is planned with: it knows the numbers of the accounts it names."""
        share_type = self.types[share["path"]] = registry.of(share)
        share = dict(share, numbers=self.host.numbers(*share_type.accounts(share)))
        self.shares.append(share)
        return share

    def _plan(self, planner, share, found, *settings):
        try:
            self.plans[share["path"]] = planner(
                share, self.types[share["path"]], found, self.host.in_use, *settings)
        except Refusal as refusal:
            self.errors[share["path"]] = str(refusal)


@contextlib.contextmanager
def _alone(filename, seconds):
    """Keep a second run on this host from planning with what the first one is about to change."""
    with open(filename, "a", encoding="ascii") as lock:
        os.fchmod(lock.fileno(), 0o600)
        deadline = time.monotonic() + seconds
        while True:
            try:
                # A record lock belongs to this process: a child that hangs on a dead server does not keep it.
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
                if time.monotonic() > deadline:
                    raise Refusal("another run changes the mounts of this host and did not end within %g s. "
                                  "Run again when it has." % seconds)
            time.sleep(0.1)
        yield


def _read_back(host, shares):
    entries = fuse_processes.completed(mountinfo.read(), host.timeout)
    text = fstab.read(host.fstab_path)
    result = []
    for share in shares:
        mounts = stack(entries, share["path"])
        top = mounts[-1] if mounts else None
        result.append({
            "path": share["path"],
            "mounted": top is not None,
            "on_demand": trap_at(entries, share["path"]) is not None,
            "source": top.source if top else None,
            "root": top.root if top else None,
            "type": top.fstype if top else None,
            "options": _live_options(top) if top else [],
            "fstab": "\n".join(fstab.lines_of(text, share["path"])) or None,
        })
    return result


def _live_options(mount):
    shown = set(mount.options + mount.super_options)
    # The mount and its filesystem each say it, and one of them is enough to be read-only.
    return sorted(shown - {"rw"} if "ro" in shown else shown)


def _forget_undone(plan):
    """Leave in the diff only the shares of which something was done."""
    touched = {operation.target for operation in plan.operations}
    plan.before = {path: state for path, state in plan.before.items() if path in touched}
    plan.after = {path: state for path, state in plan.after.items() if path in touched}


def _all_errors(errors, number, name):
    if len(errors) == 1:
        return errors[0]["error"]
    return "%d errors with %d shares on host %s:\n%s" % (
        len(errors), number, name, "\n".join("- " + each["error"] for each in errors))


def _one_line(text):
    # What mount.nfs lets systemd say when it starts a service that was not enabled yet says nothing about the failure.
    return " ".join(" ".join(line for line in text.splitlines() if not line.startswith("Created symlink")).split())
