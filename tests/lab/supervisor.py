# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that runs one lab: starts hosts, keeps their consoles, and does what the lab's commands ask for.

Run as `python3 -m tests.lab.supervisor LAB-DIRECTORY HOST-NETWORK-FD` under the engine's launcher. Requests and
answers are one JSON object each, over a socket in the lab's runtime directory. A forked parent stays in front as the
init of the process namespace: it only reaps, and its end is the end of everything in the lab.
"""

import contextlib
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import threading

from tests.lab import cache
from tests.lab.engines.choice import engine_class
from tests.lab.errors import LabError

# What a host's kernel says last before it restarts. A rebooted User Mode Linux has a dead network, and a resumed QEMU
# has its devices only for that life: each is launched anew.
RESTARTS = b"reboot: Restarting system"
PATIENCE = 60  # seconds without the launcher's first request after which a supervisor gives up


class Host:
    """One host's process and console."""

    def __init__(self, engine, description: dict, directory: pathlib.Path):
        self.engine = engine
        self.description = description
        self.console = directory / "console.log"
        self.process = None
        self.boots = 0
        self.connected = True
        self.wanted = False
        self.restarting = False
        self.lock = threading.RLock()

    @property
    def power(self) -> str:
        alive = self.process is not None and self.process.poll() is None
        return "on" if alive or self.restarting else "off"

    def start(self) -> None:
        with self.lock:
            self.wanted = True
            if self.power == "on" and not self.restarting:
                return
            self.boots += 1
            self.process = self.engine.start(self.description)
            self.restarting = False
            threading.Thread(target=self.watch, args=(self.process,), daemon=True).start()

    def kill(self) -> None:
        """Cut the power: no signal the host's kernel could act on."""
        with self.lock:
            self.wanted = self.restarting = False
            if self.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def watch(self, process) -> None:
        """Keep the console; launch the host again when it restarts."""
        tail = b""
        with self.console.open("ab", buffering=0) as log:
            log.write(f"\n--- boot {self.boots} ---\n".encode())
            while chunk := os.read(process.stdout.fileno(), 65536):
                log.write(chunk)
                tail = (tail + chunk)[-4096:]
                if RESTARTS in tail:
                    with self.lock:
                        self.restarting = self.wanted and self.process is process
                    break
        # The host's own children outlive it unless they are ended with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with self.lock:
            if self.restarting and self.process is process:
                self.start()


class Supervisor:
    def __init__(self, directory: pathlib.Path, outside_network: int):
        self.directory = directory
        self.description = cache.read_json(directory / "lab.json")
        self.engine = engine_class(self.description["engine"])(directory, self.description)
        self.outside_network = outside_network
        self.hosts = {host["name"]: Host(self.engine, host, directory / "hosts" / host["name"])
                      for host in self.description["hosts"]}
        self.attached = threading.Event()

    def host(self, request: dict) -> Host:
        return self.hosts[request["host"]]

    # One method a verb; what it returns is the answer.

    def do_status(self, request: dict) -> dict:
        return {name: {"power": host.power, "network": "connected" if host.connected else "cut", "boots": host.boots}
                for name, host in self.hosts.items()}

    def do_attached(self, request: dict) -> None:
        self.engine.attached()
        self.attached.set()

    def do_start(self, request: dict) -> None:
        self.host(request).start()

    def do_kill(self, request: dict) -> None:
        self.host(request).kill()

    def do_ready(self, request: dict) -> None:
        self.engine.ready(self.host(request).description)

    def do_connect(self, request: dict) -> None:
        host = self.host(request)
        host.connected = request["connected"]
        self.engine.connected(host.description, host.connected)

    def do_down(self, request: dict) -> None:
        for host in self.hosts.values():
            host.kill()
        threading.Timer(0.05, os._exit, (0,)).start()

    def serve(self) -> None:
        self.engine.prepare()
        self.start_proxy()
        path = cache.runtime_directory(self.directory) / "control"
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        cache.hand_over(path)
        listener.listen(16)
        # A launcher that died before it wrote down this process must not leave it behind forever.
        threading.Thread(target=self.give_up, daemon=True).start()
        while True:
            connection, _address = listener.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def give_up(self) -> None:
        if not self.attached.wait(PATIENCE):
            os._exit(1)

    def answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw") as stream:
            request = json.loads(stream.readline())
            try:
                answer = {"answer": getattr(self, f"do_{request['verb']}")(request)}
            except (LabError, OSError, subprocess.SubprocessError) as problem:
                answer = {"error": str(problem)}
            stream.write(json.dumps(answer) + "\n")

    def start_proxy(self) -> None:
        """Apt's way out: listens inside the lab, and connects from outside."""
        _url, address = self.engine.apt_proxy()
        listener = socket.create_server(address)
        outside = ["nsenter", f"--net=/proc/self/fd/{self.outside_network}"] if self.engine.own_network else []
        subprocess.Popen(
            [*outside, sys.executable, "-m", "tests.lab.proxy", str(listener.fileno()), *self.description["proxy"]],
            stdin=subprocess.DEVNULL, pass_fds=[listener.fileno(), self.outside_network])
        listener.close()


def become_init() -> None:
    """Fork; the parent reaps whatever ends in this process namespace, and ends when the child does."""
    child = os.fork()
    if child == 0:
        return
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    become_init()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Supervisor(pathlib.Path(sys.argv[1]), int(sys.argv[2])).serve()
