# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a call ends when it does not succeed."""

AUTHENTICATION = 256
AUTHORIZATION = 512
NO_EXISTS = 1024
ACTION = 2048
API = 4096
INTERNAL = 8192
ALLOCATE = 16384
LOCKED = 32768


class CallFailed(Exception):
    """An answer ``[false, message, code, object id, -1]``.

    message: the sentence without the method; object_id: -1 where the server names none.
    """

    def __init__(self, code, message, object_id=-1):
        super().__init__(message)
        self.code = code
        self.message = message
        self.object_id = object_id


class Fault(Exception):
    """An XML-RPC Fault: what the protocol library below the server refuses."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


FAULT_INTERNAL, FAULT_TYPE, FAULT_PARSE, FAULT_NO_SUCH_METHOD = -500, -501, -503, -506


def missing(kind, object_id):
    """kind: the server's word for an object, such as ``datastore``."""
    which = "Pool" if object_id == -1 else "[%d]" % object_id
    return CallFailed(NO_EXISTS, "Error getting %s %s." % (kind, which), object_id)


def cannot_allocate(kind, reason):
    return CallFailed(ALLOCATE, ("Error allocating a new %s. %s" % (kind, reason)).rstrip())
