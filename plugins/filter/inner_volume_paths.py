# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where to write before external volumes of flexVDI are created in directories inside shares."""

DOCUMENTATION = r"""
name: inner_volume_paths
short_description: Turn external volumes inside shares into the C(directories) of share_access
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Takes the declared external volumes of flexVDI, and of each that lies in a directory inside a share what
    M(virtshare.storage.share_access) needs to write there. Volumes at the root of a share are passed over.
positional: _input, shares, users
options:
  _input:
    description: The declared external volumes. Absent ones are passed over.
    type: list
    elements: dict
    required: true
  shares:
    description: The shares as they are declared.
    type: list
    elements: dict
    required: true
  users:
    description: Users that may run guests. Those of them are tried that are writers of the share.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what the module is given
  ansible.builtin.debug:
    msg: "{{ flexvdi_storage_external_volumes | virtshare.storage.inner_volume_paths(virtshare_shares, ['qemu']) }}"
"""

RETURN = r"""
_value:
  description: What the option C(directories) of M(virtshare.storage.share_access) takes.
  type: list
  elements: dict
"""

from ..module_utils._flexvdi import readiness


class FilterModule:
    def filters(self):
        return {"inner_volume_paths": readiness.inside}
