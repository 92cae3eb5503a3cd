# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line that says whether the proof's cost is linear."""

import pytest

from tests.bench import proof
from tests.bench.fit import medians


def runs(cost, sizes=(2, 10, 50, 100, 200)):
    return {size: [{"whole_s": cost(size), "host_ms": 3.0, "controller_ms": size / 2}] for size in sizes}


def test_a_linear_cost_is_what_the_line_foretells():
    row = proof.row(runs(lambda hosts: 2 + hosts / 4))
    assert row.ratio == pytest.approx(1) and not row.missed
    assert row.ours == [52] and row.more["points"][0] == {
        "hosts": 2, "whole_s": 2.5, "host_ms": 3.0, "controller_ms": 1.0}


def test_a_quadratic_cost_misses_the_target():
    assert proof.row(runs(lambda hosts: 2 + hosts ** 2 / 100)).missed


def test_the_median_of_each_part_is_drawn():
    measured = {size: [{"whole_s": size, "host_ms": part, "controller_ms": 1} for part in (1, 9, 2)] for size in (2, 4)}
    assert medians(measured, proof.PARTS)[4] == {"whole_s": 4, "host_ms": 2, "controller_ms": 1}
    drawn = proof.drawings(medians(measured, proof.PARTS))
    assert set(drawn) == set(proof.PLOTS) and all(text.startswith("<svg") for text in drawn.values())
