# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the OpenNebula endpoint as a process of its own, and read the log of its calls."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "simulators" / "opennebula.py"
USER, PASSWORD = "oneadmin", "demo-only-9f2c"


class Endpoint:
    """A running endpoint. url: its address; pid: its process; calls(): what was asked of it so far."""

    def __init__(self, state: Path, directories=()):
        """state: a directory for the log; directories: the paths that exist on the front end."""
        self._log = state / "opennebula-calls.jsonl"
        self._log.unlink(missing_ok=True)
        command = [sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--credentials", f"{USER}:{PASSWORD}"]
        command += ["--log", str(self._log)]
        for directory in directories:
            command += ["--directory", directory]
        # A session of its own: the demo's endpoint stays when the demo has ended.
        with (state / "opennebula.log").open("w") as errors:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, text=True, start_new_session=True
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if "listening on" not in line:
            raise RuntimeError(f"the OpenNebula endpoint did not start; its output is in {state / 'opennebula.log'}")
        self.url = line.split("listening on", 1)[1].strip()
        self.pid = self._process.pid

    @property
    def environment(self) -> dict:
        """What a user would export to reach this endpoint."""
        return {"ONE_URL": self.url, "ONE_USERNAME": USER, "ONE_PASSWORD": PASSWORD}

    def calls(self) -> list[dict]:
        """Each call so far: {"method", "write", "ok", "object"}."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        self._process.wait(timeout=10)
