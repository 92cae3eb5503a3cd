# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the declaration of shares to what share_proof takes."""

DOCUMENTATION = r"""
name: probe_shares
short_description: Turn declared shares into the C(shares) of share_proof
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Takes the shares that are to be mounted, and of each what M(virtshare.storage.share_proof) needs.
  - Credentials are left out.
positional: _input
options:
  _input:
    description: The shares as they are declared.
    type: list
    elements: dict
    required: true
  directories:
    description: Absolute paths inside these shares that are proven as well, each as an element of its own.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what the module is given
  ansible.builtin.debug:
    msg: "{{ virtshare_shares | virtshare.storage.probe_shares }}"
"""

RETURN = r"""
_value:
  description: What the parameter C(shares) of M(virtshare.storage.share_proof) takes.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._plan.plan import Refusal
from ..module_utils._proof import declared


def probe_shares(shares, directories=()):
    try:
        return declared.probe_shares(shares, directories)
    except Refusal as refusal:
        raise AnsibleFilterError("probe_shares: %s" % refusal) from refusal


class FilterModule:
    def filters(self):
        return {"probe_shares": probe_shares}
