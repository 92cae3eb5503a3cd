# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Owner, group and permissions of datastores and images: who is meant, and the calls that correct them. No I/O."""

from .._plan.plan import Operation
from . import objects
from .objects import NEW_ID

# attribute of the declaration, the table of ServerState it is looked up in, the word for it
PARTIES = (("owner", "users", "user"), ("group", "groups", "group"))


def needs(desired, current):
    """Which tables are needed to correct owner and group: a set out of users, groups; none for what is so already."""
    return set(table for key, table, _word in PARTIES
               if desired[key] is not None and (current is None or not _is_so(desired, key, current)))


def _is_so(desired, key, current):
    return objects.is_named(desired[key], current[key], current[key + "_id"])


def correct(prefix, desired, current, server, what):
    """({field: value}, [Operation, ...]) that make owner, group and mode what is declared.

    prefix: one.datastore or one.image; current: read-back object, or None for one that an earlier operation creates.
    The owner comes last, since giving it away may take the right to do the rest.
    """
    target = desired["target"]
    number = NEW_ID if current is None else current["id"]
    fields, operations = {}, []
    mode = desired["mode"]
    if mode is not None and (current is None or mode != current["mode"]):
        fields["mode"] = mode
        words = "set the mode %s" % objects.letters(mode)
        if current is not None:
            words += " (it is %s)" % objects.letters(current["mode"])
        operations.append(Operation(prefix + ".chmod", target, words, call=[number] + objects.bits(mode)))
    ids, words = {"owner": -1, "group": -1}, []
    for key, table, word in PARTIES:
        if desired[key] is None or (current is not None and _is_so(desired, key, current)):
            continue
        known = getattr(server, table) or {}
        ids[key] = objects.resolve(desired[key], known, word, what)
        fields[key], fields[key + "_id"] = known[ids[key]], ids[key]
        words.append("the %s %s" % (key, desired[key]))
    if words:
        operations.append(Operation(prefix + ".chown", target, "set %s" % " and ".join(words),
                                    call=[number, ids["owner"], ids["group"]]))
    return fields, operations
