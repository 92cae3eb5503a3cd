#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_datastore
short_description: Manage one OpenNebula datastore
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Creates, changes and deletes OpenNebula's datastores of every kind, with a prediction and a diff in check mode.
  - Compares with what OpenNebula really uses (the body, not the template it was given), so that a second run changes
    nothing and sends no write call.
  - Made above all for VirtioFS datastores, which hand directories of the hypervisors to VMs, and safe by default; what
    would break running VMs or lose images is refused with a message that says what to write instead.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: virtshare.storage.one_datastores
  - module: virtshare.storage.one_datastore_info
  - module: virtshare.storage.one_filesystem_image
extends_documentation_fragment:
  - virtshare.storage._datastore
  - virtshare.storage._datastore.notes
  - virtshare.storage._opennebula
  - virtshare.storage._opennebula.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Create a datastore for shared directories
  virtshare.storage.one_datastore:
    name: projects
    ds_mad: virtiofs
    safe_dirs: [/srv/shares]
    clusters: [west]
    owner: oneadmin
    mode: "640"

- name: Disable a system datastore for maintenance
  virtshare.storage.one_datastore:
    name: west-system
    state: disabled

- name: Create a backup datastore
  virtshare.storage.one_datastore:
    name: backups
    type: backup
    ds_mad: rsync
    rsync_host: backup1
    rsync_user: oneadmin

- name: Delete a datastore that is empty
  virtshare.storage.one_datastore:
    name: projects
    state: absent
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
  sample: [{operation: one.datastore.allocate, target: projects, summary: create the image datastore}]
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
datastore:
  description: The datastore as read back, or as predicted in check mode.
  returned: when it is present
  type: dict
  contains:
    id: {description: "Id; null in check mode for one that does not exist yet.", type: int, returned: always}
    name: {description: Name., type: str, returned: always}
    type: {description: "One of image, system, file, backup.", type: str, returned: always}
    state: {description: "ready or disabled.", type: str, returned: always}
    ds_mad: {description: "Datastore driver; - for a system datastore.", type: str, returned: always}
    tm_mad: {description: "Transfer driver; - for a backup datastore.", type: str, returned: always}
    disk_type: {description: "Disk type that counts, such as FILE or FILESYSTEM.", type: str, returned: always}
    owner: {description: Owner's name., type: str, returned: always}
    owner_id: {description: Owner's id., type: int, returned: always}
    group: {description: Group's name., type: str, returned: always}
    group_id: {description: Group's id., type: int, returned: always}
    mode: {description: "Permissions in octal, such as 640.", type: str, returned: always}
    permissions: {description: "Permissions in letters, such as um-u-----.", type: str, returned: always}
    cluster_ids: {description: Ids of its clusters., type: list, elements: int, returned: always}
    image_ids: {description: Ids of its images., type: list, elements: int, returned: always}
    base_path: {description: Path on the front end., type: str, returned: always}
    total_mb: {description: "Capacity in MB; always 0 for virtiofs.", type: int, returned: always}
    free_mb: {description: "Free capacity in MB; always 0 for virtiofs.", type: int, returned: always}
    used_mb: {description: "Used capacity in MB; always 0 for virtiofs.", type: int, returned: always}
    safe_dirs:
      description: Directories; every typed attribute that is set appears under the name of its option.
      type: list
      elements: str
      returned: when set
    attributes: {description: "Other attributes; secrets read (hidden).", type: dict, returned: always}
    server_attributes: {description: "Attributes that belong to OpenNebula.", type: dict, returned: always}
"""

from ..module_utils._opennebula import datastore, run
from ..module_utils._opennebula.client import CONNECTION_SPEC
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(
        argument_spec=dict(CONNECTION_SPEC, **datastore.argument_spec()),
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    leave(module, run.one_datastore)


if __name__ == "__main__":
    main()
