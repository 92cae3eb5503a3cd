#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_media_storage
short_description: Manage a Media Storage of flexVDI
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Creates, changes and deletes a Media Storage, which is a CIFS share with ISO images and exported virtual machines
    that the hosts mount.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
notes:
  - How a Media Storage is read is not documented at all. When the Manager answers neither for one nor with a list, the
    module fails instead of taking it for absent.
seealso:
  - module: virtshare.storage.flexvdi_storage_info
extends_documentation_fragment:
  - virtshare.storage._flexvdi_objects.media_storage
  - virtshare.storage._flexvdi
  - virtshare.storage._flexvdi.tasks
  - virtshare.storage._flexvdi.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Connect the share with the installation media
  virtshare.storage.flexvdi_media_storage:
    name: cifs
    address: 192.0.2.10
    path: media
    username: flexvdi
    password: "{{ vault_media_password }}"
    hosts: [hv1, hv2]

- name: Give it another password
  virtshare.storage.flexvdi_media_storage:
    name: cifs
    password: "{{ vault_new_media_password }}"
    update_password: always
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
  sample: [{operation: mstorage_create, target: cifs, summary: create the media storage of //192.0.2.10/media on hv1}]
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
media_storage:
  description: The media storage as read back, or as predicted in check mode, with null for what only the Manager knows.
  returned: when it is present
  type: dict
  contains:
    name: {description: Name., type: str, returned: always}
    address: {description: Its server., type: str, returned: always}
    path: {description: Its share., type: str, returned: always}
    username: {description: Its user., type: str, returned: always}
    hosts: {description: Ids of its hosts., type: list, elements: str, returned: always}
    status: {description: Status., type: str, returned: always}
    status_msg: {description: Words about the last operation., type: str, returned: always}
    files: {description: Names of the files in it., type: list, elements: str, returned: always}
"""

from ..module_utils._flexvdi import media, run
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(
        argument_spec=dict(run.BASE_SPEC, **media.SPEC),
        supports_check_mode=True,
    )
    leave(module, run.one_media_storage)


if __name__ == "__main__":
    main()
