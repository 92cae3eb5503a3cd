# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: share_proof_peers
short_description: Say which hosts of the play have which share (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - Takes what M(virtshare.storage.share_proof) returned on all hosts in its phase V(write), and returns what its phase
    V(read) takes as O(virtshare.storage.share_proof#module:peers).
  - Runs on the controller only.
options:
  written:
    description: The name of the variable in which the hosts have registered the phase V(write).
    type: str
    required: true
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.share_proof
  - module: virtshare.storage.share_proof_matrix
"""

EXAMPLES = r"""
- name: Find out which hosts have which share
  virtshare.storage.share_proof_peers:
    written: my_written
  register: my_shared
  run_once: true

- name: Read the nonces of all hosts
  virtshare.storage.share_proof:
    phase: read
    run_id: "{{ my_run_id }}"
    host: "{{ inventory_hostname }}"
    hosts: "{{ ansible_play_batch }}"
    peers: "{{ my_shared.peers }}"
    shares: "{{ my_declared.shares }}"
"""

RETURN = r"""
peers:
  description: For each path the hosts that have a share there, whether they could write to it or not.
  returned: always
  type: dict
  sample: {/srv/shares/projects: [hv1, hv2]}
problems:
  description: What is wrong, a sentence each.
  returned: failure
  type: list
  elements: str
"""
