# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the declared and the current state, and what to do about it. No I/O."""

import re


class Failure(Exception):
    """What could not be done. problems: sentences that name where, what is wrong, and what to do about it."""

    def __init__(self, *problems):
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Refusal(Failure):
    """Something that must not be done: the message names the object, the value, the reason and the way out."""


def refuse(problems):
    """A Refusal that names all the problems, a list of sentences; nothing when there are none."""
    if problems:
        raise Refusal(*problems)


class NoAnswer(Failure):
    """Nothing usable came back in time from a server, so that asking it more makes no sense."""


# What nobody sees in a text: control characters, ends of lines of any kind, marks of direction and of no width; and halves
# of characters, which cannot be written anywhere.
UNSEEN = r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"


def visible(text):
    """A text whose unseen characters are spelled out."""
    return re.sub(UNSEEN, lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def quoted(value):
    """A declared value as a Refusal shows it: a text in quotes, anything else as it is."""
    return "'%s'" % visible(value) if isinstance(value, str) else visible("%s" % (value,))


class Operation:
    """One step of a plan.

    name: the verb, a stable identifier such as C(mount) or C(one.datastore.update).
    target: what it acts on, as the user calls it (a path, a datastore's name).
    summary: one phrase for the user; it never holds a secret.
    arguments: what the executing client needs; may hold secrets, so it is never returned or logged.
    """

    def __init__(self, name, target, summary, **arguments):
        self.name = name
        self.target = target
        self.summary = summary
        self.arguments = arguments

    def result(self):
        """The operation as a module returns it: C({"operation", "target", "summary"})."""
        return {"operation": self.name, "target": self.target, "summary": self.summary}

    def __repr__(self):
        return "Operation(%s %s: %s)" % (self.name, self.target, self.summary)


def includes(operations, *names):
    """Whether one of the operations has one of these names."""
    return any(operation.name in names for operation in operations)


class Plan:
    """Ordered operations, and the state before and after them.

    before, after: dicts keyed by target, holding only what differs and no secret; equal when nothing is to be done.
    warnings: sentences for the user that stop nothing.
    """

    def __init__(self, operations=(), before=None, after=None, warnings=()):
        self.operations = list(operations)
        self.before = dict(before or {})
        self.after = dict(after or {})
        self.warnings = list(warnings)

    def only(self, operations):
        """This plan with nothing but these of its operations, and the states of what they act on."""
        touched = set(operation.target for operation in operations)
        return Plan(operations, *[dict((target, state) for target, state in states.items() if target in touched)
                                  for states in (self.before, self.after)], warnings=self.warnings)

    def has(self, *names):
        """Whether an operation of one of these names is planned."""
        return includes(self.operations, *names)

    @property
    def changed(self):
        return bool(self.operations)

    def add(self, other):
        """Append another plan's operations, warnings and states; the targets must not overlap."""
        self.operations.extend(other.operations)
        self.before.update(other.before)
        self.after.update(other.after)
        self.warnings.extend(other.warnings)

    def diff(self):
        """The C(diff) value of a module's result."""
        return {"before": self.before, "after": self.after}

    def result(self):
        """The part of a module's result that every module shares: C(changed), C(operations), C(diff)."""
        return {
            "changed": self.changed,
            "operations": [operation.result() for operation in self.operations],
            "diff": self.diff(),
        }
