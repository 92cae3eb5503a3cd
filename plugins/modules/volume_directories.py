# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: volume_directories
short_description: Find the external volumes of flexVDI that lie in directories inside shares
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - That a user may write in the root of a share says nothing about the directories in it. Returns those of the declared
    external volumes that lie in one, for M(virtshare.storage.share_access) to write there. Volumes at the root of a share
    are passed over.
  - Runs on the controller only.
options:
  volumes:
    description: The declared external volumes. Absent ones are passed over.
    type: list
    elements: dict
    required: true
  shares:
    description: The shares, as M(virtshare.storage.declared_shares) returns them.
    type: list
    elements: dict
    required: true
  users:
    description: Users that may run guests. Those of them are tried that are writers of the share.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.share_access
"""

EXAMPLES = r"""
- name: Find the volumes inside the shares
  virtshare.storage.volume_directories:
    volumes: "{{ flexvdi_storage_external_volumes }}"
    shares: "{{ my_declared.shares }}"
    users: [qemu]
  register: my_volumes

- name: Write there
  virtshare.storage.share_access:
    shares: []
    directories: "{{ my_volumes.directories }}"
"""

RETURN = r"""
directories:
  description: What the option O(virtshare.storage.share_access#module:directories) takes.
  returned: always
  type: list
  elements: dict
  sample: [{path: /srv/shares/projects/flexvdi, writers: [qemu]}]
"""
