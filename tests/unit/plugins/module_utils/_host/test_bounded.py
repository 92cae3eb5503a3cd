# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in a child: its answer, its errors, its end in time, and its end when nobody waits for it any more."""

import errno
import os
import signal
import time

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host.bounded import (
    ChildFailed,
    TimedOut,
    abreast,
    bounded,
    each,
)


def refuse():
    raise OSError(errno.ENOTDIR, "Not a directory", "/srv/x")


def test_what_the_work_returns():
    assert bounded(lambda: {"all": [1, None, "\u00e9"]}, 20) == {"all": [1, None, "\u00e9"]}


def test_an_os_error_passes_and_all_else_is_named():
    with pytest.raises(OSError) as caught:
        bounded(refuse, 20)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOTDIR, "/srv/x")
    with pytest.raises(ChildFailed, match="ZeroDivisionError"):
        bounded(lambda: 1 // 0, 20)
    with pytest.raises(ChildFailed, match="died"):
        bounded(lambda: os.kill(os.getpid(), signal.SIGKILL), 20)


def test_work_that_takes_too_long_is_ended():
    begun = time.time()
    with pytest.raises(TimedOut, match="within 0.2 s"):
        bounded(lambda: time.sleep(60), 0.2)
    assert time.time() - begun < 20


def test_the_child_of_a_killed_process_does_not_go_on_in_its_place(tmp_path):
    """Its answer meets a closed pipe."""
    went_on = tmp_path / "went-on"
    reader, writer = os.pipe()
    killed = os.fork()
    if killed == 0:
        def work():
            os.kill(killed_one, signal.SIGKILL)
            while os.getppid() == killed_one:
                time.sleep(0.01)
        killed_one = os.getpid()
        try:
            bounded(work, 60)
        finally:
            went_on.write_text("")
            os._exit(0)
    os.close(writer)
    os.waitpid(killed, 0)
    assert os.read(reader, 1) == b"", "the pipe is closed when the child has ended, too"
    os.close(reader)
    assert not went_on.exists()


def outcomes(*functions, seconds=20, account=None):
    """What each() yields, an error by its type."""
    found = each([(function, lambda: seconds) for function in functions], account)
    return [(value, error and type(error)) for value, error in found]


def test_one_child_does_all_that_answers():
    first, second = outcomes(os.getpid, os.getpid)
    assert first == second != (os.getpid(), None)
    assert outcomes(refuse, lambda: 1 // 0, lambda: "on") == [(None, NotADirectoryError), (None, ChildFailed), ("on", None)]


def test_after_one_that_hangs_or_dies_the_next_child_goes_on():
    def die():
        os.kill(os.getpid(), signal.SIGKILL)
    assert outcomes(lambda: 1, die, lambda: 2) == [(1, None), (None, ChildFailed), (2, None)]
    assert outcomes(lambda: 1, lambda: time.sleep(60), lambda: 2, seconds=1) == [(1, None), (None, TimedOut), (2, None)]


def test_an_account_that_cannot_be_taken_fails_each():
    """There is no such number; and who is not root may take no other account at all."""
    error = ChildFailed if os.geteuid() == 0 else PermissionError
    assert outcomes(os.getpid, os.getpid, account=(-5, 0, [])) == [(None, error)] * 2


def test_the_seconds_of_a_task_are_asked_for_when_its_turn_comes():
    """What the one before met may shorten them."""
    bounds = [0.2]
    tasks = [(lambda: time.sleep(60), lambda: bounds[0]), (lambda: time.sleep(60), lambda: bounds[0])]
    for dummy, error in each(tasks):
        assert error.seconds == bounds[0]
        bounds[0] = 0.1


def test_work_abreast_is_answered_in_order_and_what_hangs_costs_its_time_once():
    begun = time.time()
    answers = abreast([lambda: 1, lambda: time.sleep(60), refuse, lambda: time.sleep(60), lambda: "x" * 200000, lambda: 1 // 0], 1)
    assert time.time() - begun < 20
    assert [answer.value for answer in answers] == [1, None, None, None, "x" * 200000, None]
    assert [type(answer.error) for answer in answers] == [
        type(None), TimedOut, NotADirectoryError, TimedOut, type(None), ChildFailed]
    assert answers[1].error.survivor is None
    assert abreast([], 1) == []


def test_work_abreast_leaves_no_process_and_no_descriptor():
    before = os.listdir("/proc/self/fd")
    abreast([lambda: None, lambda: time.sleep(60), lambda: os.kill(os.getpid(), signal.SIGKILL)], 0.5)
    assert len(os.listdir("/proc/self/fd")) == len(before)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
