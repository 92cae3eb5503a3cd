# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machine this is, whatever an inventory calls it, and what its kernel has."""

import hashlib
import os

_SELINUX = "/sys/fs/selinux/enforce"


def identity():
    """{"id": of /etc/machine-id, "boot": of the running kernel, "name": the hostname}; "" for what cannot be read.

    machine-id(5) asks not to show the machine's id to others, so both are digests.
    """
    return {"id": _digest("/etc/machine-id"), "boot": _digest("/proc/sys/kernel/random/boot_id"),
            "name": os.uname().nodename}


def has_selinux():
    """Whether SELinux is on, as libselinux and so mount(8) find it out."""
    return os.path.exists(_SELINUX)


def _digest(filename):
    try:
        with open(filename) as source:
            text = source.read().strip()
    except OSError:
        return ""
    return hashlib.sha256(("virtshare.storage " + text).encode("utf-8")).hexdigest()[:16] if text else ""
