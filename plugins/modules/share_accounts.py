# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: share_accounts
short_description: Refuse users and groups of shares that hosts lack, or that differ between hosts (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - Compares the users and groups that the shares name with those that the hosts of the play have. Fails with every
    user, group and ACL entry that a host cannot make sense of, each named once for all hosts and shares.
  - A shared filesystem knows numbers and not names, so a user or group whose number is another one on another host of
    the share is refused too.
  - Runs on the controller only. Use it with C(run_once).
options:
  declared:
    description:
      - The name of the variable in which each host has registered what M(virtshare.storage.declared_shares) returned.
    type: str
    required: true
  found:
    description:
      - The name of the variable, a registered result or a fact, in which each host has C(accounts) as
        M(virtshare.storage.hypervisor_info) or M(virtshare.storage.share_access) returned them.
    type: str
    required: true
  expected:
    description:
      - The name of the variable in which a host has a list of users and groups that packages which are not installed
        yet will bring. They may be missing there.
    type: str
  allow_unknown:
    description: Whether users and groups may be missing, so that only different numbers are refused.
    type: bool
    default: false
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.hypervisor_info
  - module: virtshare.storage.share_access
"""

EXAMPLES = r"""
- name: Check the shares of each host
  virtshare.storage.declared_shares:
    shares: "{{ virtshare_shares }}"
  register: my_declared

- name: Look which users and groups the hosts have
  virtshare.storage.hypervisor_info:
    users: "{{ my_declared.users }}"
    groups: "{{ my_declared.groups }}"
  register: my_hypervisor

- name: Refuse those that are missing or differ
  virtshare.storage.share_accounts:
    declared: my_declared
    found: my_hypervisor
  run_once: true
"""

RETURN = r"""
problems:
  description: A sentence for each user, group and ACL entry that is refused.
  returned: failure
  type: list
  elements: str
"""
