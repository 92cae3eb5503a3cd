#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: ocfs2_cluster
version_added: 1.0.0
short_description: Make a host a member of an OCFS2 cluster
description:
  - Writes C(/etc/ocfs2/cluster.conf) and the settings of o2cb, has o2cb start at boot as soon as the host has its
    address, and starts it.
  - A running cluster learns of new nodes while volumes are mounted. The number of a running node is never changed.
    Another address or setting is refused while a volume is mounted, as hosts that differ refuse each other; without
    one, o2cb is restarted.
  - Other clusters and comments in C(cluster.conf) stay, and so does what else is in the settings.
  - Who is a member, and by which number, has to be told. The role C(virtshare.storage.ocfs2_cluster) finds it out
    from all hosts.
author:
  - virtshare contributors (@virtshare)
requirements:
  - Python 3.6 or newer where it runs
  - ocfs2-tools, systemd, and a kernel with OCFS2.
options:
  host:
    description: The name by which messages speak of the host.
    type: str
    required: true
  state:
    description: V(absent) stops o2cb and takes the cluster out of the files. It is refused while a volume is mounted.
    type: str
    default: present
    choices: [present, absent]
  name:
    description: The cluster's name, 1 to 16 letters and digits.
    type: str
    default: ocfs2
  nodes:
    description: All members. Needed for O(state=present); one of them must be the host itself.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The host's own name, without the domain.
        type: str
        required: true
      number:
        description: Its number, 0 to 254, which it keeps forever.
        type: int
        required: true
      address:
        description: The IPv4 address by which it talks to the others.
        type: str
        required: true
      port:
        description: The TCP port it listens on.
        type: int
        default: 7777
  reserved:
    description: Numbers that belonged to nodes which are gone. They are kept in comments, so that nobody else gets
      them.
    type: list
    elements: dict
    default: []
    suboptions:
      number:
        description: The number.
        type: int
        required: true
      name:
        description: The node that had it.
        type: str
        required: true
  heartbeat_threshold:
    description: Heartbeats of two seconds that a host may miss before it counts as dead, at least 7.
    type: int
    default: 31
  idle_timeout_ms:
    description: Milliseconds without a packet before a connection counts as dead, at least 5000.
    type: int
    default: 30000
  keepalive_delay_ms:
    description: Milliseconds without a packet before a keepalive is sent, at least 1000, and less than
      O(idle_timeout_ms).
    type: int
    default: 2000
  reconnect_delay_ms:
    description: Milliseconds between attempts to connect, at least 2000.
    type: int
    default: 2000
  timeout:
    description: Seconds that starting or stopping o2cb may take, at least 1.
    type: float
    default: 90.0
attributes:
  check_mode:
    description: Predicts exactly the changes of a run, and changes nothing.
    support: full
  diff_mode:
    description: Shows the files and what the kernel runs.
    support: full
  platform:
    description: Runs on Linux hosts.
    support: full
    platforms: linux
seealso:
  - module: virtshare.storage.ocfs2_cluster_info
  - module: virtshare.storage.ocfs2_filesystem
"""

EXAMPLES = r"""
- name: Make a host a member
  virtshare.storage.ocfs2_cluster:
    host: "{{ inventory_hostname }}"
    name: vms
    nodes:
      - {name: hv1, number: 0, address: 192.0.2.11}
      - {name: hv2, number: 1, address: 192.0.2.12}

- name: Take it out again
  virtshare.storage.ocfs2_cluster:
    host: "{{ inventory_hostname }}"
    name: vms
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: dict
  contains:
    operation:
      description: One of cluster_conf, settings, unit, enable, start, restart, join, stop, disable.
      type: str
    target:
      description: The cluster, the file or the node.
      type: str
    summary:
      description: What it does.
      type: str
  sample:
    - {operation: cluster_conf, target: vms, summary: write the members into /etc/ocfs2/cluster.conf}
    - {operation: join, target: hv3, summary: let the running cluster know node hv3}
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._ocfs2.apply import work
from ..module_utils._plan.outcome import leave


def main():
    leave(AnsibleModule(
        argument_spec=dict(
            host=dict(type="str", required=True),
            state=dict(type="str", default="present", choices=["present", "absent"]),
            name=dict(type="str", default="ocfs2"),
            nodes=dict(type="list", elements="dict", default=[], options=dict(
                name=dict(type="str", required=True),
                number=dict(type="int", required=True),
                address=dict(type="str", required=True),
                port=dict(type="int", default=7777),
            )),
            reserved=dict(type="list", elements="dict", default=[], options=dict(
                number=dict(type="int", required=True),
                name=dict(type="str", required=True),
            )),
            heartbeat_threshold=dict(type="int", default=31),
            idle_timeout_ms=dict(type="int", default=30000),
            keepalive_delay_ms=dict(type="int", default=2000),
            reconnect_delay_ms=dict(type="int", default=2000),
            timeout=dict(type="float", default=90.0),
        ),
        supports_check_mode=True,
    ), work)


if __name__ == "__main__":
    main()
