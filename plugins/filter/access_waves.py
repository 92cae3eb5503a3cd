# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host of a share sets its owner and mode, and when the others look."""

DOCUMENTATION = r"""
name: access_waves
short_description: Say for each host which shares' owner and mode it sets or verifies first, and which then
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - All hosts of a share would change the very same directory. One live host of those that declare a path of one source
    sets its owner, group and mode, the others verify them afterwards.
  - What no other host waits for is done along with the rest, so that nearly every host has all its shares in one of the
    two lists.
positional: _input
options:
  _input:
    description: For each host what P(virtshare.storage.access_paths#filter) made of its shares.
    type: dict
    required: true
  hosts:
    description: The live hosts, in order.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Know what this host sets itself
  ansible.builtin.debug:
    msg: "{{ (my_shares_by_host | virtshare.storage.access_waves(hosts=ansible_play_hosts))[inventory_hostname] }}"
"""

RETURN = r"""
_value:
  description: For each host the C(paths) of M(virtshare.storage.share_access) that come C(first), because other hosts
    wait for them, and those that come C(then), and its C(confined_paths) as C(confined).
  type: dict
"""

from ..module_utils._access import agreement


class FilterModule:
    def filters(self):
        return {"access_waves": agreement.waves}
