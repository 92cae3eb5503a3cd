# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the images of one engine; run as `python3 -m tests.lab.builder ENGINE SUITE` by image.py, in private namespaces."""

import contextlib
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from tests.lab import cache, machine, recipe
from tests.lab.errors import LabError, at_work, say
from tests.lab.image import image_directory

SHOWN = 100  # characters of a line of the log


class Builder:
    """One build in the directory `work`: the tree of the image is `root`, everything run is in `log`."""

    def __init__(self, work: pathlib.Path, suite: str, settings: machine.AptSettings):
        self.work = work
        self.root = work / "root"
        self.suite = suite
        self.settings = settings
        self.log = cache.images_directory() / "build.log"
        self.log.write_text("")

    def run(self, *command: str) -> str:
        """Output of `command`; LabError with the end of the log when it fails."""
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8",
                       "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"}
        with self.log.open("a") as log:
            log.write(f"+ {' '.join(command)}\n")
            log.flush()
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                                  check=False, env=environment)
            log.write(done.stdout)
        if done.returncode:
            tail = "\n  ".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise LabError(f"`{' '.join(command)}` failed ({self.log} has all of it):\n  {tail}")
        return done.stdout

    def inside(self, *command: str) -> str:
        """Output of `command`, run in the tree that becomes the image."""
        return self.run("chroot", str(self.root), *command)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of the image."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    @contextlib.contextmanager
    def mounted(self):
        """The tree with what package scripts expect: /proc, /dev, name resolution, and no service started."""
        self.run("mount", "-t", "proc", "proc", str(self.root / "proc"))
        self.run("mount", "--rbind", "/dev", str(self.root / "dev"))
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        try:
            yield
        finally:
            (self.root / "usr/sbin/policy-rc.d").unlink()
            (self.root / "etc/resolv.conf").write_text("")
            self.run("umount", "--recursive", "--lazy", str(self.root / "dev"))
            self.run("umount", str(self.root / "proc"))

    @contextlib.contextmanager
    def aside(self):
        """The tree is a copy meanwhile, which is thrown away."""
        kept, self.root = self.root, self.work / "aside"
        self.run("cp", "--archive", "--reflink=auto", str(kept), str(self.root))
        try:
            yield
        finally:
            shutil.rmtree(self.root)
            self.root = kept

    # The stages, in their order.

    def install_base(self) -> None:
        proxy = "".join(f'Acquire::{scheme}::Proxy "{self.settings.proxy}";\n'
                        for scheme in ("http", "https") if self.settings.proxy)
        configuration = recipe.APT_CONFIGURATION + "".join(f"{line}\n" for line in self.settings.options)
        (self.work / "dpkg.cfg").write_text(recipe.DPKG_CONFIGURATION)
        (self.work / "apt.conf").write_text(configuration + proxy)
        self.run("mmdebstrap", "--variant=minbase", "--mode=root", "--format=directory", "--skip=cleanup/apt",
                 f"--include={','.join(recipe.BASE)}",
                 f"--dpkgopt={self.work}/dpkg.cfg", f"--aptopt={self.work}/apt.conf",
                 self.suite, str(self.root), *self.settings.sources(self.suite).splitlines())
        self.inside("apt-get", "clean")
        self.write("/etc/fstab", "# The lab's host: its root comes from the kernel's command line.\n")
        self.write("/etc/hostname", "")
        self.write("/etc/machine-id", "")
        self.write("/usr/lib/virtshare-lab/take-over", recipe.BOOT_SCRIPT, 0o755)
        self.write("/usr/lib/virtshare-lab/network", recipe.NETWORK_SCRIPT, 0o755)
        self.write("/etc/udev/rules.d/70-virtshare-lab-network.rules", recipe.NETWORK_RULE)
        self.write("/usr/lib/virtshare-lab/online", recipe.ONLINE_SCRIPT, 0o755)
        self.write("/etc/systemd/system/virtshare-lab.service", recipe.BOOT_UNIT)
        self.write("/etc/systemd/system/virtshare-lab-online.service", recipe.ONLINE_UNIT)
        self.inside("systemctl", "enable", "virtshare-lab.service", "virtshare-lab-online.service", "ssh.service")
        self.inside("systemctl", "mask", *recipe.MASKED_UNITS)
        self.write("/etc/systemd/system/systemd-udev-trigger.service.d/lab.conf", recipe.WITHOUT_TERMINALS)
        generators = self.root / "etc/systemd/system-generators"
        generators.mkdir(parents=True)
        for name in recipe.UNUSED_GENERATORS:
            (generators / f"systemd-{name}-generator").symlink_to("/dev/null")
        self.write("/tmp/debconf", recipe.DEBCONF)
        self.inside("debconf-set-selections", "/tmp/debconf")
        (self.root / "tmp/debconf").unlink()
        for secret in (self.root / "etc/ssh").glob("ssh_host_*"):
            secret.unlink()

    def install_flavour(self, flavour: recipe.Flavour) -> None:
        with self.mounted():
            self.inside("apt-get", "clean")
            if flavour.packages:
                self.inside("apt-get", "-y", "install", *flavour.packages)
            if flavour.stopped:
                self.inside("systemctl", "disable", *flavour.stopped)
            if flavour.staged:
                wanted = re.findall(r"^Inst (\S+)", self.inside("apt-get", "-s", "install", *flavour.staged), re.M)
                baked = [name for name in wanted if flavour.bakes(name)]
                self.inside("apt-get", "-y", "install", *baked)
                self.inside("apt-get", "clean")
                self.inside("apt-get", "-y", "install", "--download-only", *flavour.staged)
            self.inside("apt-cache", "gencaches")
        accounts = {line.split(":")[0] for line in (self.root / "etc/passwd").read_text().splitlines()}
        brought = accounts.intersection(flavour.absent_users)
        if brought:
            raise LabError(f"baking brought the accounts {', '.join(sorted(brought))}, which only the collection's own "
                           "installs may bring: add the package that did it to staged_names in recipe.py")

    def label(self) -> None:
        """Give all files the labels of the policy, which is in force from the first boot on."""
        self.write("/etc/selinux/config", recipe.SELINUX_CONFIGURATION)
        # Nothing is mounted in the tree, so that nothing else is labelled.
        self.inside("setfiles", "-F", "/etc/selinux/default/contexts/files/file_contexts", "/")

    def make_image(self, name: str, labelled: bool = False) -> None:
        image = self.work / f"{name}.raw"
        with image.open("w") as handle:
            handle.truncate(recipe.ROOT_SIZE)
        # Apt's proxy is the build's own; a lab gives its hosts theirs.
        self.write("/etc/apt/apt.conf.d/99mmdebstrap",
                   recipe.APT_CONFIGURATION + "".join(f"{line}\n" for line in self.settings.options))
        # A login over ssh is no session: a user manager for each would cost more than most modules do.
        session = self.root / "etc/pam.d/common-session"
        session.write_text(re.sub(r"^session\s.*pam_systemd.*\n", "", session.read_text(), flags=re.M))
        # Says that ldconfig, sysusers and the like have seen this /usr: else the first boot of every host does it anew.
        for place in ("etc", "var"):
            stamp = self.root / place / ".updated"
            stamp.touch()
            shutil.copystat(self.root / "usr", stamp)
        if labelled:
            self.label()
        self.run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-m", "0", "-E", "lazy_itable_init=1,nodiscard",
                 "-d", str(self.root), str(image))


def build(engine: str, suite: str) -> None:
    """Build all flavours of a Debian for `engine` and put them in place; called in the private process."""
    kernel = importlib.import_module(f"tests.lab.engines.{engine}_kernel")
    started = time.monotonic()
    say(f"building the image for the lab's hosts, once (about three minutes); log: {cache.images_directory()}/build.log")
    settings = machine.apt_settings((suite, *kernel.SUITES))
    say(f"using {settings.mirror}" + (f" through {settings.proxy}" if settings.proxy else ""))
    work = pathlib.Path(tempfile.mkdtemp(prefix=".building-", dir=cache.images_directory()))
    work.chmod(0o755)
    builder = Builder(work, suite, settings)
    say(f"installing Debian {suite} (mmdebstrap, about a minute)")
    builder.install_base()
    say(f"adding the kernel: {kernel.DESCRIPTION}")
    version = kernel.install(builder)
    for name, flavour in recipe.flavours(suite, engine).items():
        say(f"baking the {name} image: " + (", ".join(flavour.packages)
                                            or f"what {len(flavour.staged)} staged packages depend on"))
        with builder.aside() if flavour.aside else contextlib.nullcontext():
            builder.install_flavour(flavour)
            builder.make_image(name, flavour.labelled)
    facts = kernel.complete(builder)
    if f" {builder.root}/" in pathlib.Path("/proc/self/mounts").read_text():
        raise LabError(f"something is still mounted below {builder.root}; nothing is removed there")
    shutil.rmtree(builder.root)
    size = sum(file.stat().st_blocks * 512 for file in work.rglob("*") if file.is_file())
    cache.write_json(work / "image.json", {**facts, "engine": engine, "suite": suite, "kernel": version, "bytes": size,
                                           "seconds": round(time.monotonic() - started)})
    work.rename(image_directory(engine, suite))
    say(f"image built: kernel {version}, {size >> 20} MiB on disk")


def said_last() -> str:
    """The last line of the build's log, which tells how far it is."""
    try:
        lines = (cache.images_directory() / "build.log").read_text(errors="replace").split("\n")
    except FileNotFoundError:
        return "beginning"
    last = next((line.strip() for line in reversed(lines) if line.strip()), "beginning")
    return re.sub(r"^\+ (chroot \S+ )?", "", last)[:SHOWN]


if __name__ == "__main__":
    try:
        with at_work(said_last):
            build(*sys.argv[1:])
    except LabError as problem:
        say(str(problem))
        sys.exit(1)
