# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the hosts' images: once for a recipe, at once visible or not at all.

The work runs in a process of its own with private mounts and process ids, which holds the build's lock: however it
ends, its mounts and children end with it, and the next builder finds a free lock and clears the unfinished directory.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

from tests.lab import cache, machine, recipe
from tests.lab.errors import LabError, say

PROGRAMS = {
    "unshare": "util-linux",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "depmod": "kmod",
    "apt-get": "apt",
    "dpkg": "dpkg",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}


REPOSITORY = pathlib.Path(__file__).parents[2]
OWNER = "VIRTSHARE_LAB_OWNER"  # the variable that names for whom a lab is started, for who ends the labs of a killed run
NEEDED_SPACE = 6 << 30  # bytes; measured peak plus a margin
KEPT_UNUSED = 7 * 24 * 3600  # seconds


def image_directory(engine: str, suite: str) -> pathlib.Path:
    return cache.images_directory() / recipe.key(engine, suite)


def as_root(*arguments: str) -> list[str]:
    """The words that run the lab's command line with `arguments` as root."""
    if not shutil.which("sudo"):
        raise LabError("this needs root: run as root, or install sudo")
    # Made by the person who owns it: root would own the directories above it as well.
    cache.cache_directory().mkdir(parents=True, exist_ok=True)
    # A person's PATH lacks root's programs on Debian, such as ethtool.
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return ["sudo", "env", f"VIRTSHARE_CACHE={cache.cache_directory()}", f"PATH={path}",
            f"{OWNER}={os.environ.get(OWNER, '')}", sys.executable, "-m", "tests.lab", *arguments]


def ensure(engine: str, suite: str = recipe.SUITE) -> pathlib.Path:
    """The directory of `engine`'s images of a Debian, built now when it is not there (as root, by sudo when need be)."""
    directory = image_directory(engine, suite)
    if directory.exists():
        with contextlib.suppress(PermissionError):
            os.utime(directory / "image.json")
        return directory
    machine.require(PROGRAMS)
    if os.geteuid() != 0:
        if subprocess.run(as_root("image", "--engine", engine, "--suite", suite), cwd=REPOSITORY, check=False).returncode:
            raise LabError("the image was not built; the lines above say why")
        return directory
    with cache.locked(cache.images_directory() / ".lock",
                      waiting=lambda: say("another process builds an image; waiting for it")) as lock:
        if directory.exists():
            return directory
        remove_unfinished()
        free = shutil.disk_usage(cache.images_directory()).free
        if free < NEEDED_SPACE:
            raise LabError(f"{cache.images_directory()} has {free >> 20} MiB free, building the image takes "
                           f"{NEEDED_SPACE >> 20}: make room, or set VIRTSHARE_CACHE to a roomier directory")
        # The child keeps the lock's file open: should this process die, the lock is free only when the child is gone.
        child = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
             sys.executable, "-m", "tests.lab.builder", engine, suite],
            pass_fds=[lock.fileno()], cwd=REPOSITORY, check=False)
        if child.returncode or not directory.exists():
            remove_unfinished()
            raise LabError("the image was not built; the lines above say why")
        cache.hand_over(cache.images_directory())
        remove_unused()
    return directory


def remove_unused() -> None:
    """Remove images of earlier recipes that no lab has used for a while; by the holder of the lock only."""
    used = {host["image"] for path in cache.labs_directory().glob("*/lab.json")
            for host in (cache.read_json(path) or {}).get("hosts", [])}
    for facts in cache.images_directory().glob("*/image.json"):
        if str(facts.parent) not in used and time.time() - facts.stat().st_mtime > KEPT_UNUSED:
            shutil.rmtree(facts.parent)


def remove_unfinished() -> None:
    """Remove what builds left that did not end well; by the holder of the lock only.

    Called outside the build's private mounts, where nothing of this machine is mounted below these directories.
    """
    for left in cache.images_directory().glob(".building-*"):
        shutil.rmtree(left)
