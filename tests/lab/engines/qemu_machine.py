# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command line for QEMU: what a host's machine consists of, the same for every start of it.

State that was saved from one machine can only be resumed by another with the same devices in the same places, so a
place is given to each.
"""

import pathlib
import subprocess

MEMORY = 768  # MiB of the hosts whose booted state is kept
MANAGEMENT_MAC = "02:76:73:ff:ff:01"
MANAGEMENT_ADDRESS = "10.0.2.15"  # within each host's own user network, which nobody else is in
PROGRAM = "qemu-system-x86_64"


def version() -> str:
    """The version of this machine's QEMU: saved state is only good for the same."""
    return subprocess.run([PROGRAM, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")[0]


def accelerator(kvm: bool) -> list[str]:
    return ["-accel", "kvm", "-cpu", "host"] if kvm else ["-accel", "tcg,thread=multi", "-cpu", "max"]


def base(kvm: bool, memory: int, control: pathlib.Path) -> list[str]:
    return [PROGRAM, "-no-reboot", "-machine", "pc,usb=off,vmport=off", *accelerator(kvm), "-smp", "1", "-m", str(memory),
            "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
            "-device", "virtio-rng-pci,addr=0x8", "-qmp", f"unix:{control},server=on,wait=off"]


def kernel(runtime: pathlib.Path, *words: str) -> list[str]:
    return ["-kernel", str(runtime / "vmlinuz"), "-initrd", str(runtime / "initrd"), "-append",
            " ".join(["root=/dev/vda", "console=ttyS0", "net.ifnames=0", "mitigations=off", "nokaslr", "loglevel=4",
                      "quiet", *words])]


def root(image: pathlib.Path) -> list[str]:
    return ["-drive", f"if=none,id=root,file={image},format=qcow2",
            "-device", "virtio-blk-pci,drive=root,serial=root,addr=0x3"]


def seed(path: pathlib.Path) -> list[str]:
    return ["-drive", f"if=none,id=seed,file={path},format=raw,readonly=on",
            "-device", "virtio-blk-pci,drive=seed,serial=seed,addr=0x5"]


def management(port: int) -> list[str]:
    """The network between this machine and the host: its sshd on a port of the loopback interface."""
    return ["-netdev", f"user,id=management,ipv6=off,hostfwd=tcp:127.0.0.1:{port}-{MANAGEMENT_ADDRESS}:22",
            "-device", f"virtio-net-pci,netdev=management,mac={MANAGEMENT_MAC},romfile=,addr=0x4"]
