#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_host_guard
short_description: Keep OpenNebula from starting guests on hosts that have lost a share
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Reads what the guards of the hosts (M(virtshare.storage.share_guard)) say in OpenNebula's host attributes, disables a host
    that has lost a share, and enables it when all of its shares are well again. Made to be run every few minutes.
  - A host in the state C(monitored) with a lost share is marked, with the attribute C(VIRTSHARE_GUARD), and disabled. A host
    that is disabled and has the mark is enabled once its shares are well, its monitoring is recent and without an error, and
    the mark is removed. A host that was disabled without the mark was disabled by a person, and is left alone. So are all
    hosts in another state (init, error, offline), as OpenNebula's own fault tolerance may be at work there.
  - No news are no bad news. A share in the state V(unknown) (its server does not answer), and a guard that says nothing or
    looked too long ago, are reported and never acted on.
  - Guests of a disabled host go on running. It gets no new ones from the scheduler, and is outside OpenNebula's fault
    tolerance until it is enabled. An administrator can still place guests on it.
  - Attributes of shares that are no longer declared (V(absent)) are removed.
options:
  state:
    description:
      - V(absent) removes all attributes of guards from the hosts, and their marks. No host's state is changed then; one that is
        still disabled is reported.
    type: str
    default: present
    choices: [present, absent]
  hosts:
    description:
      - The hosts to look at, by OpenNebula's names. One that OpenNebula does not show is a failure, as a user without rights
        sees no hosts at all.
    type: list
    elements: str
    required: true
  attributes:
    description:
      - The attributes of the shares that count, such as V(VIRTSHARE_PROJECTS). A host that says nothing of one of them is
        unknown. Without them all that a host says counts.
    type: list
    elements: str
    default: []
  max_disabled:
    description:
      - How many hosts guards may have disabled at the same time; the others are reported. A third of O(hosts), at least one,
        when not given. All hosts with the mark that the user is shown count, whether in O(hosts) or not.
      - When not given, the last host that is monitored and enabled, of several that the user is shown, is never disabled.
    type: int
  max_age:
    description:
      - Seconds that the guard's last look may be old, as OpenNebula knows of it. OpenNebula asks its hosts every 600 seconds by
        default (C(PROBES_PERIOD), C(SYSTEM_HOST)), and at once when a state changes.
    type: int
    default: 1260
  max_monitoring_age:
    description: Seconds that OpenNebula's last monitoring of a host may be old for it to be enabled.
    type: int
    default: 360
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
notes:
  - The user needs the rights USE and ADMIN on the hosts, C(oneacl create '#ID HOST/* USE+ADMIN').
  - The rights are looked at before anything is changed, in check mode too, by a C(one.host.status) of a state that does not
    exist, for the first host and for those that are to be changed. OpenNebula refuses it, and its log has a line about it.
  - Costs one C(one.hostpool.info), one C(one.hostpool.monitoring) and that, and for each write call a C(one.host.info) before it. A
    host that has changed by then is left for the next run, so that two runs at a time do no harm.
seealso:
  - module: virtshare.storage.share_guard
extends_documentation_fragment:
  - virtshare.storage._opennebula
  - virtshare.storage._opennebula.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Disable the hosts that have lost a share, and enable those that have it back
  virtshare.storage.one_host_guard:
    hosts: "{{ groups['hypervisors'] }}"
  delegate_to: frontend
  run_once: true
"""

RETURN = r"""
hosts:
  description: Each host as it was looked at.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
    id:
      description: Its number.
      type: int
      returned: always
    state:
      description: Its state before, such as V(monitored) or V(disabled).
      type: str
      returned: always
    verdict:
      description: What is said of its shares, V(good), V(bad) (some are lost) or V(unknown).
      type: str
      returned: always
    action:
      description:
        - V(disable), V(enable), V(unmark), or what else was decided. V(kept) as it is; V(limit) of hosts is reached, or it is the
          last one; V(waiting), disabled and not well yet; V(by_hand), disabled by somebody else; V(left_alone) in its state.
      type: str
      returned: always
    why:
      description: Why, or empty.
      type: str
      returned: always
operations:
  description: The write calls, in check mode those that would be made.
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
  description: State and mark of the hosts before and after.
  returned: always
  type: dict
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ..module_utils._opennebula import host_guard
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    leave(SecretiveModule(argument_spec=host_guard.ARGUMENT_SPEC, supports_check_mode=True), host_guard.work)


if __name__ == "__main__":
    main()
