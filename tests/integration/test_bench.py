# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench against the simulator: all sides leave the same, and one that changes something twice is found out."""

import json

import pytest

from tests.bench import datastores
from tests.bench.results import BenchFailed

pytestmark = pytest.mark.release


def test_a_side_that_changes_something_the_second_time_fails_the_bench(tmp_path, monkeypatch):
    monkeypatch.setitem(datastores.THEIRS, "careless", (str(tmp_path / "careless.yml"), None))
    (tmp_path / "careless.yml").write_text(json.dumps([{
        "name": "Everything twice", "hosts": "frontend", "gather_facts": False, "tasks": [
            {"name": "Manage", "virtshare.storage.one_datastores": {"datastores": "{{ datastores }}"}},
            {"name": "Register", "virtshare.storage.one_filesystem_images": {"filesystems": "{{ filesystems }}"}},
            {"name": "Say so", "ansible.builtin.command": "true"},
        ],
    }]), encoding="utf-8")
    server = datastores.Server(tmp_path, 1)
    try:
        with pytest.raises(BenchFailed, match="the second run of careless is not without change.*Say so"):
            server.measure("careless")
    finally:
        server.stop()


def test_the_two_sides_are_measured_on_one_server_in_one_run():
    rows = {row.name: row for row in datastores.measure(1, items=2)}
    assert tuple(rows) == datastores.ROWS
    converged, first = rows["datastores-converged-vs-per-item"], rows["datastores-first-vs-per-item"]
    assert converged.more == {"ours_calls": 3, "theirs_calls": 4} and converged.target == 20
    assert first.target is None and first.more["ours_calls"] > 3
