# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.system.*: what every user may ask."""

from . import configuration
from .calls import method


@method("one.system.version", writes=False)
def version(dummy_call):
    return configuration.VERSION


@method("one.system.config", writes=False)
def config(dummy_call):
    return configuration.xml()
