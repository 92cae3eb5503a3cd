# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own kernel for the image, and hosts that are booted already.

The kernel stays outside the hosts' package database, and a small initial file system of the lab's own brings it to the
root disk: Debian's would be rebuilt at every package install. Where KVM does not work each flavour is booted once and
its state saved: a host then starts in seconds instead of a minute.
"""

import lzma
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time

from tests.lab import recipe
from tests.lab.engines import qemu_machine
from tests.lab.engines.qmp import Qmp
from tests.lab.errors import LabError, say

DESCRIPTION = "Debian's own"
SUITES = ()
MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
BOOT_SECONDS = 600

INIT = """\
#!/busybox sh
/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /busybox insmod "$module"; done
until [ -b /dev/vda ]; do /busybox sleep 0.1; done
/busybox mount -t ext4 /dev/vda /root
exec /busybox switch_root /root /sbin/init
"""


def install(builder) -> str:
    """Put modules into the image, kernel and initial file system into `runtime/` beside it; the kernel's version."""
    with builder.mounted():
        depends = builder.inside("apt-cache", "depends", "linux-image-amd64")
        found = re.search(r"Depends: (linux-image-\S+)", depends)
        if found is None:
            raise LabError(f"apt-cache names no package that linux-image-amd64 depends on: {depends}")
        package = found[1]
        builder.inside("sh", "-c", "mkdir /tmp/kernel && cd /tmp/kernel && apt-get -o APT::Sandbox::User=root download "
                                   f"{package} busybox-static")
    fetched, tree = builder.root / "tmp/kernel", builder.work / "kernel"
    for archive in fetched.iterdir():
        builder.run("dpkg", "-x", str(archive), str(tree))
    shutil.rmtree(fetched)
    modules, = [path for place in ("lib/modules", "usr/lib/modules") if (tree / place).is_dir()
                for path in (tree / place).iterdir()]
    target = builder.root / "usr/lib/modules" / modules.name
    shutil.copytree(modules, target, symlinks=True)
    builder.run("depmod", "--basedir", str(builder.root), modules.name)

    runtime = builder.work / "runtime"
    runtime.mkdir()
    shutil.copy(next((tree / "boot").glob("vmlinuz-*")), runtime / "vmlinuz")
    (runtime / "vmlinuz").chmod(0o644)
    busybox = next(path for path in (tree / "bin/busybox", tree / "usr/bin/busybox") if path.exists())
    (runtime / "initrd").write_bytes(initial_file_system(busybox.read_bytes(), needed_modules(target)))
    shutil.rmtree(tree)

    # A host that is resumed has no seed yet: until it gets one, the image's own key opens it.
    for key in ("key", "host_key"):
        builder.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "image", "-f", str(builder.work / key))
    builder.write("/etc/ssh/ssh_host_ed25519_key", (builder.work / "host_key").read_text(), 0o600)
    builder.write("/root/.ssh/authorized_keys", (builder.work / "key.pub").read_text(), 0o600)
    (builder.root / "root/.ssh").chmod(0o700)
    builder.write("/etc/virtshare-lab/network",
                  f"{qemu_machine.MANAGEMENT_MAC} {qemu_machine.MANAGEMENT_ADDRESS}/24\n")
    return modules.name


def needed_modules(directory: pathlib.Path) -> list[pathlib.Path]:
    """Files of MODULES and what they depend on, in the order to load them, without what is built in."""
    paths: dict[str, tuple[str, list[str]]] = {}
    order: list[str] = []
    for line in (directory / "modules.dep").read_text().splitlines():
        path, _colon, needs = line.partition(":")
        paths[pathlib.PurePath(path).name.partition(".")[0].replace("-", "_")] = (path, needs.split())
    for name in MODULES:
        if name in paths:
            path, needed = paths[name]
            order += [entry for entry in (*reversed(needed), path) if entry not in order]
    return [directory / entry for entry in order]


def initial_file_system(busybox: bytes, modules: list[pathlib.Path]) -> bytes:
    """A cpio archive (format newc) whose /init loads `modules` and goes on to the root disk."""
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in ("dev", "root", "modules")]
    entries += [("busybox", stat.S_IFREG | 0o755, busybox), ("init", stat.S_IFREG | 0o755, INIT.encode())]
    for number, module in enumerate(modules):
        content = module.read_bytes()
        if module.suffix == ".xz":
            content = lzma.decompress(content)
        entries.append((f"modules/{number:02d}-{module.name.partition('.')[0]}.ko", stat.S_IFREG | 0o644, content))
    archive = bytearray()
    for number, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        archive += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        archive += bytes(-len(archive) % 4) + content
        archive += bytes(-len(archive) % 4)
    return bytes(archive)


# ---- after the images are made


def complete(builder) -> dict:
    """Save the booted state of each flavour unless KVM works; what the engine has to know of it."""
    kvm = kvm_works(builder.work / "runtime")
    facts = {"kvm": kvm, "qemu": qemu_machine.version(), "memory": qemu_machine.MEMORY}
    if kvm:
        say("KVM works here: hosts boot quickly, no state of booted ones is kept")
        return facts
    for name, flavour in recipe.flavours(builder.suite, "qemu").items():
        if flavour.resumed:
            say(f"booting the {name} image once, to keep its booted state (a minute or two without KVM)")
            save_booted(builder.work, name)
    return facts


def kvm_works(runtime: pathlib.Path) -> bool:
    """Whether a guest really gets as far as its first program with KVM: the device alone promises nothing."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    command = [qemu_machine.PROGRAM, "-machine", "pc", *qemu_machine.accelerator(True), "-m", "256", "-nodefaults",
               "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", str(runtime / "vmlinuz"),
               "-initrd", str(runtime / "initrd"), "-append", "console=ttyS0 rdinit=/busybox panic=-1"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return False
    # Busybox without arguments ends at once, and the kernel says that its init did.
    return b"Attempted to kill init" in done.stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def save_booted(work: pathlib.Path, flavour: str) -> None:
    """Boot `flavour` as a host without a name, and keep disk (`FLAVOUR.booted.qcow2`) and memory (`.state`)."""
    disk, state, port = work / f"{flavour}.booted.qcow2", work / f"{flavour}.state", free_port()
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", f"{flavour}.raw", str(disk)],
                   stdin=subprocess.DEVNULL, check=True)
    with tempfile.TemporaryDirectory(prefix="vsl-") as place:
        control = pathlib.Path(place) / "control"
        command = [*qemu_machine.base(False, qemu_machine.MEMORY, control),
                   *qemu_machine.kernel(work / "runtime", "systemd.hostname=booted"),
                   *qemu_machine.root(disk), *qemu_machine.management(port)]
        console = work.parent / f"boot-{flavour}.log"
        with console.open("wb") as log, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                                         stderr=log) as process:
            try:
                wait_for_boot(process, port, work / "key", console)
                with Qmp(control) as qmp:
                    qmp.do("stop")
                    qmp.do("migrate", uri=f"exec:cat > '{state}'")
                    answer = qmp.until("query-migrate",
                                       lambda answer: answer.get("status") in ("completed", "failed"), 300)
                    if answer["status"] == "failed":
                        raise LabError(f"QEMU could not save the state of {flavour}: {answer}")
                    qmp.do("quit")
                process.wait(60)
            finally:
                process.kill()


def wait_for_boot(process, port: int, key: pathlib.Path, console: pathlib.Path) -> None:
    """Until the host behind `port` has booted to the end."""
    limit = time.monotonic() + BOOT_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > limit:
            tail = "\n  ".join(console.read_text(errors="replace").splitlines()[-20:])
            raise LabError(f"the host did not boot within {BOOT_SECONDS} s; the end of {console}:\n  {tail}")
        if ssh(key, port, "systemctl is-system-running --wait", seconds=BOOT_SECONDS).returncode != 255:
            return
        time.sleep(1)


def ssh(key: pathlib.Path, port: int, command: str, data: bytes = b"", seconds: float = 60):
    """Run `command` on the host behind `port` of this machine, which nobody else listens on: no key to compare."""
    return subprocess.run(
        ["ssh", "-F", "none", "-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
         "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30",
         "-p", str(port), "root@127.0.0.1", command],
        input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, check=False)
