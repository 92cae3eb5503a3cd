#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_idmap_info
short_description: Read which users of a host the users of OpenNebula's guests are in a shared directory
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Returns for each host of OpenNebula the mapping of users and groups that its guests get for a disk of type
    FILESYSTEM. By default the guest's root is the user 100000 of the host, and 65535 more follow.
  - OpenNebula takes C(UID_MAP) and C(GID_MAP) from C(DISK) in the template of the host, else of its cluster, else from
    C(vmm_exec_kvm.conf) on the front end. That file cannot be read by a call; where it was changed, this module does
    not know. In the DISK of a VM and in an image they have no effect.
  - M(virtshare.storage.guest_proof) takes the values as O(virtshare.storage.guest_proof#module:idmap) and
    O(virtshare.storage.guest_proof#module:gid_idmap).
options:
  hosts:
    description:
      - Only these hosts, by OpenNebula's names. One that OpenNebula does not show is a failure, as a user without rights
        sees no hosts at all.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
    description: Only reads.
  diff_mode:
    support: none
    description: Nothing changes.
notes:
  - Costs one C(one.hostpool.info) and one C(one.clusterpool.info).
  - The user needs the right USE on the hosts, C(oneacl create '#ID HOST/* USE').
seealso:
  - module: virtshare.storage.guest_proof
  - module: virtshare.storage.virtiofsd_info
extends_documentation_fragment:
  - virtshare.storage._opennebula
  - virtshare.storage._opennebula.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Read how OpenNebula maps users on its hosts
  virtshare.storage.one_idmap_info:
  delegate_to: frontend
  run_once: true
  register: mapped

- name: Prove the shares with the same map
  ansible.builtin.include_role:
    name: virtshare.storage.guest_proof
  vars:
    guest_proof_idmap: "{{ my_map.uid_map }}"
    guest_proof_gid_idmap: "{{ my_map.gid_map }}"
    my_map: "{{ mapped.hosts | selectattr('name', 'eq', inventory_hostname) | first }}"
"""

RETURN = r"""
hosts:
  description: The hosts, by their numbers.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Its name in OpenNebula., type: str, returned: always}
    uid_map: {description: "Users as GUEST:HOST:COUNT.", type: str, returned: always}
    gid_map: {description: "Groups likewise.", type: str, returned: always}
    uid_from: {description: Where the number of the users comes from., type: str, returned: always}
    gid_from: {description: Where the number of the groups comes from., type: str, returned: always}
    cluster: {description: "Name of its cluster, null for one that is not shown.", type: str, returned: always}
  sample:
    - {name: hv1, cluster: default, gid_from: "OpenNebula's default", gid_map: "0:100000:65536",
       uid_from: DISK of the host hv1, uid_map: "0:200000:65536"}
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ..module_utils._opennebula import run
from ..module_utils._opennebula.client import CONNECTION_SPEC
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(
        argument_spec=dict(CONNECTION_SPEC, hosts=dict(type="list", elements="str")),
        supports_check_mode=True,
    )
    leave(module, run.idmap_info)


if __name__ == "__main__":
    main()
