# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the declaration of shares to what share_access takes."""

DOCUMENTATION = r"""
name: access_paths
short_description: Turn declared shares into the C(paths) of share_access
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Takes the shares that are to be mounted, and of each what M(virtshare.storage.share_access) needs.
  - Credentials are left out.
positional: _input
options:
  _input:
    description: The shares as they are declared.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what the module is given
  ansible.builtin.debug:
    msg: "{{ virtshare_shares | virtshare.storage.access_paths }}"
"""

RETURN = r"""
_value:
  description: What the parameter C(paths) of M(virtshare.storage.share_access) takes.
  type: list
  elements: dict
"""

from ..module_utils._access import declared


class FilterModule:
    def filters(self):
        return {"access_paths": declared.access_paths}
