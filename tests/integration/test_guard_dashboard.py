# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dashboard shows of real losses: a Prometheus answers its expressions about what guards have said."""

import itertools
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
    assert {name: [value for value, _same in itertools.groupby(values)] for name, values in states.items()} == {
        "hv1 /srv/shares/media": [1, 2, 1, 3, 1], "hv2 /srv/shares/media": [1, 2, 1, 3, 1],
        "hv1 /srv/shares/projects": [1, 3, 1], "hv2 /srv/shares/projects": [1, 4, 1, 3, 1]}
    assert {values[-1] for values in states.values()} == {1}
    free = answers["Free, part of the whole"]["hv1 /srv/shares/media"]
    assert min(value for _at, value in free) < 0.05 < 0.9 < free[-1][1]
    # Two looks make a state, three end it; a tenth of an interval later each, and seen at the next point of the graph.
    begin, slack = min(times) + watched.INTERVAL, 0.3 * watched.INTERVAL + watched.TIMEOUT
    events = {name: at - begin for name, at in recorded["events"].items()}
    for name, state, harm, end in (("hv2 /srv/shares/projects", 4, "unmounted", "mounted"), ("hv1 /srv/shares/media", 2, "filled", "emptied"),
                                   ("hv1 /srv/shares/projects", 3, "stopped", "started")):
        during = [at for at, value in answers["State of each share on each host"][name] if value == state]
        # Two looks at a server that is away take its time each.
        assert 0 <= during[0] - events[harm] <= 3 * watched.INTERVAL + slack + 2 * watched.TIMEOUT * (state == 3), name
        # A client asks a server that was away again after pauses that grow.
        assert during[-1] - events[end] <= 3 * watched.INTERVAL + slack + 15 * (state == 3), name


def test_a_value_that_is_missing_at_first_keeps_its_place():
    looks = [(1.0, "hv1", "# HELP a words\na 1\n"), (2.0, "hv1", 'a 2\nb{path="/x"} 5\n'), (2.5, "hv2", "a 3\n")]
    recorded = watched.compact(looks, {"filled": 1.23})
    assert recorded == {"events": {"filled": 1.2}, "times": {"hv1": [1.0, 2.0], "hv2": [2.5]},
                        "series": {"hv1": {"a": [1, 2], 'b{path="/x"}': [None, 5]}, "hv2": {"a": [3]}}}
    assert watched.openmetrics(recorded) == (
        '# TYPE a gauge\na{instance="hv1"} 1.0 1.0\na{instance="hv1"} 2.0 2.0\na{instance="hv2"} 3.0 2.5\n'
        '# TYPE b gauge\nb{instance="hv1",path="/x"} 5.0 2.0\n# EOF\n')
