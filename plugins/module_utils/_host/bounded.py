# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run what a dead server could hang (stat, statfs, open, mount) in a child that is killed when its time is up.

A thread cannot be used for it: a thread blocked in the kernel keeps the whole process from ending.
"""

import collections
import json
import os
import select
import signal
import time


class TimedOut(Exception):
    """The work did not end in time. C(seconds) is the bound that was set.

    C(survivor) is the number of a process that the kernel did not let go even when killed, else None.
    """

    def __init__(self, seconds, survivor=None):
        super().__init__("no answer within %g s" % seconds)
        self.seconds = seconds
        self.survivor = survivor


class ChildFailed(Exception):
    """The work raised something other than OSError, or its process died."""


class Answer(collections.namedtuple("Answer", "value error")):
    """What a piece of work returned, or the error that it ended with; one of them is None."""

    def get(self):
        """The value; the error is raised."""
        if self.error is not None:
            raise self.error
        return self.value


def bounded(function, seconds, account=None):
    """Return function(), run in a forked child within a time limit.

    function: takes no argument, returns something JSON can hold.
    seconds: the bound; TimedOut is raised at its end and the child is killed.
    account: None, or (uid, gid, groups): the child runs the function as this user.
    An OSError in the child is raised here with its errno, text and filename; anything else becomes ChildFailed.
    """
    answer, = each([(function, lambda: seconds)], account)
    return answer.get()


def each(tasks, account=None):
    """Yield the Answer of every task.

    tasks: a list of (function, what gives its seconds when its turn comes). One child does all of them, as a fork costs
    more than most of them take; after one that hangs or dies the next child goes on.
    """
    left = list(tasks)
    while left:
        for outcome in _in_one_child(left, account):
            left.pop(0)
            yield outcome


def abreast(functions, seconds):
    """[Answer] of functions that run side by side, each in a child of its own, all within the same seconds.

    One that hangs costs the others nothing, and all that hang cost its time once.
    """
    children = [_start([function], None) for function in functions]
    deadline = time.monotonic() + seconds
    texts, closed = _read_all([reader for dummy, reader in children], deadline)
    for dummy, reader in children:
        os.close(reader)
    survivors = _end_all([pid for pid, dummy in children])
    answers = []
    for pid, reader in children:
        line, newline, dummy = texts[reader].partition(b"\n")
        if newline or reader in closed:
            answers.append(_unpack(line if newline else b""))
        else:
            answers.append(Answer(None, TimedOut(seconds, pid if pid in survivors else None)))
    return answers


def _start(functions, account):
    """(process, descriptor of its answers) of a child that works on functions, one after the other."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(functions, account, reader, writer)
    os.close(writer)
    _lead_group(pid)
    return pid, reader


def _read_all(readers, deadline):
    """({reader: what came until its end or the deadline}, those of which the end was seen)."""
    texts, closed = {reader: b"" for reader in readers}, set()
    while len(closed) < len(texts):
        left = deadline - time.monotonic()
        ready = select.select([reader for reader in texts if reader not in closed], [], [], max(left, 0))[0]
        if not ready:
            break
        for reader in ready:
            chunk = os.read(reader, 65536)
            texts[reader] += chunk
            if not chunk:
                closed.add(reader)
    return texts, closed


def _in_one_child(tasks, account):
    """The outcomes of the first tasks, up to one that hangs or whose process dies."""
    pid, reader = _start([function for function, dummy in tasks], account)
    rest = b""
    try:
        for dummy, bound in list(tasks):
            seconds = bound()
            answer, rest = _read_line(reader, rest, time.monotonic() + seconds)
            yield _unpack(answer) if answer is not None else Answer(None, TimedOut(seconds))
            if not answer:
                return
    finally:
        os.close(reader)
        _end(pid)


def _child(functions, account, reader, writer):
    """Never returns: os._exit keeps the parent's cleanup handlers from running twice."""
    try:
        os.close(reader)
        _lead_group(0)
        settled = _payload(lambda: _settle(account))
        for function in functions:
            data = _payload(function) if settled == _NOTHING else settled
            while data:
                data = data[os.write(writer, data):]
    finally:
        # Even when nobody listens any more: a child of a killed run must not go on in its place.
        os._exit(0)


# What _payload() gives of work that returns nothing.
_NOTHING = b'{"value": null}\n'


def _settle(account):
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


def _payload(function):
    """What function() returns or raises as a line of bytes."""
    try:
        payload = json.dumps({"value": function()})
    except OSError as error:
        payload = json.dumps({"os_error": [error.errno, error.strerror, error.filename]})
    except BaseException as error:  # pylint: disable=broad-except
        payload = json.dumps({"failure": "%s: %s" % (type(error).__name__, error)})
    return payload.encode("utf-8") + b"\n"


def _lead_group(pid):
    """Put the child into a process group of its own, so that a mount helper it started ends with it.

    Parent and child both do it: whichever comes first, the group exists before anybody needs it.
    """
    try:
        os.setpgid(pid, 0)
    except OSError:
        pass


def _read_line(reader, begun, deadline):
    """(the next line, what was read beyond it); the line is empty when the child died, None when the deadline came first.

    begun: what was read beyond the line before.
    """
    while b"\n" not in begun:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return None, b""
        chunk = os.read(reader, 65536)
        if not chunk:
            return b"", b""
        begun += chunk
    line, dummy, rest = begun.partition(b"\n")
    return line, rest


def _end(pid):
    """Kill the child and what it started, and reap it; one that the kernel does not let go is left to init."""
    _end_all([pid])


def _end_all(pids):
    """Kill children and what they started, and reap them; the set of those that the kernel does not let go."""
    for pid in pids:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    left = set(pids)
    deadline = time.monotonic() + 1
    # One that has answered is gone in less than a millisecond, and a module has dozens of them.
    pause = 0.0002
    while True:
        left = {pid for pid in left if os.waitpid(pid, os.WNOHANG) == (0, 0)}
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(pause)
        pause = min(2 * pause, 0.01)


def _unpack(answer):
    """The Answer in a line."""
    if not answer:
        return Answer(None, ChildFailed("the process doing the work died"))
    message = json.loads(answer.decode("utf-8"))
    if "os_error" in message:
        errno, text, filename = message["os_error"]
        return Answer(None, OSError(errno, text, filename))
    if "failure" in message:
        return Answer(None, ChildFailed(message["failure"]))
    return Answer(message["value"], None)
