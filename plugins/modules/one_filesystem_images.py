#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_filesystem_images
short_description: Register directories as OpenNebula filesystem images in one call
version_added: 1.0.0
description:
  - Registers directories as images of type FILESYSTEM in OpenNebula's VirtioFS datastores, so that VMs can get them as
    disks.
  - Type and path are always sent as OpenNebula needs them. The directory itself is never created, changed or deleted.
  - The list form of M(virtshare.storage.one_filesystem_image); the same options, planned together and checked together
    before the first call that changes anything. When OpenNebula refuses something for one image, the others are still
    done and the module fails at the end with every reason.
options:
  filesystems:
    description:
      - The images. Those that are not listed are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the image, unique for each owner. Blanks around it are left out, as OpenNebula does.
        type: str
      id:
        description:
          - Id of an existing image. With O(filesystems[].name) it must be the one of that name.
        type: int
      new_name:
        description:
          - Name to rename the image to. Where only this name exists already, the renaming counts as done.
        type: str
      state:
        description:
          - V(present) registers or mends it.
          - V(absent) deletes the registration, which is refused while a VM uses it; the directory itself stays.
        type: str
        choices: [present, absent]
        default: present
      datastore:
        description:
          - Virtiofs datastore by name or id; required to register a new image. Another kind of datastore is refused,
            since a VM would get a disk of that kind.
          - In check mode a datastore that does not exist yet is taken for granted, with a warning; in a real run it is
            refused.
        type: str
      path:
        description:
          - Directory to register; the same on the front end and on all hypervisors, absolute and without blanks.
            Required to register a new image.
          - OpenNebula cannot change it; see O(filesystems[].replace).
        type: str
      mount_tag:
        description:
          - Tag by which the guest mounts it, one word of at most 36 bytes. OpenNebula's own default is one-tag-ID. An
            empty string removes it.
        type: str
      mount_point:
        description:
          - Directory at which the guest's contextualisation mounts it. OpenNebula's own default is /mnt/one-fs-ID. An
            empty string removes it.
        type: str
      persistent:
        description:
          - Whether it is persistent. OpenNebula's default for a new image is no.
        type: bool
      owner:
        description:
          - User who owns it, by name or id.
        type: str
      group:
        description:
          - Group it belongs to, by name or id.
        type: str
      mode:
        description:
          - Permissions as a quoted octal string such as V("640") or in OpenNebula's letters such as V(um-u-----).
          - Digits and letter triples are owner, group and others; 4 or u is use, 2 or m is manage, 1 or a is admin.
          - A YAML number is refused, since YAML may read it in another base.
        type: raw
      attributes:
        description:
          - Further attributes of the template. A mapping makes a vector attribute, null removes it; booleans become YES
            and NO. OpenNebula keeps one value of a name here, so a list of several is refused.
        type: dict
      attributes_mode:
        description:
          - V(merge) leaves attributes that are not declared alone, V(exact) removes them.
        type: str
        choices: [merge, exact]
        default: merge
      replace:
        description:
          - When the path differs, delete the registration and register the new path under a new id. Refused while a VM
            uses the image.
        type: bool
        default: false
  expected_datastores:
    description:
      - Names of datastores that an earlier task of the same check run would create, so that images in them can be
        predicted. Without effect in a real run.
      - When it is left out, every datastore that does not exist is taken for granted in check mode, with a warning.
    type: list
    elements: str
  wait:
    description:
      - Wait until OpenNebula has registered new images and deleted old ones, which it does in the background. The state
        ERROR then ends in a failure with OpenNebula's own reason.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    description: Predicts exactly the operations of a real run from the same reads, without a write call.
  diff_mode:
    support: full
    description: Shows what differs before and after, without secrets.
notes:
  - A converged call costs one C(one.datastorepool.info), one C(one.imagepool.info), and one read of the users or groups
    where an owner or group is to be changed; never one call for each image. A change costs one call for each thing that
    changes, and with O(wait) more reads of the pool of images until the server has finished.
  - An image in state ERROR is registered anew by the next run, since nothing can use it.
  - OpenNebula does not look whether the directory exists on the hypervisors, nor whether the share is mounted there.
    The role share_proof does.
seealso:
  - module: virtshare.storage.one_filesystem_image
  - module: virtshare.storage.one_filesystem_image_info
  - module: virtshare.storage.one_datastores
extends_documentation_fragment:
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
  sample: [{operation: one.datastore.allocate, target: projects, summary: create the image datastore}]
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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._opennebula import image, run
from ..module_utils._opennebula.client import CONNECTION_SPEC


def main():
    module = AnsibleModule(
        argument_spec=dict(
            CONNECTION_SPEC,
            filesystems=dict(type="list", elements="dict", required=True, options=image.argument_spec(),
                             required_one_of=[("name", "id")]),
            expected_datastores=dict(type="list", elements="str"),
            wait=dict(type="bool", default=True),
            wait_timeout=dict(type="int", default=60),
        ),
        supports_check_mode=True,
    )
    run.images(module, module.params["filesystems"])


if __name__ == "__main__":
    main()
