# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of one_filesystem_image and of each element of one_filesystem_images."""

from ..plugin_utils._documentation import as_list


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the image, unique for each owner. Blanks around it are left out, as OpenNebula does.
    type: str
  id:
    description:
      - Id of an existing image. With O(name) it must be the one of that name.
    type: int
  new_name:
    description:
      - Name to rename the image to. Where only this name exists already, the renaming counts as done.
    type: str
  state:
    description:
      - V(present) registers or updates it. A disabled one stays so, with a warning.
      - V(absent) deletes the registration, which is refused while a VM uses it; the directory itself stays.
      - V(enabled) and V(disabled) are V(present), and let VMs have it or not; a VM that uses it keeps it from being
        disabled.
    type: str
    choices: [present, absent, enabled, disabled]
    default: present
  datastore:
    description:
      - Virtiofs datastore by name or id; required to register a new image. Another kind of datastore is refused, since
        a VM would get a disk of that kind.
      - In check mode a datastore that does not exist yet is taken for granted, with a warning; in a real run it is
        refused.
    type: str
  path:
    description:
      - Directory to register; the same on the front end and on all hypervisors, absolute and without blanks. Required
        to register a new image.
      - OpenNebula cannot change it; see O(replace).
    type: str
  mount_tag:
    description:
      - Tag by which the guest mounts it, one word of at most 36 bytes. OpenNebula's own default is one-tag-ID. An empty
        string removes it.
    type: str
  mount_point:
    description:
      - Directory at which the guest's contextualisation mounts it. OpenNebula's own default is /mnt/one-fs-ID. An empty
        string removes it.
    type: str
  persistent:
    description:
      - Whether it is persistent. OpenNebula's default for a new image is no.
    type: bool
  owner:
    description:
      - User who owns it, by name or id.
      - Names are unique for each owner. An image of this name that another user owns is given to this one when it has the
        declared path; one with another path is left alone, as all are with O(state=absent).
    type: str
  group:
    description:
      - Group it belongs to, by name or id.
    type: str
  mode:
    description:
      - Permissions as a quoted octal string such as V("640") or in OpenNebula's letters such as V(um-u-----).
      - Digits and letter triples are owner, group and others; 4 or u is use, 2 or m is manage, 1 or a is admin.
      - A YAML number is refused, since YAML may read it in another base.
    type: raw
  attributes:
    description:
      - Further attributes of the template. A mapping makes a vector attribute, null removes it; booleans become YES and
        NO. OpenNebula keeps one value of a name here, so a list of several is refused.
    type: dict
  attributes_mode:
    description:
      - V(merge) leaves attributes that are not declared alone, V(exact) removes them.
    type: str
    choices: [merge, exact]
    default: merge
  replace:
    description:
      - When the path differs, register the new path under a new id and delete the old registration. Refused while a VM uses
        the image.
      - The new image gets owner, group, mode, persistence and attributes of the old one, as far as they are not declared. It
        is called C(NAME (replaces ID)) until it is registered and the old one deleted; what goes wrong before that leaves the
        old one as it was, and the next run finishes it.
    type: bool
    default: false
  force:
    description:
      - Delete an image in state LOCKED with OpenNebula's own force, and register it again unless it is to be absent. An
        image stays LOCKED forever when oned was ended while it was registered. The directory is not touched.
      - Without it such an image is refused when it has been LOCKED for longer than O(wait_timeout); a younger one is
        waited for.
      - Needs administration of the image in OpenNebula.
    type: bool
    default: false
"""

    LIST: str = as_list(r"""
  filesystems:
    description:
      - The images. Those that are not listed are left alone.
    type: list
    elements: dict
    required: true
""", DOCUMENTATION)

    COMMON = r"""
options:
  wait:
    description:
      - Wait until OpenNebula has registered new images and deleted old ones, which it does in the background. The state
        ERROR then ends in a failure with OpenNebula's own reason.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: float
    default: 60.0
  register_timeout:
    description:
      - Seconds for one registration, in place of O(timeout). OpenNebula 7.4 and newer looks through the whole directory
        (C(du -sm)) before it answers and gives up after 90 s, so less than that makes little sense.
      - A registration that took longer than 10 s is named in a warning.
    type: float
    default: 120.0
notes:
  - A converged call costs one C(one.datastorepool.info), one C(one.imagepool.info), and one read of the users or groups
    where an owner or group is to be changed; never one call for each image. A change costs one call for each thing that
    changes, and with O(wait) more reads of the pool of images until the server has finished.
  - An image in state ERROR is registered again by the next run, since nothing can use it.
  - An image in state DELETE is deleted once more where it is declared absent or its name is wanted, since a deletion
    stays unfinished when oned is ended meanwhile.
  - Where a VM, or somebody's lock, keeps OpenNebula from doing what is declared, the module says which one before it
    changes anything. The VMs are read in one C(one.vmpool.infoset) then.
  - A DISK_TYPE in an image's template is removed, since VMs would get a disk of that kind instead of the directory.
  - OpenNebula does not look whether the directory exists on the hypervisors, nor whether the share is mounted there.
    The role share_proof does.
"""
