# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that the role uses in an AWX."""

DOCUMENTATION = r"""
name: awx_names
short_description: Name what awx_content makes in an AWX (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The role P(virtshare.storage.awx_content#role) uses it.
  - The names of all objects that P(virtshare.storage.awx_content#role) makes, or uses when they are there.
positional: _input
options:
  _input:
    description: The dictionary that the objects are made of.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the names
  ansible.builtin.debug:
    msg: "{{ awx_content_site | virtshare.storage.awx_names }}"
"""

RETURN = r"""
_value:
  description: By collection of the API, such as C(job_templates), the names.
  type: dict
"""

from ..module_utils._awx import content
from ..plugin_utils._awx_site import on_a_site


def awx_names(site):
    """{kind: names of what awx_content makes in an AWX}, of the dictionary that the role takes; AnsibleFilterError of a wrong one."""
    return on_a_site(content.names, site)


class FilterModule:
    def filters(self):
        return {"awx_names": awx_names}
