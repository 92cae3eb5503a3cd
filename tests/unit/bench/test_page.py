# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page shows what was measured: its tables are those of the kept results."""

import json

import pytest

from tests.bench import datastores_scale, page, proof, results, site_scale
from tests.bench.results import Row

PAGE = "".join(f"{page.BEGIN.format(name)}\n{page.END.format(name)}\n\n" for name in (
    "datastores", "datastores-scale", "mounts", "site", "site-scale", "proof", "guard"))


def kept(name, runs=3, target=None, **more):
    return Row(name, [1.0, 2.0, 4.0][:runs], [40.0, 80.0, 60.0][:runs], target, more).as_dict()


DATASTORES = kept("datastores-first-vs-loop", ours_calls=3, theirs_calls=200)
CONVERGED = kept("mounts-converged-vs-loop", target=14, ours_executions=1, theirs_executions=41)
CHANGED = kept("mounts-changed-source-vs-loop", runs=1, ours_executions=1, theirs_executions=41, ours_mends=True,
               theirs_mends=False)
PROOF = kept("proof-hosts", points=[{"hosts": 2, "whole_s": 3.14, "host_ms": 12.6, "controller_ms": 0.21}])


SITE = kept("site-converged-vs-floor", target=0.4, ours_executions=5, theirs_executions=2)
SITE_SCALE = kept("site-scale", points=[{"hosts": 8, "whole_s": 20.04, "memory_mib": 62.4, "line_s": 21.5}])
MANY = kept("datastores-scale", target=1, points=[
    {"items": 10, "seconds": 1.9, "calls": 1, "line_s": 1.84, "with_images_seconds": 2.4, "with_images_calls": 3}])


def test_the_page_shows_the_kept_results():
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.rewritten(text, json.loads(results.FILE.read_text(encoding="utf-8"))) == text
    for name in [*proof.PLOTS, *site_scale.PLOTS, datastores_scale.PLOT]:
        assert f".. image:: images/{name}\n" in text


def test_a_table_takes_the_place_of_the_one_before_and_others_stay():
    first = page.rewritten(PAGE, [DATASTORES, CONVERGED])
    again = page.rewritten(first, [dict(DATASTORES, theirs_s=99)])
    assert "99 s" in again and "99 s" not in first
    assert again.split(page.END.format("datastores"))[1] == first.split(page.END.format("datastores"))[1]
    assert page.rewritten(again, [dict(DATASTORES, theirs_s=99), CONVERGED]) == again


@pytest.mark.parametrize("text", ["", PAGE + PAGE])
def test_a_page_without_its_place_or_with_two_is_refused(text):
    with pytest.raises(ValueError, match="table datastores"):
        page.rewritten(text, [DATASTORES])


def cells(name, rows):
    lines = [line for line in page.tables(rows)[name].splitlines() if line.startswith(("   * -", "     -"))]
    return [line[6:].strip() for line in lines]


def test_a_row_has_its_range_its_target_and_what_else_was_counted():
    assert cells("mounts", [CONVERGED])[7:] == [
        "``mounts-converged-vs-loop``", "2 s (1–4)", "60 s (40–80)", "30", "at least 14", "1 and 41", ""]
    assert cells("mounts", [CHANGED])[7:] == [
        "``mounts-changed-source-vs-loop``", "1 s", "40 s", "40", "", "1 and 41", "ours"]
    assert cells("datastores", [DATASTORES])[6:] == [
        "``datastores-first-vs-loop``", "2 s (1–4)", "60 s (40–80)", "30", "", "3 and 200"]
    assert cells("site", [SITE, SITE_SCALE])[6:] == [
        "``site-converged-vs-floor``", "2 s (1–4)", "60 s (40–80)", "30", "at least 0.4", "5 and 2"]
    assert cells("site-scale", [SITE, SITE_SCALE])[4:] == ["8", "20.0 s", "21.5 s (-1.5 s)", "62 MiB"]
    assert cells("datastores-scale", [DATASTORES, MANY])[6:] == ["10", "1.9 s", "1.8 s (+0.1 s)", "1", "2.4 s", "3"]
    assert cells("proof", [PROOF])[4:] == ["2", "3.1 s", "13 ms", "0.2 ms"]
    assert cells("guard", [kept("guard-20-shares", 1, 1, shares=20), CONVERGED])[4:] == [
        "``guard-20-shares``", "1 s", "40 s", "of a processor, for 20 shares"]


def test_it_is_said_how_often_and_on_what():
    machine = results.machine()
    words = page.circumstances([CONVERGED])
    assert words.startswith("Medians, least and most of 3 runs. ") and f"ansible-core {machine['ansible_core']}." in words
    assert page.circumstances([CHANGED]).startswith("Single figures of 1 run. ")
    elsewhere = dict(CHANGED, measured_on=dict(machine, processors=64))
    words = page.circumstances([CONVERGED, elsewhere, CONVERGED])
    assert "of 1 or 3 runs" in words and words.count("processors") == 2 and "; 64 processors" in words
