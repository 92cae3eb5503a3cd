# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.user.quota, one.group.quota, one.userquota.* and one.groupquota.*."""

from . import calls_common, failures
from .authorization import ADMIN, ONEADMIN_GROUP, ONEADMIN_USER
from .calls import method
from .poolobject import Refused
from .template import TemplateError


def _set(quotas, source):
    try:
        quotas.set(source)
    except (Refused, TemplateError) as error:
        raise failures.CallFailed(failures.ACTION, str(error)) from error


@method("one.user.quota", writes=True)
def set_user_quota(call):
    oid, source = call.parameters.integer(1), call.parameters.string(2)
    calls_common.authorized(call, call.oned.users, "user", oid, ADMIN)
    if oid == ONEADMIN_USER:
        raise failures.CallFailed(failures.ACTION, "Cannot set quotas for oneadmin user")
    _set(call.oned.quotas.of("USER", oid), source)
    return oid


@method("one.group.quota", writes=True)
def set_group_quota(call):
    oid, source = call.parameters.integer(1), call.parameters.string(2)
    if oid == ONEADMIN_GROUP:
        raise failures.CallFailed(failures.ACTION, "Cannot set quotas for oneadmin group")
    try:
        calls_common.authorized(call, call.oned.groups, "group", oid, ADMIN)
    except failures.CallFailed as failed:
        if failed.code == failures.AUTHORIZATION:
            raise
        # A group that does not exist is a matter of rights to the server.
        message = "User [%d] : ." % call.caller.uid
        raise failures.CallFailed(failures.AUTHORIZATION, message, oid) from failed
    _set(call.oned.quotas.of("GROUP", oid), source)
    return oid


def _defaults(kind):
    @method("one.%squota.info" % kind.lower(), writes=False)
    def info(call):
        return call.oned.quotas.defaults_xml(kind)

    @method("one.%squota.update" % kind.lower(), writes=True)
    def update(call):
        source = call.parameters.string(1)
        if call.caller.gid != ONEADMIN_GROUP:
            message = "The default quotas can only be updated by users in the oneadmin group"
            raise failures.CallFailed(
                failures.AUTHORIZATION, "User [%d] : %s." % (call.caller.uid, message)
            )
        _set(call.oned.quotas.defaults[kind], source)
        return call.oned.quotas.defaults_xml(kind)

    return info, update


DEFAULTS = [_defaults(kind) for kind in ("USER", "GROUP")]
