# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access rules as the server keeps them: four numbers (whom, on what, which rights, in which zone) and their text."""

import re

from . import text

INDIVIDUAL, GROUP, ALL, CLUSTER = 1 << 32, 1 << 33, 1 << 34, 1 << 35
_SCOPES = INDIVIDUAL | GROUP | ALL | CLUSTER
_ID = 0xFFFFFFFF
HERE = INDIVIDUAL | 0

_KIND_NAMES = (
    "VM", "HOST", "NET", "IMAGE", "USER", "TEMPLATE", "GROUP", "ACL", "DATASTORE", "CLUSTER", "DOCUMENT", "ZONE",
    "SECGROUP", "VDC", "VROUTER", "MARKETPLACE", "MARKETPLACEAPP", "VMGROUP", "VNTEMPLATE", "HOOK", "BACKUPJOB",
    "SCHEDULEDACTION",
)
KINDS = {name: 1 << (36 + position) for position, name in enumerate(_KIND_NAMES)}
_SHOWN_KINDS = tuple(name for name in _KIND_NAMES if name not in ("ACL", "HOOK", "SCHEDULEDACTION"))
_RIGHTS = (("USE", 1), ("MANAGE", 2), ("ADMIN", 4), ("CREATE", 8))
_KINDS_MASK = 0xFFFFFFF000000000
_WRONG_KINDS = 0xFE80000000000000


def mask(kinds):
    return sum(KINDS[kind] for kind in kinds)


_NOT_BY_CLUSTER = mask(set(_KIND_NAMES) - {"HOST", "NET", "DATASTORE", "HOOK", "BACKUPJOB", "SCHEDULEDACTION"})
_NOT_BY_GROUP = mask(("HOST", "GROUP", "CLUSTER", "ZONE", "VDC"))
_FEDERATED = mask(("USER", "GROUP", "ZONE", "ACL", "VDC"))


def number(word):
    """The number a C++ stream reads from hexadecimal text: what it cannot read is 0."""
    found = re.match(r"[ \t\n\v\f\r]*([+-]?)(?:0[xX])?([0-9a-fA-F]+)", word)
    if not found:
        return 0
    value = min(int(found.group(2), 16), (1 << 63) - 1)
    return -value if found.group(1) == "-" else value


def _signed(value):
    """The lower 32 bits as the int they are to the server."""
    value &= _ID
    return value - (1 << 32) if value >> 31 else value


class Rule:
    """One rule; its number is given by whoever keeps it."""

    def __init__(self, user, resource, rights, zone=HERE):
        self.oid = -1
        self.user = user
        self.resource = resource
        self.rights = rights
        self.zone = zone

    def key(self):
        return (self.user, self.resource, self.rights, self.zone)

    @property
    def resource_id(self):
        return _signed(self.resource)

    def applies_here(self):
        return bool(self.zone & ALL) or self.zone & (INDIVIDUAL | _ID) == HERE

    def covers(self, target):
        """target: an authorization.Target."""
        kind = KINDS[target.kind]
        if self.resource & (kind | ALL) == kind | ALL:
            return True
        if target.gid >= 0 and self._names(kind, GROUP, target.gid):
            return True
        if target.oid >= 0 and self._names(kind, INDIVIDUAL, target.oid):
            return True
        return any(self._names(kind, CLUSTER, cluster) for cluster in target.clusters)

    def _names(self, kind, scope, oid):
        return self.resource & (kind | scope | _ID) == kind | scope | oid

    def __str__(self):
        who = _selector(self.user, ((GROUP, "@"), (INDIVIDUAL, "#")))
        kinds = "+".join(name for name in _SHOWN_KINDS if self.resource & KINDS[name])
        which = _selector(self.resource, ((GROUP, "@"), (INDIVIDUAL, "#"), (CLUSTER, "%")))
        rights = "+".join(name for name, right in _RIGHTS if self.rights & right)
        return "%s %s/%s %s %s" % (who, kinds, which, rights, _selector(self.zone, ((INDIVIDUAL, "#"),)))

    def xml(self):
        parts = (
            ("ID", self.oid),
            ("USER", _hexadecimal(self.user)),
            ("RESOURCE", _hexadecimal(self.resource)),
            ("RIGHTS", _hexadecimal(self.rights)),
            ("ZONE", _hexadecimal(self.zone)),
            ("STRING", self),
        )
        return text.element("ACL", "".join(text.element(name, value) for name, value in parts))

    # ---- what is refused ----

    def problem(self):
        """Everything that is wrong with it, in the server's words, or an empty string."""
        before_zone = "; ".join(self._user_problems() + self._resource_problems() + self._rights_problems())
        if self.zone & GROUP:
            # The one sentence the server forgets to separate.
            before_zone += "[zone] GROUP (@) bit is not supported"
        return "; ".join(([before_zone] if before_zone else []) + self._zone_problems())

    def _user_problems(self):
        user, found = self.user, []
        for one, other, words in (
            (INDIVIDUAL, GROUP, "INDIVIDUAL (#) and GROUP (@)"),
            (INDIVIDUAL, ALL, "INDIVIDUAL (#) and ALL (*)"),
            (GROUP, ALL, "GROUP (@) and ALL (*)"),
        ):
            if user & one and user & other:
                found.append("[user] %s bits are exclusive" % words)
        if not user & (INDIVIDUAL | GROUP | ALL):
            found.append("[user] is missing one of the INDIVIDUAL, GROUP or ALL bits")
        return found + _id_problems(user, "user")

    def _resource_problems(self):
        resource, found = self.resource, []
        scopes, kinds = resource & _SCOPES, resource & _KINDS_MASK
        if scopes & (scopes - 1):
            found.append("[resource] INDIVIDUAL (#), GROUP (@), CLUSTER (%) and ALL (*) bits are exclusive")
        if resource & CLUSTER and kinds & _NOT_BY_CLUSTER:
            found.append("[resource] CLUSTER(%) selector can be applied only to DATASTORE, HOST and NET types")
        if resource & GROUP and kinds & _NOT_BY_GROUP:
            found.append(
                "[resource] GROUP(@) selector cannot be applied to HOST, GROUP, CLUSTER, ZONE or VDC types"
            )
        if not scopes:
            found.append("[resource] is missing one of the INDIVIDUAL, GROUP, CLUSTER or ALL bits")
        found += _id_problems(resource, "resource")
        if not kinds:
            found.append("[resource] type is missing")
        if resource & _WRONG_KINDS:
            found.append("wrong [resource] type")
        return found

    def _rights_problems(self):
        if self.rights == 0:
            return ["wrong [rights], it cannot be 0"]
        return ["wrong [rights], it cannot be bigger than 0xF"] if self.rights > 0xF else []

    def _zone_problems(self):
        zone, found = self.zone, []
        if zone & INDIVIDUAL and zone & ALL:
            found.append("[zone] INDIVIDUAL (#) and ALL (*) bits are exclusive")
        if not zone & (INDIVIDUAL | GROUP | ALL):
            found.append("[zone] is missing one of the INDIVIDUAL or ALL bits")
        found += _id_problems(zone, "zone")
        kinds = self.resource & _KINDS_MASK
        if zone & ALL and self.resource & INDIVIDUAL and kinds & _FEDERATED != kinds:
            found.append(
                "[resource] INDIVIDUAL(#) selector cannot be applied to ALL zones, except for USER, GROUP and ZONE"
                " types"
            )
        return found


def _id_problems(value, word):
    found = []
    if _signed(value) < 0:
        found.append("[%s] ID cannot be negative" % word)
    if value & ALL and _signed(value) != 0:
        found.append("when using the ALL bit, [%s] ID must be 0" % word)
    return found


def _selector(value, marks):
    for bit, mark in marks:
        if value & bit:
            return "%s%d" % (mark, _signed(value))
    return "*" if value & ALL else "??"


def _hexadecimal(value):
    return "%x" % (value & 0xFFFFFFFFFFFFFFFF)
