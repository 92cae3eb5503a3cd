#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_datastores
short_description: Manage all OpenNebula datastores in one call
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Creates, changes and deletes OpenNebula's datastores of every kind, with a prediction and a diff in check mode.
  - Compares with what OpenNebula really uses (the body, not the template it was given), so that a second run changes
    nothing and sends no write call.
  - Made above all for VirtioFS datastores, which hand directories of the hypervisors to VMs, and safe by default; what
    would break running VMs or lose images is refused with a message that says what to write instead.
  - The list form of M(virtshare.storage.one_datastore); the same options, planned together and checked together before
    the first call that changes anything. When OpenNebula refuses something for one datastore, the others are still
    done and the module fails at the end with every reason.
options:
  expected_absent_images:
    description:
      - Ids of images that an earlier task of the same check run would delete, so that the deletion of their datastore
        can be predicted. Without effect in a real run.
    type: list
    elements: int
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: virtshare.storage.one_datastore
  - module: virtshare.storage.one_filesystem_images
extends_documentation_fragment:
  - virtshare.storage._datastore.list
  - virtshare.storage._datastore.notes
  - virtshare.storage._opennebula
  - virtshare.storage._opennebula.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Create what the cluster west needs
  virtshare.storage.one_datastores:
    api_url: http://frontend:2633/RPC2
    api_username: oneadmin
    api_password: "{{ vault_oneadmin_password }}"
    datastores:
      - name: west-system
        type: system
        tm_mad: shared
        clusters: [west]
      - name: projects
        ds_mad: virtiofs
        safe_dirs: [/srv/shares]
        clusters: [west]
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
datastores:
  description: The declared datastores as read back, or as predicted in check mode, in the order of the list; without
    the absent ones.
  returned: success
  type: list
  elements: dict
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
        argument_spec=dict(
            CONNECTION_SPEC,
            datastores=dict(type="list", elements="dict", required=True, options=datastore.argument_spec(),
                            required_one_of=[("name", "id")]),
            expected_absent_images=dict(type="list", elements="int"),
        ),
        supports_check_mode=True,
    )
    leave(module, run.datastores)


if __name__ == "__main__":
    main()
