#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's side of the proof that all hosts see the same filesystem."""

DOCUMENTATION = r"""
module: share_proof
short_description: Report what a host has at its shares' paths, and exchange nonces with the other hosts
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
author: virtshare contributors (@virtshare)
description:
  - The host's side of the proof that a share is the same filesystem on all hosts. It is run twice on each host, with
    O(phase=write) on all of them first, with O(phase=read) after.
  - In the first phase every host writes a fresh random nonce into each share, in the second it reads every other
    host's. What filesystem, device and directory the path is goes into the result as well.
  - It judges nothing and never fails because of a share. What is wrong with one is recorded in its result, and the
    filter P(virtshare.storage.proof_matrix#filter) compares the results of all hosts.
  - A share has a lasting identity, a marker in its root that its first proof writes, see the notes. Each host remembers
    which it saw, so that a share that was exchanged on the server is noticed although all hosts agree.
  - All shares of a host are done in one execution. Everything that a dead server could hang is bounded by O(timeout).
options:
  phase:
    description:
      - Write this host's nonces, or read those of all hosts.
      - V(tidy) removes what a run left in which not all hosts came to reading. It is needed after a failed proof only.
    type: str
    required: true
    choices: [write, read, tidy]
  run_id:
    description: 8 to 64 letters and digits that tell this run from every other, the same on all hosts and both phases.
    type: str
    required: true
  host:
    description: This host's name, as it is in O(hosts).
    type: str
    required: true
  hosts:
    description: All live hosts of the run, this one included.
    type: list
    elements: str
    required: true
  directories:
    description:
      - Directories inside O(shares) that are proven as well, each like a share of its own, in the directory instead of the
        share's root. One that is a share itself is passed over.
    type: list
    elements: str
    default: []
  controller:
    description:
      - What tells the process that runs the proof from all others. It goes into the nonces, so that a later run on the
        same controller sees that this one was killed. Filled in by itself.
    type: str
    default: ""
  abandoned:
    description:
      - Directories of runs that were killed, as RV(abandoned) of the phase V(write) names them. The phase V(read) removes
        them.
    type: list
    elements: str
    default: []
  peers:
    description:
      - For each path the hosts that have a share there, as M(virtshare.storage.share_proof_peers) returns them; the phase
        V(read) needs it where not all O(hosts) have all shares. Without it all have.
    type: dict
    default: {}
  keep_identity:
    description:
      - Whether this run may write a share's first marker and remember what it sees. It does so in the phase V(read), when
        this host has read the nonces of all others. Without it identities are only compared.
    type: bool
    default: false
  accept_new_identity:
    description: Paths of shares that may be others than those that were remembered. V(true) stands for all.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that one share may take.
    type: float
    default: 30.0
attributes:
  action:
    description: The controller adds what it knows itself, see O(controller), RV(abandoned) and RV(clock).
    support: full
  check_mode:
    description: Can run in check mode. It reports identities then, and neither writes nor reads nonces.
    support: full
  diff_mode:
    description: What stays is the marker of a share, and what is remembered of it.
    support: full
notes:
  - The nonces lie in a hidden directory of the run, C(.virtshare-proof-RUN-CHECKSUM), in the share's root. The last host
    to read removes it.
  - What a killed run left is removed by the next run that is started on the same controller, and otherwise by a host that
    has seen it there for a quarter of an hour since its own boot. No time of a file and no clock counts. Removed are only
    files and directories with a name, an owner and a content that this module gave them; everything else stays.
  - The marker is the file C(.virtshare-identity) in the share's root, one line of JSON that all may read, with a random
    C(id), and the C(path) and C(date) of the first proof. It is never written on a read-only share, and compared there if
    it exists. A host remembers it, with the declared source, in C(/var/lib/virtshare/identities); for another declared
    source nothing is remembered yet.
  - Nothing is ever written into the directory beneath a missing mount.
seealso:
  - plugin: virtshare.storage.proof_matrix
    plugin_type: filter
  - module: virtshare.storage.share_access
extends_documentation_fragment:
  - virtshare.storage._shares.declared
"""

EXAMPLES = r"""
- name: Write this host's nonces
  virtshare.storage.share_proof:
    phase: write
    run_id: "{{ my_run_id }}"
    host: "{{ inventory_hostname }}"
    hosts: "{{ ansible_play_hosts }}"
    shares:
      - path: /srv/shares/projects
        type: nfs
        source: nas1:/export/projects
        access: {writers: [oneadmin]}
  register: my_written

- name: Read the nonces of all hosts
  virtshare.storage.share_proof:
    phase: read
    run_id: "{{ my_run_id }}"
    host: "{{ inventory_hostname }}"
    hosts: "{{ ansible_play_hosts }}"
    shares:
      - path: /srv/shares/projects
        type: nfs
        source: nas1:/export/projects
        access: {writers: [oneadmin]}
  register: my_read
"""

RETURN = r"""
phase:
  description: The phase that was run.
  returned: success
  type: str
run_id:
  description: The run's id.
  returned: success
  type: str
host:
  description: The host's name.
  returned: success
  type: str
check_mode:
  description: Whether it ran in check mode, so that nonces are missing on purpose.
  returned: success
  type: bool
machine:
  description:
    - Which machine this is, whatever the inventory calls it, as C(id), a digest of its machine-id(5), C(boot), one of the
      running kernel, and C(name), its hostname.
  returned: success
  type: dict
clock:
  description:
    - The host's time when it C(begun) and C(ended), and the controller's when the work was C(sent) and its result
      C(received), in seconds since 1970. The filter P(virtshare.storage.proof_matrix#filter) warns about clocks that
      differ.
  returned: success
  type: dict
guard:
  description:
    - In the phase V(write) what the host's guard (M(virtshare.storage.share_guard)) has seen last. V(fresh) tells whether it
      looked within three intervals, C(time) when it did; C(shares) has for each path C(state), C(since) when, in seconds
      since 1970, and C(why).
    - Null on a host without a guard.
  returned: success
  type: dict
abandoned:
  description: Directories that killed runs of this controller left in the shares.
  returned: success
  type: list
  elements: str
shares:
  description: Each share as this host has it.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The mount point.
      type: str
      returned: always
    type:
      description: The declared type.
      type: str
      returned: always
    source:
      description: The declared source.
      type: str
      returned: always
    read_only:
      description: Whether it is declared read-only.
      type: bool
      returned: always
    identity:
      description:
        - What is there. For a mount C(mounted) is true, with its C(source), C(fstype), C(root) (the directory of the
          filesystem), C(device) (major and minor number on this host), C(inode) of its root, null where the host makes
          such numbers up, and C(fsid), the filesystem's id if it tells one.
        - Otherwise C(mounted) is false, and C(on) says on what the path lies, C(exists) whether there is a directory.
      type: dict
      returned: always
    problem:
      description: Why this host cannot take part with this share, or null.
      type: str
      returned: always
    nonce:
      description: What this host wrote, in the phase V(write).
      type: str
      returned: always
    as:
      description: The user it was written or read as.
      type: str
      returned: always
    sees:
      description: The nonce found of each host, or null, in the phase V(read).
      type: dict
      returned: always
    content:
      description:
        - Of a read-only share C(digest), one of the names, types, numbers, sizes and times of all that lies in its root, and
          C(entries), how many these are, and C(telling), how many of them are no directories. Without any, only an id of the
          filesystem that is not a number of the export or of a device proves anything.
      type: dict
      returned: always
    marker:
      description:
        - In the phase V(read) the C(id), C(date) and C(path) of the share's marker, what this host C(remembered) before, and
          the C(state). V(same), or V(written) now, V(adopted) by a host that remembered nothing, V(accepted), or V(forgotten)
          of a read-only share without one, are fine. V(changed), V(missing) and V(damaged) are not. V(none) means that there
          is nothing to compare.
      type: dict
      returned: always
    others:
      description: Directories of other runs in the share, each with the C(controller) of its nonces, in the phase V(write).
      type: dict
      returned: always
operations:
  description: What is newly remembered, in check mode what would be.
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
  description: The identities of such shares, before and after.
  returned: always
  type: dict
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._plan.outcome import leave
from ..module_utils._proof import probe


def main():
    leave(AnsibleModule(argument_spec=probe.ARGUMENT_SPEC, supports_check_mode=True), probe.work)


if __name__ == "__main__":
    main()
