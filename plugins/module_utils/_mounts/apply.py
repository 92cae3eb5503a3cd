# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the shares of a host to their declared state: look, plan, carry out, read back."""

from .._host import fstab, mountinfo
from .._host.lock import alone
from .._plan.outcome import Outcome, on
from .._plan.plan import Plan, Refusal
from .._share import served, sources
from .._share.declaration import validated
from .._share.paths import checked_purge_below
from . import undeclared
from .executor import Executor
from .found import layers
from .host import Host
from .planning import Work

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
    todo = Work(host)
    missing = todo.missing_programs(shares)
    if missing and params["missing_programs"] == "report":
        outcome.result.update(mounts=_read_back(host, shares), undeclared=[], missing_programs=missing)
        return
    left = todo.plan_all(shares, params["allow_hidden_files"], params["purge"], prefix, check_mode)
    outcome.plan = plan = todo.whole()
    executor = Executor(host, todo.shares, todo.types)
    outcome.plan = plan.only((executor.foresee if check_mode else executor.carry_out)(plan.operations))
    todo.errors.update(executor.errors)
    gone = [undeclared.result(candidate, found, removed and candidate.share["path"] not in todo.errors)
            for candidate, found, removed in left]
    remaining = undeclared.warnings([each for each in gone if not each["removed"]
                                    and each["path"] not in todo.errors], prefix)
    outcome.warnings = ["%s: %s" % (host.name, words) for words in plan.warnings + todo.warnings + remaining]
    outcome.result.update(mounts=_read_back(host, shares), missing_programs=todo.missing_programs(shares),
                          undeclared=gone)
    places = [share["path"] for share in todo.shares] + [host.fstab_path]
    failed = [place for place in places if place in todo.errors]
    if failed:
        outcome.problems = ["%s: %s" % (host.name, todo.errors[place]) for place in failed]
        outcome.result["errors"] = [{"path": place, "error": words} for place, words in zip(failed, outcome.problems)]


def _read_back(host, shares):
    entries = served.completed(mountinfo.read(), host.timeout)
    text = fstab.read(host.fstab_path)
    result = []
    for share in shares:
        mounts, trap = layers(entries, share["path"])
        top = mounts[-1] if mounts else None
        result.append({
            "path": share["path"],
            "mounted": top is not None,
            "on_demand": trap is not None,
            "source": top.source if top else None,
            "root": top.root if top else None,
            "fstype": top.fstype if top else None,
            "options": _live_options(top) if top else [],
            "fstab": sources.lines(fstab.lines_of(text, share["path"])) or None,
        })
    return result


def _live_options(mount):
    shown = set(mount.options + mount.super_options)
    # The mount and its filesystem each say it, and one of them is enough to be read-only.
    return sorted(shown - {"rw"} if "ro" in shown else shown)
