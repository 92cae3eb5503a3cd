# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what all hosts found at their shares' paths."""

DOCUMENTATION = r"""
name: proof_matrix
short_description: Judge whether all hosts see the same filesystem at each share's path
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Takes the results that M(virtshare.storage.share_proof) returned on all hosts and says for each share whether it is
    proven, with both sides of every difference named.
positional: _input
options:
  _input:
    description:
      - For each host a dictionary with the results of the phases V(write) and V(read), or null.
      - Its C(troubles), if any, say by the share's path why an earlier step could not bring it about there.
    type: dict
    required: true
  shares:
    description: The declared shares. Those with another O(shares[].state) than V(mounted) are left out.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The mount point.
        type: str
        required: true
      state:
        description: The declared state.
        type: str
        default: mounted
  expected_hosts:
    description: All hosts that should have taken part. With fewer a share is V(partial), proven for N of M hosts.
    type: list
    elements: str
    default: []
  allow_same_machine:
    description:
      - Whether several hosts may be one and the same machine, with the same C(machine) in their results. Otherwise its
        shares fail, naming them.
    type: bool
    default: false
seealso:
  - module: virtshare.storage.share_proof
"""

EXAMPLES = r"""
- name: Judge
  ansible.builtin.set_fact:
    my_proof: >-
      {{ {'hv1': {'write': hostvars.hv1.my_written, 'read': hostvars.hv1.my_read},
          'hv2': {'write': hostvars.hv2.my_written, 'read': hostvars.hv2.my_read}}
         | virtshare.storage.proof_matrix(shares=my_shares, expected_hosts=groups['hypervisors']) }}
"""

RETURN = r"""
_value:
  description: The judgement.
  type: dict
  contains:
    proven:
      description: Whether every share is proven on every expected host.
      type: bool
    words:
      description: All of it as text, a line or more a share.
      type: str
    maintenance:
      description: The hosts that were left out on purpose.
      type: list
      elements: str
    host_problems:
      description: For each host that is a problem itself the sentences about it.
      type: dict
    guards:
      description:
        - Sentences about what the guards of the hosts (M(virtshare.storage.share_guard)) have seen, each state with since when it
          is so. Empty where no host has one. They change nothing in the judgement.
      type: list
      elements: str
    warnings:
      description: Sentences about what does no harm to the proof, such as clocks that differ. They are shown as well.
      type: list
      elements: str
    shares:
      description: Each share.
      type: list
      elements: dict
      contains:
        path:
          description: The mount point.
          type: str
        state:
          description:
            - V(proven) on all expected hosts, V(partial) if it is proven but not all expected hosts took part,
              V(failed), V(pending) in check mode, where nothing is written, or V(left_out) if it is declared with
              C(proof) as V(false).
          type: str
        hosts:
          description:
            - For each host its identity, whether it C(sees) each other host's nonce, its C(problem), and its C(state),
              one of V(proven), V(failed), V(missing) if it took no part, V(pending) in check mode, or V(unproven) if
              nothing is wrong with it, but others have another filesystem.
          type: dict
        problems:
          description: Every difference in a sentence that names both sides.
          type: list
          elements: str
        missing_hosts:
          description: Expected hosts that took no part, and why.
          type: dict
        proven_hosts:
          description: The hosts that see the same filesystem, empty if the share failed.
          type: list
          elements: str
        id:
          description: The lasting identity of the share, null where it has none.
          type: str
        expected_hosts:
          description: The hosts that should.
          type: list
          elements: str
"""

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ..module_utils._proof import matrix


def proof_matrix(results, shares=(), expected_hosts=(), allow_same_machine=False):
    """The judgement over {host: {"write": result or None, "read": result or None}}, see RETURN; shows its warnings."""
    if not isinstance(results, dict):
        raise AnsibleFilterError(
            "proof_matrix takes a dictionary {host: {'write': ..., 'read': ...}}, not %s" % type(results).__name__)
    judgement = matrix.judge(results, shares or (), expected_hosts or (), boolean(allow_same_machine))
    for warning in judgement["warnings"]:
        Display().warning(warning)
    return judgement


class FilterModule:
    def filters(self):
        return {"proof_matrix": proof_matrix}
