#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_external_volume
short_description: Manage an External Volume of flexVDI
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Creates and deletes an External Volume, which is a name and a directory that is mounted at the same path on all
    hosts of its Image Storage.
  - The Manager never looks whether the hosts have the same filesystem there. This module does not either, and warns;
    the role P(virtshare.storage.flexvdi_storage#role) creates a volume only over a path that is proven on every host
    and written by the user that runs the guests.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: virtshare.storage.share_proof
  - module: virtshare.storage.share_access
extends_documentation_fragment:
  - virtshare.storage._flexvdi
  - virtshare.storage._flexvdi.tasks
  - virtshare.storage._flexvdi_objects.volumes
  - virtshare.storage._flexvdi_objects.external_volume
  - virtshare.storage._flexvdi.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Publish a directory as an external volume
  virtshare.storage.flexvdi_external_volume:
    name: MyExternalVolume
    image_storage: MyImageStorage
    path: /home/images

- name: Delete it
  virtshare.storage.flexvdi_external_volume:
    name: MyExternalVolume
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
  sample: [{operation: evolume_create, target: MyImageStorage/MyExternalVolume, summary: create the external volume}]
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
    kind: {description: "Always external.", type: str, returned: always}
    path: {description: Its mount point., type: str, returned: always}
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
        argument_spec=dict(run.BASE_SPEC, **volumes.External.spec),
        supports_check_mode=True,
    )
    leave(module, run.one_volume(storage.ExternalVolume))


if __name__ == "__main__":
    main()
