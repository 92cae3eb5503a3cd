# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registered directory as a disk of a VM template, and as a mount of its guest."""

DOCUMENTATION = r"""
name: one_vm_disk
short_description: Render what a VM template and its guest need to have a registered directory
version_added: 1.0.0
author: virtshare contributors (@virtshare)
description:
  - Takes a directory as M(virtshare.storage.one_filesystem_images), M(virtshare.storage.one_filesystem_image_info) or
    the role P(virtshare.storage.opennebula_storage#role) returns it, and gives the C(DISK) of a VM template and the
    same tag and mount point for the guest, in three forms.
  - A guest with OpenNebula's contextualisation packages mounts it by itself and needs nothing of the second part.
positional: _input
options:
  _input:
    description: The image. Its C(name), C(owner), C(id), C(mount_tag) and C(mount_point) are used.
    type: dict
    required: true
  read_only:
    description: Whether the guest may only read. It needs libvirt 11.0 and virtiofsd 1.13 on the hypervisor.
    type: bool
    default: false
  by_id:
    description:
      - Whether the template names the image by its id in place of name and owner. An id changes when the directory is
        registered again.
    type: bool
    default: false
  mount_tag:
    description: Tag for this VM, where it is to be another than the image's.
    type: str
  mount_point:
    description: Mount point in this VM, where it is to be another than the image's.
    type: str
"""

EXAMPLES = r"""
- name: Write the DISK of each published directory into a part of a VM template
  ansible.builtin.copy:
    content: |
      {% for image in opennebula_storage_result.filesystems %}
      {{ (image | virtshare.storage.one_vm_disk).disk }}
      {% endfor %}
    dest: /var/lib/one/shares.tmpl
    mode: "0644"

- name: Show what goes into the guest's fstab, for a guest that may only read
  ansible.builtin.debug:
    msg: "{{ (my_image | virtshare.storage.one_vm_disk(read_only=true)).fstab }}"
  vars:
    my_image: {id: 0, name: web, owner: oneadmin, mount_tag: web, mount_point: /srv/web}
"""

RETURN = r"""
_value:
  description: >-
    C(disk), for the VM template in OpenNebula's string form; C(mount_tag) and C(mount_point), as the guest will have
    them; C(fstab), a line for the guest; C(unit_name) and C(unit), a mount unit of systemd in its place; C(cloud_init),
    an element of the list C(mounts) in cloud-init's user data.
  type: dict
  sample:
    disk: 'DISK = [ IMAGE = "web", IMAGE_UNAME = "oneadmin", MOUNT_TAG = "web", MOUNT_POINT = "/srv/web" ]'
    mount_tag: web
    mount_point: /srv/web
    fstab: web /srv/web virtiofs defaults,nofail 0 0
    unit_name: srv-web.mount
    unit: |
      [Unit]
      Description=/srv/web

      [Mount]
      What=web
      Where=/srv/web
      Type=virtiofs
      Options=defaults,nofail

      [Install]
      WantedBy=multi-user.target
    cloud_init: [web, /srv/web, virtiofs, "defaults,nofail", "0", "0"]
"""

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._opennebula import vm_part
from ..module_utils._plan.plan import Refusal

_SWITCHES = frozenset(("by_id", "read_only"))


def one_vm_disk(image, **settings):
    """The parts of a VM template and of its guest for an image, a dictionary as the modules return it; see RETURN."""
    if not isinstance(image, dict) or "name" not in image:
        raise AnsibleFilterError("one_vm_disk takes an image as the modules return it, a dictionary with name, owner and "
                                 "id, not %s" % type(image).__name__)
    try:
        for name in _SWITCHES.intersection(settings):
            settings[name] = settings[name] is not None and boolean(settings[name])
        return vm_part.parts(image, **settings)
    except (Refusal, TypeError) as error:
        raise AnsibleFilterError("one_vm_disk: %s" % error) from error


class FilterModule:
    def filters(self):
        return {"one_vm_disk": one_vm_disk}
