# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what all hosts wrote to what one host's guest has to read."""

DOCUMENTATION = r"""
name: guest_shares
short_description: Say for a host's guest what it has to read from each share, and who wrote it
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Takes the declared shares and what M(virtshare.storage.share_proof) wrote on all hosts, and gives what
    M(virtshare.storage.guest_proof) takes. The guest of a host reads what another host wrote.
  - A C(local) share is nobody else's, so there the host itself wrote. A read-only share is left out.
positional: _input
options:
  _input:
    description: What P(virtshare.storage.probe_shares#filter) made of the host's shares.
    type: list
    elements: dict
    required: true
  host:
    description: The host of the guest.
    type: str
    required: true
  hosts:
    description: The live hosts, in order.
    type: list
    elements: str
    required: true
  written:
    description: For each host the result of the phase V(write), or null.
    type: dict
    required: true
  run_id:
    description: The run's id, as M(virtshare.storage.share_proof) was given it.
    type: str
    required: true
seealso:
  - module: virtshare.storage.guest_proof
"""

EXAMPLES = r"""
- name: Know what the guest of this host has to read
  ansible.builtin.set_fact:
    my_guest: >-
      {{ my_shares | virtshare.storage.probe_shares
         | virtshare.storage.guest_shares(host=inventory_hostname, hosts=ansible_play_hosts, written=my_written,
                                          run_id=my_run_id) }}
"""

RETURN = r"""
_value:
  description: >-
    C(guest), the name by which the guest takes part, C(shares) for M(virtshare.storage.guest_proof), C(problems), a
    sentence for each share that no host wrote to, and C(left_out), a sentence for each that cannot be proven this way.
  type: dict
"""

from ..module_utils._proof import nonces
from ..module_utils._virtiofs import exchange


def guest_shares(shares, host, hosts, written, run_id):
    return exchange.given(shares, host, list(hosts), written,
                          lambda path, name: nonces.relative_name(run_id, path, name))


class FilterModule:
    def filters(self):
        return {"guest_shares": guest_shares}
