# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of flexVDI's objects, of the modules for one and of the lists of flexvdi_storage."""

from ..plugin_utils._documentation import as_list

_VOLUME = r"""
  name:
    description:
      - Name of the volume, unique in its image storage.
    type: str
    required: true
  image_storage:
    description:
      - Image storage that holds it. It must exist.
    type: str
    required: true
  state:
    description:
      - V(present) creates it, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  allow_delete_with_images:
    description:
      - Delete the volume although the Manager shows images or clones on it.
    type: bool
    default: false
"""


def _list(name, words, *elements):
    """The documentation of one list of flexvdi_storage."""
    return as_list(r"""
  %s:
    description: The %s. Those that are not listed are left alone.
    type: list
    elements: dict
    default: []
""" % (name, words), "".join(text.lstrip("\n") for text in elements)).replace("options:\n", "", 1)


_IMAGE_STORAGE = r"""
  name:
    description:
      - Name of the image storage.
    type: str
    required: true
  state:
    description:
      - V(present) creates it or changes its hosts, V(absent) deletes it.
    type: str
    choices: [present, absent]
    default: present
  hosts:
    description:
      - Hosts by the ids that the Manager shows, as an exact set; required to create it. Hosts that the Manager does not
        have are refused.
      - They are not changed while the image storage holds Gluster volumes, whose bricks lie on exactly these hosts.
    type: list
    elements: str
"""

_EXTERNAL = r"""
  path:
    description:
      - Where the filesystem is mounted, the same on all hosts; required to create it. Absolute, and not V(/).
      - flexVDI has no task to change it. Another path than the volume has is refused.
    type: str
  proven:
    description:
      - Says that something else has proven the path on all hosts. It only silences the warning.
    type: bool
    default: false
"""

_OCFS2 = r"""
  disk:
    description:
      - SCSI id of the disk; required to create it. It must be one that the Manager lists as usable on all hosts of the
        image storage, see M(virtshare.storage.flexvdi_storage_info). Where the same run creates the image storage or gives
        it other hosts, that is seen only then; check mode warns.
      - A disk holds one volume. One that is declared for two, or that has one already, is refused.
      - flexVDI has no task to change it. Another disk than the volume has is refused.
    type: str
  format:
    description:
      - Creating the volume formats the disk, and everything on it is lost. Without V(true) nothing is created.
      - A volume that exists is never formatted.
    type: bool
    default: false
"""

_GLUSTER = r"""
  gluster_name:
    description:
      - Its name in Gluster. Empty lets the Manager call it by the image storage and the volume, with an underscore
        between.
    type: str
    default: ""
  redundancy:
    description:
      - Data and redundant bricks as C(data:redundant), in quotes; required to create it.
      - V(1:1) is replica 2 and needs an even number of bricks, V(1:2) is replica 3 and needs a multiple of 3. Anything
        else is dispersed, with at least one redundant brick, and the two numbers must add up to the number of hosts.
    type: str
  brick_paths:
    description:
      - Directories for bricks, the same on every host; required to create it. The number of bricks is their number
        times the number of hosts.
      - Each must exist on every host, and its parent must be a mount point other than V(/). Whether a host really has
        it cannot be seen from the Manager.
      - On a host a directory is a brick of one volume only, with all that is in it.
    type: list
    elements: str
"""

_MEDIA_STORAGE = r"""
  name:
    description:
      - Name of the media storage.
    type: str
    required: true
  state:
    description:
      - V(present) creates it or changes what differs, V(absent) deletes it.
      - What is not declared stays as it is, and so does what is declared as an empty text.
    type: str
    choices: [present, absent]
    default: present
  address:
    description:
      - IP address of the CIFS server; required to create it.
    type: str
  path:
    description:
      - Share on the server; required to create it.
    type: str
  username:
    description:
      - User to connect as.
    type: str
  password:
    description:
      - Password of the user. It cannot be read back, see O(update_password).
    type: str
  update_password:
    description:
      - V(on_create) sends the password when the media storage is created, and never again. A change of something else
        leaves it out; that the Manager then keeps the old one is assumed.
      - V(always) sends it in every run, which therefore always changes something.
    type: str
    choices: [always, on_create]
    default: on_create
  hosts:
    description:
      - Hosts that mount it, by the ids that the Manager shows, as an exact set; required to create it.
    type: list
    elements: str
"""


class ModuleDocFragment:
    VOLUMES: str = "options:" + _VOLUME + r"""
  expected_image_storages:
    description:
      - Image storages that the same run creates or gives other hosts, each with the list of its hosts. Honoured in check
        mode only.
    type: dict
    default: {}
seealso:
  - module: virtshare.storage.flexvdi_image_storage
  - module: virtshare.storage.flexvdi_storage_info
"""

    IMAGE_STORAGE: str = "options:" + _IMAGE_STORAGE
    EXTERNAL_VOLUME: str = "options:" + _EXTERNAL
    OCFS2_VOLUME: str = "options:" + _OCFS2
    GLUSTER_VOLUME: str = "options:" + _GLUSTER
    MEDIA_STORAGE: str = "options:" + _MEDIA_STORAGE

    LISTS: str = "options:\n" + "".join([
        _list("image_storages", "image storages", _IMAGE_STORAGE),
        _list("external_volumes", "external volumes", _VOLUME, _EXTERNAL),
        _list("ocfs2_volumes", "OCFS2 volumes", _VOLUME, _OCFS2),
        _list("gluster_volumes", "Gluster volumes", _VOLUME, _GLUSTER),
        _list("media_storages", "media storages", _MEDIA_STORAGE),
    ])
