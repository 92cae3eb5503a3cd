#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: ocfs2_cluster_info
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
short_description: Report what a host has of OCFS2
description:
  - Reads, in one execution, all that must be known of a host to tell what its cluster needs. That is its file of
    members and its settings, what its kernel runs, and what lies on its devices.
  - A device's superblock is read past the host's cache, so that what another host has written is seen. No lock is
    taken, and no step takes longer than O(timeout).
author:
  - virtshare contributors (@virtshare)
options:
  host:
    description: The name by which messages speak of the host.
    type: str
    required: true
  name:
    description: The cluster's name. The host's address is first looked for in what the host has of this cluster.
    type: str
    default: ocfs2
  address:
    description: The IPv4 address by which the host talks to the others. It must be one of the host's own.
    type: str
    default: ""
  network:
    description: The network, such as V(192.0.2.0/24), in which the host has the address. Not used with O(address).
    type: str
    default: ""
  sources:
    description: Volumes to look at, as LABEL=…, UUID=… or a path below /dev.
    type: list
    elements: str
    default: []
  devices:
    description: Devices that may be empty. What is on them or uses them is looked for with blkid and wipefs.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that a step for one device may take, at least 1.
    type: float
    default: 30.0
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
  platform:
    description: Runs on Linux hosts.
    support: full
    platforms: linux
seealso:
  - module: virtshare.storage.ocfs2_cluster
"""

EXAMPLES = r"""
- name: Look at a host
  virtshare.storage.ocfs2_cluster_info:
    host: "{{ inventory_hostname }}"
    name: vms
    sources: [LABEL=vmstore]
  register: my_ocfs2
"""

RETURN = r"""
node:
  description: The host's own name without the domain, by which it is a node.
  returned: success
  type: str
  sample: hv1
address:
  description: The address by which the host talks to the others.
  returned: success
  type: str
  sample: 192.0.2.11
kernel:
  description: The running kernel's release.
  returned: success
  type: str
driver:
  description: Whether this kernel has OCFS2.
  returned: success
  type: bool
missing_programs:
  description: The programs of ocfs2-tools that the host does not have.
  returned: success
  type: list
  elements: str
service:
  description: Whether o2cb's service exists, and starts at boot.
  returned: success
  type: dict
cluster_conf:
  description: The text of C(/etc/ocfs2/cluster.conf).
  returned: success
  type: str
settings_path:
  description: The file that o2cb's service reads.
  returned: success
  type: str
settings:
  description: What is assigned in it.
  returned: success
  type: dict
drop_in:
  description: What systemd is told about o2cb's service in C(/etc/systemd/system/o2cb.service.d/virtshare.conf).
  returned: success
  type: str
live:
  description: The cluster that the kernel runs, null when there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    nodes:
      description: Its nodes, by their numbers.
      type: list
      elements: dict
      contains:
        name:
          description: The node's name.
          type: str
        number:
          description: Its number.
          type: int
        address:
          description: The IPv4 address by which it talks to the others.
          type: str
        port:
          description: The TCP port it listens on.
          type: int
        local:
          description: Whether it is this host.
          type: bool
      sample: [{name: hv1, number: 0, address: 192.0.2.11, port: 7777, local: true}]
    settings:
      description: Its timeouts, null for what the kernel does not tell.
      type: dict
    regions:
      description: The UUIDs of the volumes whose heartbeat runs, those that are mounted, as udev writes them.
      type: list
      elements: str
    heartbeat_mode:
      description: V(local) or V(global).
      type: str
devices:
  description: One for each of O(sources) and O(devices).
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: As it was asked for.
      type: str
    problem:
      description: Why it could not be looked at, else null. All but RV(devices[].source) and RV(devices[].bare) may
        be missing then.
      type: str
    bare:
      description: Whether it is a name that may mean another disk after the next boot.
      type: bool
    path:
      description: Its path.
      type: str
    number:
      description: Its number, as C(mountinfo) has it.
      type: str
    bytes:
      description: Its size.
      type: int
    identity:
      description: The disk's own number.
      type: str
    by_id:
      description: Its names in C(/dev/disk/by-id).
      type: list
      elements: str
    volume:
      description: What the superblock says, null without OCFS2.
      type: dict
      contains:
        label:
          description: Its label.
          type: str
        uuid:
          description: Its UUID, as udev writes it.
          type: str
        slots:
          description: How many hosts can mount it at once.
          type: int
        block_size:
          description: The size of a block.
          type: int
        cluster_size:
          description: The size of what space is given out by.
          type: int
        local:
          description: Whether only one host can mount it.
          type: bool
        stack:
          description: The stack of its cluster, an empty text for one that does not say it.
          type: str
        cluster:
          description: The name of its cluster.
          type: str
        global_heartbeat:
          description: Whether its cluster has a global heartbeat.
          type: bool
    known:
      description: Whether udev knows the volume.
      type: bool
    content:
      description: What else is on it.
      type: list
      elements: str
    users:
      description: What uses it, of one that may be empty.
      type: list
      elements: str
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._ocfs2.report import work
from ..module_utils._ocfs2.spec import READING
from ..module_utils._plan.outcome import leave


def main():
    leave(AnsibleModule(argument_spec=dict(READING, host=dict(type="str", required=True)), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
