# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest saw, for people."""

DOCUMENTATION = r"""
name: guest_report
short_description: Say in words what a guest saw of its host's shares
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Turns the result of a M(virtshare.storage.guest_proof) that did not fail into sentences.
positional: _input
options:
  _input:
    description: The module's result.
    type: dict
    required: true
  given:
    description: The C(shares) that the module was given.
    type: list
    elements: dict
    required: true
  host:
    description: The guest's host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Say what the guest saw
  ansible.builtin.debug:
    msg: "{{ my_guest | virtshare.storage.guest_report(given=my_shares, host=inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: Sentences.
  type: list
  elements: str
"""

from ..module_utils._virtiofs import exchange


def guest_report(guest, given, host):
    return exchange.report(guest, given, host)


class FilterModule:
    def filters(self):
        return {"guest_report": guest_report}
