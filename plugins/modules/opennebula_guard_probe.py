#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the probe that tells OpenNebula what the guards of the hosts have seen."""

DOCUMENTATION = r"""
module: opennebula_guard_probe
short_description: Have OpenNebula ask its hosts what their guards have seen
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
author: virtshare contributors (@virtshare)
description:
  - Writes the probe C(virtshare_guard.sh) into C(im/DRIVER-probes.d/host/system) on OpenNebula's front end, and copies it to
    all hosts. Each host then has attributes such as C(VIRTSHARE_PROJECTS="ok"), which C(SCHED_REQUIREMENTS) of a VM can ask for.
  - The probe prints a file in memory that the guard of the host wrote (M(virtshare.storage.share_guard)). It never touches a
    share, and always ends well, as a probe that fails would put its host into the state ERROR. When the file is missing, or
    older than three of the guard's intervals, it says C(unknown).
  - It is to run on the front end. OpenNebula copies its own files over those on the hosts, so that a probe put there is lost.
options:
  state:
    description: V(absent) removes the probe. The attributes stay, until M(virtshare.storage.one_host_guard) removes them.
    type: str
    default: present
    choices: [present, absent]
  attributes:
    description: The names of the shares' attributes, as M(virtshare.storage.share_guard) returns them. Those are C(unknown) without news.
    type: list
    elements: str
    default: []
  remotes:
    description: Where the front end keeps what it copies to the hosts.
    type: path
    default: /var/lib/one/remotes
  drivers:
    description: Drivers whose hosts are to be asked. Those that the front end has no folder of are left out.
    type: list
    elements: str
    default: [kvm, qemu, lxc]
  sync:
    description:
      - Whether to copy it to the hosts with C(onehost sync --force) when it changed. A copy that failed, or that a run which was
        ended did not get to, is repeated by the next run; until then a file with the ending C(.virtshare_guard_uncopied) stands
        beside O(remotes).
    type: bool
    default: true
  user:
    description: The user that runs C(onehost) when the module runs as root.
    type: str
    default: oneadmin
  timeout:
    description: Seconds that the copying may take.
    type: float
    default: 300.0
attributes:
  check_mode:
    description: Predicts what is written, removed and copied.
    support: full
  diff_mode:
    description: Shows the probe before and after, and a copy that is repeated.
    support: full
seealso:
  - module: virtshare.storage.one_host_guard
  - module: virtshare.storage.share_guard
"""

EXAMPLES = r"""
- name: Have OpenNebula ask its hosts for their shares
  virtshare.storage.opennebula_guard_probe:
    attributes: [VIRTSHARE_PROJECTS]
  delegate_to: frontend
  run_once: true
"""

RETURN = r"""
operations:
  description: What was done in its order, in check mode what would be.
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
diff:
  description: The probe before and after.
  returned: always
  type: dict
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._opennebula import probe
from ..module_utils._plan.outcome import leave


def main():
    leave(AnsibleModule(argument_spec=probe.ARGUMENT_SPEC, supports_check_mode=True), probe.work)


if __name__ == "__main__":
    main()
