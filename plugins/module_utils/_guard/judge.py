# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is seen of a share to its state: how bad it is, why, and since when. Pure."""

from .._share import marker
from .._share.types import registry
from . import observe

OK, DEGRADED, UNKNOWN, LOST = STATES = ("ok", "degraded", "unknown", "lost")
# How much more room, or less time, it takes to be well again than it took to be ill, so that nothing flaps at an edge.
BACK_PERCENT = 2
BACK_SECONDS = 0.5

# The limits of a config, with their defaults.
LIMITS = {
    "free_percent": 5.0,
    "slow_seconds": 2.0,
    "proof_days": 7.0,
    "bad_runs": 2,
    "good_runs": 3,
}


def worst(states):
    """The worst of some states, ok when there are none."""
    return max(states, key=STATES.index) if states else OK


def weigh(share, seen, host, limits, now, before=OK):
    """(state, why) of what is seen in one run; why: a sentence that names host, path and server, "" when all is well.

    share: of the config. seen: see observe.look(). now: seconds since 1970. before: the state so far.
    """
    state, words = _weigh(share, seen, limits, now, before)
    return state, "%s: %s (%s) %s" % (host, share["path"], share["source"] or share["type"], words) if words else ""


def _weigh(share, seen, limits, now, before):
    found = seen["found"]
    if found == observe.UNMOUNTED:
        return LOST, "is not mounted: %s" % seen["instead"]
    if found == observe.FOREIGN:
        return LOST, "is another mount: %s" % seen["instead"]
    if found == observe.SILENT:
        return UNKNOWN, "gives no answer%s: %s" % (
            ", asked was %s" % seen["server"] if seen.get("server") else "", seen["instead"])
    if found == observe.ERROR:
        if seen.get("stale"):
            return LOST, "cannot be used: %s" % registry.of(share).stale_words
        return LOST, "cannot be used: %s" % seen["instead"]
    if found == observe.AT_REST:
        return OK, ""
    lost = _of_marker(seen["marker"])
    if lost:
        return LOST, lost
    words = list(_degrading(share, seen, limits, now, before == DEGRADED))
    return (DEGRADED, "; ".join(words)) if words else (OK, "")


def _of_marker(state):
    if state == observe.CHANGED:
        return "is another filesystem than was proven: its marker %s is another one" % marker.NAME
    if state == observe.MISSING:
        return "has lost its marker %s: the directory was emptied, or recreated on the server" % marker.NAME
    if state == observe.DAMAGED:
        return "has a damaged marker %s" % marker.NAME
    return None


def _degrading(share, seen, limits, now, degraded):
    """What makes a share degraded. degraded: whether it was so already."""
    if seen["read_only"] and not share["read_only"]:
        yield "is read-only, declared is a share that can be written"
    for name, trouble in sorted((seen.get("writes") or {}).items()):
        if trouble:
            yield "cannot be written by %s (%s)" % (name, trouble)
    least = limits["free_percent"] + (BACK_PERCENT if degraded else 0)
    for all_of, free, what in (("bytes", "free_bytes", "room"), ("files", "free_files", "inodes")):
        part = _percent(seen["space"], all_of, free)
        if limits["free_percent"] and part is not None and part < least:
            yield "has %.1f %% of its %s left" % (part, what)
    slow = limits["slow_seconds"] * (BACK_SECONDS if degraded else 1)
    if limits["slow_seconds"] and seen["seconds"] > slow:
        yield "is slow, it took %.1f s to answer" % seen["seconds"]
    if seen["marker"] == observe.UNREADABLE:
        yield "has a marker %s that nobody here may read" % marker.NAME
    if limits["proof_days"] and share["proof"]:
        if seen["proven"] is not None and now - seen["proven"] > limits["proof_days"] * 86400:
            yield "was last proven %d days ago" % ((now - seen["proven"]) // 86400)
        elif seen["proven"] is None and not share["read_only"]:
            yield "was never proven to be the same on all hosts"
    if share.get("daemon_missing"):
        yield "cannot be given to a guest: there is no virtiofsd on this host"


def _percent(space, all_of, free):
    # A filesystem without a limit of its own says 0 of 0, for inodes many do.
    return 100.0 * space[free] / space[all_of] if space[all_of] else None


def settled(previous, state, why, now, limits):
    """What is known of a share after a run: {"state", "since", "why", "seen", "pending"}.

    previous: the same after the run before, None for the first one, which counts at once. A worse state takes
    bad_runs in a row, a better one good_runs; of those the last worse, and the worst better one count.
    pending: {"state", "why", "since", "runs"} of a change that is under way, or None.
    """
    if previous is None:
        return {"state": state, "since": now, "why": why, "seen": state, "pending": None}
    result = dict(previous, seen=state)
    if state == previous["state"]:
        result.update(why=why, pending=None)
        return result
    worse = STATES.index(state) > STATES.index(previous["state"])
    pending = previous["pending"]
    if pending is None or (STATES.index(pending["state"]) > STATES.index(previous["state"])) != worse:
        pending = {"state": state, "why": why, "since": now, "runs": 0}
    if worse or STATES.index(state) >= STATES.index(pending["state"]):
        pending = dict(pending, state=state, why=why)
    pending = dict(pending, runs=pending["runs"] + 1)
    if pending["runs"] >= limits["bad_runs" if worse else "good_runs"]:
        result.update(state=pending["state"], why=pending["why"], since=pending["since"], pending=None)
    else:
        result["pending"] = pending
    return result
