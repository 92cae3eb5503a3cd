# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of all shares of a host in one order. Pure.

They run in phases: everything is released before anything is mounted, so that shares of one server that depend on each
other (they share its connection) change together, and fstab is written once. fstab comes after the release and before
the mount: a run that is cut off leaves a share unmounted, never one that is mounted with old options and recorded with
new ones.
"""

from .._plan.plan import Operation, Plan

PHASES = ("unmount", "automount_stop", "remove_directory", "directory", "credentials", "fstab", "systemd_reload",
          "remount", "mount", "automount_start")


def futile(plans):
    """{path: why} of the plans that would unmount a share for nothing, as a mount that stays keeps its old options.

    plans: {path: Plan} of all shares of the host.
    """
    result = {}
    while True:
        released = {operation.target for path, plan in plans.items() if path not in result
                    for operation in plan.operations if operation.name == "unmount"}
        added = {}
        for path in released:
            bound = [other for operation in plans[path].operations
                     for other in operation.arguments.get("bound", ()) if other not in released]
            if bound:
                added[path] = (
                    "%s: %s, and the kernel keeps what it has as long as the same server is mounted at %s. "
                    "Declare the option for those, too, or unmount them first; timeo and retrans can be had for this "
                    "share alone with nosharecache: true. Nothing was changed for this share." % (
                        path, [each.summary for each in plans[path].operations if each.name == "unmount"][-1],
                        ", ".join(sorted(set(bound)))))
        if not added:
            return result
        result.update(added)


def whole(plans, systemd_lags, dead_servers, depths=None):
    """One Plan of the plans of all shares, in phases.

    depths: {path: on how many others a share depends}; it is released before these, and mounted after them.
    systemd_lags: whether fstab changed since systemd read it; None where systemd does not run. dead_servers: called
    when systemd is to read it, returns the servers of live mounts that do not answer.
    """
    result = Plan()
    for plan in plans:
        result.add(plan)
    writes = result.has("fstab")
    if systemd_lags or (writes and systemd_lags is not None):
        dead = dead_servers()
        if dead:
            # Measured with systemd 257: its generators wait for every mount, and process 1 with them for 90 s.
            result.warnings.append(
                "Skipped daemon-reload: it would block on %s. fstab is correct; run again when the server is back."
                % " and ".join(dead))
        else:
            result.operations.append(Operation("systemd_reload", "systemd", "read the changed fstab"))
    result.operations.sort(key=lambda operation: _place(operation, (depths or {}).get(operation.target, 0)))
    return result


def _place(operation, depth):
    phase = PHASES.index(operation.name)
    if phase >= PHASES.index("remount"):
        return PHASES.index("remount"), depth, phase
    return phase, -depth if operation.name in ("unmount", "automount_stop") else depth
