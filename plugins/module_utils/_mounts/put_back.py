# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mount again what was released for a new mount that then failed, and record it as before."""

from .._host import fstab
from .._host.bounded import ChildFailed, TimedOut
from .._plan.plan import includes
from .._share import credentials
from . import automount


class PutBack:
    """What was taken away of which share, until its new mount stands."""

    def __init__(self, executor):
        self.executor = executor
        self.restored = set()
        self.unrecorded = set()
        self._done = {}
        self._secrets = {}

    def begin(self, operation):
        """To be called before an operation."""
        if operation.name == "credentials" and operation.target not in self._secrets:
            self._secrets[operation.target] = credentials.read(operation.target)

    def note(self, operation):
        """To be called after an operation that succeeded."""
        self._done.setdefault(operation.target, []).append(operation)

    def lasts(self, operation):
        """Whether an operation that was done has not been taken back."""
        if operation.target in self.unrecorded and operation.name in ("fstab", "credentials"):
            return False
        return operation.target not in self.restored or operation.name == "directory"

    def share(self, path):
        """Put back what a failed share had; a sentence about it, or an empty text when nothing had been taken away."""
        done = self._done.pop(path, [])
        released = [each for each in done if each.name == "unmount" and "previous" in each.arguments]
        if not released or self.executor.mounts(path):
            return ""
        previous = released[0].arguments["previous"]
        commands = [each.arguments["previous"]["command"] for each in released if each.arguments["previous"]["command"]]
        try:
            if includes(done, "fstab"):
                filename = self.executor.host.fstab_path
                fstab.write(filename, fstab.with_lines(fstab.read(filename), path, previous["lines"]))
            if includes(done, "credentials"):
                credentials.restore(path, self._secrets.get(path))
            self.unrecorded.add(path)
            said = self._run(path, commands, includes(done, "automount_stop"))
        except (OSError, TimedOut, ChildFailed) as error:
            said = str(error)
        if said:
            return " %s, which was mounted there before, could not be mounted again: %s. Nothing is mounted there." % (
                previous["words"], said)
        self.restored.add(path)
        return " %s is mounted there again, as it was before." % previous["words"]

    def _run(self, path, commands, on_demand):
        """Why the old mount is not there again, or None."""
        if not commands:
            return "its options are not known"
        if self.executor.reloaded and self.executor.host.has_systemd():
            self.executor.runner(["systemctl", "daemon-reload"], self.executor.reload_seconds)
        if on_demand:
            code, output = self.executor.runner(
                ["systemctl", "start", automount.unit_name(path)], self.executor.host.timeout)
        else:
            code, output = self.executor.runner(commands[0], self.executor.host.timeout)
        return " ".join(output.split()) or "%s failed" % commands[0][0] if code else None
