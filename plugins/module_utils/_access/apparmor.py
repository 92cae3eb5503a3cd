# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AppArmor: a part of a file that libvirt's abstraction includes, which lets every guest's QEMU at the shares.

libvirt makes a profile for each guest when it starts, with rules for the disks of its domain's XML, and includes this
abstraction in it. What a guest is given later or by other means (a backing file, a snapshot beside the disk) has a rule
only here. Guests that run keep the profile they have; nothing is reloaded.
"""

import os
import re

from .._host import replace
from .._plan.plan import Operation, Plan, Refusal

ENABLED = "sys/module/apparmor/parameters/enabled"
ABSTRACTION = "etc/apparmor.d/abstractions/libvirt-qemu"
LOCAL = "etc/apparmor.d/local/abstractions/libvirt-qemu"
# libvirt's own place for additions; Debian 13 calls the local one deprecated, older releases have nothing else.
DROP_IN = "etc/apparmor.d/abstractions/libvirt-qemu.d/virtshare"

BEGIN = b"# BEGIN virtshare.storage shares (written by share_access, not by hand)"
END = b"# END virtshare.storage shares"

# With or without the hash it includes; a comment has a blank behind it.
_INCLUDES = {
    name: re.compile(br'^\s*#?include\s+(if\s+exists\s+)?[<"](/etc/apparmor\.d/)?' + included + br'[>"]', re.MULTILINE)
    for name, included in ((LOCAL, br"local/abstractions/libvirt-qemu"), (DROP_IN, br"abstractions/libvirt-qemu\.d"))}
# What AppArmor reads as a pattern, a variable or the end of a quoted path.
_SPECIAL = re.compile(r'([\\*?\[\]{}^"])')


def read(root="/", libvirt_planned=False):
    """{"file": LOCAL, DROP_IN or None, "data": bytes} of what libvirt's abstraction includes.

    None where AppArmor or libvirt's profiles are not. libvirt_planned: whether libvirt is not installed yet and will be; then
    its profiles count as there.
    """
    if _bytes(os.path.join(root, ENABLED)).strip() != b"Y":
        return None
    abstraction = os.path.join(root, ABSTRACTION)
    if os.path.exists(abstraction):
        text = _bytes(abstraction)
        name = next((name for name in (LOCAL, DROP_IN) if _INCLUDES[name].search(text)), None)
    elif libvirt_planned:
        name = LOCAL
    else:
        return None
    return {"file": name, "data": _bytes(os.path.join(root, name)) if name else b""}


def _bytes(filename):
    try:
        with open(filename, "rb") as source:
            return source.read()
    except FileNotFoundError:
        return b""


def listed(state):
    """Our rules that guests have by now."""
    return edited(state["data"], [], state["file"])[0] if state["file"] else []


def rules(shares):
    """The rules for [{"path", "read_only"}]: all below it is read, written and locked, or read and locked."""
    lines = []
    for share in sorted(shares, key=lambda share: share["path"]):
        path = _SPECIAL.sub(r"\\\1", share["path"])
        lines.append('"%s/" r,' % path)
        lines.append('"%s/**" %s,' % (path, "rk" if share.get("read_only") else "rwk"))
    return lines


def plan(state, shares):
    """The Plan that makes our part of the file list exactly these shares; Refusal where it is damaged."""
    wanted = rules(shares)
    if not state["file"]:
        words = ("AppArmor confines guests, and /%s does not include /%s, so the shares cannot be allowed there: update "
                 "libvirt, or add the line: include if exists <local/abstractions/libvirt-qemu>"
                 % (ABSTRACTION, LOCAL))
        return Plan(warnings=[words] if wanted else [])
    target = "/" + state["file"]
    found, data = edited(state["data"], wanted, state["file"])
    if data == state["data"]:
        return Plan()
    summary = "allow guests at %s" % ", ".join(sorted(share["path"] for share in shares)) if wanted else \
        "remove the rules of all shares"
    return Plan([Operation("apparmor.rules", target, summary, data=data)], {target: found}, {target: wanted})


def edited(data, wanted, name=LOCAL):
    """(the rules that are there, the file with the wanted ones in their place); every other line stays as it is.

    Refusal, which calls the file by its name, where the marks around our part are not a pair.
    """
    lines = re.findall(b"[^\n]*\n|[^\n]+", data)
    kept = []
    found = []
    place = None
    inside = False
    for line in lines:
        mark = line.strip()
        if mark in (BEGIN, END):
            if inside == (mark == BEGIN):
                raise _damaged(name)
            inside = mark == BEGIN
            place = len(kept) if place is None else place
        elif inside:
            found.append(mark.decode("utf-8", "surrogateescape"))
        else:
            kept.append(line)
    if inside:
        raise _damaged(name)
    if wanted:
        encoded = [rule.encode("utf-8", "surrogateescape") for rule in wanted]
        block = [line + b"\n" for line in [BEGIN] + encoded + [END]]
        if place is None:
            place = len(kept)
        if place and not kept[place - 1].endswith(b"\n"):
            block.insert(0, b"\n")
        kept[place:place] = block
    return found, b"".join(kept)


def _damaged(name):
    return Refusal("/%s: of the lines \"%s\" and \"%s\" one is missing, so what lies between is not known; nothing was "
                   "changed there. Remove what is left of that part, then run again."
                   % (name, BEGIN.decode(), END.decode()))


def apply(operation, root="/"):
    """Write the file in one step."""
    filename = os.path.realpath(os.path.join(root, operation.target.lstrip("/")))
    os.makedirs(os.path.dirname(filename), mode=0o755, exist_ok=True)
    replace.replace(filename, operation.arguments["data"], replace.properties_of(filename))
