#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the guard of a host's shares."""

DOCUMENTATION = r"""
module: share_guard
short_description: Have a host watch its shares by itself
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
author: virtshare contributors (@virtshare)
description:
  - Installs the program C(/usr/local/sbin/virtshare-guard), its configuration C(/etc/virtshare/guard.json), and the units
    C(virtshare-guard.service) and C(virtshare-guard.timer) of systemd, and starts the timer. All in one execution a host.
  - The guard looks at each share every O(interval) seconds, and says what it found in C(/run/virtshare/guard.json), in the
    journal (changes only), as metrics for Prometheus, and with C(virtshare-guard check) as a monitoring plugin for Nagios or
    Icinga ends. It mounts, unmounts and repairs nothing, and never reboots a host.
  - The state of a share is V(ok), V(degraded) (read-only, not writable for a writer, nearly full, slow, not proven lately, no
    virtiofsd), V(unknown) (no answer from its server), or V(lost) (not mounted, another mount, another filesystem than was
    proven, stale). A state changes when O(bad_runs) looks in a row were worse, or O(good_runs) better.
  - The program is one file, made of this collection's own code, and needs Python 3.6 and nothing else. A host that has
    another version of it gets this one.
options:
  state:
    description: V(absent) stops the guard and removes all of its files, and what it has written.
    type: str
    default: present
    choices: [present, absent]
  host:
    description: The host's name in what the guard says, such as C(inventory_hostname).
    type: str
    required: true
  interval:
    description: Seconds between two looks, 5 to 3600. Each is up to a tenth later, so that hosts do not look all at once.
    type: int
    default: 30
  timeout:
    description: Seconds that all shares have to answer. It must be less than O(interval).
    type: float
    default: 5.0
  write_interval:
    description:
      - Seconds between two tries to write as each of the declared C(access.writers), a small hidden file that is removed at once.
        With V(0) nothing is ever written.
    type: int
    default: 600
  names:
    description:
      - Names for OpenNebula's host attributes by path, such as V(/srv/shares/projects) to V(PROJECTS), which makes the attribute
        C(VIRTSHARE_PROJECTS). The others are named after the last part of their path.
    type: dict
    default: {}
  metrics_directory:
    description:
      - The directory of node_exporter's textfile collector, into which C(virtshare_guard.prom) is written. Without the directory
        no metrics are written, and there is a warning. An empty text means none.
    type: str
    default: /var/lib/prometheus/node-exporter
  virtiofsd:
    description: Whether shares are degraded on a host that has no virtiofsd where OpenNebula's driver looks for it.
    type: bool
    default: true
  free_percent:
    description: A share with less room or inodes left is degraded, until it has two percent points more. V(0) is no limit.
    type: float
    default: 5.0
  slow_seconds:
    description: A share that takes longer to answer is degraded, until it takes less than half of it. V(0) is no limit.
    type: float
    default: 2.0
  proof_days:
    description:
      - A share that this host proved longer ago (M(virtshare.storage.share_proof)), or never, is degraded. V(0) is no limit, and
        shares with C(proof=false) have none.
    type: float
    default: 7.0
  bad_runs:
    description: How many looks in a row have to be worse than the state until it changes.
    type: int
    default: 2
  good_runs:
    description: How many looks in a row have to be better than the state until it changes.
    type: int
    default: 3
attributes:
  check_mode:
    description: Predicts what is written, removed, started and stopped.
    support: full
  diff_mode:
    description: Shows each file before and after; of the program, its version and a digest.
    support: full
notes:
  - systemd is needed. A host without it is refused, as a loop of cron has no interval below a minute and no bounds of its own.
  - The service runs as root with three capabilities (CAP_SETUID and CAP_SETGID to try writing as the users that run guests,
    CAP_DAC_READ_SEARCH to enter a share that only they may enter), without new privileges, and with systemd's filters. It has
    no mount namespace of its own, as making one would touch all mounts and hang on a dead server.
  - A share that rests in an automount is not woken up. Only its server is asked whether it takes connections.
seealso:
  - module: virtshare.storage.share_guard_info
  - module: virtshare.storage.share_proof
extends_documentation_fragment:
  - virtshare.storage._shares.declared
"""

EXAMPLES = r"""
- name: Have each host watch its shares
  virtshare.storage.share_guard:
    host: "{{ inventory_hostname }}"
    shares:
      - path: /srv/shares/projects
        type: nfs
        source: nas1:/export/projects
        access: {writers: [oneadmin]}

- name: Take the guard away
  virtshare.storage.share_guard:
    host: "{{ inventory_hostname }}"
    shares: []
    state: absent
"""

RETURN = r"""
version:
  description: The version of the guard, null with O(state=absent).
  returned: always
  type: str
  sample: 1.0.0
digest:
  description: A digest of the guard's code, null with O(state=absent).
  returned: always
  type: str
attributes:
  description: The names of the shares' attributes in OpenNebula, for M(virtshare.storage.opennebula_guard_probe).
  returned: always
  type: list
  elements: str
  sample: [VIRTSHARE_PROJECTS]
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
  description: The files and the timer before and after.
  returned: always
  type: dict
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._guard import install
from ..module_utils._plan.outcome import leave


def main():
    leave(AnsibleModule(argument_spec=install.ARGUMENT_SPEC, supports_check_mode=True), install.work, needs_root=True)


if __name__ == "__main__":
    main()
