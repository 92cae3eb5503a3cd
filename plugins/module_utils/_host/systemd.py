# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether systemd is the init of this host."""

import os

BOOTED = "/run/systemd/system"


def is_init():
    """Whether it is, as sd_booted(3) tells it."""
    return os.path.isdir(BOOTED)
