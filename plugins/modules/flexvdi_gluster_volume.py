#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_gluster_volume
short_description: Manage a Gluster Volume of flexVDI
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Creates and deletes a Gluster Volume, made of directories on all hosts of its Image Storage. flexVDI has them since
    3.1, and calls them experimental.
  - The rules for redundancy, bricks and hosts are checked before the Manager is asked for anything.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
notes:
  - No task to delete a Gluster volume is documented. The type C(gvolume_delete) is assumed, see O(fields).
  - What a Gluster volume was made with is compared as far as the Manager shows it, with a warning where it does not.
extends_documentation_fragment:
  - virtshare.storage._flexvdi
  - virtshare.storage._flexvdi.tasks
  - virtshare.storage._flexvdi_objects.volumes
  - virtshare.storage._flexvdi_objects.gluster_volume
  - virtshare.storage._flexvdi.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Keep two copies of everything
  virtshare.storage.flexvdi_gluster_volume:
    name: SSD
    image_storage: MyImageStorage
    redundancy: "1:1"
    brick_paths: [/bricks/ssd/flexvdi]

- name: Delete it
  virtshare.storage.flexvdi_gluster_volume:
    name: SSD
    image_storage: MyImageStorage
    state: absent
"""

RETURN = r"""
operations:
  description: The operations done, or in check mode to be done. Their name is the type of the Manager's task.
  returned: always
  type: list
  elements: dict
  contains:
    operation:
      description: Its name.
      type: str
      returned: always
    target:
      description: What it changes.
      type: str
      returned: always
    summary:
      description: What it does.
      type: str
      returned: always
  sample: [{operation: gvolume_create, target: MyImageStorage/SSD, summary: create the Gluster volume}]
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
tasks:
  description: Numbers of the Manager's tasks that were created.
  returned: success
  type: list
  elements: str
  sample: ["17"]
requests:
  description:
    - The requests for these tasks as they are sent, in check mode as they would be; a password is left out. Before 3.1
      the two reserved fields come first.
  returned: success
  type: list
  elements: dict
volume:
  description: The volume as read back, or as predicted in check mode, with null for what only the Manager knows.
  returned: when it is present
  type: dict
  contains:
    name: {description: Name., type: str, returned: always}
    image_storage: {description: Its image storage., type: str, returned: always}
    kind: {description: "Always gluster.", type: str, returned: always}
    gluster_name: {description: Its name in Gluster., type: str, returned: when the Manager shows it}
    redundancy: {description: Data and redundant bricks., type: str, returned: when the Manager shows it}
    brick_paths: {description: Its bricks on each host., type: list, elements: str, returned: when they are shown}
    total_space: {description: "Size, in KiB by the documents' example.", type: int, returned: always}
    free_space: {description: "Free space, in the same unit.", type: int, returned: always}
    status: {description: "Status, such as ok.", type: str, returned: always}
    status_msg: {description: Words about the status., type: str, returned: always}
    images: {description: Ids of the guests' images on it., type: list, elements: str, returned: always}
    clones: {description: Ids of the clones on it., type: list, elements: str, returned: always}
"""

from ..module_utils._flexvdi import run, storage, volumes
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(
        argument_spec=dict(run.BASE_SPEC, **volumes.Gluster.spec),
        supports_check_mode=True,
    )
    leave(module, run.one_volume(storage.GlusterVolume))


if __name__ == "__main__":
    main()
