# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts with real kernels on one machine; see README.md beside this file."""

from tests.lab.errors import LabError
from tests.lab.lab import Lab
from tests.lab.spec import HostSpec

__all__ = ["HostSpec", "Lab", "LabError"]
