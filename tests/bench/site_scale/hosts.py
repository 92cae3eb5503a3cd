# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are an sshd each: the root is the lab's image under a layer of its own, network and hostname are its own.

To be used in mount, network and process namespaces that nothing outlives.
"""

from __future__ import annotations

import shlex
import socket
import subprocess
import time
from pathlib import Path

BRIDGE = "10.99.0.1/16"
SHARED = "/export"  # where every host has the one directory that all of them share
SECONDS = 60
# OpenNebula's user and the one that the packages bring which are left out, both in group kvm as their packages have it.
ACCOUNTS = {
    "passwd": "oneadmin:x:9869:{kvm}::/var/lib/one:/bin/sh\nlibvirt-qemu:x:64055:{kvm}::/var/lib/libvirt:/bin/false\n",
    "subuid": "oneadmin:100000:65536\n",
    "subgid": "oneadmin:100000:65536\n",
}
VIRTIOFSD = "#!/bin/sh\necho virtiofsd 1.13.2\n"
ENTRY = '{"description": "virtiofsd vhost-user-fs", "type": "fs", "binary": "/usr/libexec/virtiofsd"}\n'
START = """
set -e
hostname {name}
cd {root}
mount --bind {shared} .{exported}
mount --rbind /dev dev
mount --bind /proc proc
mount -t tmpfs none run
mkdir -p run/sshd
mount -t tmpfs none srv
exec chroot . /usr/sbin/sshd -D -e -o UsePAM=no -o UseDNS=no -o MaxStartups=100
"""


class Hosts:
    """The image as the lowest layer, what all hosts have as the next, and one layer a host."""

    def __init__(self, directory: Path, image: Path, count: int):
        self._directory = directory
        self._names = [f"host{number:03}" for number in range(count)]
        run("mount", "-t", "tmpfs", "none", directory)
        for name in ("image", "shared", "common", "hosts"):
            (directory / name).mkdir()
        run("mount", "-o", "loop,ro,noload", image, directory / "image")
        self.key = directory / "key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key)
        self._write_common()
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "bench", "type", "bridge")
        run("ip", "address", "add", BRIDGE, "dev", "bench")
        run("ip", "link", "set", "bench", "up")
        self._processes = [self._start(number, name) for number, name in enumerate(self._names)]
        for number, _name in enumerate(self._names):
            self._await(number)

    @property
    def shared(self) -> Path:
        """The directory that all hosts have as SHARED."""
        return self._directory / "shared"

    def inventory(self) -> dict:
        """The hosts as Ansible's inventory has them, in the group hypervisors."""
        options = {"IdentityFile": self.key, "StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null",
                   "LogLevel": "ERROR", "ControlMaster": "auto", "ControlPersist": "600s",
                   "ControlPath": self._directory / "%h"}
        words = ["-F", "none", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
        return {"hypervisors": {
            "hosts": {name: {"ansible_host": address(number)} for number, name in enumerate(self._names)},
            "vars": {"ansible_user": "root", "ansible_ssh_args": shlex.join(words),
                     "ansible_python_interpreter": "/usr/bin/python3"},
        }}

    def _write_common(self):
        """The layer that all hosts have over the image."""
        common, image = self._directory / "common", self._directory / "image"
        for name in ("etc/ssh", "root/.ssh", "usr/libexec", "usr/share/qemu/vhost-user", SHARED[1:]):
            (common / name).mkdir(parents=True, exist_ok=True)
        (common / "root/.ssh").chmod(0o700)
        (common / "root").chmod(0o700)
        groups = (line.split(":") for line in (image / "etc/group").read_text(encoding="utf-8").splitlines())
        kvm = {name: number for name, _password, number, _members in groups}["kvm"]
        for name, more in ACCOUNTS.items():
            old = image / "etc" / name
            (common / "etc" / name).write_text((old.read_text() if old.exists() else "") + more.format(kvm=kvm), encoding="utf-8")
        (common / "root/.ssh/authorized_keys").write_text(self.key.with_suffix(".pub").read_text(), encoding="utf-8")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", common / "etc/ssh/ssh_host_ed25519_key")
        daemon = common / "usr/libexec/virtiofsd"
        daemon.write_text(VIRTIOFSD, encoding="utf-8")
        daemon.chmod(0o755)
        (common / "usr/share/qemu/vhost-user/50-virtiofsd.json").write_text(ENTRY, encoding="utf-8")

    def _start(self, number: int, name: str) -> subprocess.Popen:
        own = self._directory / "hosts" / name
        for part in ("upper", "work", "root"):
            (own / part).mkdir(parents=True)
        lower = f"{self._directory}/common:{self._directory}/image"
        run("mount", "-t", "overlay", "none", own / "root", "-o",
            f"lowerdir={lower},upperdir={own}/upper,workdir={own}/work")
        script = START.format(name=name, root=own / "root", shared=self.shared, exported=SHARED)
        with (own / "log").open("w") as log:
            process = subprocess.Popen(
                ["unshare", "--mount", "--net", "--uts", "--propagation", "private", "sh", "-c", script],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self._until(number, lambda: _network(process.pid) != _network("self"))
        run("ip", "link", "add", f"bench{number}", "type", "veth", "peer", "name", "eth0", "netns", str(process.pid))
        run("ip", "link", "set", f"bench{number}", "master", "bench", "up")
        inside = ["nsenter", "--target", str(process.pid), "--net", "ip"]
        run(*inside, "address", "add", f"{address(number)}/16", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        return process

    def _await(self, number: int):
        def answers():
            with socket.socket() as connection:
                connection.settimeout(1)
                return connection.connect_ex((address(number), 22)) == 0
        self._until(number, answers)

    def _until(self, number: int, condition):
        deadline = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > deadline:
                log = self._directory / "hosts" / self._names[number] / "log"
                raise RuntimeError(f"{self._names[number]} does not come up within {SECONDS} s: {log.read_text()}")
            time.sleep(0.02)


def address(number: int) -> str:
    return f"10.99.{1 + number // 200}.{1 + number % 200}"


def run(*words):
    """Run a command; its output is the error's text when it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")


def _network(process) -> str:
    return Path(f"/proc/{process}/ns/net").readlink().name
