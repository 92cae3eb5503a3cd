# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps the users and groups of the shares from being meant on a host."""

DOCUMENTATION = r"""
name: account_problems
short_description: Say which users and groups of declared shares a host lacks
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Judges on the controller what M(virtshare.storage.hypervisor_facts) found, with the sentences of
    M(virtshare.storage.share_access), so that nothing is changed anywhere before all hosts have been judged.
positional: _input
options:
  _input:
    description: The shares as they are declared. Those that are not to be mounted are left out.
    type: list
    elements: dict
    required: true
  accounts:
    description: The accounts that M(virtshare.storage.hypervisor_facts) found on the host.
    type: dict
    required: true
  host:
    description: The host's name.
    type: str
    required: true
  expected:
    description: Users and groups that packages which are not installed yet will bring.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Refuse shares whose users this host lacks
  ansible.builtin.assert:
    that: virtshare_shares | virtshare.storage.account_problems(my_hypervisor.accounts, inventory_hostname) == []
"""

RETURN = r"""
_value:
  description: A sentence for everything that is wrong, an empty list when all is well.
  type: list
  elements: str
"""

from ..module_utils._access import declared, grant


def account_problems(shares, accounts, host, expected=()):
    """The sentences of grant.resolve() about the shares that are to be mounted."""
    return grant.resolve(declared.access_paths(shares), accounts, host, expected)[1]


class FilterModule:
    def filters(self):
        return {"account_problems": account_problems}
