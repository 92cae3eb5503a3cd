# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Python as root in a mount namespace of its own, with users of its own: what it mounts ends with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# name: (uid, primary gid, supplementary groups). The numbers are those of a hypervisor with OpenNebula.
USERS = {
    "oneadmin": (9869, 9869, ["kvm"]),
    "libvirt-qemu": (64055, 993, []),
    "stranger": (12345, 12345, []),
    # As a directory of users has them (winbind, SSSD).
    "CORP\\svc vm": (20100, 20513, []),
}
GROUPS = {"kvm": 993, "oneadmin": 9869, "stranger": 12345, "domain users": 20513}

PREAMBLE = """
import json, os, subprocess, sys
sys.path.insert(0, {root!r})
from tests.support.modules import declared, run_module

def sh(command):
    return subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE, text=True).stdout

for name in ("passwd", "group"):
    sh("mount --bind {directory}/%s /etc/%s" % (name, name))
sh("mount -t tmpfs none /srv -o mode=0755")
# What a host remembers of shares ends with them.
sh("mkdir -p /var/lib/virtshare && mount -t tmpfs none /var/lib/virtshare -o mode=0755")
result = None
"""


def run_as_root(directory, script, seconds=60):
    """What a script leaves in its variable C(result) (anything JSON can hold).

    directory: for the accounts' files. script: Python; it has run_module(), declared(), sh(command), and may mount what it likes:
    all mounts end with it. The machine's own accounts are there, and USERS with their GROUPS; /srv is empty.
    """
    return json.loads(finish(start_as_root(directory, script), seconds))


def start_as_root(directory, script):
    """The same as a running subprocess.Popen, to be ended by finish() or by a signal to its children."""
    directory = Path(directory)
    passwd = [line for line in Path("/etc/passwd").read_text().splitlines() if line.split(":")[0] not in USERS]
    group = [line for line in Path("/etc/group").read_text().splitlines() if line.split(":")[0] not in GROUPS]
    passwd += [f"{name}:x:{uid}:{gid}::/nonexistent:/usr/sbin/nologin" for name, (uid, gid, dummy) in USERS.items()]
    for name, gid in GROUPS.items():
        members = ",".join(user for user, (dummy, other, groups) in USERS.items() if name in groups)
        group.append(f"{name}:x:{gid}:{members}")
    (directory / "passwd").write_text("\n".join(passwd) + "\n")
    (directory / "group").write_text("\n".join(group) + "\n")
    program = directory / "script.py"
    program.write_text(
        PREAMBLE.format(root=str(ROOT), directory=directory)
        + textwrap.dedent(script)
        + "\nprint()\nprint(json.dumps(result))\n"
    )
    return subprocess.Popen(
        as_root("unshare", "--mount", "--propagation", "private", sys.executable, str(program)),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
    )


def send_signal(pid, number):
    """Send a signal to a process of root's."""
    subprocess.run(as_root("kill", f"-{int(number)}", str(pid)), check=True)


def as_root(*command):
    """The same command, run by root."""
    return list(command) if os.geteuid() == 0 else ["sudo", "-n", *command]


def finish(process, seconds=60):
    """The last line that it printed."""
    output, errors = process.communicate(timeout=seconds)
    assert process.returncode == 0, errors
    return output.strip().splitlines()[-1]
