# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request can end with other than an answer."""


class Refused(Exception):
    """A request that is not carried out; C(body) is what the client reads."""

    def __init__(self, status, body):
        super().__init__(status, body)
        self.status, self.body = status, body


class Invalid(Refused):
    """Validation failed: a mapping of field names to messages."""

    def __init__(self, body):
        super().__init__(400, body)


class BadValue(Exception):
    """What is wrong with the value of one field, as a list of messages or what else AWX shows there."""

    def __init__(self, *messages):
        super().__init__(messages)
        self.messages = list(messages)


def not_found():
    return Refused(404, {"detail": "The requested resource could not be found."})


def not_allowed(method):
    return Refused(405, {"detail": 'Method "%s" not allowed.' % method})
