# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in a child: its answer, its errors, its end in time, and its end when nobody waits for it any more."""

import errno
import os
import signal
import time

import pytest

from ansible_collections.virtshare.storage.plugins.module_utils.bounded import ChildFailed, TimedOut, bounded


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
