# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: ocfs2_plan
short_description: Plan what each host of an OCFS2 cluster needs (internal)
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Internal. It may change in any release. The roles use it.
  - Compares what M(virtshare.storage.ocfs2_cluster_info) found on all hosts and what is declared for them, and returns
    who is a member by which number, what has to be done on each host, and which devices are to be formatted.
  - Fails with what stops all hosts. What stops one host is returned.
  - Runs on the controller only. Use it with C(run_once).
options:
  members:
    description:
      - The name of the fact in which each host that was read has a dictionary with C(name), C(port), C(removed_nodes),
        C(settings), C(number), C(filesystems), C(sources) and C(info).
    type: str
    required: true
  hosts:
    description:
      - All hosts among which the cluster's members are, whether this run has them or not. Those count for which
        C(ocfs2_cluster_shares), or else C(virtshare_shares), holds a share of type C(ocfs2), or which have
        C(ocfs2_cluster_filesystems).
    type: list
    elements: str
    default: []
  maintenance:
    description: Those of O(hosts) that are left out on purpose, and are not waited for.
    type: list
    elements: str
    default: []
  unknown_hosts:
    description: Whether there may be more hosts, outside of C(--limit), whose names are not known.
    type: bool
    default: false
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.ocfs2_cluster_info
"""

EXAMPLES = r"""
- name: Plan the cluster
  virtshare.storage.ocfs2_plan:
    members: my_member
    hosts: "{{ groups['hypervisors'] }}"
  register: my_plan
  run_once: true
"""

RETURN = r"""
cluster:
  description: C(name), C(nodes) and C(reserved), as M(virtshare.storage.ocfs2_cluster) takes them.
  returned: success
  type: dict
settings:
  description: The settings of o2cb.
  returned: success
  type: dict
hosts:
  description: For each host its C(problems), whether it C(changes), and the filesystems that udev has to C(settle).
  returned: success
  type: dict
format:
  description: The filesystems to be made, each with the C(host) that makes it.
  returned: success
  type: list
  elements: dict
problems:
  description: What stops all hosts, in sentences.
  returned: failure
  type: list
  elements: str
"""
