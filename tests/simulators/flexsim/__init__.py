# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flexVDI Manager for tests: sessions, asynchronous tasks, image storages, volumes and media storages over JSON.

It is made from the vendor's documentation, not from recordings of a Manager: that it agrees with a client proves that
both follow the documents. What the documents leave open has names here that can be changed (names.py).
start() serves in the calling process; command.main() is the program tests/simulators/flexvdi.py.
"""

from .server import Endpoint, start

__all__ = ["Endpoint", "start"]
