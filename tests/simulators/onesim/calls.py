# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame every call runs in: its parameters, its caller, its answer, and the table of all methods."""

import secrets

from . import failures
from .authorization import ONEADMIN_GROUP, ONEADMIN_USER, Request
from .poolobject import Refused
from .template import TemplateError

METHODS = {}


def method(name, writes):
    """Register a function of a Call as the method of that name; it returns the value of the answer."""

    def register(function):
        METHODS[name] = (function, writes)
        return function

    return register


class Int64:
    """A parameter sent as <i8>: the server takes it for no integer."""

    def __init__(self, value):
        self.value = value


def is_integer(value):
    """True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


class Parameters:
    """What the caller sent after the session. Numbers count from 1, as the session is number 0."""

    def __init__(self, values):
        self._values = values

    def __len__(self):
        return len(self._values)

    def _value(self, number):
        if number >= len(self._values):
            raise failures.Fault(failures.FAULT_TYPE, "Not enough parameters")
        return self._values[number]

    def _typed(self, number, fits, words):
        value = self._value(number)
        if not fits(value):
            raise failures.Fault(failures.FAULT_TYPE, "Parameter that is supposed to be %s is not" % words)
        return value

    def integer(self, number):
        return self._typed(number, is_integer, "integer")

    def string(self, number):
        return self._typed(number, lambda value: isinstance(value, str), "a string")

    def boolean(self, number):
        return self._typed(number, lambda value: isinstance(value, bool), "boolean")

    def array(self, number):
        return self._typed(number, lambda value: isinstance(value, list), "an array")

    def permission_bits(self):
        """The nine ints of a chmod; read from the last one, as the server's compiler orders it."""
        return [self.integer(number) for number in range(10, 1, -1)][::-1]

    def optional(self, read, number, default):
        """read: one of the methods above; the parameter may be missing."""
        return read(number) if len(self._values) > number else default


def unfinished(reason):
    """The Fault for an error nobody expected while a parameter was read."""
    return failures.Fault(
        failures.FAULT_INTERNAL,
        "Unexpected error executing code for particular method, detected by Xmlrpc-c method registry code.  "
        "Method did not fail; rather, it did not complete at all.  %s" % reason,
    )


class Caller:
    """Who calls: the authenticated user, reduced to what permissions need."""

    def __init__(self, user):
        self.uid = user.oid
        self.gid = user.gid
        self.name = user.name
        self.group_name = user.gname
        self.groups = frozenset(user.groups)
        self.umask = user.umask

    @property
    def is_admin(self):
        return self.uid == ONEADMIN_USER or ONEADMIN_GROUP in self.groups

    @property
    def owner(self):
        """The owner of what this caller creates."""
        return (self.uid, self.gid, self.name, self.group_name)


class Call:
    """One call in progress."""

    def __init__(self, oned, caller, parameters):
        self.oned = oned
        self.caller = caller
        self.parameters = parameters
        self.number = secrets.randbelow(10000)

    def asking(self):
        """A new set of permissions to ask for."""
        return Request(self.oned.rules, self.caller)


class Answer:
    """ok, and the value or (message, code, object id)."""

    def __init__(self, ok, value, code=0, object_id=-1):
        self.ok = ok
        self.value = value
        self.code = code
        self.object_id = object_id


def run(oned, name, values):
    """Answer a call. values: all parameters, the session first. Raises Fault."""
    if name not in METHODS:
        raise failures.Fault(failures.FAULT_NO_SUCH_METHOD, "Method '%s' not defined" % name)
    if not values:
        raise unfinished("Subscript of xmlrpc_c::paramList out of bounds")
    with oned.lock:
        try:
            user = oned.authenticate(values[0]) if isinstance(values[0], str) else None
            if user is None:
                raise failures.CallFailed(
                    failures.AUTHENTICATION, "User couldn't be authenticated, aborting call."
                )
            return Answer(True, METHODS[name][0](Call(oned, Caller(user), Parameters(values))))
        except failures.CallFailed as failed:
            return Answer(False, "[%s] %s" % (name, failed.message), failed.code, failed.object_id)
        except (Refused, TemplateError) as refused:
            # Where a call says nothing else about a refusal, it is an internal error with the bare sentence.
            return Answer(False, "[%s] %s" % (name, refused), failures.INTERNAL)
