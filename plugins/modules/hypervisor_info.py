#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles have to know of a hypervisor before they change it."""

DOCUMENTATION = r"""
module: hypervisor_info
short_description: Look once at all that the roles need to know of a hypervisor
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
author: virtshare contributors (@virtshare)
description:
  - Looks in one execution at the users and groups of the shares, the virtiofs daemon with QEMU and
    libvirt, OCFS2 where it is used, and what is mounted, so that the roles can be told whether there is anything to do.
  - It refuses nothing. What is missing or does not fit is returned, and the role that needs it refuses it.
  - Nothing in it can hang on a mount of a dead server, as the facts that Ansible gathers by itself can.
options:
  host:
    description: The name by which messages call this host. Its own node name when not given.
    type: str
  users:
    description: The users that have to exist, such as the owners and writers of the shares.
    type: list
    elements: str
    default: []
  groups:
    description: The groups that have to exist.
    type: list
    elements: str
    default: []
  paths:
    description: The mount points to look at, absolute and normalised.
    type: list
    elements: str
    default: []
  directories:
    description: Directories that need not be mount points, to look at as well; absolute and normalised.
    type: list
    elements: str
    default: []
  virtiofsd:
    description: What is asked of the virtiofs daemon, which is looked at in any case.
    type: dict
    suboptions:
      min_version:
        description: See O(virtshare.storage.virtiofsd_info#module:min_version).
        type: raw
      min_libvirt_version:
        description: See O(virtshare.storage.virtiofsd_info#module:min_libvirt_version).
        type: raw
      daemon_user:
        description: See O(virtshare.storage.virtiofsd_info#module:daemon_user).
        type: str
      subordinate_ids:
        description: See O(virtshare.storage.virtiofsd_info#module:subordinate_ids).
        type: str
        default: 100000:65536
      packages:
        description:
          - Packages that are wanted whatever is there already. The package manager's database is read only if there are
            any.
        type: list
        elements: str
        default: []
  ocfs2:
    description: What of OCFS2 to look at. Nothing when neither sources nor devices are given.
    type: dict
    suboptions:
      name:
        description: See O(virtshare.storage.ocfs2_cluster_info#module:name).
        type: str
        default: ocfs2
      address:
        description: See O(virtshare.storage.ocfs2_cluster_info#module:address).
        type: str
        default: ""
      network:
        description: See O(virtshare.storage.ocfs2_cluster_info#module:network).
        type: str
        default: ""
      sources:
        description: See O(virtshare.storage.ocfs2_cluster_info#module:sources).
        type: list
        elements: str
        default: []
      devices:
        description: See O(virtshare.storage.ocfs2_cluster_info#module:devices).
        type: list
        elements: str
        default: []
      timeout:
        description: See O(virtshare.storage.ocfs2_cluster_info#module:timeout).
        type: float
        default: 30.0
  timeout:
    description: Seconds that the name service and each program may take to answer.
    type: float
    default: 30.0
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
notes:
  - The users C(libvirt-qemu) and C(qemu), as which libvirt runs guests, are looked for as well. One of them is enough.
seealso:
  - module: virtshare.storage.virtiofsd_info
  - module: virtshare.storage.ocfs2_cluster_info
  - module: virtshare.storage.share_access
"""

EXAMPLES = r"""
- name: Check the declared shares
  virtshare.storage.declared_shares:
    shares: "{{ virtshare_shares }}"
  register: my_declared

- name: Look at the host
  virtshare.storage.hypervisor_info:
    users: "{{ my_declared.users }}"
    groups: "{{ my_declared.groups }}"
    virtiofsd:
      daemon_user: oneadmin
  register: my_hypervisor

- name: Prepare what is not ready
  ansible.builtin.include_role:
    name: virtshare.storage.virtiofsd
  vars:
    virtiofsd_found: "{{ my_hypervisor.virtiofsd if my_hypervisor.ready else {} }}"
"""

RETURN = r"""
accounts:
  description: Those of O(users) and O(groups) that exist, see RV(virtshare.storage.share_access#module:accounts).
  returned: success
  type: dict
virtiofsd:
  description: What M(virtshare.storage.virtiofsd_info) returns; null where it would fail.
  returned: success
  type: dict
ocfs2:
  description: What M(virtshare.storage.ocfs2_cluster_info) returns; null without O(ocfs2), and where it would fail.
  returned: success
  type: dict
missing:
  description:
    - What packages may have to bring, by name. Programs (V(virtiofsd), V(QEMU), V(libvirt), and V(newuidmap) for the
      Rust daemon), O(virtiofsd.packages), O(users) and O(groups).
  returned: success
  type: list
  elements: str
  sample: []
ready:
  description:
    - Whether nothing is missing, libvirt finds the daemon, and O(virtiofsd.daemon_user) has its
      O(virtiofsd.subordinate_ids), so that the role P(virtshare.storage.virtiofsd#role) has nothing to do.
  returned: success
  type: bool
mounts:
  description: What is mounted at each of O(paths).
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path.
      type: str
    source:
      description: What is mounted there as the kernel says it, null when nothing is.
      type: str
    fstype:
      description: The type of filesystem as the kernel says it, null when nothing is mounted.
      type: str
  sample: [{path: /srv/shares/projects, source: "nas1:/export/projects", fstype: nfs4}]
directories:
  description: Each of O(directories).
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path.
      type: str
    is_directory:
      description: Whether it is a directory, and no symbolic link to one.
      type: bool
    parent_mount_point:
      description: The mount point that its parent directory lies on, null when that is not known.
      type: str
  sample: [{path: /bricks/ssd/flexvdi, is_directory: true, parent_mount_point: /bricks/ssd}]
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import _hypervisor
from ..module_utils._plan.outcome import leave


def main():
    leave(AnsibleModule(argument_spec=_hypervisor.ARGUMENT_SPEC, supports_check_mode=True), _hypervisor.work)


if __name__ == "__main__":
    main()
