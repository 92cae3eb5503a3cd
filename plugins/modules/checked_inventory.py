# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: checked_inventory
short_description: Refuse an inventory with which a run would do nothing and call that success
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Fails when there is no host, when nothing is declared, and when a variable is misspelt whose name begins like those of
    this collection.
  - Warns of other variables that begin so and that nothing here knows, and when C(--tags) selects nothing.
  - Runs on the controller only. The playbooks begin with it.
options:
  hosts:
    description: The hosts that the playbook is for.
    type: list
    elements: str
    required: true
  pattern:
    description: By what they were chosen, for the messages.
    type: str
    required: true
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.declared_shares
"""

EXAMPLES = r"""
- name: Check the inventory
  virtshare.storage.checked_inventory:
    hosts: "{{ groups['hypervisors'] | default([]) }}"
    pattern: hypervisors
"""

RETURN = r"""
problems:
  description: A sentence for each problem.
  returned: failure
  type: list
  elements: str
"""
