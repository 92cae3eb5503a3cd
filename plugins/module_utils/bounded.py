# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run what a dead server could hang (stat, statfs, open, mount) in a child that is killed when its time is up.

A thread cannot be used for it: a thread blocked in the kernel keeps the whole process from ending.
"""

import json
import os
import select
import signal
import time


class TimedOut(Exception):
    """The work did not end in time. C(seconds) is the bound that was set."""

    def __init__(self, seconds):
        super().__init__("no answer within %g s" % seconds)
        self.seconds = seconds


class ChildFailed(Exception):
    """The work raised something other than OSError, or its process died."""


def bounded(function, seconds, account=None):
    """Return function(), run in a forked child within a time limit.

    function: takes no argument, returns something JSON can hold.
    seconds: the bound; TimedOut is raised at its end and the child is killed.
    account: None, or (uid, gid, groups): the child runs the function as this user.
    An OSError in the child is raised here with its errno, text and filename; anything else becomes ChildFailed.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(function, account, reader, writer)
    os.close(writer)
    _lead_group(pid)
    try:
        answer = _read_until_closed(reader, time.monotonic() + seconds)
    finally:
        os.close(reader)
        _end(pid)
    if answer is None:
        raise TimedOut(seconds)
    return _unpack(answer)


def _child(function, account, reader, writer):
    """Never returns: os._exit keeps the parent's cleanup handlers from running twice."""
    try:
        os.close(reader)
        _lead_group(0)
        # A child stuck in the kernel would otherwise hold the module's output open, and ssh would wait for it.
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.chdir("/")
        if account is not None:
            uid, gid, groups = account
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
        answer = {"value": function()}
        payload = json.dumps(answer)
    except OSError as error:
        payload = json.dumps({"os_error": [error.errno, error.strerror, error.filename]})
    except BaseException as error:  # pylint: disable=broad-except
        payload = json.dumps({"failure": "%s: %s" % (type(error).__name__, error)})
    data = payload.encode("utf-8")
    try:
        while data:
            data = data[os.write(writer, data):]
    finally:
        # Even when nobody listens any more: a child of a killed run must not go on in its place.
        os._exit(0)


def _lead_group(pid):
    """Put the child into a process group of its own, so that a mount helper it started ends with it.

    Parent and child both do it: whichever comes first, the group exists before anybody needs it.
    """
    try:
        os.setpgid(pid, 0)
    except OSError:
        pass


def _read_until_closed(reader, deadline):
    """Everything the child wrote, or None when the deadline came first."""
    chunks = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return None
        chunk = os.read(reader, 65536)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _end(pid):
    """Kill the child and what it started, and reap it; one that the kernel does not let go is left to init."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    deadline = time.monotonic() + 1
    # One that has answered is gone in less than a millisecond, and a module has dozens of them.
    pause = 0.0002
    while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, 0.01)


def _unpack(answer):
    if not answer:
        raise ChildFailed("the process doing the work died")
    message = json.loads(answer.decode("utf-8"))
    if "os_error" in message:
        errno, text, filename = message["os_error"]
        raise OSError(errno, text, filename)
    if "failure" in message:
        raise ChildFailed(message["failure"])
    return message["value"]
