#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: ocfs2_filesystem
version_added: 1.0.0
short_description: Make an OCFS2 filesystem on an empty device
description:
  - Formats a device only when O(format=true), and only when nothing at all is on it or uses it. That is, no
    signature that C(blkid) or C(wipefs) knows, no partition, no device made of it, no mount in any namespace, no
    program that has it open. There is no option to format a device with something on it.
  - A device that has the declared filesystem stays as it is; one with another filesystem is refused. Its label,
    slots, cluster and stack are compared with the declared ones, and what differs is refused with the command that
    changes it.
  - It sees one host only. The role C(virtshare.storage.ocfs2_cluster) makes sure that all hosts mean the same
    device and that it is empty on all of them, and runs this on one.
author:
  - virtshare contributors (@virtshare)
requirements:
  - Python 3.6 or newer where it runs
  - C(mkfs.ocfs2) of ocfs2-tools, C(blkid) and C(wipefs) of util-linux, and udev.
options:
  label:
    description: The filesystem's label, up to 63 bytes.
    type: str
    required: true
  device:
    description: The device, a path below /dev/disk/by-id or UUID=…. A name such as C(/dev/sdb) is warned about.
    type: str
    required: true
  slots:
    description: How many hosts can mount it at once, 1 to 255. More can be added later with C(tunefs.ocfs2 -N).
    type: int
    default: 2
  cluster:
    description: The name of its cluster. The stack is o2cb.
    type: str
    default: ocfs2
  usage:
    description: What it is made for, which sets the size of its clusters and its journal. C(mkfs.ocfs2) takes
      V(vmstore) for devices of 2 GB or more only. Without it C(mkfs.ocfs2) decides by the size.
    type: str
    choices: [vmstore, datafiles, mail]
  format:
    description: Make the filesystem if the device is empty. Otherwise an empty device is refused.
    type: bool
    default: false
  formatted_by:
    description: The host that makes the filesystem in the same run. This host then only has udev read the device
      again, so that it can be mounted by its label.
    type: str
  timeout:
    description: Seconds that C(mkfs.ocfs2) may take.
    type: float
    default: 1800.0
attributes:
  check_mode:
    description: Predicts exactly the changes of a run, and changes nothing.
    support: full
  diff_mode:
    description: Shows what was on the device, and what will be.
    support: full
  platform:
    description: Runs on Linux hosts.
    support: full
    platforms: linux
seealso:
  - module: virtshare.storage.ocfs2_cluster
"""

EXAMPLES = r"""
- name: Make a filesystem for virtual machines
  virtshare.storage.ocfs2_filesystem:
    label: vmstore
    device: /dev/disk/by-id/wwn-0x6001405b1d4f0a53e0c4e5f8e2a7c9d1
    slots: 4
    cluster: vms
    usage: vmstore
    format: true
"""

RETURN = r"""
operations:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: dict
  contains:
    operation:
      description: One of format, settle.
      type: str
    target:
      description: The device.
      type: str
    summary:
      description: What it does.
      type: str
  sample:
    - operation: format
      target: /dev/disk/by-id/wwn-0x6001405b1d4f0a53e0c4e5f8e2a7c9d1
      summary: make OCFS2 vmstore with 4 slots for the cluster vms
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
device:
  description: The device's path, null in check mode.
  returned: success
  type: str
  sample: /dev/sdb
filesystem:
  description: What its superblock says, null in check mode.
  returned: success
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
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._ocfs2.filesystem import USAGES, work
from ..module_utils._plan.outcome import leave


def main():
    leave(AnsibleModule(
        argument_spec=dict(
            label=dict(type="str", required=True),
            device=dict(type="str", required=True),
            slots=dict(type="int", default=2),
            cluster=dict(type="str", default="ocfs2"),
            usage=dict(type="str", choices=list(USAGES)),
            format=dict(type="bool", default=False),
            formatted_by=dict(type="str"),
            timeout=dict(type="float", default=1800.0),
        ),
        supports_check_mode=True,
    ), work)


if __name__ == "__main__":
    main()
