# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of the lab, and the one way it talks while it works."""

import contextlib
import sys
import time

from tests.support.pulse import Pulse

_STARTED = time.monotonic()


class LabError(Exception):
    """Something the person in front of the lab can act on; the message says what and how."""


def say(message: str) -> None:
    """Print one progress line with the seconds since the command began (to stderr: stdout carries results)."""
    print(f"[lab {time.monotonic() - _STARTED:6.1f} s] {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def at_work(what):
    """Show that the block goes on where it says nothing for ten seconds. what(): what it does just now; "" for no line."""
    with Pulse(sys.stderr, what) as stream, contextlib.redirect_stderr(stream):
        yield
