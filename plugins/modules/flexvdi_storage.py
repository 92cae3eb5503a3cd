#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: flexvdi_storage
short_description: Manage all storage of flexVDI in one call
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Creates, changes and deletes Image Storages, their External, OCFS2 and Gluster Volumes, and Media Storages, with one
    login for all of them.
  - The list form of the modules for one object each; the same options, planned together and checked together before the
    first task is created. Image storages are created before what they hold, and absent objects are deleted at the end,
    volumes before their image storage. The first task that fails ends the run, and the next one takes up what is there.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
notes:
  - A converged run costs the login, one read of each image storage and media storage that is named, and the end of the
    session. A change costs one read of the hosts where an image storage or media storage gets others, one task for each
    object that changes, and one more read of each image storage and media storage that is touched.
seealso:
  - module: virtshare.storage.flexvdi_image_storage
  - module: virtshare.storage.flexvdi_external_volume
  - module: virtshare.storage.flexvdi_ocfs2_volume
  - module: virtshare.storage.flexvdi_gluster_volume
  - module: virtshare.storage.flexvdi_media_storage
  - module: virtshare.storage.flexvdi_storage_info
extends_documentation_fragment:
  - virtshare.storage._flexvdi_objects.lists
  - virtshare.storage._flexvdi
  - virtshare.storage._flexvdi.tasks
  - virtshare.storage._flexvdi.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Create an image storage with a volume, and connect the installation media
  virtshare.storage.flexvdi_storage:
    image_storages:
      - name: MyImageStorage
        hosts: [hv1, hv2]
    external_volumes:
      - name: NFS
        image_storage: MyImageStorage
        path: /srv/shares/projects
    media_storages:
      - name: cifs
        address: 192.0.2.10
        path: media
        hosts: [hv1, hv2]
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
  description: Numbers of the Manager's tasks that were created and have succeeded.
  returned: always
  type: list
  elements: str
  sample: ["17"]
requests:
  description:
    - The requests for these tasks as they are sent, in check mode as they would be; a password is left out. Before 3.1
      the two reserved fields come first.
  returned: always
  type: list
  elements: dict
image_storages:
  description: The image storages as read back, or as predicted in check mode, see
    RV(virtshare.storage.flexvdi_image_storage#module:image_storage). Without the absent ones.
  returned: success
  type: list
  elements: dict
volumes:
  description: The volumes, external ones first, then OCFS2 and Gluster, see
    RV(virtshare.storage.flexvdi_external_volume#module:volume).
  returned: success
  type: list
  elements: dict
media_storages:
  description: The media storages, see RV(virtshare.storage.flexvdi_media_storage#module:media_storage).
  returned: success
  type: list
  elements: dict
"""

from ..module_utils._flexvdi import run
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    leave(SecretiveModule(argument_spec=run.SPEC, supports_check_mode=True), run.work)


if __name__ == "__main__":
    main()
