#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_external_volume
short_description: Manage an External Volume of flexVDI
version_added: 1.0.0
description:
  - Creates and deletes an External Volume, which is a name and a directory that is mounted at the same path on all
    hosts of its Image Storage.
  - The Manager never looks whether the hosts have the same filesystem there. This module does not either, and warns;
    the role P(virtshare.storage.flexvdi_storage#role) creates a volume only over a path that is proven on every host
    and written by the user that runs the guests.
options:
  name:
    description:
      - Name of the volume, unique in its image storage.
    type: str
    required: true
  image_storage:
    description:
      - Image storage that holds it. It must exist.
    type: str
    required: true
  state:
    description:
      - V(present) creates it, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - Where the filesystem is mounted, the same on all hosts; required to create it. Absolute, and not V(/).
      - flexVDI has no task to change it. Another path than the volume has is refused.
    type: str
  proven:
    description:
      - Says that something else has proven the path on all hosts. It only silences the warning.
    type: bool
    default: false
  allow_delete_with_images:
    description:
      - Delete the volume although the Manager shows images or clones on it.
    type: bool
    default: false
  expected_image_storages:
    description:
      - Image storages that the same run creates, each with the list of its hosts. Honoured in check mode only.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Predicts exactly the operations of a real run from the same reads, without a POST but the login.
  diff_mode:
    support: full
    description: Shows what differs before and after, without secrets.
notes:
  - Not every request of this is documented in public. O(fields) has the one table of names, each documented or assumed;
    an assumed one may be another on your Manager. Tested against a simulator made from the vendor's documents only.
seealso:
  - module: virtshare.storage.flexvdi_image_storage
  - module: virtshare.storage.flexvdi_storage_info
  - module: virtshare.storage.share_probe
  - module: virtshare.storage.path_access
extends_documentation_fragment:
  - virtshare.storage.flexvdi
  - virtshare.storage.flexvdi.tasks
  - virtshare.storage.flexvdi.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Publish a directory as an external volume
  virtshare.storage.flexvdi_external_volume:
    name: MyExternalVolume
    image_storage: MyImageStorage
    path: /home/images
"""

RETURN = r"""
operations:
  description: The operations done, or in check mode to be done. Their name is the type of the Manager's task.
  returned: always
  type: list
  elements: dict
  sample: [{operation: evolume_create, target: MyImageStorage/MyExternalVolume, summary: create the external volume}]
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
  description: The volume as read back, or as predicted in check mode.
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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.flexvdi import run, volumes


def main():
    module = AnsibleModule(
        argument_spec=dict(run.BASE_SPEC, **volumes.External.spec),
        supports_check_mode=True,
    )
    run.run_volume(module, volumes.External)


if __name__ == "__main__":
    main()
