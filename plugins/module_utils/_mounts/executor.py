# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out the operations of a plan. What fails for one share ends that share, not the others."""

import errno
import itertools
import os

from .._host import fstab, mountinfo
from .._host.bounded import ChildFailed, TimedOut, bounded
from .._host.commands import run
from .._plan.plan import Refusal, includes
from .._share import credentials, served
from .._share.live import RETRY_TIMEOUT
from . import automount, fuse_processes, mountpoint, systemd_scope
from .found import stack, trap_at
from .in_use import in_words
from .put_back import PutBack

# No share has a part in it, and a busy host takes its time.
RELOAD_SECONDS = 90
_UNCHANGED = ". Nothing was changed for this share"
# What to do about a disk that takes no change.
_WAYS_OUT = {
    errno.ENOSPC: "Free some space on its filesystem, then run again",
    errno.EDQUOT: "Free some space on its filesystem, then run again",
    errno.EROFS: "Make its filesystem writable, then run again",
}


class Executor:
    """Runs operations and remembers which shares failed.

    runner: called with a command and seconds, returns (exit code, output); replaced in tests.
    """

    reload_seconds = RELOAD_SECONDS

    def __init__(self, host, shares, types, runner=run):
        self.host = host
        self.shares = {share["path"]: share for share in shares}
        self.types = types
        self.runner = runner
        self.errors = {}
        self.reloaded = False
        self._silent = set()
        self._put_back = PutBack(self)

    def foresee(self, operations):
        """The operations without those of shares that could not be recorded; nobody sees a change."""
        self._rehearse(operations, lambda text: fstab.look(self.host.fstab_path, text))
        return _remaining(operations, [operation for operation in operations if operation.target not in self.errors])

    def carry_out(self, operations):
        """Run the operations in their order, and return those that were done."""
        done = []
        self._rehearse(operations, lambda text: fstab.rehearse(self.host.fstab_path, text))
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
        return self._lasting(done)

    def _lasting(self, done):
        """The operations without those that were taken back."""
        return _remaining(done, [each for each in done if self._put_back.lasts(each)])

    def _succeeds(self, step, operation):
        if operation.target in self.errors:
            return False
        try:
            self._put_back.begin(operation)
            step(self.shares[operation.target], operation)
            self._put_back.note(operation)
            return True
        except (Refusal, TimedOut, ChildFailed, OSError) as error:
            self._fail(operation.target, self._words(operation, error))
            return False

    def _fail(self, path, words):
        self.errors[path] = words
        said = self._put_back.share(path)
        if said:
            self.errors[path] = "%s.%s" % (words.rstrip("."), said)

    def _rehearse(self, operations, attempt):
        """Before anything is released: what cannot be recorded would be unmounted, and then not mounted again.

        attempt: a function of fstab's new text, which raises the OSError of writing it.
        """
        for operation in operations:
            if operation.name == "credentials":
                try:
                    credentials.rehearse(operation.target)
                except OSError as error:
                    self._not_written([operation], credentials.file_of(operation.target), error, _UNCHANGED)
        recorded = [each for each in operations if each.name == "fstab" and each.target not in self.errors]
        try:
            old, text = self._edited(recorded)
            if text != old:
                attempt(text)
        except OSError as error:
            self._not_written(recorded, self.host.fstab_path, error, _UNCHANGED)

    def _fstab(self, operations):
        """All edits in one write; a share that failed before keeps its old entry."""
        wanted = [operation for operation in operations if operation.target not in self.errors]
        try:
            old, text = self._edited(wanted)
            if text != old:
                fstab.write(self.host.fstab_path, text)
        except OSError as error:
            self._not_written(wanted, self.host.fstab_path, error)
            return []
        for operation in wanted:
            self._put_back.note(operation)
        return wanted

    def _edited(self, operations):
        """fstab's text as it is, and as it is to be."""
        text = old = fstab.read(self.host.fstab_path)
        for operation in operations:
            entry = operation.arguments["entry"]
            text = fstab.with_entry(text, entry) if entry else fstab.without_path(text, operation.target)
        return old, text

    def _not_written(self, operations, filename, error, unchanged=""):
        way_out = _WAYS_OUT.get(error.errno)
        for operation in operations:
            self._fail(operation.target, "%s: %s could not be written: %s%s%s" % (
                operation.target, filename, error.strerror or error, unchanged,
                ". %s." % way_out if way_out else "." if unchanged else ""))

    @staticmethod
    def _is_to_be_read(operations, done):
        """Whether fstab is another now, if it was to be written at all."""
        return includes(done, "fstab") or not includes(operations, "fstab")

    def _reload(self):
        self.reloaded = True
        try:
            code, output = self.runner(["systemctl", "daemon-reload"], RELOAD_SECONDS)
        except (TimedOut, ChildFailed, OSError) as error:
            code, output = 1, str(error)
        if code != 0:
            self.errors[self.host.fstab_path] = (
                "%s: systemd did not read the change. systemctl daemon-reload said: %s" % (
                    self.host.fstab_path, _one_line(output)))
        return code == 0

    def _directory(self, share, _operation):
        bounded(lambda: mountpoint.guard(share["path"]), self.host.timeout)

    def _remove_directory(self, share, _operation):
        bounded(lambda: mountpoint.release(share["path"]), self.host.timeout)

    def _credentials(self, share, operation):
        declared = operation.arguments["declared"]
        if declared is None:
            credentials.remove(share["path"])
        else:
            credentials.write(share["path"], declared)

    def _automount_stop(self, share, _operation):
        path = share["path"]
        # systemd takes a mount on the trap away with it, lazily: what sprang it just now is unmounted as others are.
        if self.mounts(path):
            self._unmount(share, None)
        self._systemctl("stop", share)
        if trap_at(mountinfo.read(), path) is not None:
            raise Refusal("%s: systemd stopped %s, and the path is still mounted on demand."
                          % (path, automount.unit_name(path)))

    def _automount_start(self, share, _operation):
        path = share["path"]
        self._systemctl("start", share)
        if trap_at(mountinfo.read(), path) is None:
            raise Refusal("%s: systemd started %s, and the path is not mounted on demand."
                          % (path, automount.unit_name(path)))

    def _systemctl(self, verb, share):
        unit = automount.unit_name(share["path"])
        code, output = self.runner(["systemctl", verb, unit], self.host.timeout)
        if code != 0:
            raise Refusal("%s: systemctl %s %s failed: %s" % (
                share["path"], verb, unit, _one_line(output)))

    def _unmount(self, share, _operation):
        path = share["path"]
        before = self.mounts(path)
        try:
            code, output = self.runner(["umount", path], self.host.timeout)
        except TimedOut:
            # The kernel takes the mount out of sight first and then waits for the server to be told. Seen with a
            # server that had just started again: the wait outlasted the timeout, and the mount was gone.
            if len(self.mounts(path)) >= len(before):
                raise
            code = 0
        if code != 0:
            used = self.host.in_use(path, before[-1]) if before else []
            raise Refusal("%s: it could not be unmounted: %s%s" % (
                path, output, ", it is used by %s" % in_words(used) if used else ""))

    def _mount(self, share, operation):
        path = share["path"]
        share_type = self.types[path]
        missing = self.host.helper_missing(share_type)
        if missing:
            raise Refusal("%s: there is no program to mount type %s. Install %s, or use the role share_mounts, which "
                          "does." % (path, share["type"], missing))
        log = share_type.log(share)
        begin = fuse_processes.end_of(log)
        servers = tuple(server["host"] for server in share_type.servers(share))
        # A server that died in the middle of the run costs its first share the whole time, and the others little.
        seconds = min(self.host.timeout, RETRY_TIMEOUT) if servers in self._silent else self.host.timeout
        evidence = self._evidence(share, operation.arguments.get("evidence") or {})
        command = operation.arguments["command"]
        if share_type.processes and self.host.has_systemd():
            command = systemd_scope.lasting(command, path)
        try:
            code, output = self.runner(command, seconds)
        except TimedOut:
            if servers:
                self._silent.add(servers)
            raise
        if code != 0:
            said = "; ".join(fuse_processes.troubles(log, begin)) if log else ""
            raise Refusal("%s: %s could not be mounted: %s" % (
                path, share["source"], ". ".join(filter(None, (
                    _one_line(output), said and "Its log %s says: %s" % (log, said),
                    share_type.explain(output + "\n" + said))))))
        self._set_flags(share, share_type)
        # What was mounted just now is what its server has, by whatever name and address the kernel shows it.
        self._expect_declared(share, share_type, dict(evidence, same_filesystem=True))
        try:
            fuse_processes.refuse_sharded(share, share_type, self.host.timeout)
        except Refusal:
            self._unmount(share, None)
            raise
        if operation.arguments["trial"]:
            self._unmount(share, None)

    def _set_flags(self, share, share_type):
        """Give a new bind its own flags: the kernel gives it those of the mount that its source is in."""
        mounts = self.mounts(share["path"]) if share_type.binds else []
        recorded = share_type.entry(share)
        if mounts and share_type.differences(share, mounts[-1], recorded) and not share_type.remount_blocker(share, mounts[-1]):
            self._set_options(share, share_type.remount_commands(share, mounts[-1], recorded))

    def _evidence(self, share, evidence):
        """What a mount is compared with; of a source in another share only now that this one has its new mount."""
        outer = evidence.get("outer")
        if outer is None:
            return evidence
        if outer in self.errors:
            raise Refusal("%s: its source %s is in the share %s, which failed (see there)"
                          % (share["path"], share["source"], outer))
        origin = self.host.origin(share)
        if origin is None:
            raise Refusal("%s: the source %s is not a directory, now that %s is mounted. Create it, or correct the "
                          "source" % (share["path"], share["source"], outer))
        return dict(evidence, origin=origin)

    def _remount(self, share, operation):
        # The client takes a mount of its own away when it was idle for some minutes.
        inside = [command for path, command in operation.arguments.get("inside", {}).items() if self.mounts(path)]
        self._set_options(share, operation.arguments["commands"] + inside)
        self._expect_declared(share, self.types[share["path"]], operation.arguments["evidence"])
        if operation.arguments["used"]:
            # The kernel believes a new login until it is used.
            bounded(lambda: os.statvfs(share["path"]).f_bsize, self.host.timeout)

    def _set_options(self, share, commands):
        for command in commands:
            code, output = self.runner(command, self.host.timeout)
            if code != 0:
                raise Refusal("%s: its options could not be changed: %s" % (share["path"], _one_line(output)))

    def _expect_declared(self, share, share_type, evidence):
        """A mount that succeeded and is not what was declared would be corrected again in every run."""
        path = share["path"]
        mounts = self.mounts(path)
        if not mounts:
            raise Refusal("%s: mount reported success, and nothing is mounted there." % path)
        mismatch = share_type.mismatch(share, mounts[-1], evidence)
        if mismatch:
            raise Refusal("%s: after the mount the kernel shows %s there instead of %s."
                          % (path, mismatch, share["source"]))
        differences = share_type.differences(share, mounts[-1], share_type.entry(share))
        if differences:
            raise Refusal(
                "%s: it is mounted, but with %s instead of %s: %s" % (
                    path, ", ".join(difference.live for difference in differences),
                    ", ".join(difference.declared for difference in differences),
                    share_type.remount_blocker(share, mounts[-1]) or "kernel or server do not grant it, or another mount of the "
                    "same server has set it already. Correct the options of the share."))

    def mounts(self, path):
        return served.completed(stack(mountinfo.read(), path), self.host.timeout)

    def _words(self, operation, error):
        if isinstance(error, Refusal):
            return str(error)
        share = self.shares[operation.target]
        servers = [server["host"] for server in self.types[operation.target].servers(share)]
        way_out = _WAYS_OUT.get(getattr(error, "errno", None))
        if isinstance(error, PermissionError):
            way_out = "The directory above it may be immutable: see lsattr -d %s" % os.path.dirname(operation.target)
        return "%s: could not %s: %s%s%s" % (
            operation.target, operation.summary, error, ". %s." % way_out if way_out else "",
            ". The server is %s" % " or ".join(servers) if servers and not way_out else "")


def _remaining(operations, left):
    """What is left of the operations, without the daemon-reload when fstab is not written any more."""
    unchanged = includes(operations, "fstab") == includes(left, "fstab")
    return [each for each in left if unchanged or each.name != "systemd_reload"]


def _one_line(text):
    # What mount.nfs lets systemd say when it starts a service that was not enabled yet says nothing about the failure.
    return " ".join(" ".join(line for line in text.splitlines() if not line.startswith("Created symlink")).split())
