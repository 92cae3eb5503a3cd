# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario's users can do with its shares, once a filesystem: neither a boot nor a drift changes that."""

import os

from tests.support.shares import TriedHosts, shares_of


class TestWriteTable(TriedHosts):
    shares = shares_of(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
