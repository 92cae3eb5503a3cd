# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else of a host a virtiofsd needs: QEMU and libvirt that fit, its entry for libvirt, subordinate ids. Pure but
for what reads them."""

import json
import os
import re

from .._host import accounts
from .._plan.plan import Refusal

OLDEST_LIBVIRT = (6, 2)
OLDEST_QEMU = (5, 0)
# The C daemon left QEMU with this version.
WITHOUT_DAEMON = (8, 0)

# Where libvirt looks for a daemon that a domain does not name: an entry of the second hides its namesake in the first.
ENTRIES = ("usr/share/qemu/vhost-user", "etc/qemu/vhost-user")
ENTRY = "/etc/qemu/vhost-user/50-virtiofsd.json"


def qemu_version(text):
    """The version in "QEMU emulator version 10.0.13 (Debian …)", or None."""
    match = re.search(r"version (\d+(?:\.\d+)*)", text)
    return match.group(1) if match else None


def broken(qemu, libvirt, numbers):
    """Why this QEMU and this libvirt cannot give a guest a share, with the way out; None when they can.

    qemu, libvirt: versions, None where there is none. numbers: function(version) -> tuple.
    """
    if libvirt is not None and numbers(libvirt) < OLDEST_LIBVIRT:
        return ("libvirt %s knows no virtiofs, which came with 6.2: use a newer release of the distribution" % libvirt)
    if qemu is not None and numbers(qemu) < OLDEST_QEMU:
        return ("QEMU %s knows no virtiofs, which came with 5.0: use a newer release of the distribution" % qemu)
    return None


def without_daemon(qemu, numbers):
    """What to say about a QEMU beside which there is no daemon, or ""."""
    if qemu is None or numbers(qemu) < WITHOUT_DAEMON:
        return ""
    return (". QEMU %s is installed here, and since 8.0 QEMU has no virtiofsd of its own: where the distribution has "
            "no package virtiofsd, as Debian 12, go back to its own QEMU (on Debian 12: apt-get install "
            "--allow-downgrades qemu-system-x86/bookworm qemu-system-common/bookworm), or go to a newer release" % qemu)


def reachable(root="/"):
    """Whether libvirt finds a daemon for a domain that does not name one."""
    found = {}
    for directory in ENTRIES:
        try:
            names = sorted(os.listdir(os.path.join(root, directory)))
        except OSError:
            continue
        found.update((name, os.path.join(root, directory, name)) for name in names if name.endswith(".json"))
    return any(_runs_a_daemon(path, root) for path in found.values())


def _runs_a_daemon(path, root):
    try:
        with open(path, encoding="utf-8") as source:
            entry = json.load(source)
        binary = os.path.join(root, str(entry["binary"]).lstrip("/"))
        return entry["type"] == "fs" and os.access(binary, os.X_OK)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def ranges(text):
    """[(owner, first, count)] of /etc/subuid or /etc/subgid; lines that are none are passed over."""
    found = []
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) == 3 and fields[1].isdigit() and fields[2].strip().isdigit():
            found.append((fields[0], int(fields[1]), int(fields[2])))
    return found


def wanted(text):
    """(first, count) of "100000:65536"; Refusal when it is none."""
    match = re.match(r"(\d+):(\d+)\Z", text)
    if not match or int(match.group(2)) == 0:
        raise Refusal("subordinate_ids %s is not a range: write FIRST:COUNT, such as 100000:65536" % text)
    return int(match.group(1)), int(match.group(2))


def has(known, names, first, count):
    """Whether one range of these owners holds all of the ids."""
    return any(owner in names and start <= first and first + count <= start + length for owner, start, length in known)


def others(known, names, first, count):
    """Other owners of some of the ids."""
    return sorted({owner for owner, start, length in known
                   if owner not in names and start < first + count and first < start + length})


def subordinate(user, text, root="/"):
    """{"missing": ["subuid", "subgid"] as far as they are missing, "warnings": sentences} for a user of this host.

    A user that does not exist misses nothing: nobody runs a daemon as that.
    """
    first, count = wanted(text)
    result = {"missing": [], "warnings": []}
    account = accounts.user(user)
    if account is None:
        return result
    names = {user, str(account["uid"])}
    for kind in ("subuid", "subgid"):
        known = ranges(_text(os.path.join(root, "etc", kind)))
        if not has(known, names, first, count):
            result["missing"].append(kind)
        shared = others(known, names, first, count)
        if shared:
            result["warnings"].append(
                "/etc/%s gives ids of %s, which guests of %s become on this host, to %s as well: whoever has these "
                "can read and change what such guests write; give the others another range" % (kind, text, user, ", ".join(shared)))
    return result


def _text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as source:
            return source.read()
    except OSError:
        return ""
