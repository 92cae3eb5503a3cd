# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a function in a child that is killed at one of its system calls, each of which can be the one.

A traced process stops before the kernel does what a call asks for, and again after it: killed at the first stop, the
call is not made. What the function forks itself is not stopped. Source: ptrace(2).
"""

import ctypes
import os
import signal
import traceback

_SET_CHILD_SUBREAPER = 36  # prctl(2)
_TRACEME, _SYSCALL, _SETOPTIONS = 0, 24, 0x4200
# A stop at a system call is told apart from a signal's by this bit; the child ends with this process.
_TRACESYSGOOD, _EXITKILL = 0x1, 0x100000
_CALL = signal.SIGTRAP | 0x80


def run_until(stop, function):
    """Run the function and kill it at this stop, counted from 0; False when it ended by itself before."""
    child = os.fork()
    if child == 0:
        _begin(function)
    assert os.WIFSTOPPED(os.waitpid(child, 0)[1]), "this machine lets nobody be traced"
    _ptrace(_SETOPTIONS, child, _TRACESYSGOOD | _EXITKILL)
    passed, deliver = 0, 0
    while True:
        _ptrace(_SYSCALL, child, deliver)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, "the function failed, see above"
            return False
        assert os.WIFSTOPPED(status), "something else killed it"
        deliver = 0 if os.WSTOPSIG(status) == _CALL else os.WSTOPSIG(status)
        if deliver:
            continue
        if passed == stop:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        passed += 1


def adopt_orphans():
    """From now on what a killed child had started becomes a child of this process."""
    assert ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def wait_for_orphans():
    """Return when every child of this process has ended."""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


def _begin(function):
    """In the child: never returns."""
    try:
        _ptrace(_TRACEME, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        function()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _ptrace(request, pid, data):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, pid, None, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
