#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Owner, group, mode and ACL of shares, what confines guests there, and what their writers can really do."""

DOCUMENTATION = r"""
module: share_access
short_description: Set who may use a share, and try it as the real users
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
author: virtshare contributors (@virtshare)
description:
  - Sets owner, group, mode and ACL of the root directories of mounted shares, then writes to each as each of its writers,
    with that user's real groups, and reports what works.
  - All paths of a host are done in one execution. A path that fails does not keep the others from being done; the
    module fails at the end with all problems.
  - On V(cifs) they are options of the mount, and M(virtshare.storage.share_mounts) sets them; here they are verified.
  - Where SELinux or AppArmor confines guests, lets them at the shares, see O(confinement).
  - It works on mounts only. The directory beneath a missing mount is never changed.
  - Everything that a dead server could hang is bounded by O(timeout).
options:
  set:
    description:
      - The paths of the shares whose owner, group, mode and ACL this host sets. One host of a share is enough.
      - When not given, those of all O(shares) that O(verify) does not name.
    type: list
    elements: str
  verify:
    description:
      - The paths of the shares that another host sets. Owner, group, mode and ACL are only verified, and a difference is
        a failure.
      - A share that neither O(set) nor O(verify) names is left alone, but for O(confinement).
    type: list
    elements: str
  directories:
    description:
      - Directories inside shares. In each its writers are tried, and nothing is set. It may be no mount.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory, absolute and normalised.
        type: str
        required: true
      writers:
        description: Users that must be able to write there.
        type: list
        elements: str
        default: []
  confinement:
    description:
      - Whether guests that SELinux or AppArmor confines are let at O(shares), which are all of this host that are to be
        mounted. Neither is touched otherwise, nor where it is off.
      - B(SELinux.) The booleans that the live filesystems need, V(virt_use_nfs), V(virt_use_samba) and
        V(virt_use_fusefs), are set persistently; none is ever turned off. Where each file has a label of its own (V(ocfs2),
        V(local)) and guests may not use that of the share's root directory, the directory gets the type
        C(svirt_image_t), which is recorded with C(semanage). What is made in it from then on inherits it; what is in it
        already is not relabelled. The type of a mount's option C(context) is checked.
      - B(AppArmor.) A part of C(/etc/apparmor.d/local/abstractions/libvirt-qemu) lists exactly these shares (of
        C(/etc/apparmor.d/abstractions/libvirt-qemu.d/virtshare) where libvirt includes only that directory), an empty
        list none; other lines stay as they are. It counts for guests that are started from then on, as libvirt makes
        their profiles then; nothing is reloaded, and guests that run keep theirs.
      - It is off by default, as O(shares) that hold only some of the host's shares would close the others to the next
        guest. The role P(virtshare.storage.share_access#role) has all of them, and turns it on.
    type: bool
    default: false
  expected_accounts:
    description:
      - Users and groups that packages which are not installed yet will bring. They are not refused as unknown in check
        mode.
    type: list
    elements: str
    default: []
  host:
    description: The name by which messages call this host. Its own node name when not given.
    type: str
  timeout:
    description: Seconds that one step on one path (a change, one user's test) may take.
    type: float
    default: 30.0
attributes:
  check_mode:
    description: Can run in check mode and predict changes. Writers are not tried then.
    support: full
  diff_mode:
    description: Returns owner, group, mode and ACL of the paths that differ, before and after.
    support: full
notes:
  - In check mode a path that is not mounted yet counts as mounted by the same run. A change is predicted for
    one that O(set) names when owner, group, mode or ACL are declared, but for V(cifs), where the mount brings them.
  - A test's file is called C(.virtshare-write-test.*). It is removed also when the test is killed; what a killed module
    left is removed by the next run.
seealso:
  - module: virtshare.storage.share_proof
extends_documentation_fragment:
  - virtshare.storage._shares.declared
"""

EXAMPLES = r"""
- name: Let the platform and the guests write to the share
  virtshare.storage.share_access:
    shares:
      - path: /srv/shares/projects
        type: nfs
        source: nas1:/export/projects
        access:
          owner: oneadmin
          group: kvm
          mode: "2770"
          writers: [oneadmin, libvirt-qemu]
    confinement: true

- name: Let several users write what the others made
  virtshare.storage.share_access:
    shares:
      - path: /srv/shares/vmstore
        type: ocfs2
        source: LABEL=vmstore
        access:
          owner: oneadmin
          group: kvm
          mode: "2770"
          acl: [user:oneadmin:rwx, user:libvirt-qemu:rwx, group:backup:r-x]
          writers: [oneadmin, libvirt-qemu]

- name: Verify on the other hosts what one has set
  virtshare.storage.share_access:
    shares: "{{ my_declared.shares }}"
    verify: [/srv/shares/projects]

- name: Write in a directory inside a share
  virtshare.storage.share_access:
    shares: []
    directories:
      - path: /srv/shares/projects/flexvdi
        writers: [qemu]
"""

RETURN = r"""
accounts:
  description: The users and groups that the paths name, as this host knows them.
  returned: always
  type: dict
  contains:
    users:
      description: The C(uid), the primary C(gid) and all C(groups) of each user, by name.
      type: dict
      returned: always
    groups:
      description: The number of each group, by name.
      type: dict
      returned: always
    names:
      description: The name of each group number that occurs in the above.
      type: dict
      returned: always
  sample: {users: {oneadmin: {uid: 9869, gid: 9869, groups: [108, 9869]}}, groups: {kvm: 108}, names: {"108": kvm}}
confinement:
  description: What SELinux and AppArmor let guests do; null without O(confinement).
  returned: always
  type: dict
  contains:
    selinux:
      description:
        - Whether it is C(enforcing), the C(booleans) by name, as far as the policy has them, and the C(labels) by path.
        - Null where it is off.
      type: dict
      returned: always
    apparmor:
      description: The C(file) with the C(rules) for the shares; null where it is off, or confines no guests of libvirt.
      type: dict
      returned: always
  sample:
    selinux: null
    apparmor:
      file: /etc/apparmor.d/local/abstractions/libvirt-qemu
      rules: ['"/srv/shares/projects/" r,', '"/srv/shares/projects/**" rwk,']
pending_accounts:
  description: Names of O(expected_accounts) that do not exist yet and are needed.
  returned: always
  type: list
  elements: str
operations:
  description: What was done, or would be in check mode.
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
  sample: [{operation: path.mode, target: /srv/shares/projects, summary: set mode 2770}]
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
paths:
  description: Each path as it is now, also of a failed module.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The path.
      type: str
      returned: always
    mount:
      description: The C(source) and C(fstype) that are mounted there, or null.
      type: dict
      returned: always
    pending:
      description: Whether it is not mounted yet, in check mode.
      type: bool
      returned: always
    owner:
      description: The owner's name, or its number where it has none here.
      type: str
      returned: always
    group:
      description: The group's name, or its number where it has none here.
      type: str
      returned: always
    uid:
      description: The owner's number.
      type: int
      returned: always
    gid:
      description: The group's number.
      type: int
      returned: always
    mode:
      description: The mode, four octal digits, as C(ls) shows it. With an ACL the group's bits are its mask.
      type: str
      returned: always
    acl:
      description: The ACL as C(getfacl) writes it, empty without one; null when none is declared.
      type: list
      elements: str
      returned: always
      sample: ["user::rwx", "user:backup:r-x", "group::rwx", "mask::rwx", "other::---"]
    default_acl:
      description: The same of what is made in it.
      type: list
      elements: str
      returned: always
    writers:
      description:
        - Each writer that was tried, by name. Its C(uid), primary C(gid) and C(groups), whether it C(writes), and its
          C(tests).
        - The tests are C(create), C(write), C(fsync), C(rename), C(read_back), C(lock), C(fallocate), C(punch_hole),
          C(direct_io), C(xattr) and C(delete), each with C(result) (V(supported), V(not_supported), V(denied),
          V(failed) or V(not_tried)) and C(words), the error and what it costs a guest.
        - It C(writes) when C(create), C(write), C(fsync), C(rename), C(read_back) and C(delete) are V(supported).
        - Empty in check mode, for a share with O(shares[].read_only), and where the path has a problem already.
      type: dict
      returned: always
      sample:
        oneadmin:
          uid: 9869
          gid: 9869
          groups: [108, 9869]
          writes: true
          tests:
            create: {result: supported, words: ""}
            write: {result: supported, words: ""}
            fsync: {result: supported, words: ""}
            rename: {result: supported, words: ""}
            read_back: {result: supported, words: ""}
            lock: {result: supported, words: ""}
            fallocate:
              result: not_supported
              words: "EOPNOTSUPP: Operation not supported; a preallocated image is written in full, zero by zero, which is
                slow and uses the network"
            punch_hole: {result: supported, words: ""}
            direct_io: {result: supported, words: ""}
            xattr: {result: supported, words: ""}
            delete: {result: supported, words: ""}
    problems:
      description: What is wrong with this path, in sentences.
      type: list
      elements: str
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._access import grant
from ..module_utils._plan.outcome import leave


def main():
    leave(AnsibleModule(argument_spec=grant.ARGUMENT_SPEC, supports_check_mode=True), grant.work, needs_root=True)


if __name__ == "__main__":
    main()
