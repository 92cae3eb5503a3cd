# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates' own behaviour: nothing hides a failure, and nothing is made twice."""

import io
import re
import subprocess
import sys
import threading
import time

import pytest

from tests.gates import environments, interpreters, tree
from tests.gates.process import ROOT, Failed, Log, environment, run, run_together
from tests.gates.runner import Result, run_stages, summary
from tests.support.interrupt import interrupted


@pytest.fixture
def log(tmp_path):
    opened = Log(tmp_path / "stage.log", io.StringIO())
    yield opened
    opened.close()


def passing(log):
    """a stage that passes"""
    log.say("fine")


def failing(log):
    raise Failed("it is broken")


def mistaken(log):
    raise KeyError("a mistake in the stage itself")


def test_later_stages_run_after_a_failure(tmp_path):
    stages = {"first": failing, "second": mistaken, "third": passing}
    results = run_stages(stages, tmp_path, io.StringIO())
    assert [(result.name, result.problem is None) for result in results] == [
        ("first", False), ("second", False), ("third", True),
    ]
    assert "fine" in (tmp_path / "third.log").read_text(encoding="utf-8")


def test_stages_side_by_side_keep_their_order_and_name_their_lines(tmp_path):
    both_run = threading.Barrier(2)

    def early(log):
        both_run.wait(timeout=30)
        log.say("from the first")

    def late(log):
        both_run.wait(timeout=30)
        raise Failed("it is broken")

    stream = io.StringIO()
    stages = {"alone": passing, "first": early, "second": late, "last": passing}
    results = run_stages(stages, tmp_path, stream, abreast={"first", "second"})
    assert [(result.name, result.problem) for result in results] == [
        ("alone", None), ("first", None), ("second", "it is broken"), ("last", None),
    ]
    said = stream.getvalue().splitlines()
    assert "first: from the first" in said and "fine" in said
    assert "from the first" in (tmp_path / "first.log").read_text(encoding="utf-8").splitlines()


def test_an_interrupt_ends_stages_side_by_side(tmp_path):
    def waiting(log):
        run(log, ["sleep", "60"], seconds=60)

    started = time.monotonic()
    with interrupted(0.5), pytest.raises(KeyboardInterrupt):
        run_stages({name: waiting for name in "abc"}, tmp_path, io.StringIO(), abreast=set("abc"))
    assert time.monotonic() - started < 30


def test_summary_counts_stages_in_its_last_line(tmp_path):
    text = summary(
        [Result("lint", 1.0, None), Result("unit", 2.0, "pytest ended with 1"), Result("docs", 3.0, None)], 4.4,
        tmp_path,
    )
    assert text.splitlines()[-1] == "2 passed, 1 failed"
    assert re.search(r"^all +4 s$", text, re.MULTILINE)
    assert "pytest ended with 1" in text


def test_command_that_fails_fails_its_stage(log):
    with pytest.raises(Failed, match="ended with 3"):
        run(log, [sys.executable, "-c", "raise SystemExit(3)"], seconds=30)


def test_missing_command_is_named(log):
    with pytest.raises(Failed, match="no-such-program is missing"):
        run(log, ["no-such-program"], seconds=30)


def test_command_and_its_children_end_with_their_time(log):
    started = time.monotonic()
    with pytest.raises(Failed, match="did not end within 0.5 s"):
        # The child keeps the output open: only when it dies too does the reading end.
        run(log, ["sh", "-c", "sleep 60 & sleep 60"], seconds=0.5)
    assert time.monotonic() - started < 30


def test_what_a_command_started_in_a_session_of_its_own_ends_with_its_time(log):
    # It keeps the output open: only when it dies does the reading end.
    started = time.monotonic()
    with pytest.raises(Failed, match="did not end within 1 s"):
        run(log, ["sh", "-c", "setsid sh -c 'sleep 60; true' & sleep 60"], seconds=1)
    assert time.monotonic() - started < 30


def test_commands_side_by_side_are_told_apart_and_fail_for_themselves(log, tmp_path):
    # Each waits for what the other makes: neither could end if they ran one after the other.
    meet = "touch {0}; until [ -e {1} ]; do sleep 0.1; done; echo met; exit {2}"
    for name in "ab":
        (tmp_path / name).mkdir()
    with pytest.raises(Failed) as failure:
        run_together(log, {
            "a": (["sh", "-c", meet.format("here", "../b/here", 0)], environment(), tmp_path / "a"),
            "b": (["sh", "-c", meet.format("here", "../a/here", 3)], environment(), tmp_path / "b"),
        }, seconds=30)
    assert str(failure.value) == "b: sh ended with 3"
    said = log.path.read_text(encoding="utf-8").splitlines()
    assert "a: met" in said and "b: met" in said


def test_commands_side_by_side_end_with_their_time(log):
    with pytest.raises(Failed, match="^a: sh did not end within 0.5 s and was stopped$"):
        run_together(log, {"a": (["sh", "-c", "sleep 60 & sleep 60"], environment(), ROOT)}, seconds=0.5)


def test_commands_side_by_side_end_with_the_one_who_waits(log):
    started = time.monotonic()
    with interrupted(0.5), pytest.raises(KeyboardInterrupt):
        run_together(log, {name: (["sleep", "60"], environment(), ROOT) for name in "ab"}, seconds=60)
    # It waits for those who read what they print: only when they are dead too does that end.
    assert time.monotonic() - started < 30


def test_users_ansible_settings_do_not_reach_the_gates(monkeypatch):
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", "/somewhere/else")
    monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
    kept = environment()
    assert "ANSIBLE_STRATEGY" not in kept and "ANSIBLE_COLLECTIONS_PATH" not in kept


def test_environment_is_made_again_only_when_its_requirements_change(log, tmp_path, monkeypatch):
    made = []

    def pretend(log, command, *, seconds, **options):
        made.append([str(word) for word in command])
        (tmp_path / "venv/bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / "venv/bin/python").touch()

    monkeypatch.setattr(environments, "run", pretend)
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    lock = tmp_path / "lock.txt"
    lock.write_text("pytest==1\n", encoding="utf-8")
    arguments = (log, tmp_path / "venv", interpreters.own(), lock)
    environments.make(*arguments)
    first = len(made)
    environments.make(*arguments)
    assert first > 0 and len(made) == first
    lock.write_text("pytest==2\n", encoding="utf-8")
    environments.make(*arguments)
    assert len(made) == 2 * first


def test_interpreters_are_real_ones():
    found = interpreters.found()
    assert found[sys.version_info[:2]].is_file()
    assert not [path for path in found.values() if "shims" in path.parts]


def test_what_differs_from_the_last_commit_is_found(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    for name in ("left alone.yml", "staged.yml", "edited.yml", "deleted.yml", ".gitignore"):
        (tmp_path / name).write_text("/ignored.yml\n", encoding="utf-8")
    assert tree.changed(tmp_path) == set(), "before the first commit"
    git("add", ".")
    git("commit", "-m", "first")
    assert tree.changed(tmp_path) == set()
    for name in ("staged.yml", "edited.yml", "new file.yml", "ignored.yml"):
        (tmp_path / name).write_text("changed", encoding="utf-8")
    git("add", "staged.yml")
    (tmp_path / "deleted.yml").unlink()
    assert tree.changed(tmp_path) == {"staged.yml", "edited.yml", "new file.yml"}
    assert tree.uncommitted(tmp_path) == {"staged.yml", "edited.yml", "new file.yml", "deleted.yml"}


def test_the_gates_start_with_a_python_that_has_nothing_but_its_own_library():
    """They make the environment that has the rest."""
    done = subprocess.run([sys.executable, "-S", "-m", "tests.gates", "--list"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "integration" in done.stdout, done.stderr
