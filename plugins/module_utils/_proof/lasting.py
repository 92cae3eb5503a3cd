# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it the share of yesterday? The marker in its root is compared with what this host and the others remember.

The first proof writes the marker, when all hosts have read each other. All hosts of a run would write the same one, so
that it does not matter who is first; of two runs the second finds the marker of the first.
"""

import os
import time

from .._plan.plan import Operation, Plan
from .._share import live, marker
from .._share.types import registry
from . import nonces

# What is found: the marker that was remembered; one that was written now, or taken over, or accepted, or given up;
SAME, WRITTEN, ADOPTED, ACCEPTED, FORGOTTEN = "same", "written", "adopted", "accepted", "forgotten"
# another one than was remembered, none, a file that is none;
CHANGED, MISSING, DAMAGED = "changed", "missing", "damaged"
# nothing to compare with, or what others remember speaks against it.
NONE = "none"
WRONG = (CHANGED, MISSING, DAMAGED)
_ATTEMPTS = 40
_PAUSE = 0.05


class Intent:
    """What a run may do with the identity of one share.

    keep: whether the run is a proof that others may rely on tomorrow. accept: whether another identity than yesterday's
    is intended. source: as declared. read_only: nothing is written then.
    """

    def __init__(self, share, keep, accept):
        self.path = share["path"]
        self.source = share.get("source") or ""
        self.read_only = bool(share["read_only"])
        self.keep = keep
        self.accept = accept
        self.memory = marker.remembered(self.path)

    @property
    def own(self):
        """The id that this host remembers of what is declared; another source is another share."""
        return self.memory.id if self.memory is not None and self.memory.source == self.source else ""

    def decide(self, found, occupied, others, complete):
        """What comes of it, one of the words above. found: the Marker there. occupied: there is a file that is none.

        others: what the other hosts remember. complete: whether all hosts have read each other.
        """
        if found is not None:
            if found.id == self.own:
                return SAME
            if self.own and not self.accept:
                return CHANGED
            if others - {found.id} and not self.accept:
                return NONE
            return NONE if not self.keep else ACCEPTED if self.own else ADOPTED
        if not self.accept:
            if self.own or occupied:
                return DAMAGED if occupied else MISSING
            if others:
                return NONE
        if self.read_only:
            return FORGOTTEN if self.own and self.keep else NONE
        return WRITTEN if self.keep and complete else NONE

    def predict(self):
        """decide() for a share that is not mounted yet."""
        return NONE if self.own or self.read_only or not self.keep else WRITTEN


def look(path, mount, run_id, host, intent, others, complete):
    """{"state", "id", "date", "path", "error", "complete"} of the share; the marker is written where that is due.

    To be called in a child. host: None to write nothing. error: why a marker could not be written, or None. PermissionError:
    somebody else may.
    """
    found, occupied = _read(path, mount)
    state, trouble = intent.decide(found, occupied, set(others) - {""}, complete), None
    if state == WRITTEN and host is not None:
        new = marker.made(run_id, intent.path, time.strftime("%Y-%m-%d", time.gmtime()))
        try:
            nonces.in_directory(path, mount, run_id, lambda root, hidden: marker.place(
                root, hidden, nonces.file_name(host, "identity"), new, occupied,
                registry.of_mount(mount).second_names))
            found = _read_again(path, mount)
        except PermissionError:
            raise
        except OSError as error:
            trouble = live.error_words(error)
        if found is None:
            state = NONE
    return {"state": state, "id": found and found.id, "date": found and found.date, "path": found and found.path,
            "error": trouble, "complete": complete}


def settle(intent, seen, check_mode):
    """(Plan of what this host has to remember, a warning or None); outside check mode it is done."""
    state = seen["state"]
    if seen.get("error"):
        return Plan(), "%s: its marker %s cannot be written: %s; another share at this path would go unnoticed" % (
            intent.path, marker.NAME, seen["error"])
    if state == SAME and intent.keep and seen.get("complete") and not check_mode:
        return Plan(), _note(intent.path)
    before = {"identity": intent.memory and intent.memory.id}
    if state not in (WRITTEN, ADOPTED, ACCEPTED, FORGOTTEN):
        return Plan(), None
    if state == FORGOTTEN:
        operation, after = Operation("forget", intent.path, "forget the identity of a read-only share"), None
    else:
        operation = Operation("remember", intent.path, "remember the identity of the share")
        after = "written by this proof" if state == WRITTEN else seen["id"]
    plan = Plan([operation], {intent.path: before}, {intent.path: {"identity": after}})
    if check_mode:
        return plan, None
    try:
        if state == FORGOTTEN:
            marker.forget(intent.path)
        else:
            marker.remember(intent.path, intent.source, marker.Marker(seen["id"], intent.path, seen["date"]))
    except OSError as error:
        return Plan(), "%s: its identity cannot be remembered in %s: %s; another share at this path would go unnoticed here" % (
            intent.path, marker.MEMORY, live.error_words(error))
    return plan, None


def _note(path):
    """Note when a proof of all hosts last was right; a warning where that cannot be. It is no change of the host."""
    try:
        marker.found_again(path)
    except OSError as error:
        return "%s: when it was proven cannot be noted in %s: %s" % (path, marker.MEMORY, live.error_words(error))
    return None


def _read(path, mount):
    root = live.enter(path, mount)
    try:
        return marker.read(root)
    finally:
        os.close(root)


def _read_again(path, mount):
    """The marker that has won; a filesystem without second names may show it before all of it is there."""
    for left in range(_ATTEMPTS, 0, -1):
        found = _read(path, mount)[0]
        if found is not None or left == 1:
            return found
        time.sleep(_PAUSE)
