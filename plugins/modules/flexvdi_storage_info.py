#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_storage_info
short_description: Show hosts and storage of flexVDI
version_added: 1.0.0
description:
  - Reads the hosts, Image Storages with their volumes and disks, and Media Storages with their files from a flexVDI
    Manager.
options:
  gather:
    description:
      - What to read.
    type: list
    elements: str
    choices: [hosts, image_storages, media_storages]
    default: [hosts, image_storages]
  image_storages:
    description:
      - Names of the image storages to read; those that do not exist are left out. Without it all of them, by a list
        that the documents do not mention.
    type: list
    elements: str
  media_storages:
    description:
      - Names of the media storages to read; those that do not exist are left out. Without it all of them, by a list
        that the documents do not mention.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
notes:
  - Of all addresses it reads, only C(/hosts) and C(/imagestorages/ID) are documented.
seealso:
  - module: virtshare.storage.flexvdi_image_storage
  - module: virtshare.storage.flexvdi_media_storage
extends_documentation_fragment:
  - virtshare.storage.flexvdi
  - virtshare.storage.flexvdi.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: See hosts, image storages, their volumes and usable disks
  virtshare.storage.flexvdi_storage_info:
    image_storages: [MyImageStorage]
  register: storage

- name: Show status and space of the volumes
  ansible.builtin.debug:
    msg: "{{ item.name }} in {{ item.path }}: {{ item.status }}, {{ item.free_space }} of {{ item.total_space }}"
  loop: "{{ storage.image_storages[0].volumes }}"
"""

RETURN = r"""
hosts:
  description: The hosts, each with C(id) and C(status).
  returned: when gathered
  type: list
  elements: dict
  sample: [{id: hv1, status: running}]
image_storages:
  description: The image storages, as M(virtshare.storage.flexvdi_image_storage) returns them.
  returned: when gathered
  type: list
  elements: dict
media_storages:
  description: The media storages, as M(virtshare.storage.flexvdi_media_storage) returns them.
  returned: when gathered
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.flexvdi import run


def main():
    module = AnsibleModule(argument_spec=run.INFO_SPEC, supports_check_mode=True)
    run.run_info(module)


if __name__ == "__main__":
    main()
