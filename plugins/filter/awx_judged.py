# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an AWX has already of the objects that the role makes."""

DOCUMENTATION = r"""
name: awx_judged
short_description: Judge what an AWX has already of the objects that awx_content makes (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The role P(virtshare.storage.awx_content#role) uses it.
  - An object is the role's own when its description says so. Others are never changed or deleted.
positional: _input
options:
  _input:
    description:
      - By collection of the API the objects that it shows of the names of P(virtshare.storage.awx_names#filter), and as
        C(galaxy_credentials) those of the organization. C(schedules) of the template that proves and C(workflow_nodes) of
        the workflow where it is to tell of them.
    type: dict
    required: true
  site:
    description: The dictionary that the objects are made of.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse to change what others have made
  ansible.builtin.assert:
    that: >-
      ({'organizations': my_organizations} | virtshare.storage.awx_judged(site=awx_content_site)).problems | length == 0
"""

RETURN = r"""
_value:
  description:
    - C(problems), what speaks against making the objects. C(missing), by collection the names that are not there.
      C(ours), by collection the names of those that the role has made. C(removable), those of them that hold nothing of
      others. C(dropped), what the role has set and the dictionary no longer has.
  type: dict
"""

from ..module_utils._awx import found
from ..plugin_utils._awx_site import on_a_site


def awx_judged(there, site):
    """What may be made, is there and can go, of what an AWX shows; AnsibleFilterError of a wrong dictionary."""
    return on_a_site(lambda typed: dict(found.judged(there, typed), removable=found.removable(there, typed)), site)


class FilterModule:
    def filters(self):
        return {"awx_judged": awx_judged}
