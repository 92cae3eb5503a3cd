# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: guest_proof_answers
short_description: Refuse guests' answers that other hosts do not see (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - Compares what the guests wrote with what M(virtshare.storage.share_proof) read on the other hosts after it. Fails
    with a sentence for each answer that a host does not see.
  - Runs on the controller only. Use it with C(run_once).
options:
  declared:
    description:
      - The name of the variable in which each host has registered what M(virtshare.storage.declared_shares) returned.
    type: str
    required: true
  plan:
    description: The name of the variable in which M(virtshare.storage.guest_proof_plan) was registered.
    type: str
    required: true
  guests:
    description: The name of the variable in which each host has registered M(virtshare.storage.guest_proof).
    type: str
    required: true
  read:
    description: The same of M(virtshare.storage.share_proof) in its phase V(read).
    type: str
    required: true
  expected_hosts:
    description: All hosts that should have written and read.
    type: list
    elements: str
    default: []
  maintenance:
    description: Hosts that are left out on purpose, and are not expected.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.guest_proof
  - module: virtshare.storage.guest_proof_plan
"""

EXAMPLES = r"""
- name: Refuse answers that other hosts do not see
  virtshare.storage.guest_proof_answers:
    declared: my_declared
    plan: my_plan
    guests: my_guest
    read: my_read
  register: my_answers
  run_once: true
"""

RETURN = r"""
report:
  description: For each host that had a guest sentences about what the guest saw.
  returned: success
  type: dict
problems:
  description: A sentence for each answer that a host does not see.
  returned: failure
  type: list
  elements: str
"""
