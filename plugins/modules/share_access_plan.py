# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: share_access_plan
short_description: Decide which host of a share sets its owner and mode, and which only verify them (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - All hosts of a share would change the very same directory. One host of the play, of those that declare a path of one
    source, sets its owner, group, mode and ACL; the others verify them afterwards.
  - What no other host waits for is done along with the rest, so that nearly every host needs one execution.
  - Runs on the controller only. Use it with C(run_once).
options:
  declared:
    description:
      - The name of the variable in which each host has registered what M(virtshare.storage.declared_shares) returned.
    type: str
    required: true
  mounts:
    description:
      - The name of the variable in which each host has what M(virtshare.storage.share_mounts) returned, if there is one.
        Another host than one that has only now mounted a share is preferred to set it.
    type: str
    default: ""
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.share_access
"""

EXAMPLES = r"""
- name: Decide which host sets what
  virtshare.storage.share_access_plan:
    declared: my_declared
  register: my_plan
  run_once: true

- name: Set what other hosts wait for
  virtshare.storage.share_access:
    shares: "{{ my_declared.shares }}"
    set: "{{ my_plan.hosts[inventory_hostname].set }}"

- name: Verify what another host has set
  virtshare.storage.share_access:
    shares: "{{ my_declared.shares }}"
    set: "{{ my_plan.hosts[inventory_hostname].set_along }}"
    verify: "{{ my_plan.hosts[inventory_hostname].verify }}"
"""

RETURN = r"""
hosts:
  description:
    - For each host the paths of the shares that it is to C(set) first, because other hosts wait for them, those that it is
      to C(verify) afterwards, and those that it is to set along with that (C(set_along)), as no other host waits for them.
  returned: always
  type: dict
problems:
  description: What is wrong, a sentence each.
  returned: failure
  type: list
  elements: str
"""
