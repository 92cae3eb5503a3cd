# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the state of an image allows: use by VMs, locks, disabling, and states that a crash has left. No I/O."""

import time

from .._plan.plan import Operation, Refusal
from . import machines
from .objects import NEW_ID

# States that end by themselves, unless oned was ended meanwhile.
PASSING = ("init", "locked")
USED = ("used", "used_pers", "locked_used", "locked_used_pers")

MANAGE, ADMIN = 2, 4
LOCK_WORDS = {1: "any use", 2: "all but use", 3: "administration"}


def refuse_while_used(current, server, what, consequence):
    """A Refusal that names the VMs, where there are any. consequence: phrase, such as C(so it is not deleted)."""
    if not current["vm_ids"] and current["running_vms"] <= 0 and current["state"] not in USED:
        return
    users = machines.words(current["vm_ids"], server.machines)
    if not users:
        users = "%d VM%s" % (current["running_vms"], "" if current["running_vms"] == 1 else "s")
    raise Refusal("The %s (id %d) is used by %s, %s. Terminate what uses it first: OpenNebula never detaches a "
                  "directory from a VM, and one that is powered off keeps it." % (what, current["id"], users, consequence))


def is_stuck(current, server):
    """Whether an image is locked by its registration for longer than a registration may take."""
    return current["state"] in PASSING and server.now - current["registered"] > server.patience


def left_locked(current, what, way_out):
    return Refusal("The %s (id %d) is LOCKED since %s: OpenNebula was ended before its driver had answered, and "
                   "nothing finishes the registration any more. %s" % (
                       what, current["id"], moment(current["registered"]), way_out))


def moment(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def refuse_locked(current, operations, server, what):
    """A Refusal where somebody's lock forbids one of the operations; the server would refuse them half-way."""
    lock = current["lock"]
    if lock is None:
        return
    for operation in operations:
        if operation.arguments["call"][0] == current["id"] and lock["level"] <= _right(operation, current):
            raise Refusal(locked("The %s (id %d)" % (what, current["id"]), lock, server.users or {}, operation.summary,
                                 "oneimage unlock %d" % current["id"]))


def locked(what, lock, users, summary, command):
    """The sentence about a lock that forbids a change. users: {id: name}; command: what takes the lock away."""
    owner = users.get(lock["owner_id"], "user %d" % lock["owner_id"])
    return "%s is locked against %s by %s since %s, so OpenNebula would refuse to %s. Ask for it to be unlocked: '%s'." % (
        what, LOCK_WORDS.get(lock["level"], "change"), owner, moment(lock["since"]), summary, command)


def _right(operation, current):
    """The right that the server asks for."""
    if operation.name == "one.image.delete":
        return ADMIN if current["state"] in PASSING else MANAGE
    if operation.name == "one.image.chmod":
        admin_bits = [operation.arguments["call"][position] for position in (3, 6, 9)]
        now = [int(digit) & 1 for digit in current["mode"]]
        return ADMIN if admin_bits != now else MANAGE
    return MANAGE


def deletion(current, target, summary, force=False):
    """Operation that deletes an image; the executor waits for one that is still being registered."""
    arguments = {"call": [current["id"], True] if force else [current["id"]], "gone": current["id"]}
    if current["state"] in PASSING and not force:
        arguments["wait_settled"] = True
    return Operation("one.image.delete", target, summary, **arguments)


def second_deletion(current, target):
    """What ends a deletion that a crash has cut off, and does no harm to one that is under way."""
    return Operation("one.image.delete", target,
                     "delete it once more, id %d: its deletion has begun and not ended" % current["id"],
                     call=[current["id"]], gone=current["id"])


def enabling(current, desired, after, server, what):
    """The operation that enables or disables an image, in a list; fills C(after)."""
    if current["state"] in PASSING:
        after["state"] = "ready"
    if desired["state"] == "enabled" and current["state"] == "disabled":
        after["state"] = "ready"
        return [Operation("one.image.enable", desired["target"], "enable", call=[current["id"], True])]
    if desired["state"] == "disabled" and current["state"] != "disabled":
        refuse_while_used(current, server, what, "so it cannot be disabled")
        after["state"] = "disabled"
        return [disabling(desired["target"], current["id"], current["state"] in PASSING)]
    return []


def disabling(target, number=NEW_ID, wait=True):
    return Operation("one.image.enable", target, "disable", call=[number, False], wait_settled=wait)


def disabled_warning(current, desired, what):
    """A warning about an image that no VM can get, in a list."""
    if current["state"] != "disabled" or desired["state"] != "present":
        return []
    return ["The %s (id %d) is disabled, so no VM can be started with it; state: enabled enables it."
            % (what, current["id"])]
