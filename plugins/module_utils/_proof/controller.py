# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process on the controller that runs a proof: a later run on the same controller sees that it was killed."""

import hashlib
import os
import re


def tag(pid):
    """A text that tells a process from all others, on any machine and of any time; "" where the system cannot tell."""
    begun = _begun(pid)
    return "%s.%d.%s" % (_system(), pid, begun) if begun and _system() else ""


def is_gone(text):
    """Whether the process of a tag() is known to be no more; that of another machine or container never is."""
    found = re.match(r"([0-9a-f]+)\.(\d{1,9})\.(\d+)\Z", text)
    if found is None or found.group(1) != _system():
        return False
    pid = int(found.group(2))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        # It is somebody else's.
        pass
    begun = _begun(pid)
    return begun is not None and begun != found.group(3)


def abandoned(shares):
    """The directories of killed runs among what shares found: those whose every controller is gone.

    shares: the C(shares) of share_proof's result in the phase write.
    """
    names = set()
    for share in shares:
        for name, tags in (share.get("others") or {}).items():
            if tags and all(is_gone(each) for each in tags):
                names.add(name)
    return sorted(names)


def _begun(pid):
    """When a process was started, in the kernel's own count, or None."""
    try:
        with open("/proc/%d/stat" % pid) as source:
            return source.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _system():
    """This boot of this machine, and the processes that are seen here; "" where the kernel tells none of it."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as source:
            boot = source.read().strip()
        return hashlib.sha256(("%s %s" % (boot, os.readlink("/proc/self/ns/pid"))).encode("ascii")).hexdigest()[:12]
    except OSError:
        return ""
