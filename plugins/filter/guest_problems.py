# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the hosts see what the guests of others wrote."""

DOCUMENTATION = r"""
name: guest_problems
short_description: Name the guests' answers that other hosts do not see
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Compares what the guests wrote with what M(virtshare.storage.share_proof) read on the other hosts after it.
positional: _input
options:
  _input:
    description: >-
      For each host what M(virtshare.storage.guest_proof) returned as C(guest), what M(virtshare.storage.share_proof)
      returned in its phase V(read) as C(read), and the paths of its C(local) shares.
    type: dict
    required: true
seealso:
  - module: virtshare.storage.guest_proof
"""

EXAMPLES = r"""
- name: Stop when a guest's answer is not seen
  ansible.builtin.assert:
    that: my_outcomes | virtshare.storage.guest_problems | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each answer that a host does not see.
  type: list
  elements: str
"""

from ..module_utils._virtiofs import exchange


class FilterModule:
    def filters(self):
        return {"guest_problems": exchange.problems}
