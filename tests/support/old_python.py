# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python 3.6 on a host of the lab, laid out as EL 8's platform-python is.

Debian has none, so this machine's own is copied. What it loads of the C library and of OpenSSL is the host's own.
"""

import shlex
import subprocess

from tests.gates import interpreters
from tests.lab.errors import LabError

VERSION = (3, 6)
INTERPRETER = "/usr/libexec/platform-python"
_PREFIX = "/usr/lib/platform-python"
# Not needed by programs, and most of its size.
_LEFT_OUT = ("test", "idlelib", "tkinter", "lib2to3", "ensurepip", "turtledemo", "site-packages/*", "config-*", "__pycache__")
# Modules in C that Ansible or this collection loads. Each is linked against a library that the host must have.
_PROBE = "import bz2, crypt, ctypes, fcntl, grp, hashlib, json, lzma, math, pwd, select, socket, ssl, zipfile, zlib"


def ours():
    """The path of this machine's Python 3.6, None without one."""
    return interpreters.found().get(VERSION)


def install(lab, host):
    """Copy this machine's Python 3.6 to a host, as INTERPRETER; LabError where it does not run there."""
    prefix = ours().parents[1]
    pack = ["tar", "--create", "--file=-", f"--directory={prefix}", *(f"--exclude=lib/python3.6/{name}" for name in _LEFT_OUT),
            "--exclude=*.pyc", "bin/python3.6", "lib"]
    unpack = (f"set -e; mkdir -p {_PREFIX} /usr/libexec; tar --extract --file=- --directory={_PREFIX} --no-same-owner;"
              f" echo {_PREFIX}/lib > /etc/ld.so.conf.d/platform-python.conf; ldconfig;"
              f" ln -sfn {_PREFIX}/bin/python3.6 {INTERPRETER}; {INTERPRETER} -c {shlex.quote(_PROBE)}")
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        done = subprocess.run([*lab.ssh_command(host), unpack], stdin=packing.stdout, capture_output=True, text=True,
                              timeout=300, check=False)
    if packing.returncode or done.returncode:
        raise LabError(f"{host}: this machine's Python 3.6 does not run there: {done.stderr.strip()}")
