# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of this name, which runs on the controller."""

DOCUMENTATION = r"""
module: declared_shares
short_description: Check declared shares on the controller before any host is touched
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Checks a list of shares and returns it in its normal form, with every default filled in.
  - Names every problem of all shares at once, each with the share, the value, why it is refused, and what to write
    instead.
  - Runs on the controller only. The roles begin with it.
options:
  shares:
    description:
      - The shares, as O(virtshare.storage.share_mounts#role:main:share_mounts_shares) describes them.
      - Not used together with O(registered).
    type: raw
  fail:
    description: Whether problems are a failure. With V(false) they are returned only, for O(registered).
    type: bool
    default: true
  directories:
    description: Directories that must lie inside one of the shares that are to be mounted.
    type: list
    elements: str
    default: []
  registered:
    description:
      - The name of the variable in which each host has registered what this module returned with O(fail=false).
      - Warns when no host has a share, and fails when a host of the play has problems. Each is named once, with its hosts where not all hosts have it. Use
        it with C(run_once).
    type: str
  troubles:
    description:
      - The shares that an earlier step could not bring about on this host. It is returned by their paths, and what
        compares the hosts takes it from there. Of several for one path the first counts.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The share's path.
        type: str
        required: true
      error:
        description: Why that is so.
        type: str
        required: true
  allow_empty:
    description: Whether an empty list is right. With V(false) it is a problem, as where what is not declared is removed.
    type: bool
    default: true
extends_documentation_fragment:
  - virtshare.storage._controller
seealso:
  - module: virtshare.storage.share_mounts
"""

EXAMPLES = r"""
- name: Check the shares
  virtshare.storage.declared_shares:
    shares: "{{ virtshare_shares }}"

# Hosts may have different shares. This names each problem once, not once a host.
- name: Read the shares of each host
  virtshare.storage.declared_shares:
    shares: "{{ virtshare_shares }}"
    fail: false
  register: my_declared

- name: Refuse what is wrong with them
  virtshare.storage.declared_shares:
    registered: my_declared
  run_once: true
"""

RETURN = r"""
troubles:
  description: Why an earlier step could not bring a share about on this host, by its path.
  returned: where there are some
  type: dict
shares:
  description:
    - The shares with every default filled in, an empty list when there are problems.
    - Credentials are left out. What mounts a share takes them from its declaration.
  returned: with O(shares)
  type: list
  elements: dict
  sample:
    - path: /srv/shares/projects
      type: nfs
      source: nas1:/export/projects
      options: {vers: "4.2"}
      state: mounted
      read_only: false
      allow_hidden_files: false
      proof: true
      access: {owner: oneadmin, group: kvm, mode: "2770", writers: [oneadmin, libvirt-qemu], acl: null}
types:
  description: The types of the shares that are to be mounted.
  returned: with O(shares)
  type: list
  elements: str
  sample: [nfs]
users:
  description: The users that the shares that are to be mounted name as owner or writer, or in an ACL. Sorted.
  returned: with O(shares)
  type: list
  elements: str
  sample: [libvirt-qemu, oneadmin]
groups:
  description: The groups that they name. Sorted.
  returned: with O(shares)
  type: list
  elements: str
  sample: [kvm]
problems:
  description: A sentence for each problem.
  returned: with O(shares), and when it fails
  type: list
  elements: str
"""
