# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User Mode Linux: a host in about ten seconds, without KVM. Needs root (namespaces, bridge, taps).

Everything of a lab lives in namespaces of one launcher process: process ids, mounts, network. When that process ends,
by whatever cause, the kernel ends the hosts, the bridge, the taps, the mounts and both ends of the uplink with it.
"""

import os
import pathlib
import subprocess

from tests.lab import cache, recipe
from tests.lab.engines.base import Engine
from tests.lab.errors import LabError

BRIDGE = "lab"
UPLINK = "uplink"
PROXY_PORT = 3142


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        raise LabError(f"`ip {' '.join(words)}` failed: {done.stderr.strip()}")


def offloads_off(device: str) -> None:
    """Frames must leave as they are: with offloads on, a host gets TCP at a few kilobytes a second."""
    subprocess.run(["ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off"],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def processor_flags() -> set[str]:
    """What this machine's processors can, as /proc/cpuinfo names it."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())


class Uml(Engine):
    name = images = "uml"
    kernel = "linux"             # its program in runtime/
    programs = {"ip": "iproute2", "ethtool": "ethtool", "unshare": "util-linux", "nsenter": "util-linux",
                "taskset": "util-linux", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
    needs_root = True

    @property
    def subnet(self) -> str:
        return f"10.213.{self.description['network']}"

    @property
    def link(self) -> str:
        return f"vslab{self.description['network']}"

    # outside

    def launcher(self) -> list[str]:
        if not os.path.exists("/dev/net/tun"):
            subprocess.run(["modprobe", "tun"], check=False)
        return ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]

    def attach(self, pid: int) -> None:
        ip("link", "add", self.link, "type", "veth", "peer", "name", UPLINK, "netns", str(pid))
        # Labs of two caches may choose one number at the same time: who came second leaves the first's link alone.
        ip("link", "set", self.link, "alias", str(self.lab))
        # Hosts have no way beyond this machine, and nobody beyond it has one to them, even where it forwards.
        for family in ("ipv4", "ipv6"):
            setting = f"/proc/sys/net/{family}/conf/{self.link}/forwarding"
            if os.path.exists(setting):
                with open(setting, "w") as handle:
                    handle.write("0")
        if os.path.exists(f"/proc/sys/net/ipv6/conf/{self.link}/disable_ipv6"):
            with open(f"/proc/sys/net/ipv6/conf/{self.link}/disable_ipv6", "w") as handle:
                handle.write("1")
        offloads_off(self.link)
        ip("address", "add", f"{self.subnet}.1/24", "dev", self.link)
        ip("link", "set", self.link, "up")

    def detach(self) -> None:
        alias = pathlib.Path(f"/sys/class/net/{self.link}/ifalias")
        if alias.exists() and alias.read_text().strip() == str(self.lab):
            subprocess.run(["ip", "link", "delete", self.link], stderr=subprocess.DEVNULL, check=False)

    def endpoint(self, host: dict) -> tuple[str, int]:
        return host["address"], 22

    def disk_match(self, host: dict, number: int) -> str:
        return f'KERNEL=="{self.disk(number)}"'

    @staticmethod
    def disk(number: int) -> str:
        return f"ubd{chr(ord('c') + number)}"

    @classmethod
    def network_is_free(cls, number: int) -> bool:
        return f"10.213.{number}." not in pathlib.Path("/proc/net/fib_trie").read_text()

    def apt_proxy(self) -> tuple[str, tuple[str, int]]:
        return f"http://{self.subnet}.2:{PROXY_PORT}", (f"{self.subnet}.2", PROXY_PORT)

    # inside

    @property
    def runtime(self) -> pathlib.Path:
        """The root directory with the kernel; one runs hosts of every image."""
        return self.image(self.description["hosts"][0]) / "runtime"

    def prepare(self) -> None:
        runtime = self.runtime
        # Hosts' memory lies in /dev/shm; a tmpfs of the lab's own goes when the lab goes, and may be executed from.
        for source, target, options in (
            ("tmpfs", "/dev/shm", ["-t", "tmpfs", "-o", "mode=1777,size=100%"]),
            ("/dev", runtime / "dev", ["--rbind"]),
            ("proc", runtime / "proc", ["-t", "proc"]),
            ("tmpfs", runtime / "run", ["-t", "tmpfs"]),
            (self.lab, runtime / "lab", ["--bind"]),
            (cache.images_directory(), runtime / "images", ["--bind", "-o", "ro"]),
        ):
            subprocess.run(["mount", *options, str(source), str(target)], check=True)
        ip("link", "set", "lo", "up")
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{self.subnet}.2/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        offloads_off(BRIDGE)
        for host in self.description["hosts"]:
            tap = self.tap(host)
            ip("tuntap", "add", tap, "mode", "tap")
            ip("link", "set", tap, "master", BRIDGE, "up")

    def attached(self) -> None:
        offloads_off(UPLINK)
        ip("link", "set", UPLINK, "master", BRIDGE, "up")

    @staticmethod
    def tap(host: dict) -> str:
        return f"tap{host['number']}"

    def processor(self, host: dict) -> int:
        """The one processor of this machine that a host's kernel and programs run on; the hosts take turns.

        A program's system call is a wait for another process, the kernel: 10 µs where both are on one processor, 70 µs
        where each wakes the other's.
        """
        processors = sorted(os.sched_getaffinity(0))
        return processors[(self.description["network"] + host["number"]) % len(processors)]

    def start(self, host: dict) -> subprocess.Popen:
        name = host["name"]
        image = f"/images/{self.image(host).name}/{host['flavour']}.raw"
        disks = [f"ubda=/lab/hosts/{name}/root.cow,{image}", f"ubdbr=/lab/hosts/{name}/seed.tar"]
        for number, disk in enumerate(host["disks"]):
            # s: writes reach the file at once; c: no exclusive lock, so that several hosts may open it.
            flags = "sc" if disk["shared"] else ""
            disks.append(f"{self.disk(number)}{flags}=/lab/disks/{disk['name']}.raw")
        return subprocess.Popen(
            ["taskset", "--cpu-list", str(self.processor(host)), "chroot", str(self.runtime), f"/{self.kernel}",
             f"mem={host['memory']}M", *disks, "root=/dev/ubda", "rw", "con=null", "con0=fd:0,fd:1", f"umid={name}", "uml_dir=/run/",
             f"vec0:transport=tap,ifname={self.tap(host)},depth=64,mac={host['mac']}",
             f"systemd.hostname={name}", f"systemd.machine_id={host['machine_id']}",
             "lab.seed=ubdb", "loglevel=4", "quiet",
             # 512 terminals of the old kind would cost udev and systemd seconds at every boot and reload.
             "pty.legacy_count=0",
             # Its programs run under a filter instead of being traced, where this machine can: twice as fast.
             "seccomp=auto", *recipe.FLAVOURS[host["flavour"]].kernel_words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env={"TMPDIR": "/dev/shm", "HOME": "/", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def ready(self, host: dict) -> None:
        # The host's driver turns the offloads on when it opens the tap, somewhere in the middle of its boot.
        offloads_off(self.tap(host))

    def connected(self, host: dict, connected: bool) -> None:
        # The tap itself stays up: the host's driver does not get over one that went down.
        ip("link", "set", self.tap(host), *(["master", BRIDGE] if connected else ["nomaster"]))


class UmlStable(Uml):
    """Debian stable's User Mode Linux: its OCFS2 works between hosts, as the newer one's does not."""

    name = "uml-stable"
    kernel = "linux-stable"
    boot_seconds = 240           # it can only trace its programs, which takes twice as long

    @classmethod
    def runs_here(cls) -> bool:
        # It does not know the size of these registers, and crashes at its start.
        return super().runs_here() and "amx_tile" not in processor_flags()
