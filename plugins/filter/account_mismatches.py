# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups of one share that are not the same numbers on all hosts."""

DOCUMENTATION = r"""
name: account_mismatches
short_description: Name the users and groups of a share whose numbers differ between its hosts
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - A shared filesystem knows numbers and not names. This compares the numbers that the hosts of each share have for
    its owner, group and writers, and says what differs.
positional: _input
options:
  _input:
    description: For each host the accounts that M(virtshare.storage.share_access) returned there.
    type: dict
    required: true
  shares:
    description: For each host what P(virtshare.storage.access_paths#filter) made of its shares.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Stop when a user is another one elsewhere
  ansible.builtin.assert:
    that: my_accounts_by_host | virtshare.storage.account_mismatches(shares=my_shares_by_host) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each account that differs, an empty list when all agree.
  type: list
  elements: str
"""

from ..module_utils._access import agreement


class FilterModule:
    def filters(self):
        return {"account_mismatches": agreement.mismatches}
