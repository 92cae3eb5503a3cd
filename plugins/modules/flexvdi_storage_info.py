#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_storage_info
short_description: Show hosts and storage of flexVDI
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
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
  - virtshare.storage._flexvdi
  - virtshare.storage._flexvdi.attributes
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
    msg: "{{ item.name }} ({{ item.kind }}): {{ item.status }}, {{ item.free_space }} of {{ item.total_space }}"
  loop: "{{ storage.image_storages[0].volumes }}"

- name: Show the files of one media storage
  virtshare.storage.flexvdi_storage_info:
    gather: [media_storages]
    media_storages: [cifs]
"""

RETURN = r"""
hosts:
  description: The hosts.
  returned: when gathered
  type: list
  elements: dict
  contains:
    id: {description: Id., type: str, returned: always}
    status: {description: "Status, such as running; null where the Manager shows none.", type: str, returned: always}
  sample: [{id: hv1, status: running}]
image_storages:
  description: The image storages.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name: {description: Name., type: str, returned: always}
    hosts: {description: Ids of its hosts., type: list, elements: str, returned: always}
    disks: {description: SCSI ids of the disks it can use., type: list, elements: str, returned: always}
    volumes:
      description:
        - Its volumes, each as the module for its C(kind) returns it, see
          M(virtshare.storage.flexvdi_external_volume), M(virtshare.storage.flexvdi_gluster_volume) and
          M(virtshare.storage.flexvdi_ocfs2_volume).
      returned: always
      type: list
      elements: dict
media_storages:
  description: The media storages.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name: {description: Name., type: str, returned: always}
    address: {description: Its server., type: str, returned: always}
    path: {description: Its share., type: str, returned: always}
    username: {description: Its user; null where the Manager shows none., type: str, returned: always}
    hosts: {description: Ids of its hosts., type: list, elements: str, returned: always}
    status: {description: Status; null where the Manager shows none., type: str, returned: always}
    status_msg: {description: Words about the last operation; null where there are none., type: str, returned: always}
    files: {description: Names of the files in it., type: list, elements: str, returned: always}
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ..module_utils._flexvdi import run
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(argument_spec=run.INFO_SPEC, supports_check_mode=True)
    leave(module, run.info)


if __name__ == "__main__":
    main()
