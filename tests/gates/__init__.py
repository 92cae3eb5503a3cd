# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality gates of the collection: `python3 -m tests.gates test` runs all of them.

Standard library only, Python 3.11 or newer: it runs before any virtual environment exists.
"""
