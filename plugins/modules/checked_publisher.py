# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: checked_publisher
short_description: Refuse a run that would publish nothing and call that success (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The playbooks use it.
  - Fails when something is to be published, and C(--limit) leaves out the host that publishes, whose play Ansible then
    passes over in silence.
  - Fails when something is to be published, and no host of the inventory matches O(publisher).
  - Fails when something is to be published by one slice of a job of AWX, as no slice knows what the others find.
  - Runs on the controller only. Use it with C(run_once) on hosts that C(--limit) does not leave out.
options:
  publisher:
    description: The pattern of the host that publishes.
    type: str
    required: true
  declared:
    description:
      - The lists of what is to be published, by the names of their variables. Those that the publisher itself has are
        looked up.
    type: dict
    required: true
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.checked_inventory
"""

EXAMPLES = r"""
- name: Refuse a limit that leaves out who publishes
  virtshare.storage.checked_publisher:
    publisher: localhost
    declared:
      opennebula_storage_datastores: "{{ opennebula_storage_datastores | default([]) }}"
  run_once: true
"""

RETURN = r"""
problems:
  description: A sentence for each problem.
  returned: failure
  type: list
  elements: str
"""
