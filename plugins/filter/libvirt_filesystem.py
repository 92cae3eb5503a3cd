# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A share as elements of a libvirt domain."""

DOCUMENTATION = r"""
name: libvirt_filesystem
short_description: Render the elements that give a libvirt guest a share over virtiofs
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - For guests that are defined in libvirt without a platform. OpenNebula generates these elements itself.
  - The defaults are OpenNebula's, but for O(idmap), which the Rust daemon refuses as root, the user that libvirt runs
    it as.
positional: _input
options:
  _input:
    description: A share as it is declared. Its C(path) is used, and C(read_only).
    type: dict
    required: true
  mount_tag:
    description: By which the guest mounts it, at most 36 bytes. The last part of the path when not given.
    type: str
  binary:
    description: The daemon's path. libvirt finds it itself when not given.
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
    description: Whether extended attributes are passed on.
    type: bool
    default: true
  idmap:
    description: The mapping of users and groups as C(GUEST:HOST:COUNT). It needs a daemon that root does not run.
    type: str
  gid_idmap:
    description: The mapping of groups, where it is another than O(idmap), which it needs.
    type: str
  queue:
    description: The size of the request queue, a power of two.
    type: int
    default: 1024
notes:
  - C(<readonly/>), for a share that is declared read-only, needs libvirt 11.0 and virtiofsd 1.13.
"""

EXAMPLES = r"""
- name: Show what to put into a domain
  ansible.builtin.debug:
    msg: "{{ my_elements.memory_backing ~ my_elements.filesystem }}"
  vars:
    my_elements: "{{ {'path': '/srv/shares/projects'} | virtshare.storage.libvirt_filesystem(mount_tag='projects') }}"
"""

RETURN = r"""
_value:
  description: >-
    C(filesystem), the element for C(<devices>), and C(memory_backing), the one that the domain itself needs once,
    however many shares it has.
  type: dict
  sample:
    filesystem: |
      <filesystem type='mount' accessmode='passthrough'>
        <driver type='virtiofs' queue="1024"/>
        <binary xattr='on'>
          <cache mode='always'/>
          <sandbox mode='namespace'/>
        </binary>
        <source dir="/srv/shares/projects"/>
        <target dir="projects"/>
      </filesystem>
    memory_backing: |
      <memoryBacking>
        <source type='memfd'/>
        <access mode='shared'/>
      </memoryBacking>
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._plan.plan import Refusal, quoted
from ..module_utils._share.values import truth
from ..module_utils._virtiofs import elements


def libvirt_filesystem(share, mount_tag=None, **settings):
    """{"filesystem", "memory_backing"}, the XML elements of a libvirt domain for a share, a dictionary with a path.

    mount_tag: by which the guest mounts it, at most 36 bytes, the last part of the path when not given. settings: see the
    options.
    """
    if not isinstance(share, dict) or not share.get("path"):
        raise AnsibleFilterError("libvirt_filesystem takes a share, a dictionary with a path such as "
                                 "{'path': '/srv/shares/projects'}, not %s" % type(share).__name__)
    path = share["path"]
    if "read_only" in settings:
        raise AnsibleFilterError("read_only is taken from the share: write {'path': %r, 'read_only': true}" % path)
    settings["read_only"] = _truth(path, "read_only", share.get("read_only"), False)
    settings["xattr"] = _truth(path, "xattr", settings.get("xattr"), True)
    try:
        rendered = elements.filesystem(path, mount_tag or path.rstrip("/").rpartition("/")[2], **settings)
    except Refusal as refusal:
        raise AnsibleFilterError("%s: %s" % (path, refusal)) from refusal
    return {"filesystem": rendered, "memory_backing": elements.MEMORY_BACKING}


def _truth(path, name, value, default):
    """A truth value as the declaration reads it, in quotes or not; None stands for what is not written."""
    result = default if value is None else truth(value)
    if result is None:
        raise AnsibleFilterError("%s: %s is %s. Write true or false." % (path, name, quoted(value)))
    return result


class FilterModule:
    def filters(self):
        return {"libvirt_filesystem": libvirt_filesystem}
