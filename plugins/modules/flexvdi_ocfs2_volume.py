#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_ocfs2_volume
short_description: Manage an OCFS2 Volume of flexVDI
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Creates and deletes an OCFS2 Volume, which is a shared disk that all hosts of its Image Storage see. The Manager
    formats the disk when it creates the volume, and mounts it on the hosts.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
notes:
  - The hosts need one OCFS2 cluster (o2cb), which flexVDI's own flexvdi-config makes.
extends_documentation_fragment:
  - virtshare.storage._flexvdi
  - virtshare.storage._flexvdi.tasks
  - virtshare.storage._flexvdi_objects.volumes
  - virtshare.storage._flexvdi_objects.ocfs2_volume
  - virtshare.storage._flexvdi.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Format a disk of the SAN and create a volume on it
  virtshare.storage.flexvdi_ocfs2_volume:
    name: flexfs01
    image_storage: MyImageStorage
    disk: 3500253887013e77e
    format: true

- name: Delete it
  virtshare.storage.flexvdi_ocfs2_volume:
    name: flexfs01
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
  sample: [{operation: volume_create, target: MyImageStorage/flexfs01, summary: format the disk and create the volume}]
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
    kind: {description: "Always ocfs2.", type: str, returned: always}
    disk: {description: SCSI id of its disk., type: str, returned: always}
    path: {description: Where the hosts mount it., type: str, returned: when it exists already}
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
        argument_spec=dict(run.BASE_SPEC, **volumes.Ocfs2.spec),
        supports_check_mode=True,
    )
    leave(module, run.one_volume(storage.Ocfs2Volume))


if __name__ == "__main__":
    main()
