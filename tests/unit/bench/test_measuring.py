# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How sides take turns, how module executions are counted, and when two sides count as the same."""

import pytest

from tests.bench import datastores
from tests.bench.results import BenchFailed
from tests.bench.sides import alternate, measure
from tests.support.playbook import Run


def test_each_run_has_all_sides_and_starts_with_another():
    assert alternate(["a", "b", "c"], 4) == list("abcbcacababc")


def test_outcomes_belong_to_their_side():
    said = []
    outcomes = measure(["a", "b"], 2, lambda side: (side, len(said)), said.append)
    assert outcomes == {"a": [("a", 0), ("a", 3)], "b": [("b", 1), ("b", 2)]}


def task(action, **result):
    return {"action": action, "result": result, "loop": "results" in result, "task": action, "host": "hv1", "delegated_to": None}


def test_executions_are_modules_on_hosts_and_items_of_loops_that_were_not_skipped():
    run = Run(0, "", [
        task("ansible.builtin.ping"),
        task("virtshare.storage.one_datastores", datastores=[]),
        task("ansible.builtin.set_fact"),
        task("ansible.builtin.assert"),
        task("ansible.builtin.command", results=[{"rc": 0}, {"skipped": True}, {"rc": 0}]),
        task("bench_image", results=[]),
    ])
    assert sum(map(len, run.executions.values())) == 4


def test_sides_that_leave_different_things_fail_the_bench():
    here, there = ("DATASTORE", "a"), ("IMAGE", "a")
    datastores.require_same({here: {"TM_MAD": ["local"]}}, {here: {"TM_MAD": ["local"]}}, "other")
    for theirs in ({here: {"TM_MAD": ["ssh"]}}, {}, {here: {"TM_MAD": ["local"]}, there: {}}):
        with pytest.raises(BenchFailed, match="other does not leave what ours leaves"):
            datastores.require_same({here: {"TM_MAD": ["local"]}}, theirs, "other")


def test_all_sides_are_told_of_the_same_things():
    words = datastores.declared(3)
    names = {key: [one["name"] for one in words[key]] for key in words}
    assert len(set(map(tuple, names.values()))) == 1 and len(names["datastores"]) == 3
    for ours, theirs in zip(words["filesystems"], words["image_templates"]):
        assert theirs["fixed"]["PATH"] == ours["path"] and theirs["datastore"] == ours["datastore"]
        assert theirs["template"] == {"MOUNT_TAG": ours["mount_tag"], **ours["attributes"]}
