# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: checked_inventory
short_description: Refuse an inventory with which a run would do nothing and call that success (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The playbooks use it.
  - Fails when there is no host, when nothing is declared, and when a variable is misspelt whose name begins like those of
    this collection.
  - Fails when O(pattern) or O(publisher) come from variables of the inventory, as Ansible chooses the hosts of a play
    before it reads these.
  - Fails when a list names a host that the inventory does not know, when every host of the run is left out on purpose, and
    when the job is a slice of an AWX job and O(expected) is empty.
  - In a job of AWX such a name may be that of a host which is disabled there, which its inventory is without. It is warned of,
    and refused only when it looks like a misspelt name of the inventory and no digit differs.
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
  expected:
    description:
      - All hosts that have to take part in a proof, those of O(hosts) when empty.
      - Variables of the inventory are the place for it, as slices and disabled hosts of AWX do not shrink them.
      - A text is split at commas, semicolons, blanks and line breaks.
    type: list
    elements: str
    default: []
  maintenance:
    description:
      - Hosts that are left out on purpose. Nothing is done on them, and nothing is expected of them.
      - A text, such as the answer of a survey, is split at commas, semicolons, blanks and line breaks.
    type: list
    elements: str
    default: []
  publisher:
    description: The pattern of the host that publishes. The play has to name it among its hosts.
    type: str
    default: localhost
  earlier:
    description: What this returned earlier in the same run. Then it is returned again, and nothing is checked.
    type: dict
    default: {}
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
expected:
  description: The hosts that have to take part, without those in O(maintenance).
  returned: success
  type: list
  elements: str
maintenance:
  description: The hosts that are left out on purpose.
  returned: success
  type: list
  elements: str
left_out:
  description: Those of them that are among O(hosts).
  returned: success
  type: list
  elements: str
problems:
  description: A sentence for each problem.
  returned: failure
  type: list
  elements: str
"""
