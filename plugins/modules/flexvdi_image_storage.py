#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_image_storage
short_description: Manage an Image Storage of flexVDI
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Creates, changes and deletes an Image Storage, which is a name and the set of hosts that can use its volumes.
options:
  expected_absent_volumes:
    description:
      - Names of volumes that the same run deletes before the image storage. Honoured in check mode only.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
notes:
  - An image storage that holds volumes is not deleted.
  - A converged run costs the login and one read. A change costs two more reads and one task.
seealso:
  - module: virtshare.storage.flexvdi_external_volume
  - module: virtshare.storage.flexvdi_gluster_volume
  - module: virtshare.storage.flexvdi_ocfs2_volume
  - module: virtshare.storage.flexvdi_storage_info
extends_documentation_fragment:
  - virtshare.storage._flexvdi_objects.image_storage
  - virtshare.storage._flexvdi
  - virtshare.storage._flexvdi.tasks
  - virtshare.storage._flexvdi.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Create an image storage on one host
  virtshare.storage.flexvdi_image_storage:
    name: MyImageStorage
    hosts: [hv1]

- name: Delete it once it is empty
  virtshare.storage.flexvdi_image_storage:
    name: MyImageStorage
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
  sample: [{operation: istorage_create, target: MyImageStorage, summary: create the image storage on hv1}]
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
image_storage:
  description: The image storage as read back, or as predicted in check mode.
  returned: when it is present
  type: dict
  contains:
    name: {description: Name., type: str, returned: always}
    hosts: {description: Ids of its hosts., type: list, elements: str, returned: always}
    disks: {description: SCSI ids of the disks it can use., type: list, elements: str, returned: always}
    volumes:
      description: Its volumes, as the modules for volumes return them.
      returned: always
      type: list
      elements: dict
"""

from ..module_utils._flexvdi import image_storage, run
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(
        argument_spec=dict(run.BASE_SPEC, **image_storage.SPEC),
        supports_check_mode=True,
    )
    leave(module, run.one_image_storage)


if __name__ == "__main__":
    main()
