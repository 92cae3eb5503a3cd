# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done for the declared shares of one host, from what was found there. Pure."""

from .._host import fstab
from .._plan.plan import Operation, Plan, Refusal
from .._share import credentials, sources
from .._share.options import Difference, flag_differences, flags_to_set
from . import automount, boot, mountpoint, previous
from .in_use import automatic, in_words


def plan_share(share, share_type, found, in_use, allow_hidden_files=False):
    """The Plan of one share, or a Refusal.

    share: validated. found: Found. in_use: called with the path and each mount that must go, returns what uses it as a
    list of str. allow_hidden_files: whether files under any mount are to be hidden without asking.
    """
    if not share_type.managed(share):
        return _checked(share, share_type, found)
    _refuse_place(share, found)
    warnings = boot.refuse(share, found.units)
    if share["state"] == "mounted":
        plan = _mounted(share, share_type, found, in_use, allow_hidden_files)
    else:
        plan = _released(share, share_type, found, in_use, "declared %s" % share["state"])
    plan.warnings.extend(warnings)
    return plan


def plan_removal(share, share_type, found, in_use):
    """The Plan that removes a share nobody declares any more, or a Refusal; arguments as for plan_share()."""
    _refuse_place(share, found)
    warnings = boot.refuse(share, found.units)
    plan = _released(share, share_type, found, in_use, "it is not declared, and purge is true")
    plan.warnings.extend(warnings)
    return plan


def _checked(share, share_type, found):
    if not found.stack:
        raise Refusal(
            "%s: nothing is mounted there, and without a source it is only checked. Mount the filesystem as "
            "this host usually does (fstab, a unit, a vendor's tool), or write the directory to bind as source." % share["path"])
    differences = share_type.differences(share, found.stack[-1], None)
    if differences:
        words = ["read_only: %s" % str(not share["read_only"]).lower()] if differences[0].name in ("ro", "rw") else []
        others = [difference.declared for difference in differences[len(words):]]
        words += ["leave %s out of its options" % " and ".join(others)] if others else []
        raise Refusal(
            "%s: it is mounted with %s instead of %s, and without a source it is only checked, never changed. Give the mount "
            "these flags where this host has them from (fstab, a unit, a vendor's tool), or declare what it has: %s." % (
                share["path"], ", ".join(difference.live for difference in differences),
                ", ".join(difference.declared for difference in differences), ", and ".join(words)))
    return Plan()


def _refuse_place(share, found):
    """Refuse a path where a mount could not be found again, or would hide something else than a directory."""
    path = share["path"]
    if found.point.linked:
        raise Refusal(
            "%s: the path leads over a symbolic link to %s, and the kernel knows the mount by that name. "
            "Write path: %s, or replace the link by a directory." % (path, found.point.linked, found.point.linked))
    if found.other_names:
        raise Refusal(
            "%s: fstab has it under another name, too, and a boot would follow that line: %s leads there over a symbolic "
            "link. Remove the line, or write the path in it without links. Nothing was changed for this share." % (
                path, " and ".join(found.other_names)))
    if found.cover and not (found.stack and share["state"] == "mounted"):
        raise Refusal(
            "%s: there is a mount at this path already, hidden under what is mounted at %s, and nothing can unmount it there. "
            "Take that away first: umount %s. Or reboot the host, when fstab has nothing at %s. Nothing was changed for this "
            "share." % (path, found.cover, found.cover, found.cover))
    if found.point.kind == "other":
        raise Refusal(
            "%s: the path is there and is not a directory. Remove it, or write another path." % path)
    if found.trap is not None and not automount.is_systemds(found.trap):
        raise Refusal(
            "%s: %s has an automount there. Take the path out of its map (see auto.master(5)), or write another "
            "path." % (path, found.trap.source))


def _mounted(share, share_type, found, in_use, allow_hidden_files):
    path = share["path"]
    if share_type.binds and share["source"] and found.evidence.get("origin") is None and (
            not found.evidence.get("unseen")):
        raise Refusal("%s: the source %s is not a directory on this host. Create it, or correct the source."
                      % (path, share["source"]))
    plan = Plan(warnings=share_type.warnings(share))
    before, after = {}, {}
    kept, removed, why = _keep(share, share_type, found)
    recorded = found.entries[0] if found.entries else None
    anew = _logs_in_anew(share, share_type, found, in_use)
    if anew:
        kept, removed, why = found.stack[-1], [], []
    differences = share_type.differences(share, kept, recorded) if kept is not None else []
    if kept is not None and not anew and _other_credentials(share, share_type, found):
        differences.append(Difference("credentials", "the declared credentials", "other credentials", False))
    trap_trouble = automount.trouble(share, found.trap)
    bound = []
    if kept is not None and any(not difference.per_mount for difference in differences):
        bound = share_type.sharing_superblock(kept, differences, found.others)
        removed, why = removed + [kept], why + [_changed_options(differences)]
        kept = None
    elif kept is not None and trap_trouble:
        removed, why = removed + [kept], why + [trap_trouble]
        kept = None
    found_inside = {} if kept is None else {mount.mount_point: mount._replace(super_options=[]) for mount in automatic(
        found.stack + found.others, kept)}
    inside = {path: flag_differences(share, mount, recorded) for path, mount in sorted(found_inside.items())}
    inside = {path: each for path, each in inside.items() if each}
    reason = share_type.remount_blocker(share, kept) if kept is not None and differences else None
    if reason:
        raise Refusal("%s: %s Nothing was changed for this share." % (path, reason))
    resting = _rests(share, share_type, found) and not trap_trouble
    _unmount(plan, share, removed, why, in_use, [mount.mount_point for mount in bound],
             found if kept is None and not found.stale else None)
    if kept is None and not resting:
        _refuse_hidden(share, found.point, allow_hidden_files)
        if removed:
            before["mount"] = share_type.source_in_words(removed[0]) + _option_words(differences, "live")
        else:
            before["mount"] = "not mounted"
        after["mount"] = "%s of type %s%s" % (share["source"], share["type"], _option_words(differences, "declared"))
    elif differences or anew:
        stale = ", %s" % share_type.stale_words if anew else ""
        before["mount"] = share_type.source_in_words(kept) + _option_words(differences, "live") + stale
        after["mount"] = share_type.source_in_words(kept) + _option_words(differences, "declared")
    elif removed:
        before["mount"] = share_type.source_in_words(removed[0])
        after["mount"] = share_type.source_in_words(kept)
    if inside:
        before["mounts inside"] = {path: _option_words(each, "live").strip() for path, each in inside.items()}
        after["mounts inside"] = {path: _option_words(each, "declared").strip() for path, each in inside.items()}
    _reset_trap(plan, share, found, trap_trouble, kept is None and not resting, before, after)
    _guard(plan, share, found.point, before, after)
    _credentials(plan, share, share_type.credentials(share), found, before, after)
    _record(plan, share, share_type.entry(share), found, before, after)
    if kept is None and not resting:
        plan.operations.append(_mount_operation(share, share_type, found))
        if automount.wanted(share):
            plan.operations.append(Operation("automount_start", path, "have systemd mount it when it is used"))
    elif differences or anew or inside:
        words = ["log in with the declared credentials"] * anew + [
            "set %s" % ", ".join(difference.declared for difference in differences)] * bool(differences) + [
            "set %s at %s" % (", ".join(each.declared for each in inside[path]), path) for path in inside]
        plan.operations.append(Operation(
            "remount", path, " and ".join(words), evidence=found.evidence, used=anew,
            inside={path: _flags_command(share, mount, recorded) for path, mount in found_inside.items() if path in inside},
            commands=share_type.login_commands(share) * anew + (
                share_type.remount_commands(share, kept, recorded) if differences else [])))
    if kept is not None and found.point.names:
        plan.warnings.append(
            "%s: the mount hides files in the directory under it: %s. They are on the host's own disk."
            % (path, ", ".join(found.point.names)))
    return _finished(plan, path, before, after)


def _flags_command(share, mount, recorded):
    """The command that gives a mount which the client made inside a share the share's flags; it had them when it was made."""
    return ["mount", "-o", ",".join(["remount", "bind"] + flags_to_set(share, mount, recorded)), mount.mount_point]


def _logs_in_anew(share, share_type, found, in_use):
    """Whether a stale mount stays and gets another login: it is in use, else a new mount is made in its place."""
    if not found.stale or len(found.stack) != 1 or not share_type.login_commands(share):
        return False
    mount = found.stack[0]
    if share_type.mismatch(share, mount, found.evidence) is not None or automount.trouble(share, found.trap):
        return False
    differences = share_type.differences(share, mount, found.entries[0] if found.entries else None)
    return all(difference.per_mount for difference in differences) and bool(in_use(share["path"], mount))


def _rests(share, share_type, found):
    """Whether the share waits behind its trap, and will be mounted as declared when it is used."""
    return (automount.wanted(share) and found.trap is not None and not found.stack
            and _is_recorded(share_type.entry(share), found) and not _other_credentials(share, share_type, found))


def _mount_operation(share, share_type, found):
    command = share_type.mount_command(share_type.reached(share, found.evidence))
    if automount.wanted(share):
        # What keeps systemd from mounting it later would be said to nobody.
        return Operation("mount", share["path"], "mount %s to see that it can be, and unmount it" % share["source"],
                         command=command, evidence=found.evidence, trial=True)
    return Operation("mount", share["path"], "mount %s" % share["source"], command=command,
                     evidence=found.evidence, trial=False)


def _reset_trap(plan, share, found, trouble, remounted, before, after):
    """Take the trap away where it has to go, or where a mount is to be made in its place."""
    if trouble:
        before["automount"], after["automount"] = automount.describe(share, found.trap)
    if found.trap is not None and (trouble or remounted):
        plan.operations.append(Operation(
            "automount_stop", share["path"], "stop mounting it on demand%s" % (": %s" % trouble if trouble else "")))


def _released(share, share_type, found, in_use, why):
    path = share["path"]
    plan = Plan()
    before, after = {}, {}
    removed = list(reversed(found.stack))
    _unmount(plan, share, removed, [why] * len(removed), in_use)
    if removed:
        before["mount"] = share_type.source_in_words(removed[0])
        after["mount"] = "not mounted"
    _reset_trap(plan, share, found, found.trap is not None and why, False, before, after)
    if share["state"] == "unmounted":
        _guard(plan, share, found.point, before, after)
        _credentials(plan, share, share_type.credentials(share), found, before, after)
        _record(plan, share, share_type.entry(share), found, before, after)
        return _finished(plan, path, before, after)
    _credentials(plan, share, None, found, before, after)
    if found.lines:
        before["fstab"], after["fstab"] = sources.lines(found.lines), ""
        plan.operations.append(Operation("fstab", path, "remove the entry", entry=None))
    if mountpoint.is_guarded(found.point):
        if found.point.names:
            plan.warnings.append("%s: its directory stays, it holds %s."
                                 % (path, ", ".join(found.point.names)))
        else:
            before["directory"], after["directory"] = mountpoint.describe(found.point), "missing"
            plan.operations.append(Operation("remove_directory", path, "remove the empty directory"))
    return _finished(plan, path, before, after)


def _other_credentials(share, share_type, found):
    """Whether the credentials file, and so presumably what was mounted with it, has others than declared."""
    return (share_type.credentials(share) is not None and found.credentials is not None
            and found.credentials.kind == "file" and not found.credentials.same_meaning)


def _credentials(plan, share, declared, found, before, after):
    state = found.credentials
    if state is None or (credentials.is_gone(state) if declared is None else credentials.is_right(state)):
        return
    before["credentials"] = credentials.describe(state, declared is not None)
    after["credentials"] = "missing" if declared is None else credentials.described()
    plan.operations.append(Operation(
        "credentials", share["path"], credentials.what_to_do(state, declared is not None), declared=declared))
    if credentials.is_exposed(state):
        plan.warnings.append(
            "%s: others than root could read its credentials file (%s). Whoever did knows the password: change "
            "it on the server." % (share["path"], credentials.describe(state, False)))


def _keep(share, share_type, found):
    """(the mount that can stay or None, those above it from the top down, why each of them must go)."""
    removed, why = [], []
    for mount in reversed(found.stack):
        mismatch = share_type.mismatch(share, mount, found.evidence)
        if mismatch and found.evidence.get("unseen"):
            mismatch = "%s, and %s gets a new mount," % (mismatch, found.evidence["outer"])
        if mismatch is None and not (found.stale and not removed):
            return mount, removed, why
        removed.append(mount)
        why.append("it shows %s instead of %s" % (mismatch, share["source"]) if mismatch else
                   share_type.stale_words)
    return None, removed, why


def _changed_options(differences):
    return "it has %s instead of %s, which needs a new mount" % (
        ", ".join(difference.live for difference in differences),
        ", ".join(difference.declared for difference in differences))


def _unmount(plan, share, removed, why, in_use, bound=(), replaced=None):
    """Unmount what must go. replaced: Found, when a new mount comes in its place, which may fail."""
    path = share["path"]
    for mount, reason in zip(removed, why):
        users = in_use(path, mount)
        if users:
            raise Refusal(
                "%s: the mount there has to go (%s), but it is used by %s. Nothing was changed for this share. "
                "Stop or move what uses it, then run again." % (path, reason, in_words(users)))
    for mount, reason in zip(removed, why):
        plan.operations.append(Operation(
            "unmount", path, "unmount %s: %s" % (mount.source, reason), bound=list(bound),
            **({"previous": {"command": previous.command(mount, replaced), "lines": replaced.lines,
                             "words": mount.source}} if replaced else {})))


def _refuse_hidden(share, point, allow_hidden_files):
    if point.names and not (allow_hidden_files or share["allow_hidden_files"]):
        raise Refusal(
            "%s: the directory is not empty (%s), and a mount would hide what is in it. Move the files away, "
            "or write allow_hidden_files: true at the share to hide them." % (share["path"], ", ".join(point.names)))


def _guard(plan, share, point, before, after):
    if point.kind == "unseen" or mountpoint.is_guarded(point):
        return
    before["directory"] = mountpoint.describe(point)
    after["directory"] = "unusable while nothing is mounted"
    plan.operations.append(Operation(
        "directory", share["path"],
        "create it unusable" if point.kind == "missing" else "make it unusable while nothing is mounted"))


def _record(plan, share, entry, found, before, after):
    line = fstab.format_line(entry)
    if _is_recorded(entry, found):
        return
    before["fstab"], after["fstab"] = sources.lines(found.lines), line
    plan.operations.append(Operation(
        "fstab", share["path"], "replace the entry" if found.lines else "add the entry", entry=entry))


def _is_recorded(entry, found):
    return len(found.lines) == 1 and fstab.says(found.lines[0], entry)


def _option_words(differences, side):
    return " with %s" % ", ".join(getattr(difference, side) for difference in differences) if differences else ""


def _finished(plan, path, before, after):
    if plan.changed:
        plan.before, plan.after = {path: before}, {path: after}
    return plan
