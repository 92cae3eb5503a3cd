# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the guard: what counts as left behind, and what as flapping."""

import pytest

from tests.bench import guard
from tests.bench.guard import loss
from tests.bench.results import BenchFailed

LEFT = {"processes": 0, "descriptors": 4, "files": [["guard.json"]]}
DEAD = {"wall": [0.7] * 60, "cpu": [0.2] * 60, "memory": [100] * 59 + [104], "states": ["unknown"], "left": [LEFT, LEFT]}


def test_the_cost_of_a_look_is_that_of_its_processor():
    row = guard.cost({"cpu": [0.2, 0.25, 0.31], "wall": [1, 2, 3]})
    assert row.as_dict()["ours_s"] == 0.25 and not row.missed
    assert guard.cost({"cpu": [0.31, 0.32], "wall": [1, 1]}).missed


def test_a_dead_server_leaves_nothing():
    row = guard.dead(DEAD)
    assert not row.missed and row.more["memory_kib"] == [100, 104] and row.more["left"] == LEFT
    for changed in ({"left": [LEFT, dict(LEFT, processes=1)]}, {"states": ["ok", "unknown"]}):
        with pytest.raises(BenchFailed):
            guard.dead(dict(DEAD, **changed))


def look(state, seconds=0.1):
    return [0, [state, state, seconds]]


@pytest.mark.parametrize("looks, states, flaps", [
    ([look("ok"), look("ok")], ["ok"], False),
    ([look("ok"), look("degraded"), look("degraded")], ["ok", "degraded"], False),
    ([look("ok"), look("unknown", None), look("ok")], ["ok", "unknown", "ok"], True),
])
def test_a_state_flaps_when_it_comes_back(looks, states, flaps):
    found = loss.judged(looks)
    assert (found["states"], found["flaps"], found["looks"]) == (states, flaps, len(looks))
    if flaps:
        with pytest.raises(BenchFailed):
            guard.lost(found)
    else:
        assert guard.lost(found).more["states"] == states
