# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines, as far as it matters which of them use a directory. No I/O."""

from . import objects, template

ACTIVE = 3
STATES = ("INIT", "PENDING", "HOLD", "ACTIVE", "STOPPED", "SUSPENDED", "DONE", "FAILED", "POWEROFF", "UNDEPLOYED",
          "CLONING", "CLONING_FAILURE")
# The states of an active machine that last; in any other one something is under way, or has failed on the way.
LCM_STATES = {1: "PROLOG", 2: "BOOT", 3: "RUNNING", 12: "SHUTDOWN", 16: "UNKNOWN", 36: "BOOT_FAILURE",
              39: "PROLOG_FAILURE", 40: "EPILOG_FAILURE", 44: "PROLOG_MIGRATE_POWEROFF_FAILURE"}


def read_pool(document):
    """{id: machine} in the body of one.vmpool.infoset, short or extended."""
    return dict((one["id"], one) for one in map(_read, template.parse(document).findall("VM")))


def _read(element):
    number = objects.child_int(element, "STATE", -1)
    lcm = objects.child_int(element, "LCM_STATE", -1)
    records = element.findall("HISTORY_RECORDS/HISTORY")
    return {
        "id": objects.child_int(element, "ID", -1),
        "name": objects.child_text(element, "NAME"),
        "owner": objects.child_text(element, "UNAME"),
        "state": LCM_STATES.get(lcm, "ACTIVE (%d)" % lcm) if number == ACTIVE else objects.enum(STATES, number),
        "host": objects.child_text(records[-1], "HOSTNAME") or None if records else None,
    }


def public(ids, machines):
    """The machines of these ids as a module returns them; of one that the user may not see, the id alone is known."""
    unknown = {"name": None, "owner": None, "state": None, "host": None}
    return [(machines or {}).get(number) or dict(unknown, id=number) for number in ids]


def words(ids, machines):
    """Machines in a sentence: VM 3 (web1, RUNNING on hv1), VM 7."""
    return ", ".join(_words(one) for one in public(ids, machines))


def _words(one):
    if one["name"] is None:
        return "VM %d" % one["id"]
    where = " on %s" % one["host"] if one["host"] else ""
    return "VM %d (%s, %s%s)" % (one["id"], one["name"], one["state"], where)
