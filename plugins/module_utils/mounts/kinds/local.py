# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""local: a directory of the host bound to the path, or, without a source, a filesystem that others mount there."""

import collections

from ansible_collections.virtshare.storage.plugins.module_utils import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils.mounts import options
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.base import Kind


class Local(Kind):
    """A bind mount. The kernel shows it as the filesystem behind it, and which directory of that it is."""

    name = "local"
    fstab_type = "none"
    defaults = collections.OrderedDict([("bind", True), ("nofail", True)])
    explanations = (
        ("special device", "The directory named as source does not exist on this host."),
        ("no such file or directory", "The directory named as source does not exist on this host."),
    )

    def managed(self, share):
        return bool(share["source"])

    def mount_command(self, share):
        # Without -t: the type "none" is fstab's way to say that a bind has none.
        command = super().mount_command(share)
        return command[:1] + command[3:]

    def beyond_reach(self, share, mount):
        if share["read_only"] or "ro" not in mount.super_options:
            return None
        return ("the filesystem of its source %s is mounted read-only. Make that writable, or write read_only: true."
                % share["source"])

    def foreign(self, share, mount, surroundings):
        if surroundings.get("origin") == [mount.st_dev, mountinfo.directory(mount)]:
            return None
        return self.source_in_words(mount)

    def differences(self, share, mount, recorded):
        # A bind has only the mount's own flags; the filesystem's options belong to whoever mounted that.
        return options.flag_differences(share, mount, recorded)
