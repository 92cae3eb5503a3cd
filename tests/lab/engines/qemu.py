# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU: hosts with Debian's own kernel. Fast with KVM; without it a host resumes a state that was booted once.

Needs no root to run (to build the image it does). Each host has two networks: one of its own to this machine, on which
its sshd is a port of the loopback interface, and the lab's, which is a multicast group of the loopback interface.
"""

import contextlib
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import threading
import time

from tests.lab import cache
from tests.lab.engines import qemu_kernel, qemu_machine
from tests.lab.engines.base import Engine
from tests.lab.engines.qmp import Qmp
from tests.lab.errors import LabError

PORTS = 40          # of the loopback interface, for each lab: its LAN, its proxy, then one a host
FIRST_PORT = 20000  # below what the kernel gives to outgoing connections
GATEWAY = "10.0.2.2"  # this machine, in a host's own network

# What a resumed host does with its seed. The image's key stays until the devices are there: only then does the lab's
# own key open the host, and whoever waits for that finds it complete.
TAKE_OVER = """\
set -eu
cp /root/.ssh/authorized_keys /run/image-key
tar --extract --file=- --directory=/ --no-same-owner --overwrite
cp /root/.ssh/authorized_keys /run/lab-key
cp /run/image-key /root/.ssh/authorized_keys
date --set=@{now:.3f} > /dev/null
hostname --file /etc/hostname
echo {machine_id} > /etc/machine-id
udevadm control --reload
"""
COMPLETE = """\
set -eu
until ip -o address | grep -qF ' {address}/'; do sleep 0.1; done
for disk in {disks}; do until [ -e "/dev/disk/by-id/virtshare-lab-$disk" ]; do sleep 0.1; done; done
cp /run/lab-key /root/.ssh/authorized_keys
systemctl reload ssh.service
sync
: > /etc/virtshare-lab/taken-over
"""


class Qemu(Engine):
    name = images = "qemu"
    programs = {qemu_machine.PROGRAM: "qemu-system-x86", "qemu-img": "qemu-utils", "unshare": "util-linux",
                "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
    own_network = False
    boot_seconds = 300

    def __init__(self, lab: pathlib.Path, description: dict):
        super().__init__(lab, description)
        self.first_port = FIRST_PORT + PORTS * description["network"]
        self.runtime = cache.runtime_directory(lab)

    # outside

    def launcher(self) -> list[str]:
        unprivileged = [] if os.geteuid() == 0 else ["--user", "--map-current-user"]
        return ["unshare", *unprivileged, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]

    def endpoint(self, host: dict) -> tuple[str, int]:
        return "127.0.0.1", self.first_port + 1 + host["number"]

    def disk_match(self, host: dict, number: int) -> str:
        return f'SUBSYSTEM=="block", ATTR{{serial}}=="{host["disks"][number]["name"]}"'

    def networks(self, host: dict) -> list[tuple[str, str]]:
        return [(qemu_machine.MANAGEMENT_MAC, f"{qemu_machine.MANAGEMENT_ADDRESS}/24"), *super().networks(host)]

    @classmethod
    def network_is_free(cls, number: int) -> bool:
        try:
            for port in range(PORTS):
                with socket.create_server(("127.0.0.1", FIRST_PORT + PORTS * number + port)):
                    pass
        except OSError:
            return False
        return True

    def apt_proxy(self) -> tuple[str, tuple[str, int]]:
        return f"http://{GATEWAY}:{self.first_port + 1}", ("127.0.0.1", self.first_port + 1)

    # inside

    def facts(self, host: dict) -> dict:
        """What was found out about this machine when the host's image was built."""
        return cache.read_json(self.image(host) / "image.json") or {}

    def kvm(self, host: dict) -> bool:
        return bool(self.facts(host).get("kvm")) and os.access("/dev/kvm", os.R_OK | os.W_OK)

    def place(self, host: dict) -> pathlib.Path:
        return self.lab / "hosts" / host["name"]

    def control(self, host: dict) -> pathlib.Path:
        return self.runtime / f"qmp-{host['name']}"

    def resumable(self, host: dict) -> bool:
        """Whether the kept state of a booted host is one of this machine and of a host such as this."""
        facts = self.facts(host)
        return (not self.kvm(host) and host["memory"] == facts.get("memory")
                and facts.get("qemu") == qemu_machine.version()
                and (self.image(host) / f"{host['flavour']}.state").exists())

    def devices(self, host: dict) -> list[dict]:
        """What a resumed host gets when it runs, and any other has from the start; their backends are in `command`."""
        lan = {"driver": "virtio-net-pci", "id": "lan-device", "netdev": "lan", "mac": host["mac"], "romfile": "",
               "addr": "0x6"}
        return [lan, *({"driver": "virtio-blk-pci", "id": f"{disk['name']}-device", "drive": disk["name"],
                        "serial": disk["name"], "share-rw": disk["shared"], "addr": hex(0x10 + number)}
                       for number, disk in enumerate(host["disks"]))]

    def command(self, host: dict, resume: bool) -> list[str]:
        place = self.place(host)
        words = [
            *qemu_machine.base(self.kvm(host), host["memory"], self.control(host)),
            *qemu_machine.kernel(self.image(host) / "runtime", "lab.seed=vdb", f"systemd.hostname={host['name']}",
                                 f"systemd.machine_id={host['machine_id']}"),
            *qemu_machine.root(place / "root.qcow2"),
            *qemu_machine.management(self.endpoint(host)[1]),
            "-netdev", f"socket,id=lan,mcast=230.0.0.77:{self.first_port},localaddr=127.0.0.1",
        ]
        for disk in host["disks"]:
            # Hosts see each other's writes through the machine's page cache, as they are processes of one machine.
            locking = ",file.locking=off" if disk["shared"] else ""
            words += ["-drive", f"if=none,id={disk['name']},format=raw,"
                                f"file={self.lab / 'disks' / disk['name']}.raw{locking}"]
        if resume:
            return [*words, "-incoming", f"exec:cat {shlex.quote(str(self.image(host) / host['flavour']))}.state"]
        words += qemu_machine.seed(place / "seed.tar")
        for device in self.devices(host):
            words += ["-device", json.dumps(device)]
        return words

    def start(self, host: dict) -> subprocess.Popen:
        disk, resume = self.place(host) / "root.qcow2", False
        if not disk.exists():
            resume = self.resumable(host)
            backing = self.image(host) / (f"{host['flavour']}.booted.qcow2" if resume else f"{host['flavour']}.raw")
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", backing.suffix[1:], "-b", str(backing),
                            str(disk)], stdin=subprocess.DEVNULL, check=True)
        self.control(host).unlink(missing_ok=True)
        process = subprocess.Popen(self.command(host, resume), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        if resume:
            threading.Thread(target=self.resume, args=(host, process), daemon=True).start()
        return process

    def resume(self, host: dict, process: subprocess.Popen) -> None:
        """Make the resumed host this one: its seed, its devices, its time. One that does not become it is ended."""
        try:
            with Qmp(self.control(host)) as qmp:
                qmp.until("query-status", lambda answer: answer["status"] != "inmigrate", 120)
                qmp.do("cont")
                self.tell(host, TAKE_OVER.format(now=time.time(), machine_id=host["machine_id"]),
                          (self.place(host) / "seed.tar").read_bytes())
                for device in self.devices(host):
                    qmp.do("device_add", **device)
            self.tell(host, COMPLETE.format(address=host["address"],
                                            disks=" ".join(disk["name"] for disk in host["disks"])))
        except (LabError, OSError, subprocess.SubprocessError) as problem:
            print(f"{host['name']} was resumed but did not become itself: {problem}", file=sys.stderr, flush=True)
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def tell(self, host: dict, script: str, data: bytes = b"") -> None:
        """Run `script` on the host while it has the image's key."""
        done = qemu_kernel.ssh(self.image(host) / "key", self.endpoint(host)[1], f"sh -c {shlex.quote(script)}", data, 120)
        if done.returncode:
            raise LabError(f"`{script}` ended with {done.returncode}: {done.stderr.decode(errors='replace')}")

    def connected(self, host: dict, connected: bool) -> None:
        with Qmp(self.control(host)) as qmp:
            for network in ("management", "lan"):
                qmp.do("set_link", name=network, up=connected)
