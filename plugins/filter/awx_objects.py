# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one dictionary to the objects of an AWX."""

DOCUMENTATION = r"""
name: awx_objects
short_description: Turn one dictionary into the objects of an AWX, a list for each kind
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - The items have the options of the modules of the collection awx.awx, the lists the names that the collection
    infra.aap_configuration reads.
  - Names that AWX would look up in all organizations are named URLs, which mean one object.
  - All that is wrong with the dictionary is refused at once.
positional: _input
options:
  _input:
    description: The dictionary, as the option C(awx_content_site) of the role P(virtshare.storage.awx_content#role).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the job templates
  ansible.builtin.debug:
    msg: "{{ (awx_content_site | virtshare.storage.awx_objects).controller_templates | map(attribute='name') }}"
"""

RETURN = r"""
_value:
  description:
    - The lists C(aap_organizations), C(aap_teams), C(controller_credential_types), C(controller_credentials),
      C(controller_execution_environments), C(controller_inventories), C(controller_labels), C(controller_notifications),
      C(controller_projects), C(controller_roles), C(controller_schedules), C(controller_templates) and
      C(controller_workflows).
  type: dict
"""

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._awx import content
from ..plugin_utils._awx_site import on_a_site


def awx_objects(site):
    """{variable of infra.aap_configuration: list of objects}, of the role's dictionary; AnsibleFilterError of a wrong one."""
    # AWX renders the messages and injectors, Ansible must not.
    return wrap_var(on_a_site(content.objects, site))


class FilterModule:
    def filters(self):
        return {"awx_objects": awx_objects}
