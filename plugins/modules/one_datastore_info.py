#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_datastore_info
short_description: Read OpenNebula's datastores
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Returns the datastores the user may see, in one call, with typed values and without secrets.
options:
  name:
    description:
      - Only the datastores of this name; more than one where OpenNebula has let two be created.
    type: str
  id:
    description:
      - Only the datastore with this id.
    type: int
  type:
    description:
      - Only datastores of this kind.
    type: str
    choices: [image, system, file, backup]
  ds_mad:
    description:
      - Only datastores with this datastore driver.
    type: str
  vms:
    description:
      - Whether to return the VMs that use a directory of the datastore, which costs one C(one.imagepool.info) and one C(one.vmpool.infoset) more.
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
  - Costs one C(one.datastorepool.info), however many datastores there are, and what O(vms) costs.
seealso:
  - module: virtshare.storage.one_datastore
extends_documentation_fragment:
  - virtshare.storage._opennebula
  - virtshare.storage._opennebula.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Read all virtiofs datastores
  virtshare.storage.one_datastore_info:
    ds_mad: virtiofs
  register: found
"""

RETURN = r"""
datastores:
  description: The datastores that match, by id; an empty list when none does.
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
    vms:
      description: VMs that use a directory of the datastore; of those that the user may not see, the id alone is known.
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

from ..module_utils._opennebula import datastore, run
from ..module_utils._opennebula.client import CONNECTION_SPEC
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    module = SecretiveModule(
        argument_spec=dict(
            CONNECTION_SPEC,
            name=dict(type="str"),
            id=dict(type="int"),
            type=dict(type="str", choices=list(datastore.TYPES)),
            ds_mad=dict(type="str"),
            vms=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    leave(module, run.datastore_info)


if __name__ == "__main__":
    main()
