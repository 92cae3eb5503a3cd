# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that were written down: told apart from others that later got the same number."""

import contextlib
import dataclasses
import os
import pathlib
import select
import signal

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")


def _fields(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on; [] when there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def start_time(pid: int) -> int:
    """When the process began, in clock ticks since the machine's boot; 0 when it is not there."""
    fields = _fields(pid)
    return int(fields[19]) if fields else 0


def children(pid: int) -> list[int]:
    return [int(entry.name) for entry in pathlib.Path("/proc").iterdir()
            if entry.name.isdigit() and (_fields(int(entry.name)) or ["", "0"])[1] == str(pid)]


def recorded(pid: int) -> dict:
    """What to write down to find the process again."""
    return {"pid": pid, "start": start_time(pid), "boot": BOOT_ID.read_text().strip()}


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A process as it was written down."""

    pid: int
    start: int
    boot: str

    def alive(self) -> bool:
        """Whether that very process runs (a zombie does not)."""
        fields = _fields(self.pid)
        return (bool(fields) and self.start == int(fields[19]) and fields[0] not in ("Z", "X")
                and self.boot == BOOT_ID.read_text().strip())

    def end(self, seconds: float) -> None:
        """Kill it, if it is there, and wait up to `seconds` for its end."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            # Looked at after opening: the descriptor stays with the process that was looked at.
            if self.alive():
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                select.select([descriptor], [], [], seconds)
        finally:
            os.close(descriptor)
