# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: share_proof_matrix
short_description: Judge whether all hosts see the same filesystem at each share's path (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - Compares what M(virtshare.storage.share_proof) returned on the hosts of the play, as the filter
    P(virtshare.storage.proof_matrix#filter) does with results from anywhere.
  - Runs on the controller only. Use it with C(run_once).
options:
  declared:
    description:
      - The name of the variable in which each host has registered what M(virtshare.storage.declared_shares) returned.
    type: str
    required: true
  written:
    description: The same of M(virtshare.storage.share_proof) in its phase V(write).
    type: str
    required: true
  read:
    description: The same of M(virtshare.storage.share_proof) in its phase V(read).
    type: str
    required: true
  expected_hosts:
    description: All hosts that should have taken part. With fewer a share is V(partial), proven for N of M hosts.
    type: list
    elements: str
    default: []
  maintenance:
    description: Hosts that are left out on purpose, and are not expected. The result names them.
    type: list
    elements: str
    default: []
  allow_same_machine:
    description: Whether several hosts may be one and the same machine.
    type: bool
    default: false
  active:
    description: The hosts of the play that did not fail, as C(ansible_play_hosts). With O(everyone) it tells why others are
      missing.
    type: list
    elements: str
    default: []
  everyone:
    description: All hosts of the play, as C(ansible_play_hosts_all).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.share_proof
  - plugin: virtshare.storage.proof_matrix
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Compare what all hosts found
  virtshare.storage.share_proof_matrix:
    declared: my_declared
    written: my_written
    read: my_read
    expected_hosts: "{{ groups['hypervisors'] }}"
  register: my_proof
  run_once: true
"""

RETURN = r"""
result:
  description: What P(virtshare.storage.proof_matrix#filter) returns.
  returned: always
  type: dict
summary:
  description: The same in a few lines, to be displayed.
  returned: always
  type: dict
  contains:
    state:
      description:
        - V(proven), V(partial), V(failed) or V(pending), as the worst of the shares is; V(nothing) where no share is declared.
      type: str
      returned: always
    paths:
      description: The state of each share, by its path.
      type: dict
      returned: always
    hosts:
      description: The worst state of each host, by its name; V(left_out) of one that is left out on purpose.
      type: dict
      returned: always
    problems:
      description: What is wrong, and who took no part, a sentence each; 50 of them at most.
      type: list
      elements: str
      returned: always
problems:
  description: What is wrong, a sentence each.
  returned: failure
  type: list
  elements: str
"""
