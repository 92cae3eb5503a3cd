# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""local: a directory of the host bound to the path, or, without a source, a filesystem that others mount there."""

import collections
import posixpath
import re

from ..._host import mountinfo
from ..._plan.plan import quoted
from .. import options, sources
from ..paths import inside
from .base import ShareType


class Local(ShareType):
    """A bind mount. The kernel shows it as the filesystem behind it, and which directory of that it is."""

    name = "local"
    aliases = {"bind": "local", "none": "local"}
    source_pattern = r"/(?!dev/).+"
    source_example = "/data/projects"
    source_meaning = "a directory of the host that is bound to the path"
    options_elsewhere = dict.fromkeys(("bind", "rbind"), "write type: local at the share instead")
    # The kernel takes them for the whole filesystem, never for a bind.
    options_without_effect = dict.fromkeys(
        ("async", "sync", "dirsync", "lazytime", "nolazytime", "iversion", "noiversion", "mand", "nomand", "silent", "loud",
         "context", "fscontext", "defcontext", "rootcontext"),
        "a bind has the flags of a mount only, and the filesystem behind it has its own options")
    passes_over_unknown = True
    binds = True
    fstab_options = ("bind", "rbind")
    owner_per_host = True
    filesystem_per_host = True
    fstab_type = "none"
    defaults = collections.OrderedDict([("bind", True), ("nofail", True)])
    explanations = (
        ("special device", "The directory named as source does not exist on this host."),
        ("no such file or directory", "The directory named as source does not exist on this host."),
    )

    def missing_source_trouble(self, state):
        if state == "mounted":
            return None
        return ("state %s needs a source: without one the filesystem at the path is only checked, "
                "never mounted or unmounted. Write the directory that was bound there as source, "
                "or leave the share out of the list." % quoted(state))

    def meant(self, source):
        parts = sources.url(source)
        if parts:
            return "is a URL", parts.scheme == "file" and "/" + (parts.host + parts.path).lstrip("/")
        if re.match(r"(//|\\\\|[^/\s]+:/)", source):
            return "names a server, and type local binds a directory of the host", ""
        return None

    def source_trouble(self, source, path):
        if re.match(r"/dev/|[A-Z]+=", source):
            return ("source %s is a device. Write a directory to bind, such as %s; or leave source out if the "
                    "filesystem is mounted by other means and only to be checked." % (sources.shown(source), self.source_example))
        trouble = super().source_trouble(source, path)
        if trouble:
            return trouble
        if posixpath.normpath(source) != source:
            return "source %s is not in its shortest form. Write %s." % (sources.shown(source), posixpath.normpath(source))
        if isinstance(path, str) and inside(path, source):
            return "source %s holds the path itself. Write a directory elsewhere." % sources.shown(source)
        if isinstance(path, str) and inside(source, path):
            return ("source %s lies inside the path, where the bind would cover it. Write a directory elsewhere."
                    % sources.shown(source))
        return None

    def idle_options(self, declared, share):
        if share.get("source"):
            return []
        why = "without a source it is only checked, never mounted, and has no entry in fstab"
        return [(name, why) for name, value in declared.items() if value is not False and not options.is_flag(name)]

    def managed(self, share):
        return bool(share["source"])

    def mount_command(self, share):
        # Without -t: the type "none" is fstab's way to say that a bind has none.
        command = super().mount_command(share)
        return command[:1] + command[3:]

    def remount_blocker(self, share, mount):
        if share["read_only"] or "ro" not in mount.super_options:
            return None
        return ("the filesystem of its source %s is mounted read-only. Make that writable, or write read_only: true."
                % share["source"])

    def mismatch(self, share, mount, evidence=None):
        # Without a source whatever is mounted there is meant.
        if not share["source"] or (evidence or {}).get("origin") == [mount.st_dev, mountinfo.directory(mount)]:
            return None
        return self.source_in_words(mount)

    def differences(self, share, mount, recorded):
        # A bind has only the mount's own flags; the filesystem's options belong to whoever mounted that.
        return options.flag_differences(share, mount, recorded)
