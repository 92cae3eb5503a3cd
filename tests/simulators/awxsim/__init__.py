# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AWX 24.6.1 without jobs: its API with AWX's rules, as far as content is made through it. start() serves in this process.

Fields, choices and limits are those that the real server tells (options.json is its answer to OPTIONS). What it checks
besides, and says when it refuses, was modelled after recordings of it, which the tests replay. Updates of projects end
at once and well; jobs can be launched, and then wait forever, since nothing here runs playbooks.
"""

from .server import Endpoint, start

__all__ = ["Endpoint", "start"]
