# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: an object's own permission bits plus the access rules of a fresh installation."""

from . import acl, failures

USE, MANAGE, ADMIN, CREATE = 1, 2, 4, 8
ONEADMIN_GROUP, USERS_GROUP = 0, 1
ONEADMIN_USER = 0


class Refused(Exception):
    """A rule or an object refuses a change; the message is the server's, without method or prefix."""


_WORDS = {USE: "USE", MANAGE: "MANAGE", ADMIN: "ADMIN", CREATE: "CREATE"}


class Target:
    """What a permission is asked for: an object, or a kind of objects where oid is -1.

    bits: the nine permission bits (owner use, manage, admin, then group's, then others'), each 0 or 1.
    """

    def __init__(self, kind, oid=-1, uid=-1, gid=-1, bits=(0,) * 9, clusters=(), locked=0):
        self.kind = kind
        self.oid = oid
        self.uid = uid
        self.gid = gid
        self.bits = tuple(bits)
        self.clusters = frozenset(clusters)
        self.locked = locked


def rule(who, kinds, scope, rights, zone=acl.HERE):
    """who: None (everyone), ("user", id) or ("group", id);
    scope: None (all objects of the kinds), ("object", id), ("group", id) or ("cluster", id).
    """
    user = acl.ALL if who is None else who[1] | {"user": acl.INDIVIDUAL, "group": acl.GROUP}[who[0]]
    bits = {"object": acl.INDIVIDUAL, "group": acl.GROUP, "cluster": acl.CLUSTER}
    which = acl.ALL if scope is None else scope[1] | bits[scope[0]]
    return acl.Rule(user, acl.mask(kinds) | which, rights, zone)


class AccessRules:
    """The rules of a server, beginning with those of an empty database."""

    def __init__(self):
        self._rules = []
        self._last_id = -1
        everyday = ("VM", "IMAGE", "TEMPLATE", "DOCUMENT", "SECGROUP", "VMGROUP", "BACKUPJOB")
        self.add(rule(("group", USERS_GROUP), everyday, None, CREATE, acl.ALL))
        self.add(rule(None, ("ZONE",), None, USE, acl.ALL))
        self.add(rule(None, ("MARKETPLACE", "MARKETPLACEAPP"), None, USE, acl.ALL))
        self.add_group_to_default_vdc(USERS_GROUP)

    def add_group_to_default_vdc(self, gid):
        """Every group belongs to the default virtual data centre, which holds all clusters' resources."""
        who = ("group", gid)
        for kind, right in (("HOST", MANAGE), ("NET", USE), ("DATASTORE", USE)):
            self.add(rule(who, (kind,), None, right))

    def add(self, new):
        """Store a rule, unless it is there already; its id. Raises Refused with the server's words."""
        if any(known.key() == new.key() for known in self._rules):
            raise Refused("Rule %s already exists" % new)
        problem = new.problem()
        if problem:
            raise Refused("Rule %s is malformed: %s" % (new, problem))
        self._last_id += 1
        new.oid = self._last_id
        self._rules.append(new)
        return new.oid

    def remove(self, gone):
        self._rules = [known for known in self._rules if known.key() != gone.key()]

    def remove_number(self, oid):
        """Raises Refused."""
        kept = [known for known in self._rules if known.oid != oid]
        if len(kept) == len(self._rules):
            raise Refused("Rule %d does not exist" % oid)
        self._rules = kept

    def forget_user(self, uid):
        self._rules = [known for known in self._rules if known.user != acl.INDIVIDUAL | uid]

    def forget_group(self, gid):
        named = acl.GROUP | 0xFFFFFFFF
        self._rules = [
            known for known in self._rules if acl.GROUP | gid not in (known.user, known.resource & named)
        ]

    def forget_cluster(self, oid):
        named = acl.CLUSTER | 0xFFFFFFFF
        self._rules = [known for known in self._rules if known.resource & named != acl.CLUSTER | oid]

    def forget_object(self, kind, oid):
        """Only rules about this one object of this one kind: IMAGE+TEMPLATE/#7 stays."""
        exactly = acl.KINDS[kind] | acl.INDIVIDUAL | oid
        self._rules = [known for known in self._rules if known.resource != exactly]

    def xml(self):
        ordered = sorted(self._rules, key=lambda known: (known.user, known.oid))
        return "<ACL_POOL>%s</ACL_POOL>" % "".join(known.xml() for known in ordered)

    def _of(self, caller):
        subjects = {acl.ALL, acl.INDIVIDUAL | caller.uid} | {acl.GROUP | gid for gid in caller.groups}
        return [known for known in self._rules if known.user in subjects]

    def allow(self, caller, operation, target):
        own = _permission_bits(caller, target)
        if target.oid >= 0 and own & operation == operation:
            return True
        return any(
            known.rights & operation == operation and known.applies_here() and known.covers(target)
            for known in self._of(caller)
        )

    def visible(self, caller, kind):
        """(all, object ids, group ids, cluster ids) the caller may USE by rules, for listing a pool."""
        everything, found = False, {acl.INDIVIDUAL: set(), acl.GROUP: set(), acl.CLUSTER: set()}
        bit = acl.KINDS[kind]
        for known in self._of(caller):
            if not known.rights & USE or known.zone not in (acl.HERE, acl.ALL):
                continue
            if known.resource & (bit | acl.ALL) == bit | acl.ALL:
                everything = True
            for scope in (acl.GROUP, acl.CLUSTER, acl.INDIVIDUAL):
                if known.resource & (bit | scope) == bit | scope:
                    found[scope].add(known.resource_id)
        return everything, found[acl.INDIVIDUAL], found[acl.GROUP], found[acl.CLUSTER]


def _permission_bits(caller, target):
    """What the object's own bits grant: the owner's, the group's and everybody's add up."""
    granted = 0
    owner, group, other = target.bits[0:3], target.bits[3:6], target.bits[6:9]
    if target.uid == caller.uid:
        granted |= _as_rights(owner)
    if target.gid in caller.groups:
        granted |= _as_rights(group)
    return granted | _as_rights(other)


def _as_rights(bits):
    return (USE if bits[0] else 0) | (MANAGE if bits[1] else 0) | (ADMIN if bits[2] else 0)


class Request:
    """Permissions asked for by one call; require() raises with all refusals in one message."""

    def __init__(self, rules, caller):
        self._rules = rules
        self._caller = caller
        self._problems = []

    def ask(self, operation, target, whatever_lock=False):
        """whatever_lock: the operation is allowed on a locked object too."""
        caller = self._caller
        unlocked = whatever_lock or not 0 < target.locked <= operation
        if caller.is_admin:
            if unlocked:
                return self
            problem = "%s is locked." % target.kind
        else:
            if unlocked and self._rules.allow(caller, operation, target):
                return self
            problem = "Not authorized to perform %s %s" % (_WORDS[operation], target.kind)
        self._problems.append(problem + (" [%d]" % target.oid if target.oid != -1 else ""))
        return self

    def create(self, kind):
        return self.ask(CREATE, Target(kind, uid=self._caller.uid, gid=self._caller.gid))

    def require(self):
        if self._problems:
            raise failures.CallFailed(
                failures.AUTHORIZATION, "User [%d] : %s." % (self._caller.uid, "; ".join(self._problems))
            )
