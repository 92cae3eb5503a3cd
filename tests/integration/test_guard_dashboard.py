# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dashboard shows of real losses: a Prometheus answers its expressions about what guards have said."""

import json

import pytest

from tests.pictures import prometheus, watched


@pytest.mark.release
def test_the_dashboard_shows_what_happened_to_the_shares():
    recorded = json.loads(watched.FILE.read_text(encoding="utf-8"))
    times = [at for each in recorded["times"].values() for at in each]
    answers = prometheus.answers(watched.openmetrics(recorded), min(times) + watched.INTERVAL, max(times), watched.INTERVAL)
    assert list(answers) == [panel["title"] for panel in prometheus.panels()]
    assert all(answers.values()), "every panel has a line"
    states = {name: [value for _at, value in points] for name, points in answers["State of each share on each host"].items()}
    assert {name: list(dict.fromkeys(values)) for name, values in states.items()} == {
        "hv1 /srv/shares/media": [1, 2], "hv2 /srv/shares/media": [1, 2], "hv1 /srv/shares/projects": [1, 3],
        "hv2 /srv/shares/projects": [1, 4]}
    assert {values[-1] for values in states.values()} == {1}
    free = answers["Free, part of the whole"]["hv1 /srv/shares/media"]
    assert min(value for _at, value in free) < 0.05 < 0.95 < free[-1][1]
    # Looks of five seconds, two of which make a state.
    lost = [at for at, value in answers["State of each share on each host"]["hv2 /srv/shares/projects"] if value == 4]
    since = {event[2].split()[0]: watched.INTERVAL * event[0] for event in watched.EVENTS if event[1] == "hv2"}
    assert 0 <= lost[0] - since["umount"] <= 2 * watched.INTERVAL and lost[-1] <= since["mount"] + 3 * watched.INTERVAL


def test_a_value_that_is_missing_at_first_keeps_its_place():
    looks = [(1.0, "hv1", "# HELP a words\na 1\n"), (2.0, "hv1", 'a 2\nb{path="/x"} 5\n'), (2.5, "hv2", "a 3\n")]
    recorded = watched.compact(looks)
    assert recorded == {"times": {"hv1": [1.0, 2.0], "hv2": [2.5]},
                        "series": {"hv1": {"a": [1, 2], 'b{path="/x"}': [None, 5]}, "hv2": {"a": [3]}}}
    assert watched.openmetrics(recorded) == (
        '# TYPE a gauge\na{instance="hv1"} 1.0 1.0\na{instance="hv1"} 2.0 2.0\na{instance="hv2"} 3.0 2.5\n'
        '# TYPE b gauge\nb{instance="hv1",path="/x"} 5.0 2.0\n# EOF\n')
