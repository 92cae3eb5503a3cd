# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the shares of a host to their declared state: look, plan, carry out, read back."""

import collections

from .._host import fstab, mountinfo
from .._host.lock import alone
from .._plan.outcome import Outcome, on
from .._plan.plan import Plan, Refusal
from .._share.declaration import validated
from .._share.paths import checked_purge_below
from .._share.types import registry
from . import fuse_processes, undeclared
from .executor import Executor
from .found import stack, trap_at
from .host import Host
from .order import futile, whole
from .plan import plan_removal, plan_share

LOCK = "/run/virtshare-mounts.lock"


def work(params, check_mode):
    """The Outcome of share_mounts."""
    outcome = Outcome(Plan())
    with outcome.collect():
        shares = validated(params["shares"])
        if params["timeout"] < 1:
            raise Refusal("timeout is %g; use at least 1 second." % params["timeout"])
        prefix = checked_purge_below(params["purge"], params["purge_below"])
        host = Host(params["fstab"], params["timeout"], params["host"])
        with on(host.name):
            if check_mode:
                _reconcile(params, check_mode, host, shares, prefix, outcome)
            else:
                with alone(LOCK, "the mounts", host.timeout * (len(shares) + 1)):
                    _reconcile(params, check_mode, host, shares, prefix, outcome)
    return outcome


def _reconcile(params, check_mode, host, shares, prefix, outcome):
    todo = _Work(host)
    missing = todo.missing_programs(shares)
    if missing and params["missing_programs"] == "report":
        outcome.result.update(mounts=_read_back(host, shares), undeclared=[], missing_programs=missing)
        return
    todo.plan_declared(shares, params["allow_hidden_files"], check_mode)
    left = todo.plan_undeclared([share["path"] for share in shares], params["purge"], prefix)
    outcome.plan = plan = todo.whole()
    executor = Executor(host, todo.shares, todo.types)
    outcome.plan = plan.only((executor.foresee if check_mode else executor.carry_out)(plan.operations))
    todo.errors.update(executor.errors)
    outcome.warnings = plan.warnings + todo.warnings
    gone = [undeclared.result(candidate, found, removed and candidate.share["path"] not in todo.errors)
            for candidate, found, removed in left]
    remaining = undeclared.warning([each for each in gone if not each["removed"]
                                    and each["path"] not in todo.errors], host.name, prefix)
    outcome.warnings.extend([remaining] if remaining else [])
    outcome.result.update(mounts=_read_back(host, shares), missing_programs=todo.missing_programs(shares),
                          undeclared=gone)
    places = [share["path"] for share in todo.shares] + [host.fstab_path]
    failed = [place for place in places if place in todo.errors]
    if failed:
        outcome.result["errors"] = [{"path": place, "error": todo.errors[place]} for place in failed]
        outcome.problems = [todo.errors[place] for place in failed]


class _Work:
    """What is planned for the shares of a host, and what went wrong with which: {path: …} each."""

    def __init__(self, host):
        self.host = host
        self.shares = []
        self.types = {}
        self.plans = collections.OrderedDict()
        self.errors = {}
        self.warnings = []

    def missing_programs(self, shares):
        """The types of the shares to be mounted whose mount program is not on the host, sorted."""
        types = set()
        for share in shares:
            share_type = registry.of(share)
            if share["state"] == "mounted" and share_type.managed(share) and self.host.helper_missing(share_type):
                types.add(share["type"])
        return sorted(types)

    def plan_declared(self, shares, allow_hidden_files, check_mode):
        known = [self._take(share) for share in shares]
        for share in known:
            unknown = share["numbers"]["unknown"] if share["state"] == "mounted" else []
            if unknown and check_mode:
                # The packages of the same run may bring it.
                self.warnings.append(_unknown_words(share, unknown, self.host.name, "yet"))
            elif unknown:
                self.errors[share["path"]] = _unknown_words(share, unknown, self.host.name)
        known = [share for share in known if share["path"] not in self.errors]
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


def _unknown_words(share, unknown, host, yet=None):
    """That a share's options name accounts which its host does not have: mount(8) and its helpers say it in no such words."""
    return ("share %s: the %s %s not exist on host %s%s. Create it, with the same number on all hosts, or name one that "
            "exists (access.owner, access.group, or the options uid and gid).%s" % (
                share["path"], " and the ".join(unknown), "does" if len(unknown) == 1 else "do", host,
                " yet" if yet else "", "" if yet else " Nothing was changed for this share."))


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
