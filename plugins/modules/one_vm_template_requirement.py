#!/usr/bin/python
# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
---
module: one_vm_template_requirement
short_description: Keep OpenNebula's VMs that use a share off hosts that do not have it
version_added: 1.0.0
requirements:
  - Python 3.6 or newer where it runs
description:
  - Adds to the C(SCHED_REQUIREMENTS) of each VM template that uses an image of a share the condition that the host's guard
    (M(virtshare.storage.share_guard)) calls the share V(ok), such as C(VIRTSHARE_PROJECTS="ok"). What is there stays, in
    parentheses, and the new condition is joined by C(&).
  - In check mode it is a report, RV(templates) lists each template that uses a share or asks for one, and whether it does.
  - The images of a share are those of the type FILESYSTEM whose C(PATH) is the share's or lies inside it. Paths are compared
    in their plain form, so that C(/srv//a) and C(/srv/a/) are C(/srv/a).
  - A template that asks for a share and has no disk of it that the user may see keeps the condition, and a warning names it.
    Somebody may have meant that, but otherwise its VMs are kept off hosts for nothing. O(state=absent) takes the condition away.
  - C(SCHED_REQUIREMENTS) that OpenNebula cannot read, or that a template has more than once, is never changed, and a warning
    names it. No VM is placed with it until a person has corrected it.
  - VMs that exist already keep what their template said when they were made.
options:
  state:
    description:
      - V(absent) takes those conditions away again, from each template that has one, whether it uses the share or not, and
        whoever wrote it. Use it before a share is declared no more, as no host meets the condition then.
    type: str
    default: present
    choices: [present, absent]
  paths:
    description: The shares, by their paths on the hosts.
    type: list
    elements: str
    required: true
  names:
    description:
      - Names of the shares' attributes by path, as the role P(virtshare.storage.share_guard#role) has them in
        C(share_guard_names). The others are named after the last part of their path.
    type: dict
    default: {}
  templates:
    description: The templates to look at, by name. Without them all that the user may see.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
notes:
  - Costs one C(one.imagepool.info) and one C(one.templatepool.info), and for each template that changes a C(one.template.update).
    A second run changes nothing and makes no write call.
  - A template that is locked against the change (C(onetemplate lock)) is a failure, in check mode too, and the others are done.
  - The user needs MANAGE on the templates. Where C(oned.conf) has C(VM_RESTRICTED_ATTR = "SCHED_REQUIREMENTS") it must be of
    the group oneadmin.
  - A condition only the outermost C(&) joins counts as there. What is joined by C(|), or turned round by C(!), is taken as one
    condition, as OpenNebula knows no rank between them.
seealso:
  - module: virtshare.storage.share_guard
  - module: virtshare.storage.opennebula_guard_probe
extends_documentation_fragment:
  - virtshare.storage._opennebula
  - virtshare.storage._opennebula.attributes
author:
  - virtshare contributors (@virtshare)
"""

EXAMPLES = r"""
- name: Keep VMs that use a share off hosts that have lost it
  virtshare.storage.one_vm_template_requirement:
    paths: "{{ virtshare_shares | map(attribute='path') }}"
  delegate_to: frontend
  run_once: true

- name: List the templates that use a share and do not ask for it
  virtshare.storage.one_vm_template_requirement:
    paths: [/srv/shares/projects]
  check_mode: true
  register: my_templates

- name: Show them
  ansible.builtin.debug:
    msg: "{{ my_templates.templates | selectattr('missing') | map(attribute='name') }}"
"""

RETURN = r"""
templates:
  description: Each template that uses one of the shares or asks for one, by id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its number.
      type: int
      returned: always
    name:
      description: Its name.
      type: str
      returned: always
    owner:
      description: Its owner's name.
      type: str
      returned: always
    images:
      description: The names of the images by which it uses them.
      type: list
      elements: str
      returned: always
    attributes:
      description: The attributes of the shares that it uses or asks for.
      type: list
      elements: str
      returned: always
    missing:
      description: Those of them that it uses and did not ask for before; all with RV(templates[].action=broken).
      type: list
      elements: str
      returned: always
    unused:
      description: Those of them that it asked for before, and has no disk of that the user may see.
      type: list
      elements: str
      returned: always
    requirements:
      description: Its C(SCHED_REQUIREMENTS) now, in check mode as they would be; null with RV(templates[].action=broken).
      type: str
      returned: always
    action:
      description:
        - V(add), V(remove), V(kept) as it is; V(broken), with C(SCHED_REQUIREMENTS) that cannot be read, or more than one;
          V(locked), somebody's lock forbids the change, which is a failure.
      type: str
      returned: always
    why:
      description: What is wrong with it, with RV(templates[].action=broken) and RV(templates[].action=locked), or empty.
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
  description: C(SCHED_REQUIREMENTS) of the templates before and after.
  returned: always
  type: dict
problems:
  description: What went wrong, a sentence each; they are the lines of the failure's message, too.
  returned: always
  type: list
  elements: str
"""

from ..module_utils._opennebula import vm_requirement
from ..module_utils._plan.outcome import leave
from ..module_utils._plan.secretive import SecretiveModule


def main():
    leave(SecretiveModule(argument_spec=vm_requirement.ARGUMENT_SPEC, supports_check_mode=True), vm_requirement.work)


if __name__ == "__main__":
    main()
