# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which declared volumes of flexVDI must not be created yet, and why."""

DOCUMENTATION = r"""
name: unready_volumes
short_description: Name the reasons why declared volumes of flexVDI must not be created
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - An external volume may be created over a path that is proven to be the same filesystem on every host of its image
    storage, and in which the user that runs the guests was seen to write on each of them.
  - A Gluster volume may be created when each of its bricks is a directory on every host, whose parent is a mount point
    other than V(/).
positional: _input
options:
  _input:
    description: The declared external volumes. Those with O(gluster[].state=absent) are passed over, of both kinds.
    type: list
    elements: dict
    required: true
  gluster:
    description: The declared Gluster volumes.
    type: list
    elements: dict
    default: []
    suboptions:
      state:
        description: The declared state.
        type: str
        default: present
  image_storages:
    description: The image storages with their C(name) and C(hosts).
    type: list
    elements: dict
    default: []
  proofs:
    description: The C(shares) that P(virtshare.storage.proof_matrix#filter) returned.
    type: list
    elements: dict
    default: []
  access:
    description: For each host of the inventory the C(paths) that M(virtshare.storage.share_access) returned there.
    type: dict
    default: {}
  bricks:
    description:
      - For each host of the inventory the text of its C(mountinfo), and which brick paths are C(directories).
    type: dict
    default: {}
  host_names:
    description: How the inventory calls a host, by the Manager's id, for those that it calls differently.
    type: dict
    default: {}
  users:
    description: Users that may run guests. One of them must have written.
    type: list
    elements: str
    default: []
  check_mode:
    description: Whether nothing is written, and what a real run would prove counts as proven.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Refuse what is not ready
  ansible.builtin.assert:
    that: >-
      my_external_volumes | virtshare.storage.unready_volumes(image_storages=my_image_storages, users=['qemu'],
      proofs=share_proof_result.shares, access={'hv1': share_access_result.paths}) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each reason, an empty list when all volumes may be created.
  type: list
  elements: str
"""

from ..module_utils._flexvdi import readiness


def unready_volumes(external, gluster=(), image_storages=(), proofs=(), access=None, bricks=None, host_names=None,
                    users=(), check_mode=False):
    return readiness.unready(external, gluster, image_storages, proofs, access or {}, bricks or {}, host_names, users,
                             check_mode)


class FilterModule:
    def filters(self):
        return {"unready_volumes": unready_volumes}
