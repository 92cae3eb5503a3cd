# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the calls for users, groups, clusters, datastores and images do alike."""

from . import failures, text
from .authorization import ADMIN, MANAGE, USE, Target
from .pool import ALL, GROUP
from .poolobject import Refused
from .template import Template, TemplateError

REPLACE, APPEND = 0, 1
_LOCK_LEVELS = {1: 1, 2: 2, 3: 3, 4: 1}


def existing(pool, word, oid):
    """The object of that id. Raises CallFailed."""
    found = pool.get(oid) if oid >= 0 else None
    if found is None:
        raise failures.missing(word, oid)
    return found


def authorized(call, pool, word, oid, operation, whatever_lock=False):
    """The object of that id, if the caller may do that with it. Raises CallFailed.

    For a negative id the server asks for the permission on the kind before it finds that there is no such object.
    """
    if oid < 0:
        call.asking().ask(operation, Target(pool.kind), whatever_lock).require()
    found = existing(pool, word, oid)
    call.asking().ask(operation, found.target(), whatever_lock).require()
    return found


def info(call, pool, word, oid, decrypt=False, xml=None):
    """xml: function of the object where its XML is more than its body."""
    found = authorized(call, pool, word, oid, USE, whatever_lock=True)
    if decrypt and call.caller.is_admin:
        found.decrypt(call.oned.cipher)
    return xml(found) if xml else found.xml()


def update(call, pool, word, oid, source, how, operation=MANAGE):
    """how: REPLACE or APPEND."""
    found = authorized(call, pool, word, oid, operation)
    if how not in (REPLACE, APPEND):
        raise failures.CallFailed(failures.API, "Wrong update type")
    try:
        _change_template(call, found, source, how == APPEND)
    except (Refused, TemplateError) as error:
        raise failures.CallFailed(failures.INTERNAL, "Cannot update template. %s" % error) from error
    call.oned.update(pool, found)
    return oid


def _change_template(call, changed, source, append):
    new = Template.parse(source, changed.unique_attributes)
    old = changed.template.copy()
    if not call.caller.is_admin:
        name = _restricted_change(new, old, changed.restricted)
        if name and append:
            raise Refused("User Template includes a restricted attribute %s" % name)
        if name:
            raise Refused("Tried to change restricted attribute: %s" % name)
    if append:
        changed.template.merge(new)
    else:
        changed.template = new
    changed.after_template_change(call.oned, old)
    changed.encrypt(call.oned.cipher)


def _restricted_change(new, old, restricted):
    """The first restricted attribute that would change; one that is left out is carried over instead."""
    for name in restricted:
        if new.has(name):
            if new.get(name) != old.get(name):
                return name
        elif old.has(name):
            new.add(name, old.get(name))
    return None


def rename(call, pool, word, oid, name, operation=MANAGE, per_owner=False):
    """per_owner: a name is taken only by an object of the same owner. Returns the id."""
    found = existing(pool, word, oid)
    if found.name == name:
        return oid
    call.asking().ask(operation, found.target()).require()
    taken = pool.find(name, found.uid if per_owner else -1)
    if taken != -1:
        raise failures.CallFailed(
            failures.ACTION,
            "%s cannot be renamed to %s because it collides with %s %d" % (word, name, word, taken),
        )
    try:
        found.rename(name)
    except Refused as error:
        raise failures.CallFailed(failures.ACTION, str(error)) from error
    call.oned.update(pool, found)
    return oid


def chown(call, pool, word, oid, uid, gid, moved=None):
    """uid, gid: -1 keeps. moved: called with the object before its owner changes."""
    oned = call.oned
    user = existing(oned.users, "user", uid) if uid > -1 else None
    group = existing(oned.groups, "group", gid) if gid > -1 else None
    found = existing(pool, word, oid)
    if user is not None and user.oid == found.uid:
        user = None
    if group is not None and group.oid == found.gid:
        group = None
    asked = call.asking().ask(MANAGE, found.target())
    if user is not None:
        asked.ask(MANAGE, user.target())
    if group is not None:
        asked.ask(USE, group.target())
    asked.require()
    if user is not None:
        owned = pool.find(found.name, user.oid)
        if owned != -1:
            raise failures.CallFailed(
                failures.INTERNAL, "user [%d] already owns %s [%d] with NAME %s" % (user.oid, word, owned, found.name)
            )
    if moved:
        moved(found, user, group)
    if user is not None:
        found.uid, found.uname = user.oid, user.name
    if group is not None:
        found.gid, found.gname = group.oid, group.name
    oned.update(pool, found)
    return oid


def chmod(call, pool, word, oid, bits):
    """bits: nine ints, -1 keeps."""
    found = existing(pool, word, oid)
    # A bit that stays what it is needs no permission; the others' bits and the admin bits need more.
    wanted = [
        -1 if index in (2, 5, 6, 7, 8) and bit == found.bits[index] else bit for index, bit in enumerate(bits)
    ]
    administers = any(wanted[index] != -1 for index in (2, 5, 8))
    call.asking().ask(ADMIN if administers else MANAGE, found.target()).require()
    found.set_permissions(wanted)
    call.oned.update(pool, found)
    return oid


def lock(call, pool, word, oid, level, test):
    found = authorized(call, pool, word, oid, MANAGE, whatever_lock=True)
    if level not in _LOCK_LEVELS:
        raise failures.CallFailed(failures.ACTION, "Wrong lock level specified")
    if test and found.locked:
        # All the server says is since when.
        raise failures.CallFailed(failures.ACTION, str(found.lock_time))
    try:
        found.lock(call.caller.uid, call.number, _LOCK_LEVELS[level], call.caller.is_admin)
    except Refused as error:
        raise failures.CallFailed(failures.ACTION, str(error)) from error
    call.oned.update(pool, found)
    return oid


def unlock(call, pool, word, oid):
    found = authorized(call, pool, word, oid, MANAGE, whatever_lock=True)
    if not call.caller.is_admin and found.lock_owner != call.caller.uid:
        raise failures.CallFailed(failures.ACTION, "Cannot unlock: Lock is owned by another user")
    found.unlock()
    call.oned.update(pool, found)
    return oid


def delete(call, pool, word, oid, drop, operation=MANAGE):
    """drop: function of the object that removes it, or raises Refused."""
    found = existing(pool, word, oid)
    call.asking().ask(operation, found.target()).require()
    try:
        drop(found)
    except Refused as error:
        raise failures.CallFailed(failures.ACTION, "Cannot delete %s. %s" % (word, error)) from error
    call.oned.rules.forget_object(found.kind, oid)
    return oid


def listing(call, pool, filter_flag=ALL, start=-1, end=-1, extra=None):
    if filter_flag < GROUP:
        raise failures.CallFailed(failures.API, "Incorrect filter_flag")
    return pool.listing(call.caller, call.oned.rules, filter_flag, start, end, extra)


def refuse_taken(pool, name, uid=-1):
    """Raises Refused where the name is invalid or taken."""
    taken = pool.find(name, uid)
    if taken != -1:
        raise Refused("NAME is already taken by %s %d." % (pool.kind, taken))


def refuse_name(name, also_invalid=""):
    problem = text.name_problem(name, also_invalid)
    if problem:
        raise Refused(problem)
