# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on a host."""

import multiprocessing
import os
import stat

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host.lock import Locked, alone


def hold(filename, held, release):
    with alone(filename, "the mounts"):
        held.set()
        release.wait()


@pytest.fixture
def other(tmp_path):
    """A lock that another process holds, and the event that lets it go."""
    processes = multiprocessing.get_context("fork")
    held, release = processes.Event(), processes.Event()
    process = processes.Process(target=hold, args=(str(tmp_path / "lock"), held, release))
    process.start()
    assert held.wait(10)
    yield str(tmp_path / "lock"), release
    release.set()
    process.join(10)


def test_only_root_may_take_the_lock(tmp_path):
    with alone(str(tmp_path / "lock"), "the mounts"):
        assert stat.S_IMODE(os.stat(str(tmp_path / "lock")).st_mode) == 0o600


@pytest.mark.parametrize("seconds, words", [
    (0, "another run changes the mounts of this host. Run again when it has ended."),
    (0.2, "another run changes the mounts of this host and did not end within 0.2 s. Run again when it has ended."),
])
def test_a_second_run_says_what_the_first_one_does(other, seconds, words):
    with pytest.raises(Locked) as caught, alone(other[0], "the mounts", seconds):
        pass
    assert str(caught.value) == words


def test_a_second_run_waits_for_the_first_one(other):
    other[1].set()
    with alone(other[0], "the mounts", 10):
        pass
