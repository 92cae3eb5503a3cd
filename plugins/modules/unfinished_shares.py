# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: unfinished_shares
short_description: Fail at the end of a run with all that it left undone (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The playbooks use it.
  - Reads the facts that the roles P(virtshare.storage.share_mounts#role), P(virtshare.storage.share_access#role),
    P(virtshare.storage.share_proof#role), P(virtshare.storage.opennebula_storage#role) and
    P(virtshare.storage.flexvdi_storage#role) have set, and fails when one of them holds a problem. With the option of each
    that ends in C(_fail) as V(false) a share that fails does not end the play for the other ones.
  - Fails when an expected host did not come as far as here.
  - Runs on the controller only. The playbooks end with it. Use it with C(run_once).
options:
  expected_hosts:
    description: All hosts that should have come as far as here.
    type: list
    elements: str
    default: []
  allow_partial:
    description: Whether it is enough that shares are proven on the hosts that did.
    type: bool
    default: false
  published:
    description: The hosts that have published.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.share_proof_matrix
"""

EXAMPLES = r"""
- name: Fail with what was not done
  virtshare.storage.unfinished_shares:
    expected_hosts: "{{ groups['hypervisors'] }}"
    published: [localhost]
  run_once: true
"""

RETURN = r"""
problems:
  description: A sentence for each problem.
  returned: failure
  type: list
  elements: str
"""
