# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""validated(), for playbooks."""

DOCUMENTATION = r"""
name: validated_shares
version_added: 1.0.0
short_description: Check declared shares before any host is touched
description:
  - Fails when anything in a list of shares is wrong, naming every problem of all shares at once, each with the share,
    the value, why it is refused, and what to write instead.
  - Runs on the controller only.
author:
  - virtshare contributors (@virtshare)
positional: _input
options:
  _input:
    description:
      - The shares, as in C(virtshare_shares) of the role C(virtshare.storage.share_mounts).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Check the declared shares
  ansible.builtin.set_fact:
    checked_shares: "{{ virtshare_shares | virtshare.storage.validated_shares }}"
"""

RETURN = r"""
_value:
  description: The shares with every default filled in.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._plan.plan import Refusal
from ..module_utils._share.declaration import validated


def validated_shares(shares):
    """shares as validated() returns them; AnsibleFilterError with all its problems otherwise."""
    try:
        return validated(shares)
    except Refusal as refusal:
        raise AnsibleFilterError(str(refusal)) from refusal


class FilterModule:
    """The filters of this file."""

    def filters(self):
        return {"validated_shares": validated_shares}
