# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts have which share."""

DOCUMENTATION = r"""
name: proof_peers
short_description: Say which hosts have which share
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Takes what M(virtshare.storage.share_proof) returned on all hosts in its phase V(write), and gives what it takes as
    C(peers) in its phase V(read).
positional: _input
options:
  _input:
    description: For each host the result of the phase V(write).
    type: dict
    required: true
seealso:
  - module: virtshare.storage.share_proof
"""

EXAMPLES = r"""
- name: Show which hosts have which share
  ansible.builtin.debug:
    msg: "{{ {'hv1': hostvars.hv1.my_written, 'hv2': hostvars.hv2.my_written} | virtshare.storage.proof_peers }}"
"""

RETURN = r"""
_value:
  description: For each path the hosts that have a share there, whether they could write to it or not.
  type: dict
"""

from ..module_utils._proof import declared


class FilterModule:
    def filters(self):
        return {"proof_peers": declared.peers}
