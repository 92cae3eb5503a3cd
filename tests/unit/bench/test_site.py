# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the whole site: their sides, their targets, and that all sides are told of the same things."""

import types

import pytest

from tests.bench import hosts, site
from tests.bench.playbooks import Timed
from tests.bench.results import BenchFailed
from tests.lab import LabError


def play(seconds, executions):
    run = types.SimpleNamespace(executions={host: ["a task"] * executions for host in hosts.HOSTS}, changes=set())
    return Timed(seconds, 8 * executions, run)


OUTCOMES = {
    site.OURS: [play(20, 5), play(22, 5), play(60, 5)], site.FLOOR: [play(9, 2)] * 3, site.ROLES: [play(170, 63)] * 3,
    site.OURS_THERE: [play(21, 5)] * 3, site.FLOOR + site.MITOGEN: [play(10, 2)] * 3,
    site.ROLES + site.MITOGEN: [play(50, 63)] * 3,
}


def test_every_row_has_its_sides_and_executions(monkeypatch):
    monkeypatch.setattr(site.mitogen, "versions", lambda: {"mitogen": "0.3.9"})
    made = {row.name: row for row in site.rows(OUTCOMES, ansible_posix="2.1.0")}
    assert tuple(made) == site.ROWS
    floor = made["site-converged-vs-floor"]
    assert (floor.ours, floor.theirs, floor.missed) == ([20, 22, 60], [9, 9, 9], False)
    assert floor.more == {"ours_executions": 5, "theirs_executions": 2, "ansible_posix": "2.1.0"}
    roles = made["site-converged-vs-roles-with-mitogen"]
    assert (roles.ours, roles.theirs, roles.more["mitogen"]) == ([21] * 3, [50] * 3, "0.3.9")
    assert made["site-converged-vs-roles-people-write"].target == 3


def test_only_the_sides_of_the_asked_rows_are_needed():
    made = site.rows({side: OUTCOMES[side] for side in (site.OURS, site.FLOOR)}, ["site-converged-vs-floor"])
    assert [row.name for row in made] == ["site-converged-vs-floor"]


def test_more_than_six_floors_count_as_missed():
    slow = {site.OURS: [play(54.5, 5)], site.FLOOR: [play(9, 2)]}
    assert site.rows(slow, ["site-converged-vs-floor"])[0].missed


def test_shares_and_images_are_the_same_directories():
    declared = site.declared()
    paths = [share["path"] for share in declared["virtshare_shares"]]
    assert len(paths) == site.SHARES and paths == [image["path"] for image in declared["filesystems"]]
    assert declared["opennebula_storage_filesystems"] == declared["filesystems"]
    for share in declared["virtshare_shares"]:
        assert f"mkdir -p {share['source'].partition(':')[2]}\n" in site.EXPORT


def test_without_its_environment_mitogen_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(site.mitogen, "PYTHON", tmp_path / "bin/python")
    with pytest.raises(BenchFailed, match="`make bench` makes it"):
        site.mitogen.environment(used=True)


class Lab:
    """A lab that notes what is asked of it."""

    said: list = []

    @classmethod
    def up(cls, name, _hosts, fresh):
        cls.said.append(("up", name, fresh))
        return cls()

    def down(self):
        self.said.append("down")


def test_the_lab_is_started_once_for_all_that_ask_and_not_at_all_for_nobody(monkeypatch):
    monkeypatch.setattr(hosts, "Lab", Lab)
    with hosts.Hosts() as shared:
        assert shared.lab() is shared.lab()
    with hosts.Hosts():
        pass
    assert Lab.said == [("up", "bench", True), "down"]


def test_a_lab_that_does_not_come_up_fails_the_bench(monkeypatch):
    def refuse(*_arguments, **_settings):
        raise LabError("no room")

    monkeypatch.setattr(hosts, "Lab", types.SimpleNamespace(up=refuse))
    with pytest.raises(BenchFailed, match="the lab: no room"):
        hosts.Hosts().lab()
