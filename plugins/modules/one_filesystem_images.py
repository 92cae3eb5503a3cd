#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_filesystem_images
short_description: Register directories as OpenNebula filesystem images in one call
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Registers directories as images of type FILESYSTEM in OpenNebula's VirtioFS datastores, so that VMs can get them as
    disks.
  - Type and path are always sent as OpenNebula needs them. The directory itself is never created, changed or deleted.
  - The list form of M(virtshare.storage.one_filesystem_image); the same options, planned together and checked together
    before the first call that changes anything. When OpenNebula refuses something for one image, the others are still
    done and the module fails at the end with every reason.
options:
  expected_datastores:
    description:
      - What an earlier task of the same check run would make of datastores, as M(virtshare.storage.one_datastores) returns
        it in RV(virtshare.storage.one_datastores#module:datastores), so that images in them can be predicted. Without effect
        in a real run.
      - When it is left out, every datastore that does not exist is taken for granted in check mode, with a warning.
    type: list
    elements: dict
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: virtshare.storage.one_filesystem_image
  - module: virtshare.storage.one_filesystem_image_info
  - module: virtshare.storage.one_datastores
extends_documentation_fragment:
  - virtshare.storage._filesystem_image.list
  - virtshare.storage._filesystem_image.common
  - virtshare.storage._opennebula
  - virtshare.storage._opennebula.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Register two directories of one share
  virtshare.storage.one_filesystem_images:
    filesystems:
      - name: projects
        datastore: projects
        path: /srv/shares/projects
        mount_tag: projects
      - name: drawings
        datastore: projects
        path: /srv/shares/projects/drawings
        mount_tag: drawings
"""

RETURN = r"""
operations:
  description: The operations done, or in check mode to be done, in their order.
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
  sample:
    - operation: one.image.allocate
      target: projects
      summary: register the directory /srv/shares/projects in datastore projects
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
deleted_ids:
  description: Ids of the images deleted, or in check mode to be deleted.
  returned: success
  type: list
  elements: int
  sample: [12]
filesystems:
  description: The declared images as read back, or as predicted in check mode, in the order of the list; without the
    absent ones.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: "Id; null in check mode for one that does not exist yet.", type: int, returned: always}
    name: {description: Name., type: str, returned: always}
    type: {description: Always FILESYSTEM., type: str, returned: always}
    state: {description: "State such as ready, used, locked.", type: str, returned: always}
    datastore: {description: Name of its datastore., type: str, returned: always}
    datastore_id: {description: Id of its datastore., type: int, returned: always}
    path: {description: Registered directory., type: str, returned: always}
    source: {description: Directory as the driver confirmed it., type: str, returned: always}
    persistent: {description: Whether it is persistent., type: bool, returned: always}
    owner: {description: Owner's name., type: str, returned: always}
    owner_id: {description: Owner's id., type: int, returned: always}
    group: {description: Group's name., type: str, returned: always}
    group_id: {description: Group's id., type: int, returned: always}
    mode: {description: "Permissions in octal, such as 600.", type: str, returned: always}
    permissions: {description: "Permissions in letters, such as um-------.", type: str, returned: always}
    running_vms: {description: Number of VMs that use it., type: int, returned: always}
    vm_ids: {description: Ids of the VMs that use it., type: list, elements: int, returned: always}
    mount_tag: {description: Tag for the guest., type: str, returned: when set}
    mount_point: {description: Mount point in the guest., type: str, returned: when set}
    attributes: {description: "Other attributes; secrets read (hidden).", type: dict, returned: always}
"""

from ..module_utils._opennebula import image, run
from ..module_utils._opennebula.client import CONNECTION_SPEC
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(
        argument_spec=dict(
            CONNECTION_SPEC,
            filesystems=dict(type="list", elements="dict", required=True, options=image.argument_spec(),
                             required_one_of=[("name", "id")]),
            expected_datastores=dict(type="list", elements="dict"),
            wait=dict(type="bool", default=True),
            wait_timeout=dict(type="float", default=60.0),
            register_timeout=dict(type="float", default=120.0),
        ),
        supports_check_mode=True,
    )
    leave(module, run.images)


if __name__ == "__main__":
    main()
