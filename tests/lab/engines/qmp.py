# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to a running QEMU: its machine protocol, one JSON object a line over a socket."""

import json
import pathlib
import socket
import time

from tests.lab.errors import LabError


class Qmp:
    """A connection to the QEMU whose socket is `path`; a context manager."""

    def __init__(self, path: pathlib.Path, patience: float = 20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(patience)
        limit = time.monotonic() + patience
        while True:
            try:
                self.socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError) as problem:
                if time.monotonic() > limit:
                    raise LabError(f"QEMU does not answer on {path}: {problem}") from None
                time.sleep(0.02)
        self.stream = self.socket.makefile("rw")
        self.read()
        self.do("qmp_capabilities")

    def __enter__(self) -> "Qmp":
        return self

    def __exit__(self, *_exception) -> None:
        self.stream.close()
        self.socket.close()

    def read(self) -> dict:
        line = self.stream.readline()
        if not line:
            raise LabError("QEMU ended")
        return json.loads(line)

    def do(self, command: str, **arguments):
        """What `command` returns; LabError with QEMU's words when it refuses."""
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = self.read()
            if "error" in answer:
                raise LabError(f"QEMU refuses {command}: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]

    def until(self, command: str, condition, seconds: float):
        """The answer to `command` as soon as `condition` holds for it."""
        limit = time.monotonic() + seconds
        while not condition(answer := self.do(command)):
            if time.monotonic() > limit:
                raise LabError(f"QEMU: {command} still says {answer} after {seconds:.0f} s")
            time.sleep(0.1)
        return answer
