#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtiofsd a host has."""

DOCUMENTATION = r"""
module: virtiofsd_info
short_description: Report which virtiofsd a host has and what guests can have with it
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
author: virtshare contributors (@virtshare)
description:
  - Finds the daemon as OpenNebula's driver does, the first executable of C(/usr/libexec/virtiofsd),
    C(/usr/lib/qemu/virtiofsd) and C(/usr/lib/virtiofsd/virtiofsd), asks it for its version, and says what that means.
  - Fails when there is none, or when it is older than O(min_version), unless one of O(packages) is missing.
  - Fails at once with a libvirt older than 6.2 or a QEMU older than 5.0, which know no virtiofs.
options:
  min_version:
    description:
      - The oldest acceptable version of the Rust daemon, such as V(1.11) for live migration or V(1.13) for read-only
        shares. The C daemon of QEMU is older than any.
      - Any version is accepted when not given.
      - A text. A number with a point is refused, as YAML makes V(1.1) of V(1.10); a V(v) may stand before it.
    type: raw
  min_libvirt_version:
    description: The oldest acceptable version of libvirt, such as V(11.0) for read-only shares. Any when not given.
    type: raw
  daemon_user:
    description:
      - The user that runs the Rust daemon, C(oneadmin) with OpenNebula. Its subordinate ids are looked at.
      - A user that does not exist needs none.
    type: str
  subordinate_ids:
    description:
      - The subordinate ids that O(daemon_user) needs, as C(FIRST:COUNT). The default is what OpenNebula's guests are mapped
        to.
    type: str
    default: 100000:65536
  installing:
    description:
      - Whether packages of the same run are about to bring it. In check mode a missing daemon is then reported as
        RV(present=false) and is no failure. Without check mode it has no effect.
    type: bool
    default: false
  packages:
    description:
      - Packages that the caller installs if they are missing. Those that are not installed, as dpkg or rpm says, are
        returned in RV(missing_packages), so that the package manager needs to be called only where there are any.
      - While one is missing, a daemon that is missing or too old is no failure yet.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that asking a program for its version may take.
    type: float
    default: 10.0
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
"""

EXAMPLES = r"""
- name: Require live migration of guests with a share
  virtshare.storage.virtiofsd_info:
    min_version: "1.11"
  register: my_virtiofsd
"""

RETURN = r"""
present:
  description: Whether there is a daemon. Never false but in check mode, or while one of O(packages) is missing.
  returned: success
  type: bool
path:
  description: Its path.
  returned: success
  type: str
  sample: /usr/libexec/virtiofsd
implementation:
  description: V(rust), or V(c) for the older one in QEMU.
  returned: success
  type: str
version:
  description: Its version, which is QEMU's for the C one.
  returned: success
  type: str
  sample: 1.13.2
live_migration:
  description: Whether guests that have a share can be migrated live.
  returned: success
  type: bool
read_only:
  description: Whether a share can be given to a guest read-only. Null when that depends on an unknown libvirt.
  returned: success
  type: bool
runs_as:
  description: The user that OpenNebula's driver runs it as, V(oneadmin) or V(root).
  returned: success
  type: str
libvirt_version:
  description: The version of libvirt's daemon on the host, or null.
  returned: success
  type: str
  sample: 11.3.0
qemu_version:
  description: The version of QEMU on the host, or null.
  returned: success
  type: str
  sample: 10.0.13
reachable:
  description:
    - Whether libvirt finds a daemon for a domain that does not name one, by an entry in C(/usr/share/qemu/vhost-user)
      or C(/etc/qemu/vhost-user). Null when there is no daemon.
  returned: success
  type: bool
missing_subordinate_ids:
  description: Those of V(subuid) and V(subgid) in which O(daemon_user) lacks O(subordinate_ids). Empty for the C daemon.
  returned: success
  type: list
  elements: str
missing_packages:
  description: Those of O(packages) that are not installed.
  returned: success
  type: list
  elements: str
words:
  description: What all this means, as text.
  returned: success
  type: str
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._plan.outcome import leave
from ..module_utils._virtiofs import daemon


def main():
    leave(AnsibleModule(argument_spec=daemon.ARGUMENT_SPEC, supports_check_mode=True), daemon.work)


if __name__ == "__main__":
    main()
