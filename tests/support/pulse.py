# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sign of life from what takes long and says nothing meanwhile."""

from __future__ import annotations

import threading
import time
import typing


class Pulse:
    """A stream that gets a line after each ten seconds in which nothing was written to it, until the block is left.

    stream: a text file; all else than writing is its own. what(): what goes on now, as the line has it; "" for no line.
    """

    seconds: float = 10

    def __init__(self, stream, what: typing.Callable[[], str]):
        self._stream, self._what = stream, what
        self._written = time.monotonic()
        self._whole = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self):
        self._written = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        self._thread.join()

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As the stream's own."""
        with self._whole:
            self._written = time.monotonic()
            return self._stream.write(text)

    def _beat(self):
        beats, written = 1, self._written
        while not self._over.wait(max(0.0, written + beats * self.seconds - time.monotonic())):
            with self._whole:
                if self._written > written:
                    beats, written = 1, self._written
                elif time.monotonic() >= written + beats * self.seconds:
                    what = self._what()
                    if what:
                        self._stream.write(f"   … {what}: nothing new for {beats * self.seconds:g} s\n")
                        self._stream.flush()
                    beats += 1
