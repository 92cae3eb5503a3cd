# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's figures: medians, ratios, targets, the table, and the file that keeps them."""

import json

import pytest

from tests.bench import __main__ as program
from tests.bench import results
from tests.bench.results import BenchFailed, Row, merged, table, write


def row(name="a", ours=(1.0, 2.0, 9.0), theirs=(40.0, 60.0, 50.0), target=20, **more):
    return Row(name, list(ours), list(theirs), target, more)


def test_the_median_counts_and_one_slow_run_does_not():
    kept = row(ours_calls=3).as_dict()
    assert list(kept)[:5] == ["name", "ours_s", "theirs_s", "ratio", "runs"]
    assert (kept["ours_s"], kept["theirs_s"], kept["ratio"], kept["runs"]) == (2, 50, 25, 3)
    assert kept["ours_range_s"] == [1, 9] and kept["theirs_range_s"] == [40, 60]
    assert (kept["target"], kept["ours_calls"]) == (20, 3)


def test_no_more_digits_than_were_measured():
    assert row(ours=[1.23456], theirs=[3.0]).as_dict()["ratio"] == 2.43
    assert results.rounded(1234.5) == 1230


@pytest.mark.parametrize("target, missed, words", [
    (25, False, ">= 25 ok"), (25.1, True, ">= 25.1 MISSED"), (None, False, "-"),
])
def test_a_target_is_reached_or_missed(target, missed, words):
    one = row(target=target)
    assert one.missed is missed and words in table([one])
    assert ("target" in one.as_dict()) is (target is not None)


def test_the_table_has_a_line_a_row_in_columns():
    lines = table([row("short"), row("a-longer-name", target=None)]).splitlines()
    assert len(lines) == 3 and lines[0].split() == ["row", "ours", "theirs", "ratio", "target", "runs"]
    assert lines[1].index("50 s") == lines[2].index("50 s")


def test_rows_measured_again_replace_their_older_selves_and_others_stay(tmp_path):
    path = tmp_path / "results.json"
    write([row("a"), row("b")], path)
    write([row("b", ours=[5.0]), row("c")], path)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert [one["name"] for one in kept] == ["a", "b", "c"]
    assert (kept[1]["ours_s"], kept[1]["runs"]) == (5, 1)
    assert path.read_text(encoding="utf-8").endswith("]\n")


def test_merging_keeps_the_order():
    assert merged([{"name": "b"}, {"name": "a"}], [{"name": "a", "x": 1}]) == [{"name": "b"}, {"name": "a", "x": 1}]


def test_the_kept_results_have_every_row_and_name_no_machine():
    kept = json.loads(results.FILE.read_text(encoding="utf-8"))
    known = {name for each in program.MEASUREMENTS for name in each.ROWS}
    assert {one["name"] for one in kept} == known
    for one in kept:
        assert set(one["measured_on"]) == set(results.machine())


def test_an_unknown_row_is_named():
    with pytest.raises(BenchFailed, match="no-such-row"):
        program.wanted(["no-such-row"])


def test_a_row_selects_the_measurement_that_gives_it():
    for each in program.MEASUREMENTS:
        assert program.wanted([each.ROWS[0]]) == [each]
    assert program.wanted([]) == list(program.MEASUREMENTS)


class Measurement:
    """A measurement of one row."""

    ROWS = ("a",)

    def __init__(self, target):
        self.target = target

    def measure(self, runs, asked):
        assert asked == self.ROWS
        return [row(ours=[1.0] * runs, theirs=[2.0] * runs, target=self.target)]


@pytest.mark.parametrize("target, code", [(2, 0), (3, 1)])
def test_a_missed_target_fails_the_bench_and_is_kept_all_the_same(target, code, monkeypatch, capsys):
    written = []
    monkeypatch.setattr(program, "write", written.extend)
    monkeypatch.setattr(program.page, "update", lambda: None)
    assert program.bench([Measurement(target)], 2) == code
    assert written[0].as_dict()["runs"] == 2
    assert ("MISSED" in capsys.readouterr().out) is bool(code)
