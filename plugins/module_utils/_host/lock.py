# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a second run on this host from planning with what the first one is about to change."""

import contextlib
import errno
import fcntl
import os
import time


class Locked(Exception):
    """Another run has the lock."""


@contextlib.contextmanager
def alone(filename, what, seconds=0):
    """Hold the lock while the block runs; Locked when another run does not end within these seconds.

    what: what the other run changes, for the message.
    """
    with open(filename, "a", encoding="ascii") as lock:
        os.fchmod(lock.fileno(), 0o600)
        deadline = time.monotonic() + seconds
        while True:
            try:
                # A record lock belongs to this process: a child that hangs on a dead server does not keep it.
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
                if time.monotonic() >= deadline:
                    raise Locked("another run changes %s of this host%s. Run again when it has ended." % (
                        what, " and did not end within %g s" % seconds if seconds else ""))
            time.sleep(0.1)
        yield
