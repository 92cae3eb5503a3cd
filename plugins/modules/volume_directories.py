# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: volume_directories
short_description: Find the directories that the volumes of flexVDI need on the hypervisors (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - That a user may write in the root of a share says nothing about the directories in it. Returns those of the declared
    external volumes that lie in one, for M(virtshare.storage.share_access) to write there. Volumes at the root of a share
    are passed over.
  - Returns the bricks of the declared Gluster volumes, for M(virtshare.storage.hypervisor_info) to look at.
  - Runs on the controller only, and changes nothing.
options:
  external_volumes:
    description: The declared external volumes. Absent ones are passed over.
    type: list
    elements: dict
    default: []
  gluster_volumes:
    description: The declared Gluster volumes. Absent ones are passed over.
    type: list
    elements: dict
    default: []
  shares:
    description: The shares, as they are declared, or as M(virtshare.storage.declared_shares) returns them.
    type: raw
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
  - module: virtshare.storage.hypervisor_info
  - module: virtshare.storage.ready_to_publish
"""

EXAMPLES = r"""
- name: Find the volumes inside the shares
  virtshare.storage.volume_directories:
    external_volumes: "{{ flexvdi_storage_external_volumes }}"
    shares: "{{ virtshare_shares }}"
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
problems:
  description: What is wrong with the declared shares, a sentence each.
  returned: failure
  type: list
  elements: str
bricks:
  description: What the option O(virtshare.storage.hypervisor_info#module:directories) takes.
  returned: always
  type: list
  elements: str
  sample: [/bricks/ssd/flexvdi]
"""
