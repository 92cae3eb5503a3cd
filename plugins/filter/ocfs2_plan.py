# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what all hosts have of OCFS2 to what each of them needs."""

DOCUMENTATION = r"""
name: ocfs2_plan
short_description: Tell what each host of an OCFS2 cluster needs
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Takes what M(virtshare.storage.ocfs2_cluster_info) found on all hosts and what is declared for them, and says
    who is a member by which number, what has to be done on each host, and which devices are to be formatted.
  - Fails with what stops all hosts, in words. What stops one host is returned.
positional: _input
options:
  _input:
    description: For each host that was read a dictionary with C(name), C(port), C(removed_nodes), C(settings),
      C(number), C(filesystems), C(sources) and C(info), null for one that was not read.
    type: dict
    required: true
  shares:
    description: For each host of the group its declared shares. Those with shares of type V(ocfs2) belong to the
      cluster.
    type: dict
    default: {}
  own_shares:
    description: For each host of the group the shares that are declared for this role alone, an empty text where
      O(shares) counts.
    type: dict
    default: {}
  filesystems:
    description: For each host of the group its declared filesystems.
    type: dict
    default: {}
  beyond:
    description: Words for hosts that may exist and are not known by name, such as those outside of C(--limit).
    type: str
    default: ""
seealso:
  - module: virtshare.storage.ocfs2_cluster_info
"""

EXAMPLES = r"""
- name: Show what would be done
  ansible.builtin.debug:
    msg: "{{ {'hv1': hostvars.hv1.my_member, 'hv2': hostvars.hv2.my_member} | virtshare.storage.ocfs2_plan }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    cluster:
      description: C(name), C(nodes) and C(reserved), as M(virtshare.storage.ocfs2_cluster) takes them.
      type: dict
    settings:
      description: The settings of o2cb.
      type: dict
    hosts:
      description: For each host its C(problems), whether it C(changes), and the filesystems that udev has to
        C(settle).
      type: dict
    format:
      description: The filesystems to be made, each with the C(host) that makes it.
      type: list
      elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._ocfs2.group import plan_cluster
from ..module_utils._plan.plan import Refusal
from ..module_utils._share.types.ocfs2 import Ocfs2


def ocfs2_plan(reports, shares=None, filesystems=None, beyond="", own_shares=None):
    """group.plan_cluster() of the hosts that were read; AnsibleFilterError with what stops all of them."""
    read = {host: report for host, report in reports.items() if report}
    counting = dict(shares or {}, **{host: own for host, own in (own_shares or {}).items() if own != ""})
    expected = [host for host, declared in counting.items() if _has_ocfs2(declared) or (filesystems or {}).get(host)]
    try:
        return plan_cluster(read, expected + ([beyond] if beyond else []))
    except Refusal as refusal:
        raise AnsibleFilterError(str(refusal)) from refusal


def _has_ocfs2(shares):
    return any(share.get("type") == Ocfs2.name and share.get("state", "mounted") != "absent" for share in shares or ())


class FilterModule:
    """The filters of this file."""

    def filters(self):
        return {"ocfs2_plan": ocfs2_plan}
