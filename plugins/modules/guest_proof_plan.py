# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: guest_proof_plan
short_description: Plan what the guest of each host reads from each share, and who wrote it (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - Takes the shares and what M(virtshare.storage.share_proof) wrote on all hosts, and returns what
    M(virtshare.storage.guest_proof) takes. The guest of a host reads what another host wrote.
  - A C(local) share is nobody else's, so there the host itself wrote. A read-only share is left out.
  - Runs on the controller only. Use it with C(run_once).
options:
  declared:
    description:
      - The name of the variable in which each host has registered what M(virtshare.storage.declared_shares) returned.
    type: str
    required: true
  written:
    description:
      - The name of the variable in which each host has registered what M(virtshare.storage.share_proof) returned of its
        phase V(write).
    type: str
    required: true
  run_id:
    description: The run's id, as M(virtshare.storage.share_proof) was given it.
    type: str
    required: true
  guests:
    description: The hosts that boot a guest.
    type: list
    elements: str
    required: true
  directories:
    description: Absolute paths inside the shares that are given to the guest as well, each as a filesystem of its own.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.guest_proof
  - module: virtshare.storage.guest_proof_answers
"""

EXAMPLES = r"""
- name: Plan what the guests read
  virtshare.storage.guest_proof_plan:
    declared: my_declared
    written: my_written
    run_id: "{{ my_run_id }}"
    guests: "{{ ansible_play_batch }}"
  register: my_plan
  run_once: true
"""

RETURN = r"""
hosts:
  description:
    - For each host C(guest), the name by which its guest takes part, C(shares) for M(virtshare.storage.guest_proof),
      C(problems), a sentence for each share that no host wrote to, and C(left_out), a sentence for each that cannot be
      proven this way.
  returned: always
  type: dict
names:
  description: The names by which the guests take part.
  returned: always
  type: list
  elements: str
problems:
  description: What is wrong, a sentence each.
  returned: failure
  type: list
  elements: str
"""
