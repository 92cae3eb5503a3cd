#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that proves its host's shares."""

DOCUMENTATION = r"""
module: guest_proof
short_description: Boot a tiny guest that reads from a host's shares and writes to them over virtiofs
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
author: virtshare contributors (@virtshare)
description:
  - Boots a guest through libvirt, with the elements that OpenNebula generates for a disk of type C(FILESYSTEM), a
    kernel of the host, and a root of one static busybox that is made on the spot.
  - The guest mounts each share by its tag, says on its console what it read from O(shares[].read), writes an answer to
    O(shares[].write), and powers off. What it read is compared on the host, the guest is not told what to find.
  - It fails with what is wrong with each share in a sentence, and what to do about it.
  - All shares of a host are done by one guest. It ends within O(timeout), and it and all its files are gone at the end,
    also when the module is killed.
options:
  host:
    description: The name by which messages call this host. Its own node name when not given.
    type: str
  kernel:
    description:
      - The guest's kernel. C(/boot/vmlinuz-) and the running kernel's release when not given.
      - Modules that it needs for virtiofs are taken from C(/lib/modules), by the release in the file's name.
    type: path
  busybox:
    description: A static busybox.
    type: path
    default: /bin/busybox
  daemon:
    description:
      - What libvirt runs as virtiofsd. When not given, OpenNebula's C(/var/tmp/one/vmm/kvm/virtiofsd.sh) if it is on
        the host, otherwise the first executable of those that it would take.
    type: path
  daemon_user:
    description:
      - The user that the daemon runs as. Without O(daemon) and without OpenNebula's wrapper the module makes a wrapper
        of its own for it.
      - When not given, C(oneadmin) for the Rust daemon if that user exists, as with OpenNebula, and otherwise C(root).
    type: str
  cache:
    description: The daemon's cache mode.
    type: str
    default: always
    choices: [always, none]
  sandbox:
    description: The daemon's sandbox.
    type: str
    default: namespace
    choices: [namespace, chroot]
  xattr:
    description: Whether the daemon passes extended attributes on.
    type: bool
    default: true
  idmap:
    description:
      - The mapping of users and groups as C(GUEST:HOST:COUNT), empty for none.
      - When not given, V(0:100000:65536) for a Rust daemon that is not run by root, as OpenNebula has it, and none
        otherwise.
      - What OpenNebula takes on a host is what M(virtshare.storage.one_idmap_info) returns as C(uid_map).
      - Before a guest is booted the ids are compared with C(/etc/subuid) and C(/etc/subgid) of O(daemon_user), and with
        owner, group and mode of each directory; a guest that would be denied is refused with the numbers.
    type: str
  gid_idmap:
    description:
      - The mapping of groups, where it is another than O(idmap).
    type: str
  accelerator:
    description:
      - With V(kvm) or V(tcg) only that is used. V(auto) takes KVM where C(/dev/kvm) is, and emulates the processor
        where a guest does not come up with it.
    type: str
    default: auto
    choices: [auto, kvm, tcg]
  memory:
    description: The guest's memory in MiB.
    type: int
    default: 256
  uri:
    description: Which libvirt to use.
    type: str
    default: qemu:///system
  timeout:
    description:
      - Seconds that the guest's whole life may take. On a host without KVM the first start of a guest takes minutes,
        because libvirt asks QEMU what it can do.
    type: float
    default: 300.0
attributes:
  check_mode:
    description: Can run in check mode. No guest is booted then.
    support: full
  diff_mode:
    description: It never changes anything that stays.
    support: none
notes:
  - Needs C(virsh), libvirt's daemon for QEMU, QEMU, virtiofsd and a static busybox on the host.
  - While it lives, the guest is called C(virtshare-proof.*). OpenNebula counts it as a guest that is not its own.
seealso:
  - module: virtshare.storage.share_proof
  - module: virtshare.storage.virtiofsd_info
extends_documentation_fragment:
  - virtshare.storage._shares.guest
"""

EXAMPLES = r"""
- name: Let a guest read what hv2 wrote, and write an answer
  virtshare.storage.guest_proof:
    shares:
      - path: /srv/shares/projects
        mount_tag: projects
        type: nfs
        read: .virtshare-proof-4f6dk2kd/hv2.nonce
        content: "{{ hostvars.hv2.my_nonce }}"
        written_by: hv2
        write: .virtshare-proof-4f6dk2kd/answer
"""

RETURN = r"""
kernel:
  description: The kernel that was booted.
  returned: always
  type: str
  sample: /boot/vmlinuz-6.12.118+deb13-amd64
daemon:
  description: The C(path) that libvirt ran, the C(user) it runs as, C(implementation), C(version) and C(idmap).
  returned: always
  type: dict
accelerator:
  description: V(kvm) or V(tcg), whichever the guest ran with.
  returned: always
  type: str
create_seconds:
  description: How long libvirt took to start the guest, with its daemons.
  returned: always
  type: float
boot_seconds:
  description: How long the guest's kernel took from then on.
  returned: always
  type: float
seconds:
  description: How long all of it took.
  returned: always
  type: float
shares:
  description: Each share.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The directory on the host that the guest was given.
      type: str
      returned: always
    share_path:
      description: The share's path, where the path is a directory inside it; otherwise null.
      type: str
      returned: always
    mount_tag:
      description: The tag.
      type: str
      returned: always
    mount_seconds:
      description: How long the guest took to mount it, by its own clock.
      type: float
      returned: always
    read:
      description: Whether the guest read O(shares[].content).
      type: bool
      returned: always
    wrote:
      description: Whether the guest wrote its answer.
      type: bool
      returned: always
    answer:
      description: What it wrote, random each time.
      type: str
      returned: always
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._plan.outcome import leave
from ..module_utils._virtiofs import run


def main():
    leave(AnsibleModule(argument_spec=run.ARGUMENT_SPEC, supports_check_mode=True), run.work)


if __name__ == "__main__":
    main()
