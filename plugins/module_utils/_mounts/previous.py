# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to mount again what was at a path before, for when the new mount fails. Pure."""

import os

from .._host import mountinfo
from .._share.types import registry

_FOR_THE_BOOT = ("nofail", "noauto", "auto", "_netdev", "defaults", "bg")


def command(mount, found):
    """The command that makes a mount of found.Found.stack again, None where nobody tells how."""
    share_type = registry.of_mount(mount)
    devices = found.devices or [found.evidence.get("device")] * len(found.entries)
    for entry, device in zip(found.entries, devices):
        if share_type.name and registry.of_entry(entry) == share_type.name and _shows(share_type, mount, entry, device):
            return _command(mount, entry.source, entry.fstype, entry.options, share_type)
    for other in reversed(found.others):
        if other.mount_id != mount.mount_id and mountinfo.shows_part_of(mount, other):
            below = os.path.relpath(mountinfo.place(mount), mountinfo.place(other))
            source = os.path.normpath(os.path.join(other.mount_point, below))
            return ["mount", "-o", ",".join(["bind"] + mount.options), source, mount.mount_point]
    shown = share_type.options_again(mount)
    return None if shown is None else _command(mount, mount.source, mount.fstype, mount.options + shown, share_type)


def _command(mount, source, fstype, options, share_type):
    options = [option for option in options if option not in _FOR_THE_BOOT and not option.lower().startswith("x-")]
    return ["mount", "-t", fstype, "-o", ",".join(options + share_type.options_at_once), source, mount.mount_point]


def _shows(share_type, mount, entry, device):
    """Whether a mount is what an entry of fstab stands for. device: the number of the entry's device, None if not known."""
    recorded = {"source": share_type.recorded_source(entry)}
    return entry.source == mount.source or share_type.mismatch(recorded, mount, {"device": device}) is None
