# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate is skipped only when it has passed with everything it depends on as it is."""

import io
import json

import pytest

from tests.gates import inputs, stages
from tests.gates.process import Failed
from tests.gates.runner import Result, run_stages, summary, write_times

FILES = {
    "README.md": "# Read", "plugins/modules/one.py": "pass", "changelogs/fragments/1.yml": "minor_changes: []",
    "requirements/dev.txt": "pytest==1", "tests/gates/stages.py": "pass", "tests/unit/test_one.py": "pass",
}


class Gate:
    """A gate that counts its runs. memory: what has passed; tree: the directory it judges; run(): as make check does."""

    def __init__(self, directory):
        self.runs, self.problem, self.meanwhile, self.directory = 0, None, None, directory
        self.tree = directory / "tree"
        for name, text in FILES.items():
            self.write(name, text)
        self.memory = inputs.Memory(directory / "passed", self.tree, self._listed)

    def write(self, name, text):
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _listed(self):
        return {str(path.relative_to(self.tree)) for path in self.tree.rglob("*") if not path.is_dir()}

    def _stage(self, log):
        self.runs += 1
        if self.meanwhile:
            self.meanwhile()
        if self.problem:
            raise Failed(self.problem)

    def run(self, name="lint", named=False):
        (result,) = run_stages({name: self._stage}, self.directory / "logs", io.StringIO(), self.memory,
                               () if named else (name,))
        return result


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path)


def test_unchanged_it_is_skipped_and_says_since_when(gate):
    assert gate.run().outcome == "passed"
    again = gate.run()
    assert again.outcome == "skipped" and gate.runs == 1
    assert "unchanged since it passed on 2" in again.unchanged and "FRESH=1" in again.unchanged


def test_named_it_is_run_and_what_it_passed_with_counts(gate):
    assert [gate.run(named=True).outcome for dummy in range(2)] == ["passed", "passed"]
    assert gate.run().outcome == "skipped"


CHANGES = {
    "content": lambda gate: gate.write("README.md", "# Read more"),
    "a new file": lambda gate: gate.write("docs/new.rst", ""),
    "a file less": lambda gate: (gate.tree / "README.md").unlink(),
    "another name": lambda gate: (gate.tree / "README.md").rename(gate.tree / "READ.md"),
    "may be run": lambda gate: (gate.tree / "README.md").chmod(0o755),
    "points elsewhere": lambda gate: ((gate.tree / "README.md").unlink(),
                                      (gate.tree / "README.md").symlink_to("changelogs")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_changes_it_runs_again(gate, change):
    gate.run()
    change(gate)
    assert gate.run().outcome == "passed" and gate.runs == 2
    assert gate.run().outcome == "skipped"


def test_another_interpreter_or_system_counts(gate, monkeypatch):
    gate.run()
    monkeypatch.setattr(inputs, "_machine", lambda: "another")
    assert gate.run().outcome == "passed"


def test_what_failed_or_changed_meanwhile_is_run_again(gate):
    gate.run()
    gate.problem = "broken"
    assert gate.run(named=True).outcome == gate.run().outcome == "failed"
    gate.problem, gate.meanwhile = None, lambda: gate.write("README.md", f"# Written in run {gate.runs}")
    assert gate.run().outcome == gate.run().outcome == "passed"


def test_a_gate_that_reads_less_is_skipped_more(gate):
    for name in ("changelog", "target"):
        gate.run(name)
    gate.write("README.md", "# Read more")
    assert gate.run("changelog").outcome == gate.run("target").outcome == "skipped"
    gate.write("changelogs/fragments/2.yml", "bugfixes: []")
    assert gate.run("changelog").outcome == "passed" and gate.run("target").outcome == "skipped"
    for name in ("requirements/dev.txt", "tests/gates/stages.py"):
        gate.write(name, "changed")
        assert gate.run("changelog").outcome == gate.run("target").outcome == "passed"


def test_the_simulators_have_passed_with_the_whole_they_are_a_part_of(gate):
    gate.run("integration")
    assert gate.run("simulators").outcome == "skipped"
    gate.write("README.md", "# Read more")
    assert gate.run("simulators").outcome == "passed"
    assert gate.run("integration").outcome == "passed", "a part is not the whole"


@pytest.mark.parametrize("failed, other", [("integration", "simulators"), ("simulators", "integration")])
def test_a_failure_of_the_whole_or_of_a_part_counts_for_both(gate, failed, other):
    gate.run(other)
    gate.problem = "broken"
    assert gate.run(failed, named=True).outcome == "failed"
    gate.problem = None
    assert gate.run("simulators").outcome == "passed"


@pytest.mark.parametrize("name", ["setup", "hosts", "scenarios", "molecule", "bench-tools"])
def test_the_lab_and_what_prepares_are_never_skipped(gate, name):
    assert [gate.run(name).outcome for dummy in range(2)] == ["passed", "passed"]


def test_every_gate_of_this_list_is_one():
    assert set(inputs.GATES) == {*stages.ALL, *stages.CHECK} - {"setup", "hosts"}


def test_a_record_cut_short_is_none(gate):
    gate.run()
    (gate.directory / "passed/lint.json").write_text('{"digest": "', encoding="utf-8")
    assert gate.run().outcome == "passed"


@pytest.mark.parametrize("variable", ["CI", "FRESH"])
def test_nothing_is_skipped_in_ci_or_when_a_user_says_so(monkeypatch, variable):
    for name in ("CI", "FRESH"):
        monkeypatch.delenv(name, raising=False)
    assert inputs.may_skip()
    monkeypatch.setenv(variable, "1")
    assert not inputs.may_skip()


def test_what_was_skipped_is_counted_apart_and_times_are_left_for_programs(tmp_path):
    results = [Result("lint", 0.0, None, "unchanged since it passed on 2026-01-31 12:00"),
               Result("unit", 2.04, "pytest ended with 1"), Result("docs", 3.0, None)]
    text = summary(results, 1.0, tmp_path)
    assert text.splitlines()[-1] == "1 passed, 1 failed, 1 skipped"
    assert "unchanged since it passed on 2026-01-31 12:00" in text
    write_times(results, tmp_path / "times.json")
    assert json.loads((tmp_path / "times.json").read_text(encoding="utf-8"))["stages"] == [
        {"name": "lint", "seconds": 0.0, "outcome": "skipped", "problem": None},
        {"name": "unit", "seconds": 2.0, "outcome": "failed", "problem": "pytest ended with 1"},
        {"name": "docs", "seconds": 3.0, "outcome": "passed", "problem": None},
    ]
