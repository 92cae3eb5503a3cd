# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.user.*, one.userpool.info, one.group.* and one.grouppool.info."""

import contextlib

from . import accounts, acl, calls_common, failures
from .accounts import CORE, Group, User
from .authorization import ADMIN, CREATE, MANAGE, ONEADMIN_GROUP, ONEADMIN_USER, USE, USERS_GROUP, rule
from .calls import is_integer, method, unfinished
from .poolobject import Refused

USER, GROUP = "user", "group"


def _user_xml(call):
    oned = call.oned
    return lambda user: user.extended_xml(oned.quotas.xml("USER", user.oid), oned.quotas.defaults_xml("USER"))


def _group_xml(call):
    oned = call.oned
    return lambda group: group.extended_xml(oned.quotas.xml("GROUP", group.oid), oned.quotas.defaults_xml("GROUP"))


@method("one.user.allocate", writes=True)
def allocate_user(call):
    parameters, oned = call.parameters, call.oned
    gids = []
    if len(parameters) > 4:
        gids = parameters.array(4)
        if not all(map(is_integer, gids)):
            raise unfinished("Not integer type.  See type() method")
    driver, password, name = (parameters.string(number) for number in (3, 2, 1))
    asked = call.asking().create("USER")
    for gid in gids:
        group = calls_common.existing(oned.groups, GROUP, gid)
        if gid != call.caller.gid:
            asked.ask(MANAGE, group.target())
    asked.require()
    driver = driver or CORE
    if not gids:
        gids = [USERS_GROUP if call.caller.gid == ONEADMIN_GROUP else call.caller.gid]
    problem = accounts.password_problem(password, driver)
    if problem and driver not in accounts.DRIVERS_WITHOUT_PASSWORD:
        raise Refused(problem + ".")
    try:
        calls_common.refuse_name(name, accounts.INVALID_USER_NAME)
    except Refused as error:
        raise Refused("%s." % error) from error
    calls_common.refuse_taken(oned.users, name)
    primary = oned.groups.get(gids[0])
    made = User.new(name, password, driver, (primary.oid, primary.name), gids)
    oid = oned.users.insert(made, oned)
    for gid in sorted(set(gids)):
        oned.add_member(gid, oid)
    return oid


@method("one.user.info", writes=False)
def user_info(call):
    parameters = call.parameters
    decrypt = parameters.optional(parameters.boolean, 2, False)
    oid = parameters.integer(1)
    oid = call.caller.uid if oid == -1 else oid
    return calls_common.info(call, call.oned.users, USER, oid, decrypt, _user_xml(call))


@method("one.user.update", writes=True)
def update_user(call):
    parameters = call.parameters
    oid = parameters.integer(1)
    how = parameters.optional(parameters.integer, 3, calls_common.REPLACE)
    return calls_common.update(call, call.oned.users, USER, oid, parameters.string(2), how)


@method("one.user.delete", writes=True)
def delete_user(call):
    oned = call.oned

    def drop(user):
        if user.oid == ONEADMIN_USER:
            raise Refused("oneadmin cannot be deleted.")
        oned.users.drop(user.oid)
        oned.quotas.forget("USER", user.oid)
        for gid in user.groups:
            oned.remove_member(gid, user.oid)
        oned.rules.forget_user(user.oid)

    return calls_common.delete(call, oned.users, USER, call.parameters.integer(1), drop, operation=ADMIN)


@method("one.user.passwd", writes=True)
def change_password(call):
    oned, oid = call.oned, call.parameters.integer(1)
    password = call.parameters.string(2)
    user = calls_common.authorized(call, oned.users, USER, oid, MANAGE)
    try:
        user.set_password(password)
    except Refused as error:
        raise failures.CallFailed(failures.ACTION, str(error)) from error
    oned.users.update(user)
    return oid


@method("one.user.enable", writes=True)
def enable_user(call):
    oned, oid = call.oned, call.parameters.integer(1)
    enabled = call.parameters.boolean(2)
    user = calls_common.authorized(call, oned.users, USER, oid, ADMIN)
    if oid == ONEADMIN_USER:
        raise failures.CallFailed(failures.ACTION, "Cannot enable/disable oneadmin user")
    user.enabled = enabled
    oned.users.update(user)
    return oid


@method("one.user.chgrp", writes=True)
def change_primary_group(call):
    oned, oid = call.oned, call.parameters.integer(1)
    gid = call.parameters.integer(2)
    if gid < 0:
        raise failures.CallFailed(failures.API, "Wrong group ID")
    user = calls_common.existing(oned.users, USER, oid)
    group = calls_common.existing(oned.groups, GROUP, gid)
    if oid == ONEADMIN_USER:
        raise failures.CallFailed(
            failures.INTERNAL,
            "user [0] %s cannot be moved outside of the group [0] oneadmin" % user.name,
        )
    call.asking().ask(MANAGE, user.target()).ask(USE, group.target()).require()
    old_gid = user.gid
    if old_gid == gid:
        return oid
    user.gid, user.gname = group.oid, group.name
    # The old group is left only where the new one was no group of the user yet.
    leaves = gid not in user.groups
    user.groups.add(gid)
    if leaves:
        user.groups.discard(old_gid)
    oned.users.update(user)
    oned.add_member(gid, oid)
    if leaves:
        oned.remove_member(old_gid, oid)
    return oid


def _edited_member(call):
    oned, oid = call.oned, call.parameters.integer(1)
    gid = call.parameters.integer(2)
    user = calls_common.existing(oned.users, USER, oid)
    group = calls_common.existing(oned.groups, GROUP, gid)
    call.asking().ask(MANAGE, user.target()).ask(MANAGE, group.target()).require()
    return user, gid


@method("one.user.addgroup", writes=True)
def add_group(call):
    user, gid = _edited_member(call)
    if gid in user.groups:
        raise failures.CallFailed(failures.ACTION, "User is already in this group")
    user.groups.add(gid)
    call.oned.users.update(user)
    call.oned.add_member(gid, user.oid)
    return user.oid


@method("one.user.delgroup", writes=True)
def remove_group(call):
    user, gid = _edited_member(call)
    if gid == user.gid:
        raise failures.CallFailed(failures.ACTION, "Cannot remove user from the primary group")
    if gid not in user.groups:
        raise failures.CallFailed(failures.ACTION, "User is not part of this group")
    user.groups.discard(gid)
    call.oned.users.update(user)
    call.oned.remove_member(gid, user.oid)
    return user.oid


@method("one.userpool.info", writes=False)
def user_listing(call):
    oned = call.oned
    shown = calls_common.listing(call, oned.users, extra=lambda oid: oned.quotas.stored_xml("USER", oid))
    return shown.replace("</USER_POOL>", oned.quotas.defaults_xml("USER") + "</USER_POOL>")


@method("one.group.allocate", writes=True)
def allocate_group(call):
    oned, name = call.oned, call.parameters.string(1)
    call.asking().create("GROUP").require()
    calls_common.refuse_name(name, accounts.INVALID_GROUP_NAME)
    calls_common.refuse_taken(oned.groups, name)
    oid = oned.groups.insert(Group.new(name), oned)
    oned.rules.add_group_to_default_vdc(oid)
    return oid


@method("one.group.info", writes=False)
def group_info(call):
    parameters = call.parameters
    parameters.optional(parameters.boolean, 2, False)
    oid = parameters.integer(1)
    oid = call.caller.gid if oid == -1 else oid
    return calls_common.info(call, call.oned.groups, GROUP, oid, xml=_group_xml(call))


@method("one.group.update", writes=True)
def update_group(call):
    parameters = call.parameters
    oid = parameters.integer(1)
    how = parameters.optional(parameters.integer, 3, calls_common.REPLACE)
    return calls_common.update(call, call.oned.groups, GROUP, oid, parameters.string(2), how, operation=ADMIN)


@method("one.group.delete", writes=True)
def delete_group(call):
    oned = call.oned

    def drop(group):
        group.refuse_drop_unless_empty()
        oned.groups.drop(group.oid)
        oned.quotas.forget("GROUP", group.oid)
        oned.rules.forget_group(group.oid)

    return calls_common.delete(call, oned.groups, GROUP, call.parameters.integer(1), drop, operation=ADMIN)


def _admin_rules(uid, gid):
    """What makes a user the administrator of a group."""
    resources = ("VM", "NET", "IMAGE", "TEMPLATE", "DOCUMENT", "SECGROUP", "VROUTER", "VMGROUP", "BACKUPJOB")
    who = ("user", uid)
    return (
        rule(who, ("USER",), ("group", gid), USE | MANAGE | ADMIN | CREATE, acl.ALL),
        rule(who, resources, ("group", gid), USE | MANAGE, acl.ALL),
        rule(who, ("VROUTER",), None, CREATE, acl.ALL),
        rule(who, ("GROUP",), ("object", gid), MANAGE, acl.ALL),
    )


def _edited_admin(call):
    oned, gid = call.oned, call.parameters.integer(1)
    uid = call.parameters.integer(2)
    group = calls_common.existing(oned.groups, GROUP, gid)
    user = calls_common.existing(oned.users, USER, uid)
    call.asking().ask(ADMIN, group.target()).ask(ADMIN, user.target()).require()
    return group, uid


@method("one.group.addadmin", writes=True)
def add_admin(call):
    group, uid = _edited_admin(call)
    if uid not in group.users:
        raise Refused("Cannot edit group. User %d is not part of Group %d." % (uid, group.oid))
    if uid in group.admins:
        raise Refused("Cannot edit group. User %d is already an administrator of Group %d." % (uid, group.oid))
    group.admins.add(uid)
    call.oned.groups.update(group)
    for new in _admin_rules(uid, group.oid):
        # VROUTER/* CREATE is there already where the user administers another group too.
        with contextlib.suppress(Refused):
            call.oned.rules.add(new)
    return group.oid


@method("one.group.deladmin", writes=True)
def remove_admin(call):
    group, uid = _edited_admin(call)
    if uid not in group.admins:
        raise Refused("Cannot edit group. User %d is not an administrator of Group %d." % (uid, group.oid))
    group.admins.discard(uid)
    call.oned.groups.update(group)
    for gone in _admin_rules(uid, group.oid):
        call.oned.rules.remove(gone)
    return group.oid


@method("one.grouppool.info", writes=False)
def group_listing(call):
    oned = call.oned
    shown = calls_common.listing(call, oned.groups, extra=lambda oid: oned.quotas.stored_xml("GROUP", oid))
    return shown.replace("</GROUP_POOL>", oned.quotas.defaults_xml("GROUP") + "</GROUP_POOL>")
