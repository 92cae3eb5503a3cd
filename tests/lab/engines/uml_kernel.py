# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User Mode Linux for the image: the kernel as a program, its modules, and the C library it needs.

Debian stable's own user-mode-linux crashes on processors with AMX, so it comes from unstable, with the C library of
the same day, and stable's beside it for what only that one can: `runtime/` is a root directory with these and nothing
else, to be entered by chroot.
"""

import contextlib
import shutil

from tests.lab import machine, recipe

DESCRIPTION = "User Mode Linux from Debian sid, and stable's"
SUITES = (recipe.KERNEL_SUITE, recipe.SUITE)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def install(builder) -> str:
    """Put modules into the image and `runtime/` beside it; the newer kernel's version."""
    runtime = builder.work / "runtime"
    for directory in ("lib64", "lib/x86_64-linux-gnu", "dev", "proc", "run", "tmp", "lab", "images"):
        (runtime / directory).mkdir(parents=True)
    with _unpacked(builder, recipe.SUITE, "user-mode-linux") as tree:
        _take(builder, tree, "linux-stable")
    with _unpacked(builder, recipe.KERNEL_SUITE, "user-mode-linux", "libc6") as tree:
        libraries = tree / "usr/lib/x86_64-linux-gnu"
        shutil.copy(libraries / "ld-linux-x86-64.so.2", runtime / "lib64")
        shutil.copy(libraries / "libc.so.6", runtime / "lib/x86_64-linux-gnu")
        return _take(builder, tree, "linux")


@contextlib.contextmanager
def _unpacked(builder, suite, *packages):
    """A directory with the packages of a Debian, which is removed afterwards."""
    settings: machine.AptSettings = builder.settings
    apt = builder.work / suite
    for directory in ("state/lists/partial", "cache/archives/partial", "tree"):
        (apt / directory).mkdir(parents=True)
    (apt / "status").write_text("")
    (apt / "sources.list").write_text(f"deb [signed-by={KEYRING}] {settings.mirror} {suite} main\n")
    options = []
    for option in (f"Dir::State={apt}/state", f"Dir::State::status={apt}/status", f"Dir::Cache={apt}/cache",
                   f"Dir::Etc::sourcelist={apt}/sources.list", "Dir::Etc::sourceparts=-",
                   "APT::Sandbox::User=root"):
        options += ["-o", option]
    builder.run("apt-get", *options, "update")
    builder.run("apt-get", *options, "--download-only", "--no-install-recommends", "-y", "install", *packages)
    for package in packages:
        archive, = (apt / "cache/archives").glob(f"{package}_*.deb")
        builder.run("dpkg", "-x", str(archive), str(apt / "tree"))
    yield apt / "tree"
    shutil.rmtree(apt)


def _take(builder, tree, name) -> str:
    """The kernel of an unpacked package as runtime/`name`, its modules into the image; its version."""
    shutil.copy(tree / "usr/bin/linux.uml", builder.work / "runtime" / name)
    modules, = (tree / "usr/lib/uml/modules").iterdir()
    shutil.copytree(modules, builder.root / "usr/lib/modules" / modules.name, symlinks=True)
    builder.run("depmod", "--basedir", str(builder.root), modules.name)
    return modules.name


def complete(_builder) -> dict:
    """Nothing more to do when the images are made, and nothing to know of it."""
    return {}
