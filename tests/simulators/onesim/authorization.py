# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: an object's own permission bits plus the access rules of a fresh installation."""

from . import failures

USE, MANAGE, ADMIN, CREATE = 1, 2, 4, 8
ONEADMIN_GROUP, USERS_GROUP = 0, 1
ONEADMIN_USER = 0

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


class Rule:
    """One access rule. who: None (everyone), ("user", id) or ("group", id);
    scope: None (all objects of the kinds), ("object", id), ("group", id) or ("cluster", id).
    """

    def __init__(self, who, kinds, scope, rights):
        self.who = who
        self.kinds = frozenset(kinds)
        self.scope = scope
        self.rights = rights

    def key(self):
        return (self.who, self.kinds, self.scope, self.rights)

    def covers(self, target):
        if target.kind not in self.kinds:
            return False
        if self.scope is None:
            return True
        word, scope_id = self.scope
        if word == "object":
            return target.oid >= 0 and scope_id == target.oid
        if word == "group":
            return target.gid >= 0 and scope_id == target.gid
        return scope_id in target.clusters


class AccessRules:
    """The rules of a server, beginning with those of an empty database."""

    def __init__(self):
        self._rules = [
            Rule(
                ("group", USERS_GROUP),
                ("VM", "IMAGE", "TEMPLATE", "DOCUMENT", "SECGROUP", "VMGROUP", "BACKUPJOB"),
                None,
                CREATE,
            ),
            Rule(None, ("ZONE",), None, USE),
            Rule(None, ("MARKETPLACE", "MARKETPLACEAPP"), None, USE),
        ]
        self.add_group_to_default_vdc(USERS_GROUP)

    def add_group_to_default_vdc(self, gid):
        """Every group belongs to the default virtual data centre, which holds all clusters' resources."""
        self.add(Rule(("group", gid), ("HOST",), None, MANAGE))
        self.add(Rule(("group", gid), ("NET", "DATASTORE"), None, USE))

    def add(self, rule):
        if all(known.key() != rule.key() for known in self._rules):
            self._rules.append(rule)

    def remove(self, rule):
        self._rules = [known for known in self._rules if known.key() != rule.key()]

    def forget_subject(self, who):
        """who: ("user", id) or ("group", id)."""
        self._rules = [rule for rule in self._rules if rule.who != who]

    def forget_object(self, kind, oid):
        self._rules = [
            rule for rule in self._rules if not (rule.scope == ("object", oid) and kind in rule.kinds)
        ]

    def _of(self, caller):
        subjects = {None, ("user", caller.uid)} | {("group", gid) for gid in caller.groups}
        return [rule for rule in self._rules if rule.who in subjects]

    def allow(self, caller, operation, target):
        own = _permission_bits(caller, target)
        if target.oid >= 0 and own & operation == operation:
            return True
        return any(rule.rights & operation == operation and rule.covers(target) for rule in self._of(caller))

    def visible(self, caller, kind):
        """(all, object ids, group ids, cluster ids) the caller may USE by rules, for listing a pool."""
        everything, found = False, {"object": set(), "group": set(), "cluster": set()}
        for rule in self._of(caller):
            if kind not in rule.kinds or not rule.rights & USE:
                continue
            if rule.scope is None:
                everything = True
            else:
                found[rule.scope[0]].add(rule.scope[1])
        return everything, found["object"], found["group"], found["cluster"]


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
