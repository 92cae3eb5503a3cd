# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on real hosts: nothing is left out, the longest starts first, and the times come from the jobs' own logs."""

import io
import json
import sys
import time

import pytest

from tests.gates import hosts, times
from tests.gates.process import ROOT, Log, environment
from tests.gates.queue import Job, Outcome, run_queue
from tests.support.interrupt import interrupted


@pytest.fixture
def log(tmp_path):
    opened = Log(tmp_path / "stage.log", io.StringIO())
    yield opened
    opened.close()


def job(name, script, seconds=30):
    return Job(name, [sys.executable, "-c", script], environment(), seconds)


def test_every_scenario_and_every_one_of_molecules_is_a_job():
    files = {path.stem for path in (ROOT / "tests/scenarios").iterdir() if path.name.startswith("test_")}
    molecules = {f"molecule-{path.name}" for path in (ROOT / "extensions/molecule").iterdir()
                 if (path / "molecule.yml").exists() and path.name != "default"}
    assert files and molecules
    assert {name.removeprefix("release-") for name in hosts.job_names()} == files | molecules


def test_what_a_job_leaves_out_runs_before_a_release():
    whole = hosts._release()
    for name, (command, _variables) in hosts._scenarios().items():
        assert command[command.index("-m") + 1] == "not release", name
    for name, (command, _variables) in hosts._short_molecule().items():
        assert command[1] == "check" and whole[f"release-{name}"][0][1] == "test"
    marked = {path.stem for path in (ROOT / "tests/scenarios").glob("*.py") if "mark.release" in path.read_text("utf-8")}
    assert marked and {name for name in whole if "molecule" not in name} == {f"release-{name}" for name in marked}
    assert not any("-m" in whole[f"release-{name}"][0] for name in marked)


def test_the_longest_job_starts_first_and_one_that_is_not_known_before_it(log, tmp_path):
    order = tmp_path / "order"
    note = "import sys; open({!r}, 'a').write({!r})"
    jobs = [job(name, note.format(str(order), name)) for name in "abc"]
    run_queue(log, jobs, slots=1, expected={"a": 5, "b": 9})
    assert order.read_text() == "cba"


def test_no_more_jobs_than_slots_run_at_once(log, tmp_path):
    script = ("import os, sys, time; here = {!r}; own = os.path.join(here, sys.argv[1]); os.mkdir(own); "
              "seen = len(os.listdir(here)); time.sleep(0.2); os.rmdir(own); sys.exit(seen > 2)").format(str(tmp_path / "at"))
    (tmp_path / "at").mkdir()
    jobs = [Job(name, [sys.executable, "-c", script, name], environment(), 30) for name in "abcdef"]
    outcomes = run_queue(log, jobs, slots=2, expected={})
    assert [outcome.problem for outcome in outcomes] == [None] * 6


def test_a_job_that_fails_stops_no_other_and_each_is_cleaned_up_after(log):
    cleaned = []
    outcomes = run_queue(
        log, [job("good", "print('fine')"), job("bad", "raise SystemExit(3)"), job("slow", "import time; time.sleep(60)", 0.5)],
        slots=3, expected={}, ended=lambda one: cleaned.append(one.name))
    problems = {outcome.name: outcome.problem for outcome in outcomes}
    assert problems["good"] is None
    assert problems["bad"].endswith("ended with 3") and "did not end within 0.5 s" in problems["slow"]
    assert sorted(cleaned) == ["bad", "good", "slow"]
    good = next(outcome for outcome in outcomes if outcome.name == "good")
    assert good.log.read_text(encoding="utf-8").splitlines()[-1].split(None, 1)[1] == "fine"
    assert "good: fine" in log.path.read_text(encoding="utf-8").splitlines()


def test_an_interrupt_ends_the_jobs_that_run_and_starts_no_other(log, tmp_path):
    started = time.monotonic()
    with interrupted(0.5), pytest.raises(KeyboardInterrupt):
        run_queue(log, [job("first", "import time; time.sleep(60)"), job("second", f"open({str(tmp_path / 'x')!r}, 'w')")],
                  slots=1, expected={"first": 2, "second": 1})
    assert time.monotonic() - started < 30
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("processors, gibibytes, labs", [(2, 24, 3), (2, 8, 2), (8, 64, 9), (1, 2, 1)])
def test_memory_and_processors_bound_the_number_of_labs(processors, gibibytes, labs):
    assert hosts.labs_at_once(processors, gibibytes << 30) == labs


PYTEST = """\
     0.1 $ pytest -v tests/scenarios/test_site.py
     1.0 tests/scenarios/test_site.py::test_first PASSED          [ 50%]
    31.5 tests/scenarios/test_site.py::test_second[a b] FAILED    [100%]
    31.6 FAILED tests/scenarios/test_site.py::test_second[a b] - assert 0
"""
MOLECULE = """\
     0.1 $ molecule test
     1.0 INFO     [nfs > create] Executing
    20.0 INFO     [nfs > create] Executed: Successful
    50.5 INFO     [nfs > converge] Executed: Successful
    50.6 [nfs > create] Executed: Successful
"""


@pytest.mark.parametrize("text, parts", [
    (PYTEST, [["test_first", 1.0], ["test_second[a b]", 30.5]]),
    (MOLECULE, [["create", 20.0], ["converge", 30.5]]),
])
def test_the_times_of_tests_and_steps_are_read_from_a_jobs_log(tmp_path, text, parts):
    log = tmp_path / "job.log"
    log.write_text(text, encoding="utf-8")
    assert times.parts(log) == parts


def test_times_are_kept_of_what_passed(tmp_path, monkeypatch):
    log = tmp_path / "job.log"
    log.write_text(PYTEST, encoding="utf-8")
    monkeypatch.setattr(times, "LAST", tmp_path / "cache/times.json")
    monkeypatch.setattr(times, "COMMITTED", tmp_path / "committed.json")
    times.COMMITTED.write_text(json.dumps({"a": {"seconds": 7, "parts": []}, "b": {"seconds": 8, "parts": []}}))
    times.keep([Outcome("a", 31.7, None, log), Outcome("b", 1.0, "it broke", log)])
    assert times.expected() == {"a": 32, "b": 8}


def test_the_page_shows_the_committed_times_and_they_are_of_the_jobs_there_are():
    committed = json.loads(times.COMMITTED.read_text(encoding="utf-8"))
    assert set(committed) == set(hosts.job_names())
    assert times.page_table(committed) in times.PAGE.read_text(encoding="utf-8")
