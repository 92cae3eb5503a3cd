# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users and groups that shares need."""

DOCUMENTATION = r"""
name: share_accounts
short_description: Name the users and groups of declared shares
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Names the owners, groups and writers, and whom the ACLs name, of the shares that are to be mounted.
positional: _input
options:
  _input:
    description: The shares as they are declared.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Look whether they exist
  virtshare.storage.hypervisor_facts:
    users: "{{ (virtshare_shares | virtshare.storage.share_accounts).users }}"
    groups: "{{ (virtshare_shares | virtshare.storage.share_accounts).groups }}"
"""

RETURN = r"""
_value:
  description: C(users) and C(groups), sorted lists of names.
  type: dict
"""

from ..module_utils._access import accounts, declared


def share_accounts(shares):
    """{"users", "groups"} of the shares that are to be mounted."""
    users, groups = accounts.wanted(declared.access_paths(shares))
    return {"users": users, "groups": groups}


class FilterModule:
    def filters(self):
        return {"share_accounts": share_accounts}
