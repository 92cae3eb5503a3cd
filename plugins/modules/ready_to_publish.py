# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: ready_to_publish
short_description: Refuse to publish what the hosts have not shown (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - A directory may be published to OpenNebula when it is or lies in a share that is proven to be the same filesystem on
    every hypervisor.
  - An external volume of flexVDI may be created over a path that is proven on every host of its image storage, and in
    which the user that runs the guests was seen to write on each of them.
  - A Gluster volume of flexVDI may be created when each of its bricks is a directory on every host, whose parent is a
    mount point other than V(/).
  - Runs on the controller only. The roles P(virtshare.storage.opennebula_storage#role) and
    P(virtshare.storage.flexvdi_storage#role) begin with it.
options:
  proofs:
    description: The C(shares) of C(share_proof_result), which the role P(virtshare.storage.share_proof#role) sets.
    type: list
    elements: dict
    default: []
  directories:
    description: What is to be published on every hypervisor, each with its C(name), C(path) and C(state).
    type: list
    elements: dict
    default: []
  external_volumes:
    description: The declared external volumes. Absent ones are passed over, of each kind.
    type: list
    elements: dict
    default: []
  gluster_volumes:
    description: The declared Gluster volumes.
    type: list
    elements: dict
    default: []
  image_storages:
    description:
      - The image storages of the volumes, each with its C(name) and C(hosts). As in M(virtshare.storage.flexvdi_storage),
        names and ids may be numbers, and the hosts a text with commas.
    type: list
    elements: dict
    default: []
  access:
    description:
      - The name of the fact, or registered result, that the hosts of the image storages have. Its C(paths) are those that
        M(virtshare.storage.share_access) returned there. The default is set by the role
        P(virtshare.storage.share_access#role).
    type: str
    default: share_access_result
  bricks:
    description:
      - The name of the fact, or registered result, that the hosts of the image storages have. Its C(directories) are what
        M(virtshare.storage.hypervisor_info) returned there of the bricks. The default is set by the entry point
        C(directories) of the role P(virtshare.storage.share_mounts#role).
    type: str
    default: share_mounts_directories_result
  host_names:
    description: How the inventory calls a host, by the Manager's id, for those that it calls differently.
    type: dict
    default: {}
  users:
    description: Users that may run guests. One of them must have written.
    type: list
    elements: str
    default: []
  maintenance:
    description: Hosts of the inventory that are left out on purpose. Nothing need be shown of them.
    type: list
    elements: str
    default: []
  check_mode:
    description: Whether nothing was written, and what a real run would prove counts as proven.
    type: bool
    default: false
  fail:
    description: Whether a problem is a failure. With V(false) what may be published is returned beside the problems.
    type: bool
    default: true
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.share_access
"""

EXAMPLES = r"""
- name: Refuse directories that are not proven
  virtshare.storage.ready_to_publish:
    proofs: "{{ share_proof_result.shares }}"
    directories:
      - name: projects
        path: /srv/shares/projects
"""

RETURN = r"""
directories:
  description: Those of O(directories) that may be published.
  returned: with O(fail=false)
  type: list
  elements: dict
external_volumes:
  description: Those of O(external_volumes) that may be created.
  returned: with O(fail=false)
  type: list
  elements: dict
gluster_volumes:
  description: Those of O(gluster_volumes) that may be created.
  returned: with O(fail=false)
  type: list
  elements: dict
problems:
  description: A sentence for each reason why something must not be published.
  returned: failure, and with O(fail=false)
  type: list
  elements: str
"""
