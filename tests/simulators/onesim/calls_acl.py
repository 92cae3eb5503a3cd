# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.acl.*: rules are added, removed and listed by whoever may manage them."""

from . import acl
from .authorization import MANAGE, Target
from .calls import method


def _ask(call):
    call.asking().ask(MANAGE, Target("ACL")).require()


@method("one.acl.addrule", writes=True)
def add(call):
    parameters = call.parameters
    zone = parameters.optional(parameters.string, 4, "")
    rights, resource, user = (acl.number(parameters.string(number)) for number in (3, 2, 1))
    _ask(call)
    where = acl.number(zone) if zone else acl.HERE
    return call.oned.rules.add(acl.Rule(user, resource, rights, where))


@method("one.acl.delrule", writes=True)
def remove(call):
    oid = call.parameters.integer(1)
    _ask(call)
    call.oned.rules.remove_number(oid)
    return oid


@method("one.acl.info", writes=False)
def listing(call):
    _ask(call)
    return call.oned.rules.xml()
