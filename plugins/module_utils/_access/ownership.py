# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Owner, group, mode and ACL of a share's root directory: the pure plan, and the executor that keeps to the mount."""

import errno
import os
import stat

from .._plan.plan import Operation, Plan
from .._share import live
from .._share.types import registry
from . import acl


def read(path, mount, with_acl=False):
    """The state of the mount's root directory, asked from the server; call it in a bounded child.

    {"uid", "gid", "mode"}, and when it is asked for "acl" and "default_acl", both None where the filesystem shows none.
    """
    descriptor = live.enter(path, mount)
    try:
        return _state(descriptor, with_acl)
    finally:
        os.close(descriptor)


def _state(descriptor, with_acl):
    status = os.fstat(descriptor)
    state = {"uid": status.st_uid, "gid": status.st_gid, "mode": stat.S_IMODE(status.st_mode)}
    if with_acl:
        state["acl"], state["default_acl"] = acl.read(live.name_of(descriptor))
    return state


def plan(path, current, desired, names):
    """Operations C(path.own), C(path.acl) and C(path.mode) that make current into desired.

    path: the target. current: what read() gave, or None when the share is not mounted yet (then everything that is
    declared is a change). desired: {"uid", "gid", "mode", "acl"}, None where nothing is declared, "acl" as acl.named()
    gives it, "owner" and "group" as declared.
    names: function(kind, number) -> name, kind "user" or "group". The diff holds what differs and nothing else.
    """
    before = {}
    after = {}
    operations = []
    known = _comparable(current, desired) or {"uid": None, "gid": None, "mode": None}
    new_uid = _new(known["uid"], desired["uid"], current, desired.get("owner"))
    new_gid = _new(known["gid"], desired["gid"], current, desired.get("group"))
    if new_uid or new_gid:
        words = []
        for key, kind, number, label in (("owner", "user", "uid", desired.get("owner")),
                                         ("group", "group", "gid", desired.get("group"))):
            if not (new_uid if number == "uid" else new_gid):
                continue
            if current is not None:
                before[key] = names(kind, known[number])
            after[key] = label
            words.append("%s %s" % (key, label))
        operations.append(Operation(
            "path.own", path, "set %s" % " and ".join(words),
            uid=desired["uid"] if new_uid and desired["uid"] is not None else -1,
            gid=desired["gid"] if new_gid and desired["gid"] is not None else -1))
    operations.extend(_plan_acl(path, known, desired, names, before, after))
    if desired["mode"] is not None and known["mode"] != desired["mode"]:
        if current is not None:
            before["mode"] = "%04o" % known["mode"]
        after["mode"] = "%04o" % desired["mode"]
        operations.append(Operation("path.mode", path, "set mode %04o" % desired["mode"],
                                    mode=acl.shown_mode(desired["mode"], desired["acl"])))
    if not operations:
        return Plan()
    return Plan(operations, {path: before}, {path: after})


def _comparable(current, desired):
    """The state with the mode as it would be declared: an ACL that is ours to set has taken its group bits."""
    if current is None or desired["acl"] is None:
        return current
    return dict(current, mode=acl.declared_mode(current["mode"], current["acl"]))


def _plan_acl(path, known, desired, names, before, after):
    if desired["acl"] is None or "acl" not in known and not desired["acl"]:
        return
    mode = desired["mode"] if desired["mode"] is not None else known["mode"]
    # Nothing but the named entries is known of a share that is not mounted and has no mode declared.
    whole = acl.complete(mode, desired["acl"]) if mode is not None else desired["acl"]
    differing = [key for key in ("acl", "default_acl") if known.get(key) != whole]
    for key in differing:
        if key in known:
            before[key] = acl.texts_of(known[key], names)
        after[key] = acl.texts_of(whole, names)
    if differing:
        words = "set the ACL %s" % ",".join(acl.texts_of(desired["acl"], names)) if whole else "remove the ACL"
        yield Operation("path.acl", path, words, acl=whole,
                        mode=acl.shown_mode(mode, desired["acl"]) if mode is not None else None)


def _new(known, wanted, current, label):
    if label is None:
        return False
    return current is None or known != wanted


def apply(path, mount, operations, desired):
    """Do the operations on the mount's root directory and return its state read back; call it in a bounded child.

    A mode is set again after a change of owner or ACL, because either may clear set-id bits.
    """
    descriptor = live.enter(path, mount)
    try:
        name = live.name_of(descriptor)
        mode = acl.shown_mode(desired["mode"], desired["acl"]) if desired["mode"] is not None else None
        for operation in operations:
            if operation.name == "path.own":
                os.chown(name, operation.arguments["uid"], operation.arguments["gid"])
            elif operation.name == "path.acl":
                acl.write(name, acl.ACCESS, operation.arguments["acl"])
                acl.write(name, acl.DEFAULT, operation.arguments["acl"])
                mode = operation.arguments["mode"]
            elif operation.name == "path.mode":
                os.chmod(name, operation.arguments["mode"])
        if mode is not None and _state(descriptor, False)["mode"] != mode:
            os.chmod(name, mode)
        return _state(descriptor, desired["acl"] is not None)
    finally:
        os.close(descriptor)


def differences(state, desired, names):
    """What state still differs in from desired, as phrases: ["owner is root (0), not oneadmin (9869)"]."""
    phrases = []
    state = _comparable(state, desired)
    for key, kind, number in (("owner", "user", "uid"), ("group", "group", "gid")):
        if desired[number] is not None and state[number] != desired[number]:
            phrases.append("%s is %s (%d), not %s (%d)" % (
                key, names(kind, state[number]), state[number], desired[key], desired[number]))
    if desired["mode"] is not None and state["mode"] != desired["mode"]:
        phrases.append("mode is %04o, not %04o" % (state["mode"], desired["mode"]))
    before = {}
    after = {}
    for dummy in _plan_acl("", state, desired, names, before, after):
        for key, words in (("acl", "ACL"), ("default_acl", "default ACL")):
            if key in after:
                phrases.append("%s is %s, not %s" % (
                    words, ",".join(before[key]) or "none", ",".join(after[key]) or "none"))
    return phrases


def explain_error(error, path, mount, desired, host, verb="change", state=None):
    """Why root could not change owner, group, mode or ACL, and what to do about it; error is the OSError.

    state: what read() gave, None when it is not known.
    """
    source = mount.source if mount is not None else "the filesystem"
    start = "%s: %s: root may not %s %s of %s (%s)" % (
        host, path, verb, _what(desired), source, live.error_words(error))
    if error.errno == errno.EROFS:
        return "%s: it is mounted or exported read-only; declare the share with read_only: true, or make it writable" \
            % start
    if error.errno not in (errno.EPERM, errno.EACCES):
        return start + live.way_out(error.errno)
    words = registry.of_mount(mount).root_refused(
        mount, lambda export: _on_server(export, desired), state and state["uid"])
    if words:
        return "%s: %s" % (start, words)
    return "%s: the directory may be immutable (lsattr -d %s); take that off with: chattr -i -a %s" % (start, path, path)


def explain_no_acls(path, mount, desired, host):
    """Why a declared ACL can be neither seen nor set on a mount, and what to do instead; nothing was changed."""
    source = mount.source if mount is not None else "the filesystem"
    fstype = mount.fstype if mount is not None else "this"
    start = ("%s: %s: access.acl is declared, but ACLs are unsupported on %s (%s); nothing was changed; "
             % (host, path, fstype, source))
    return start + registry.of_mount(mount).no_acls(mount, lambda export: acl.command(desired["acl"], export))


def explain_ignored(phrases, path, mount, desired, host):
    """Why a change that reported success is not there when read back."""
    start = "%s: %s: the change reported success, but %s" % (host, path, "; ".join(phrases))
    words = registry.of_mount(mount).change_ignored(mount, desired["mode"])
    return "%s: %s" % (start, words) if words else start


def _what(desired):
    words = {"acl": "ACL"}
    return " and ".join(words.get(key, key) for key in ("owner", "group", "mode", "acl")
                        if desired.get(key) is not None) or "owner"


def _on_server(export, desired):
    commands = []
    if desired["uid"] is not None or desired["gid"] is not None:
        commands.append("chown %s%s %s" % (
            desired["uid"] if desired["uid"] is not None else "",
            ":%d" % desired["gid"] if desired["gid"] is not None else "", export))
    if desired["mode"] is not None:
        commands.append("chmod %04o %s" % (desired["mode"], export))
    if desired["acl"] is not None:
        commands.append(acl.command(desired["acl"], export))
    return " && ".join(commands)
