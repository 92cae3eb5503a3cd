# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is seen to a state and a sentence; and that only what lasts changes a state."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._guard import judge, observe

SHARE = {"path": "/srv/p", "source": "nas1:/e", "type": "nfs", "read_only": False, "proof": True, "writers": []}
NOW = 1000 * 86400
GOOD = {"found": "mounted", "server": "nas1", "seconds": 0.1, "read_only": False, "marker": "same", "proven": NOW - 86400,
        "space": {"bytes": 1000, "free_bytes": 500, "files": 0, "free_files": 0}, "writes": None}


def weigh(share=(), before="ok", **seen):
    return judge.weigh(dict(SHARE, **dict(share)), dict(GOOD, **seen), "hv1", judge.LIMITS, NOW, before)


@pytest.mark.parametrize("seen, state, words", [
    ({}, "ok", ""),
    ({"found": "at_rest"}, "ok", ""),
    ({"found": "unmounted", "instead": "a plain directory of the local ext4 /dev/vda1"}, "lost",
     "is not mounted: a plain directory of the local ext4 /dev/vda1"),
    ({"found": "foreign", "instead": "nas2:/e of type nfs4"}, "lost", "is another mount: nas2:/e of type nfs4"),
    ({"found": "silent", "instead": "no answer within 5 s"}, "unknown", "gives no answer, asked was nas1: no answer within 5 s"),
    ({"found": "silent", "server": None, "instead": "nas1 cannot be reached on port 2049 (timed out)"}, "unknown",
     "gives no answer: nas1 cannot be reached on port 2049 (timed out)"),
    ({"found": "error", "instead": "EIO: Input/output error"}, "lost", "cannot be used: EIO: Input/output error"),
    ({"found": "error", "instead": "", "stale": True}, "lost",
     "cannot be used: the export was replaced on the server (stale file handle)"),
    ({"marker": "missing"}, "lost",
     "has lost its marker .virtshare-identity: the directory was emptied, or recreated on the server"),
    ({"marker": "unreadable"}, "degraded", "has a marker .virtshare-identity that nobody here may read"),
    ({"read_only": True}, "degraded", "is read-only, declared is a share that can be written"),
    ({"writes": {"a": None, "b": "EACCES: Permission denied"}}, "degraded", "cannot be written by b (EACCES: Permission denied)"),
    ({"space": dict(GOOD["space"], free_bytes=49)}, "degraded", "has 4.9 % of its room left"),
    ({"space": dict(GOOD["space"], files=100, free_files=1)}, "degraded", "has 1.0 % of its inodes left"),
    ({"seconds": 2.1}, "degraded", "is slow, it took 2.1 s to answer"),
    ({"proven": NOW - 8 * 86400}, "degraded", "was last proven 8 days ago"),
    ({"proven": None, "marker": "none"}, "degraded", "was never proven to be the same on all hosts"),
    ({"seconds": 3.0, "read_only": True}, "degraded",
     "is read-only, declared is a share that can be written; is slow, it took 3.0 s to answer"),
])
def test_states_and_sentences(seen, state, words):
    assert weigh(**seen) == (state, "hv1: /srv/p (nas1:/e) " + words if words else "")


@pytest.mark.parametrize("share, seen", [
    ({"read_only": True}, {"read_only": True}),
    ({"read_only": True}, {"proven": None, "marker": "none"}),
    ({"proof": False}, {"proven": None, "marker": "none"}),
])
def test_what_is_declared_so_is_well(share, seen):
    assert weigh(share, **seen) == ("ok", "")


def test_a_host_without_virtiofsd_says_so():
    assert weigh({"daemon_missing": True}) == (
        "degraded", "hv1: /srv/p (nas1:/e) cannot be given to a guest: there is no virtiofsd on this host")


@pytest.mark.parametrize("seen", [{"space": dict(GOOD["space"], free_bytes=65)}, {"seconds": 1.5}])
def test_what_was_bad_has_to_be_clearly_well_again(seen):
    assert weigh(**seen)[0] == "ok"
    assert weigh(before="degraded", **seen)[0] == "degraded"


def test_limits_of_0_are_none():
    limits = dict(judge.LIMITS, free_percent=0, slow_seconds=0, proof_days=0)
    seen = dict(GOOD, seconds=60, space=dict(GOOD["space"], free_bytes=0), proven=1)
    assert judge.weigh(SHARE, seen, "hv1", limits, NOW) == ("ok", "")


def history(*states, **limits):
    """[(state, since)] after each run; runs are numbered from 1, which is their time."""
    known, result = None, []
    for now, state in enumerate(states, 1):
        known = judge.settled(known, state, "why %d" % now, now, dict(judge.LIMITS, **limits))
        result.append((known["state"], known["since"]))
    return result, known


def test_the_first_look_counts_at_once():
    assert history("lost")[0] == [("lost", 1)]


def test_two_bad_in_a_row_count_from_the_first_and_three_good_ones():
    states, known = history("ok", "lost", "lost", "ok", "ok", "ok")
    assert states == [("ok", 1), ("ok", 1), ("lost", 2), ("lost", 2), ("lost", 2), ("ok", 4)]
    assert known["why"] == "why 6" and known["pending"] is None


def test_what_changes_at_every_look_changes_no_state():
    assert {state for state, dummy in history(*["ok", "unknown"] * 20)[0]} == {"ok"}
    assert {state for state, dummy in history("lost", "lost", *["ok", "ok", "lost"] * 20)[0]} == {"lost"}


def test_different_troubles_in_a_row_are_trouble_and_the_last_one_is_named():
    states, known = history("ok", "degraded", "unknown")
    assert states[-1] == ("unknown", 2) and known["why"] == "why 3"


def test_on_the_way_up_the_worst_of_the_good_ones_counts():
    states, known = history("lost", "ok", "degraded", "ok")
    assert states[-1] == ("degraded", 2) and known["why"] == "why 3"


def test_a_turn_begins_to_count_anew():
    assert [state for state, dummy in history("degraded", "ok", "ok", "lost", "ok", "ok", "lost", "lost")[0]] == (
        ["degraded"] * 7 + ["lost"])


def test_the_sentence_of_a_lasting_state_is_the_last_one():
    assert history("lost", "lost")[1]["why"] == "why 2"


def test_the_worst_of_many():
    assert judge.worst(["ok", "unknown", "degraded"]) == "unknown"
    assert judge.worst([]) == "ok"


def test_every_word_of_the_look_is_judged():
    found = {observe.MOUNTED, observe.UNMOUNTED, observe.FOREIGN, observe.AT_REST, observe.SILENT, observe.ERROR}
    assert {judge.weigh(SHARE, dict(GOOD, found=word, instead="x"), "h", judge.LIMITS, NOW)[0] for word in found} == {
        "ok", "lost", "unknown"}
