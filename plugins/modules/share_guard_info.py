#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard of a host has seen last."""

DOCUMENTATION = r"""
module: share_guard_info
short_description: Report what the guard of a host has seen last
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
author: virtshare contributors (@virtshare)
description:
  - Reads what the program of M(virtshare.storage.share_guard) wrote when it last looked at the host's shares. No share is
    touched, so that it cannot hang on a dead server.
  - It never fails because of a share or a guard that is not there, and says so instead.
options:
  host:
    description: The host's name in messages, such as C(inventory_hostname).
    type: str
    required: true
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
seealso:
  - module: virtshare.storage.share_guard
"""

EXAMPLES = r"""
- name: Read the state of the shares
  virtshare.storage.share_guard_info:
    host: "{{ inventory_hostname }}"
  register: my_guard

- name: Refuse a host that has lost a share
  ansible.builtin.assert:
    that: my_guard.state != 'lost'
    fail_msg: "{{ my_guard.words }}"
"""

RETURN = r"""
installed:
  description: Whether the guard's program is there.
  returned: success
  type: bool
current:
  description: Whether it is the program that this version of the collection installs.
  returned: success
  type: bool
version:
  description: The version of the installed program, null without one.
  returned: success
  type: str
digest:
  description: The digest of the installed program's code, null without one.
  returned: success
  type: str
timer:
  description: What systemd says of the guard's timer, V(active) when it is well.
  returned: success
  type: str
fresh:
  description: Whether the last look is not older than three intervals. If not, nothing is known.
  returned: success
  type: bool
age:
  description: Seconds since the last look, null unless RV(fresh).
  returned: success
  type: float
time:
  description: When the last look was, in seconds since 1970, null without one.
  returned: success
  type: float
state:
  description: The worst state of the shares, V(ok), V(degraded), V(unknown) or V(lost). V(unknown) unless RV(fresh).
  returned: success
  type: str
words:
  description: All of it in a sentence.
  returned: success
  type: str
shares:
  description: Each share as the last look left it.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Where it is.
      returned: always
      type: str
    type:
      description: The declared type.
      returned: always
      type: str
    source:
      description: The declared source.
      returned: always
      type: str
    name:
      description: The name of its attribute in OpenNebula.
      returned: always
      type: str
    state:
      description: V(ok), V(degraded), V(unknown) or V(lost).
      returned: always
      type: str
    since:
      description: Since when it is so, in seconds since 1970.
      returned: always
      type: float
    why:
      description: A sentence that names host, path and source; empty when all is well.
      returned: always
      type: str
    found:
      description: What the last look met, V(mounted), V(unmounted), V(foreign), V(at_rest), V(silent) or V(error).
      returned: always
      type: str
    seconds:
      description: How long the last answer took, null without one.
      returned: always
      type: float
    space:
      description: C(bytes), C(free_bytes), C(files) and C(free_files) of the last answer, null without one.
      returned: always
      type: dict
    last_proof:
      description: When this host last took part in a proof of all hosts, in seconds since 1970, or null.
      returned: always
      type: float
    last_write:
      description: When it was last written as each writer, in seconds since 1970, or null.
      returned: always
      type: float
    writes:
      description: For each writer null, or why it could not write. Null when nobody wrote yet.
      returned: always
      type: dict
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._guard import info
from ..module_utils._plan.outcome import leave


def main():
    leave(AnsibleModule(argument_spec=info.ARGUMENT_SPEC, supports_check_mode=True), info.work)


if __name__ == "__main__":
    main()
