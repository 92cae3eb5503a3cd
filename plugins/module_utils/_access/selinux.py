# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux: the booleans and labels that confined guests need to use the shares.

State is read from files, so that a run with nothing to do starts no program. plan() is pure.
"""

import os
import re

from .._host import bounded, commands
from .._plan.plan import Operation, Plan
from .._share import live
from .._share.types import registry
from .permissions import LABEL, read_label

FILESYSTEM = "sys/fs/selinux"

# {what a whole mount is labelled as when nothing else is said: the policy's one boolean for all such mounts}
_WHOLE_MOUNTS = {each.selinux_type: each.selinux_boolean for each in map(registry.named, registry.NAMES)
                 if each.selinux_type}
# The boolean for every mount of FUSE, whoever serves it.
_FUSE = "virt_use_fusefs"

# What libvirt's guests may write, or have given to them by libvirt; and what they may read.
IMAGE = "svirt_image_t"
WRITABLE = (IMAGE, "virt_image_t")
READABLE = WRITABLE + ("virt_content_t",)
# What to declare for a mount of which all files are to have that type.
CONTEXT_OPTION = 'options: {context: "system_u:object_r:%s:s0"}' % IMAGE

# Where the policy's store may be: semanage.conf has store-root for it.
_STORES = ("var/lib/selinux/%s/active", "etc/selinux/%s/active", "etc/selinux/%s/modules/active")

# Rebuilding a policy takes long on a slow host, and is not to be cut short.
_SECONDS = 300.0


def read(root="/"):
    """None where SELinux is off, else {"enforcing", "booleans": {name: {"active", "lasting"}}, "recorded": [...]}.

    "lasting": whether it is on after the next boot, None where the policy's store is not found. A boolean that the
    policy does not have is left out. "recorded": (pattern, type) of the local file contexts, in their order.
    """
    enforcing = _text(os.path.join(root, FILESYSTEM, "enforce"))
    if enforcing is None:
        return None
    policy = _policy(root)
    lasting = _lasting(root, policy)
    booleans = {}
    for name in sorted(set(_WHOLE_MOUNTS.values())):
        values = _text(os.path.join(root, FILESYSTEM, "booleans", name))
        if values:
            booleans[name] = {"active": values.split()[0] == "1",
                              "lasting": None if lasting is None else name in lasting}
    contexts = _text(os.path.join(root, "etc/selinux/%s/contexts/files/file_contexts.local" % policy)) or ""
    recorded = [(fields[0], _type(fields[-1])) for fields in (line.split() for line in contexts.splitlines())
                if len(fields) > 1 and not fields[0].startswith("#")]
    return {"enforcing": enforcing.strip() == "1", "booleans": booleans, "recorded": recorded}


def _policy(root):
    text = _text(os.path.join(root, "etc/selinux/config")) or ""
    found = re.search(r"^\s*SELINUXTYPE\s*=\s*(\S+)", text, re.MULTILINE)
    return found.group(1) if found else "targeted"


def _lasting(root, policy):
    """The names of the booleans that are on in the policy's store; None where no store is found."""
    for store in _STORES:
        directory = os.path.join(root, store % policy)
        if os.path.isdir(directory):
            text = _text(os.path.join(directory, "booleans.local")) or ""
            return set(re.findall(r"^\s*(\w+)\s*=\s*(?:1|on|true)\s*$", text, re.MULTILINE))
    return None


def _text(filename):
    try:
        with open(filename) as source:
            return source.read()
    except FileNotFoundError:
        return None


def _type(label):
    """The type of a label "user:role:type:range", or the word itself ("<<none>>")."""
    parts = label.strip('"').split(":")
    return parts[2] if len(parts) > 2 else label


def boolean_of(share_type, mount):
    """The boolean that lets guests use a share of which the kernel knows no labels of single files, else None.

    share_type: its name. mount: the live Mount, None when it is not mounted yet.
    """
    if mount is None:
        return registry.named(share_type).selinux_boolean if share_type else None
    found = registry.of_mount(mount)
    if found.name is None and mount.fstype.startswith("fuse"):
        return _FUSE
    return found.selinux_boolean


def context_of(mount):
    """The type that a mount's option context= gives to everything in it, or None."""
    for option in mount.options + mount.super_options:
        if option.startswith("context="):
            return _type(option[len("context="):])
    return None


def keeps_labels(mount):
    """Whether every file of a mount has a label of its own, which can be set."""
    return "seclabel" in mount.options + mount.super_options


def plan(state, shares):
    """The Plan for shares as inspected() gives them; its warnings are what it cannot correct."""
    made = _plan_booleans(state, shares)
    for share in shares:
        made.add(_plan_label(state, share))
    return made


def _plan_booleans(state, shares):
    needed = set()
    for share in shares:
        boolean = share["boolean"] if share["context"] is None else _WHOLE_MOUNTS.get(share["context"])
        if boolean:
            needed.add(boolean)
    before = {}
    for name in sorted(needed & set(state["booleans"])):
        found = state["booleans"][name]
        if not found["active"]:
            before[name] = "off"
        elif found["lasting"] is False:
            before[name] = "on until the next boot"
    if not before:
        return Plan()
    names = sorted(before)
    return Plan([Operation("selinux.booleans", "SELinux", "set %s on, also after a boot" % " and ".join(names), names=names,
                           key="SELinux booleans")],
                {"SELinux booleans": before}, {"SELinux booleans": dict.fromkeys(names, "on")})


def _plan_label(state, share):
    usable = READABLE if share["read_only"] else WRITABLE
    context = share["context"]
    if context is not None:
        if context in usable or context in _WHOLE_MOUNTS:
            return Plan()
        return Plan(warnings=["%s: SELinux keeps guests out: its option context gives all files the type %s; write "
                              "%s" % (share["path"], context, CONTEXT_OPTION)])
    if share["boolean"] or not share["label"] or _type(share["label"]) in usable:
        return Plan()
    label = _usable_label(share["label"])
    key = "SELinux label of %s" % share["path"]
    operations = []
    pattern = pattern_of(share["source"] if registry.of(share).binds and share["source"] else share["path"])
    recorded = [found for known, found in state["recorded"] if known == pattern]
    if recorded[-1:] != [IMAGE]:
        operations.append(Operation("selinux.fcontext", share["path"], "record the type %s for relabelling" % IMAGE,
                                    pattern=pattern, known=bool(recorded), key=key))
    operations.append(Operation("selinux.label", share["path"], "label it %s" % label, label=label, key=key))
    return Plan(operations, {key: share["label"]}, {key: label})


def _usable_label(label):
    """A label of all guests, with the categories of none, as the policy writes labels."""
    return "system_u:object_r:" + IMAGE + (":s0" if label.count(":") > 2 else "")


def pattern_of(path):
    """The regular expression of file contexts for a directory and all in it; semanage takes none with a blank."""
    return re.sub(r"\s", r"\\s", re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", path)) + "(/.*)?"


def label(path, mount, new=None):
    """The label of the mount's root directory (None without), after setting a new one; call it in a bounded child."""
    descriptor = live.enter(path, mount)
    try:
        name = live.name_of(descriptor)
        if new is not None:
            os.setxattr(name, LABEL, new.encode("utf-8") + b"\0")
        return read_label(name)
    finally:
        os.close(descriptor)


def set_booleans(operation):
    """None, or why it did not work."""
    return _do(["setsebool", "-P"] + ["%s=on" % name for name in operation.arguments["names"]], "policycoreutils")


def record(operation):
    """None, or why it did not work."""
    return _do(["semanage", "fcontext", "-m" if operation.arguments["known"] else "-a", "-t", IMAGE,
                operation.arguments["pattern"]], "policycoreutils-python-utils")


def _do(command, package):
    try:
        code, output = commands.run(command, _SECONDS)
    except FileNotFoundError:
        return "%s is not on this host: install %s" % (command[0], package)
    except bounded.TimedOut:
        return "%s did not end within %g s" % (" ".join(command), _SECONDS)
    return None if code == 0 else "%s failed: %s" % (" ".join(command), output or "exit code %d" % code)
