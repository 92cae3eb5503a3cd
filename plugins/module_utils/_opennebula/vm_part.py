# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VM template and its guest need to have a registered directory. No I/O."""

from .._host import systemd
from .._plan.plan import Refusal
from . import objects, template

# OpenNebula's own, where neither the disk nor the image says another.
DEFAULT_TAG, DEFAULT_POINT = "one-tag-%d", "/mnt/one-fs-%d"


def parts(image, read_only=False, by_id=False, mount_tag=None, mount_point=None):
    """{"disk", "mount_tag", "mount_point", "fstab", "unit_name", "unit", "cloud_init"} for an image as it is read back.

    disk: the DISK of a VM template, in OpenNebula's string form. fstab: a line for the guest; unit: the same as a
    mount unit of systemd; cloud_init: one element of the list mounts in cloud-init's user data.
    """
    what = "filesystem image %r" % image.get("name")
    tag = _given(mount_tag, image, "mount_tag", DEFAULT_TAG, what)
    point = _given(mount_point, image, "mount_point", DEFAULT_POINT, what)
    objects.directory(point, "mount_point", objects.sentence(what))
    if by_id:
        if image.get("id") is None:
            raise Refusal("The %s has no id yet, as in check mode; leave by_id out." % what)
        pairs = [("IMAGE_ID", str(image["id"]))]
    else:
        if not image.get("name") or not image.get("owner"):
            raise Refusal("The %s has no name or no owner, which together mean one image; write by_id: true." % what)
        pairs = [("IMAGE", image["name"]), ("IMAGE_UNAME", image["owner"])]
    pairs += [("MOUNT_TAG", tag), ("MOUNT_POINT", point)]
    if read_only:
        pairs.append(("READONLY", "YES"))
    options = "ro,nofail" if read_only else "defaults,nofail"
    written = ['%s = "%s"' % (name, template.text(value, name, what).replace('"', '\\"')) for name, value in pairs]
    return {
        "disk": "DISK = [ %s ]" % ", ".join(written),
        "mount_tag": tag,
        "mount_point": point,
        "fstab": "%s %s virtiofs %s 0 0" % (tag, point, options),
        "unit_name": systemd.unit_name(point, "mount"),
        "unit": "[Unit]\nDescription=%s\n\n[Mount]\nWhat=%s\nWhere=%s\nType=virtiofs\nOptions=%s\n\n"
                "[Install]\nWantedBy=multi-user.target\n" % (point, tag.replace("%", "%%"), point, options),
        "cloud_init": [tag, point, "virtiofs", options, "0", "0"],
    }


def _given(value, image, key, default, what):
    """The value of an option, else the image's, else what OpenNebula would take."""
    value = value or image.get(key)
    if value:
        return value
    if image.get("id") is None:
        raise Refusal("The %s has neither %s nor an id, from which OpenNebula would make one; declare %s."
                      % (what, key, key))
    return default % image["id"]
