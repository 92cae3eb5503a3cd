# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus and its own tool, of this machine or out of Debian's package, which is not installed: it would start a server."""

import fcntl
import shutil
import subprocess

from tests.support.playbook import ROOT

UNPACKED = ROOT / ".cache/promtool"
# In Debian 12 the first has both programs.
PACKAGES = ("prometheus", "promtool")


def path(name="promtool"):
    """Where promtool or prometheus is; they are downloaded once."""
    found = shutil.which(name)
    if found:
        return found
    program = UNPACKED / "usr/bin" / name
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with open(UNPACKED / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            for package in PACKAGES:
                _unpack(package)
    return str(program)


def _unpack(package):
    """The programs of a package, if Debian has it, below UNPACKED."""
    if not subprocess.run(["apt-cache", "show", package], capture_output=True, check=False).stdout:
        return
    # As root, apt reads into a directory that its own user may write.
    subprocess.run(["apt-get", "-o", "APT::Sandbox::User=root", "download", package], cwd=UNPACKED, check=True,
                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    archive, = UNPACKED.glob(f"{package}_*.deb")
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as unpacked:
        subprocess.run(["tar", "-xf", "-", "-C", UNPACKED, "./usr/bin"], stdin=unpacked.stdout, check=True)
    archive.unlink()


def run(*arguments, text=None, directory=None):
    """(exit code, output) of promtool."""
    done = subprocess.run([path(), *arguments], input=text, cwd=directory, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    return done.returncode, done.stdout
