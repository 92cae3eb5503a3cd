# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An OpenNebula front end for tests: users, groups, clusters, datastores and filesystem images over XML-RPC.

start() serves in the calling process; command.main() is the program tests/simulators/opennebula.py.
"""

from .server import Endpoint, start

__all__ = ["Endpoint", "start"]
