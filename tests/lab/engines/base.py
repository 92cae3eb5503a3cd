# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine is: the few things that differ between ways to run a host.

The lab asks the engine, as `outside`, how to launch its supervisor and how to reach a host; the supervisor asks it, as
`inside`, for the network and for each host's command. Everything else (images, seeds, ssh, verbs) is common.
"""

import os
import pathlib
import shutil
import subprocess


class Engine:
    """One lab's engine; `lab` is the lab's directory, `description` the value of its lab.json."""

    name = ""
    images = ""                  # the engine whose images it uses
    programs: dict = {}          # {program: Debian package} it needs on this machine
    needs_root = False
    own_network = True           # the supervisor runs in a network namespace of its own
    boot_seconds = 120           # bound for one host's boot to ssh, alone; the lab adds some for each further host

    def __init__(self, lab: pathlib.Path, description: dict):
        self.lab = lab
        self.description = description

    @staticmethod
    def image(host: dict) -> pathlib.Path:
        """The directory of the images of the host's Debian."""
        return pathlib.Path(host["image"])

    @classmethod
    def runs_here(cls) -> bool:
        """Whether this machine can run it at all, missing packages aside."""
        return not cls.needs_root or os.geteuid() == 0 or shutil.which("sudo") is not None

    # outside: in the command that somebody typed

    def launcher(self) -> list[str]:
        """Command line prefix under which the supervisor runs."""
        raise NotImplementedError

    def attach(self, pid: int) -> None:
        """Connect this machine to the lab, whose launcher is `pid` and runs."""

    def detach(self) -> None:
        """Take away what `attach` made on this machine, if anything is left of it."""

    def endpoint(self, host: dict) -> tuple[str, int]:
        """Address and port of the host's sshd, seen from this machine."""
        raise NotImplementedError

    def disk_match(self, host: dict, number: int) -> str:
        """Udev's match for the host's extra disk `number` (0 is the first)."""
        raise NotImplementedError

    def networks(self, host: dict) -> list[tuple[str, str]]:
        """(hardware address, address with prefix length) of the host's interfaces."""
        return [(host["mac"], f"{host['address']}/24")]

    @classmethod
    def network_is_free(cls, number: int) -> bool:
        """Whether nothing on this machine is in the way of lab network `number`."""
        raise NotImplementedError

    def apt_proxy(self) -> tuple[str, tuple[str, int]]:
        """URL at which hosts find the proxy for apt, and where the supervisor has it listen."""
        raise NotImplementedError

    # inside: in the supervisor

    def prepare(self) -> None:
        """Mounts and network, before the first host."""

    def attached(self) -> None:
        """Called after `attach`, before the first host."""

    def start(self, host: dict) -> subprocess.Popen:
        """Launch the host, in a session of its own, its console on stdout."""
        raise NotImplementedError

    def ready(self, host: dict) -> None:
        """Called again and again while the host boots and until its ssh answered."""

    def connected(self, host: dict, connected: bool) -> None:
        """Plug the host's network in or out."""
        raise NotImplementedError
