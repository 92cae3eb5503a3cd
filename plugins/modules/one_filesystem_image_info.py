#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_filesystem_image_info
short_description: Read the directories registered in OpenNebula
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Returns the images of type FILESYSTEM that the user may see, in one call, with typed values and without secrets.
    Images of other types are left out.
options:
  name:
    description:
      - Only the images of this name; more than one where several owners use it.
    type: str
  id:
    description:
      - Only the image with this id.
    type: int
  datastore:
    description:
      - Only images in this datastore, given by name or id. One that does not exist holds none.
    type: str
  path:
    description:
      - Only the images that register this directory, however its path was written, as C(/srv//a) or C(/srv/a/).
    type: str
  state:
    description:
      - Only images in this state. In V(error) the value C(error) holds OpenNebula's reason.
    type: str
    choices:
      - init
      - ready
      - used
      - disabled
      - locked
      - error
      - clone
      - delete
      - used_pers
      - locked_used
      - locked_used_pers
  vms:
    description:
      - Whether to return the VMs that use the directory, which costs one C(one.vmpool.infoset) more.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Only reads.
  diff_mode:
    support: none
    description: Nothing changes.
notes:
  - Costs one C(one.imagepool.info), however many images there are, and what O(vms) costs.
seealso:
  - module: virtshare.storage.one_filesystem_image
  - module: virtshare.storage.one_datastore_info
extends_documentation_fragment:
  - virtshare.storage._opennebula
  - virtshare.storage._opennebula.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Read what is registered in one datastore
  virtshare.storage.one_filesystem_image_info:
    datastore: projects
  register: found

- name: Read which VMs use the directories of one datastore
  virtshare.storage.one_filesystem_image_info:
    datastore: projects
    vms: true
  register: used

- name: Read what could not be registered
  virtshare.storage.one_filesystem_image_info:
    state: error
  register: failed

- name: Say why
  ansible.builtin.debug:
    msg: "{{ item.path }}: {{ item.error }}"
  loop: "{{ failed.filesystems }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
filesystems:
  description: The images that match, by id; an empty list when none does.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id., type: int, returned: always}
    name: {description: Name., type: str, returned: always}
    type: {description: Always FILESYSTEM., type: str, returned: always}
    state: {description: "State such as ready, used, locked, error.", type: str, returned: always}
    error: {description: Why OpenNebula could not register the directory., type: str, returned: when state is error}
    datastore: {description: Name of its datastore., type: str, returned: always}
    datastore_id: {description: Id of its datastore., type: int, returned: always}
    path: {description: Registered directory., type: str, returned: always}
    source: {description: Directory as the driver confirmed it; empty until then., type: str, returned: always}
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
    vms:
      description: VMs that use the directory; of those that the user may not see, the id alone is known.
      type: list
      elements: dict
      returned: when O(vms)
      contains:
        id: {description: Id., type: int, returned: always}
        name: {description: Name., type: str, returned: always}
        owner: {description: Owner's name., type: str, returned: always}
        state: {description: "State such as RUNNING, POWEROFF, HOLD.", type: str, returned: always}
        host: {description: "Host it is, or was last, on; null before it was placed.", type: str, returned: always}
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ..module_utils._opennebula import image, run
from ..module_utils._opennebula.client import CONNECTION_SPEC
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(
        argument_spec=dict(
            CONNECTION_SPEC,
            name=dict(type="str"),
            id=dict(type="int"),
            datastore=dict(type="str"),
            path=dict(type="str"),
            state=dict(type="str", choices=list(image.STATES)),
            vms=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    leave(module, run.image_info)


if __name__ == "__main__":
    main()
