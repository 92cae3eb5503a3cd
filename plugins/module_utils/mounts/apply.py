# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out the plan for the shares of a host. What fails for one share ends that share, not the others."""

import collections
import contextlib
import errno
import fcntl
import itertools
import os
import time

from ansible_collections.virtshare.storage.plugins.module_utils import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils.bounded import ChildFailed, TimedOut, bounded
from ansible_collections.virtshare.storage.plugins.module_utils.commands import run
from ansible_collections.virtshare.storage.plugins.module_utils.mounted import SECOND_CHANCE
from ansible_collections.virtshare.storage.plugins.module_utils.mounts import (
    automount, clients, credentials, fstab, points, scope, undeclared)
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.holders import in_words
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.host import Host
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.plan import (
    in_vain, plan_removal, plan_share, stack, trap_at, whole)
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.registry import kind_of
from ansible_collections.virtshare.storage.plugins.module_utils.plan import Plan, Refusal
from ansible_collections.virtshare.storage.plugins.module_utils.shares import checked_prefix, validated

LOCK = "/run/virtshare-mounts.lock"
# No share has a part in it, and a busy host takes its time.
RELOAD_SECONDS = 90
# What to do about a disk that takes no change.
_WAYS_OUT = {
    errno.ENOSPC: "Free some space on its filesystem, then run again",
    errno.EDQUOT: "Free some space on its filesystem, then run again",
    errno.EROFS: "Make its filesystem writable, then run again",
}


def reconcile(module):
    """Bring the host's shares to what module.params declares, and leave through exit_json or fail_json."""
    try:
        shares = validated(module.params["shares"])
        if module.params["timeout"] < 1:
            raise Refusal("timeout is %d, and nothing ends in no time. Write at least 1, the seconds that one step may "
                          "take." % module.params["timeout"])
        prefix = checked_prefix(module.params["exact"], module.params["exact_prefix"])
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
    left = work.plan_undeclared([share["path"] for share in shares], module.params["exact"], prefix)
    plan = work.whole()
    if not module.check_mode:
        executor = Executor(host, work.shares, work.kinds)
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
        self.kinds = {}
        self.plans = collections.OrderedDict()
        self.errors = {}

    def missing_programs(self, shares):
        """The types of the shares to be mounted whose mount program is not on the host, sorted."""
        types = set()
        for share in shares:
            kind = kind_of(share)
            if share["state"] == "mounted" and kind.managed(share) and self.host.helper_missing(kind):
                types.add(share["type"])
        return sorted(types)

    def plan_declared(self, shares, allow_hidden_files):
        known = [self._take(share) for share in shares]
        found, problems = self.host.find(known, self.kinds)
        self.errors.update(problems)
        for share in known:
            if share["path"] in found:
                self._plan(plan_share, share, found[share["path"]], allow_hidden_files)

    def plan_undeclared(self, declared, exact, prefix):
        """[(Candidate, Found, whether it is to be removed)]"""
        result = []
        for candidate, found in self.host.undeclared(declared, prefix):
            removed = undeclared.removable(candidate, exact, prefix)
            result.append((candidate, found, removed))
            if removed:
                self._plan(plan_removal, self._take(candidate.share), found)
        return result

    def whole(self):
        """The Plan of all that can be done."""
        refused = in_vain(self.plans)
        self.errors.update(refused)
        return whole([plan for path, plan in self.plans.items() if path not in refused], self.host.systemd_lags(),
                     self.host.dead_servers)

    def _take(self, share):
        """The share as it is planned with: it knows the numbers of the accounts it names."""
        kind = self.kinds[share["path"]] = kind_of(share)
        share = dict(share, numbers=self.host.numbers(*kind.accounts(share)))
        self.shares.append(share)
        return share

    def _plan(self, planner, share, found, *settings):
        try:
            self.plans[share["path"]] = planner(
                share, self.kinds[share["path"]], found, self.host.holders, *settings)
        except Refusal as refusal:
            self.errors[share["path"]] = str(refusal)


class Executor:
    """Runs operations and remembers which shares failed.

    runner: called with a command and seconds, returns (exit code, output); replaced in tests.
    """

    def __init__(self, host, shares, kinds, runner=run):
        self.host = host
        self.shares = {share["path"]: share for share in shares}
        self.kinds = kinds
        self.runner = runner
        self.errors = {}
        self._silent = set()

    def carry_out(self, operations):
        """Run the operations in their order, and return those that were done."""
        done = []
        self._rehearse([operation for operation in operations if operation.name == "fstab"])
        steps = {"unmount": self._unmount, "automount_stop": self._automount_stop,
                 "remove_directory": self._remove_directory, "directory": self._directory,
                 "credentials": self._credentials, "remount": self._remount, "mount": self._mount,
                 "automount_start": self._automount_start}
        for name, phase in itertools.groupby(operations, key=lambda operation: operation.name):
            phase = list(phase)
            if name == "fstab":
                done.extend(self._fstab(phase))
            elif name == "systemd_reload":
                done.extend(phase if self._is_to_be_read(operations, done) and self._reload() else [])
            else:
                done.extend(operation for operation in phase if self._succeeds(steps[name], operation))
        return done

    def _succeeds(self, step, operation):
        if operation.target in self.errors:
            return False
        try:
            step(self.shares[operation.target], operation)
            return True
        except (Refusal, TimedOut, ChildFailed, OSError) as error:
            self.errors[operation.target] = self._words(operation, error)
            return False

    def _rehearse(self, operations):
        """Before anything is released: what cannot be recorded would be unmounted, and then not mounted again."""
        try:
            old, text = self._edited(operations)
            if text != old:
                fstab.rehearse(self.host.fstab_path, text)
        except OSError as error:
            self._not_written(operations, error, ". Nothing was changed for this share")

    def _fstab(self, operations):
        """All edits in one write; a share that failed before keeps its old entry."""
        wanted = [operation for operation in operations if operation.target not in self.errors]
        try:
            old, text = self._edited(wanted)
            if text != old:
                fstab.write(self.host.fstab_path, text)
        except OSError as error:
            self._not_written(wanted, error)
            return []
        return wanted

    def _edited(self, operations):
        """fstab's text as it is, and as it is to be."""
        text = old = fstab.read(self.host.fstab_path)
        for operation in operations:
            entry = operation.arguments["entry"]
            text = fstab.with_entry(text, entry) if entry else fstab.without_path(text, operation.target)
        return old, text

    def _not_written(self, operations, error, unchanged=""):
        for operation in operations:
            self.errors[operation.target] = "share %s: %s could not be written on host %s: %s%s%s" % (
                operation.target, self.host.fstab_path, self.host.name, error.strerror or error,
                unchanged, ". %s." % _WAYS_OUT[error.errno] if error.errno in _WAYS_OUT else "")

    @staticmethod
    def _is_to_be_read(operations, done):
        """Whether fstab is another now, if it was to be written at all."""
        return any(each.name == "fstab" for each in done) or not any(each.name == "fstab" for each in operations)

    def _reload(self):
        try:
            code, output = self.runner(["systemctl", "daemon-reload"], RELOAD_SECONDS)
        except (TimedOut, ChildFailed, OSError) as error:
            code, output = 1, str(error)
        if code != 0:
            self.errors[self.host.fstab_path] = (
                "systemd on host %s did not read the changed %s. systemctl daemon-reload said: %s" % (
                    self.host.name, self.host.fstab_path, _one_line(output)))
        return code == 0

    def _directory(self, share, _operation):
        bounded(lambda: points.guard(share["path"]), self.host.timeout)

    def _remove_directory(self, share, _operation):
        bounded(lambda: points.release(share["path"]), self.host.timeout)

    def _credentials(self, share, operation):
        declared = operation.arguments["declared"]
        if declared is None:
            credentials.remove(share["path"])
        else:
            credentials.write(share["path"], declared)

    def _automount_stop(self, share, _operation):
        path = share["path"]
        # systemd takes a mount on the trap away with it, lazily: what sprang it just now is unmounted as others are.
        if self._mounts(path):
            self._unmount(share, None)
        self._systemctl("stop", share)
        if trap_at(mountinfo.read(), path) is not None:
            raise Refusal("share %s: systemd on host %s stopped %s, and the path is still mounted on demand."
                          % (path, self.host.name, automount.unit_name(path)))

    def _automount_start(self, share, _operation):
        path = share["path"]
        self._systemctl("start", share)
        if trap_at(mountinfo.read(), path) is None:
            raise Refusal("share %s: systemd on host %s started %s, and the path is not mounted on demand."
                          % (path, self.host.name, automount.unit_name(path)))

    def _systemctl(self, verb, share):
        unit = automount.unit_name(share["path"])
        code, output = self.runner(["systemctl", verb, unit], self.host.timeout)
        if code != 0:
            raise Refusal("share %s: systemctl %s %s failed on host %s: %s" % (
                share["path"], verb, unit, self.host.name, _one_line(output)))

    def _unmount(self, share, _operation):
        path = share["path"]
        before = self._mounts(path)
        try:
            code, output = self.runner(["umount", path], self.host.timeout)
        except TimedOut:
            # The kernel takes the mount out of sight first and then waits for the server to be told. Seen with a
            # server that had just started again: the wait outlasted the timeout, and the mount was gone.
            if len(self._mounts(path)) >= len(before):
                raise
            code = 0
        if code != 0:
            used = self.host.holders(path)
            raise Refusal("share %s: it could not be unmounted on host %s: %s%s" % (
                path, self.host.name, output, ", it is used by %s" % in_words(used) if used else ""))

    def _mount(self, share, operation):
        path = share["path"]
        kind = self.kinds[path]
        missing = self.host.helper_missing(kind)
        if missing:
            raise Refusal("share %s: host %s has no program to mount type %s. Install %s, or use the role shared_mount, "
                          "which does." % (path, self.host.name, share["type"], missing))
        log = kind.log(share)
        begin = clients.end_of(log)
        servers = tuple(server["host"] for server in kind.servers(share))
        # A server that died in the middle of the run costs its first share the whole time, and the others little.
        seconds = min(self.host.timeout, SECOND_CHANCE) if servers in self._silent else self.host.timeout
        command = operation.arguments["command"]
        if kind.has_process and self.host.has_systemd():
            command = scope.lasting(command, path)
        try:
            code, output = self.runner(command, seconds)
        except TimedOut:
            if servers:
                self._silent.add(servers)
            raise
        if code != 0:
            said = "; ".join(clients.troubles(log, begin)) if log else ""
            raise Refusal("share %s: %s could not be mounted on host %s: %s" % (
                path, share["source"], self.host.name, ". ".join(filter(None, (
                    _one_line(output), said and "Its log %s says: %s" % (log, said),
                    kind.explain(output + "\n" + said))))))
        self._expect_declared(share, kind, operation.arguments["surroundings"])
        try:
            clients.refuse_pieces(share, kind, self.host.timeout)
        except Refusal:
            self._unmount(share, None)
            raise
        if operation.arguments["trial"]:
            self._unmount(share, None)

    def _remount(self, share, operation):
        for command in operation.arguments["commands"]:
            code, output = self.runner(command, self.host.timeout)
            if code != 0:
                raise Refusal("share %s: its options could not be changed on host %s: %s" % (
                    share["path"], self.host.name, _one_line(output)))
        self._expect_declared(share, self.kinds[share["path"]], operation.arguments["surroundings"])
        if operation.arguments["used"]:
            # The kernel believes a new login until it is used.
            bounded(lambda: os.statvfs(share["path"]).f_bsize, self.host.timeout)

    def _expect_declared(self, share, kind, surroundings):
        """A mount that succeeded and is not what was declared would be mended in every run, for ever."""
        path = share["path"]
        mounts = self._mounts(path)
        if not mounts:
            raise Refusal("share %s: mount reported success on host %s, and nothing is mounted there."
                          % (path, self.host.name))
        foreign = kind.foreign(share, mounts[-1], surroundings)
        if foreign:
            raise Refusal("share %s: after the mount host %s shows %s there instead of %s."
                          % (path, self.host.name, foreign, share["source"]))
        differences = kind.differences(share, mounts[-1], kind.entry(share))
        if differences:
            raise Refusal(
                "share %s: it is mounted on host %s, but with %s instead of %s: %s" % (
                    path, self.host.name, ", ".join(difference.live for difference in differences),
                    ", ".join(difference.declared for difference in differences),
                    kind.beyond_reach(share, mounts[-1]) or "kernel or server do not grant it, or another mount of the "
                    "same server has set it already. Correct the options of the share."))

    def _mounts(self, path):
        return clients.completed(stack(mountinfo.read(), path), self.host.timeout)

    def _words(self, operation, error):
        if isinstance(error, Refusal):
            return str(error)
        share = self.shares[operation.target]
        servers = [server["host"] for server in self.kinds[operation.target].servers(share)]
        return "share %s: could not %s on host %s: %s%s" % (
            operation.target, operation.summary, self.host.name, error,
            ". The server is %s" % " or ".join(servers) if servers else "")


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
    entries = clients.completed(mountinfo.read(), host.timeout)
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
