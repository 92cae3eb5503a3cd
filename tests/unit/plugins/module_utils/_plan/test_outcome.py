# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which a module ends: the same keys for every outcome, a problem a line, no secret."""

import errno
import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan import outcome as outcome_module
from ansible_collections.virtshare.storage.plugins.module_utils._plan.outcome import Outcome, leave, on
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import (
    Failure,
    NoAnswer,
    Operation,
    Plan,
    Refusal,
)


class Left(Exception):
    """How the module below was left: C(how) is exit or fail, C(result) what it returns."""

    def __init__(self, how, result):
        super().__init__(how)
        self.how = how
        self.result = result


class Module:
    """What leave() uses of an AnsibleModule."""

    def __init__(self, params=None, check_mode=False):
        self.params = params or {}
        self.check_mode = check_mode
        self.no_log_values = set()
        self.warned = []

    def warn(self, text):
        self.warned.append(text)

    def exit_json(self, **result):
        raise Left("exit", result)

    def fail_json(self, **result):
        raise Left("fail", result)


def left(work, module=None, **settings):
    with pytest.raises(Left) as caught:
        leave(module or Module(), work, **settings)
    return caught.value.how, caught.value.result


def plan():
    return Plan([Operation("make", "a", "make a"), Operation("make", "b", "make b")],
                before={"a": "none", "b": "none"}, after={"a": "one", "b": "one"}, warnings=["be careful"])


def test_what_was_done_is_returned_with_its_diff():
    how, result = left(lambda params, check_mode: Outcome(plan(), {"things": [params, check_mode]}),
                       Module({"name": "a"}, True))
    assert how == "exit"
    assert result == dict(plan().result(), problems=[], things=[{"name": "a"}, True])
    assert result["changed"] and set(result) == {"changed", "operations", "diff", "problems", "things"}


def test_what_only_reads_has_no_operations():
    assert left(lambda params, check_mode: Outcome(result={"things": []})) == (
        "exit", {"changed": False, "problems": [], "things": []})


def test_a_problem_fails_and_what_was_done_before_stays():
    made = plan()
    how, result = left(lambda params, check_mode: Outcome(made.only(made.operations[:1]), problems=["b: no", "c: no"]))
    assert how == "fail"
    assert result["msg"] == "b: no\nc: no" and result["problems"] == ["b: no", "c: no"]
    assert result["changed"] and [one["target"] for one in result["operations"]] == ["a"]
    assert result["diff"] == {"before": {"a": "none"}, "after": {"a": "one"}}


@pytest.mark.parametrize("kind", [Failure, Refusal, NoAnswer])
def test_a_failure_ends_the_work_with_all_its_sentences(kind):
    def work(params, check_mode):
        raise kind("a: no.", "b: no.")

    how, result = left(work)
    assert how == "fail" and result["msg"] == "a: no.\nb: no." and not result["changed"]


def test_what_an_outcome_has_by_then_stays_when_its_work_fails():
    def work(params, check_mode):
        outcome = Outcome(warnings=["old"], secrets=["hidden"])
        with outcome.collect():
            outcome.result["seen"] = 1
            raise Failure("gone.")
        return outcome

    module = Module()
    how, result = left(work, module)
    assert (how, result["msg"], result["seen"]) == ("fail", "gone.", 1)
    assert module.warned == ["old"] and module.no_log_values == {"hidden"}


def test_an_empty_text_is_no_secret():
    outcome = Outcome()
    outcome.hide(["", None, "word"])
    assert outcome.secrets == {"word"}


def test_what_needs_root_says_how_to_become_it(monkeypatch):
    """Before anything is done: what others may read of a host is no basis for a plan."""
    monkeypatch.setattr(outcome_module.os, "geteuid", lambda: 9869)
    how, result = left(lambda params, check_mode: pytest.fail("worked"), Module({"host": "hv1"}), needs_root=True)
    assert (how, result["msg"]) == (
        "fail", "hv1: the module runs as uid 9869, and needs root. Write become: true at the task or the play.")
    monkeypatch.setattr(outcome_module.os, "geteuid", lambda: 0)
    assert left(lambda params, check_mode: Outcome(), needs_root=True)[0] == "exit"


@pytest.mark.parametrize("uid, number, told", [
    (9869, errno.EACCES, True), (9869, errno.EPERM, True), (9869, errno.ENOENT, False), (0, errno.EACCES, False)])
def test_an_error_that_only_others_than_root_meet_says_so(monkeypatch, uid, number, told):
    monkeypatch.setattr(outcome_module.os, "geteuid", lambda: uid)
    with pytest.raises(Failure) as caught, on("hv1"):
        raise OSError(number, os.strerror(number), "/run/virtshare-mounts.lock")
    assert str(caught.value).startswith("hv1: /run/virtshare-mounts.lock: " + os.strerror(number))
    assert str(caught.value).endswith(
        ". The module runs as uid 9869, and that needs root. Write become: true at the task or the play.") is told
