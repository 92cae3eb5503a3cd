# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    """Of what runs on the controller alone."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Nothing is changed anywhere.
    support: full
  diff_mode:
    description: Nothing is changed anywhere.
    support: none
"""
