# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCFS2: how its options are written in mount.ocfs2(8) and how fs/ocfs2/super.c (ocfs2_show_options) shows them."""

import collections
import re

from ..._host import blockdevice
from .. import options
from ..values import Number, Text, Word, flags
from .base import ShareType

# One of these is always shown.
_SHOWN_CHOICES = (("acl", "noacl"), ("user_xattr", "nouser_xattr"))
# What is shown only when it is on, and the word for off, "" where there is none.
_SHOWN_WHEN_ON = {"nointr": "intr", "localflocks": "", "inode64": "", "usrquota": "", "grpquota": "",
                  "journal_async_commit": "", "sync": "async", "dirsync": "", "lazytime": "nolazytime", "mand": "nomand",
                  "iversion": "noiversion"}
_NEVER_SHOWN = {other: shown for shown, other in _SHOWN_WHEN_ON.items() if other}
# Shown only when it is not this.
_UNSHOWN_DEFAULTS = {"barrier": "0", "commit": "5", "resv_level": "2", "atime_quantum": "60",
                     "preferred_slot": "0", "cluster_stack": "o2cb"}
# What a mount has that asks for nothing.
_DEFAULTS = dict(_UNSHOWN_DEFAULTS, errors="remount-ro", data="ordered", coherency="full", nointr=True, acl=True,
                 user_xattr=True, **{other: True for other in _NEVER_SHOWN if other != "intr"})
# What the kernel does not show as it was asked for: only what was recorded can tell.
_NOT_COMPARABLE = frozenset(("localalloc", "dir_resv_level"))
# What a remount may change (ocfs2_remount); it takes everything that it is not told for the default.
_REMOUNTABLE = frozenset(("errors", "commit", "atime_quantum", "barrier", "coherency", "intr", "nointr", "acl", "noacl",
                          "user_xattr", "nouser_xattr"))
# mount.ocfs2(8), fs/ocfs2/super.c (ocfs2_param_spec).
_KINDS = dict(
    flags("acl noacl user_xattr nouser_xattr localflocks inode64 intr nointr usrquota grpquota journal_async_commit"),
    barrier=Number(0, 1), commit=Number(0, 2 ** 31 - 1, 5), atime_quantum=Number(), preferred_slot=Number(0, 255),
    localalloc=Number(), resv_level=Number(0, 8), dir_resv_level=Number(0, 8), data=Word("ordered writeback"),
    errors=Word("remount-ro panic continue"),
    heartbeat=Word("local none global"), coherency=Word("full buffered"),
    cluster_stack=Text("the four letters of a cluster stack", "o2cb", r"[a-z0-9]{4}"))
_O2CB = ("o2cb does not run on this host, or runs a cluster of another name than the one in the volume's superblock: "
         "compare systemctl status o2cb with mounted.ocfs2 -d. The role ocfs2_cluster sees to it.")


class Ocfs2(ShareType):
    """A volume on a disk that all hosts share."""

    name = "ocfs2"
    source_pattern = r"(LABEL|UUID)=\S+|/dev/.+"
    source_example = "LABEL=vmstore"
    source_meaning = "LABEL=…, UUID=… or a path below /dev/disk/by-id"
    kinds = _KINDS
    on_by_default = {"acl": "noacl: true", "user_xattr": "nouser_xattr: true", "nointr": "intr: true"}
    options_elsewhere = {"nocluster": "leave it out: two hosts that mount a volume without their cluster destroy it"}
    options_without_effect = {"mand": "Linux has no mandatory locks since 5.15",
                              "iversion": "OCFS2 keeps no version of a file, and the kernel does not show it"}
    fstab_type = "ocfs2"
    live_types = ("ocfs2",)
    on_device = True
    # Not nofail: mount(8) passes it on to mount.ocfs2, and that to the kernel, which refuses it.
    defaults = collections.OrderedDict([("_netdev", True), ("x-systemd.requires", "o2cb.service")])
    helper = (("/sbin/mount.ocfs2", "/usr/sbin/mount.ocfs2"), "ocfs2-tools")
    explanations = (
        ("cluster name is invalid", _O2CB),
        ("cluster service", _O2CB),
        ("cluster stack", _O2CB),
        ("can't find", "No device of this host has it: is the disk attached? One that another host has just formatted "
                       "may need udevadm trigger here."),
        ("bad magic number", "There is no OCFS2 on this device. The role ocfs2_cluster makes one on an empty device "
                             "when it is told to."),
        ("unknown filesystem type", "This kernel has no OCFS2: see the role ocfs2_cluster."),
        ("on this error 19.", "This kernel has no OCFS2: see the role ocfs2_cluster."),
        ("on this error 22.", "The kernel does not know one of the options, or all slots of the volume are in use: see "
                              "dmesg, and tunefs.ocfs2 -N for more slots."),
        ("on this error 107.", "The other hosts of the cluster cannot be reached, or refuse this one: is o2cb's port, "
                               "7777 unless set otherwise, open between all of them? See dmesg."),
    )
    stale_words = "its device is gone"

    def meant(self, source):
        name, equals, value = source.partition("=")
        plain = value.strip("\"'")
        if equals and name.upper() in ("LABEL", "UUID"):
            if name.upper() == "UUID":
                digits = plain.replace("-", "").lower()
                if re.match("[0-9a-f]{32}$", digits):
                    plain = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
            if re.search(r"\s", plain):
                return "has a blank, which not all that reads it takes", "UUID=… of the volume, as blkid shows it"
            written = "%s=%s" % (name.upper(), plain)
            return None if written == source else ("is not spelled as blkid shows it", written)
        if equals and not source.startswith("/"):
            return "names something else than the volume", "UUID=… of the volume, as blkid shows it"
        if re.match(r"[\w.-]+$", source):
            return "does not say what it names", "LABEL=%s if it is the label of the volume" % source
        return None

    def told(self, declared):
        return canonical(declared)

    def mount_command(self, share):
        command = super().mount_command(share)
        # Declared it stays in fstab, where systemd reads it and keeps it to itself.
        command[4] = ",".join(option for option in command[4].split(",") if option != "nofail")
        return command

    def remount_commands(self, share, mount, recorded):
        flags = options.flags_to_set(share, mount, recorded)
        changed = [each.name for each in self.differences(share, mount, recorded) if not options.is_flag(each.name)]
        if not changed and ("ro" not in mount.super_options or share["read_only"]):
            return [["mount", "-i", "-o", ",".join(["remount", "bind"] + flags), share["path"]]]
        # With source and path both given mount(8) adds nothing from fstab, without its helper nothing else.
        told = ["remount"] + flags + options.spelled(self._remounted(share, mount, changed))
        return [["mount", "-i", "-t", self.fstab_type, "-o", ",".join(told), mount.source, share["path"]]]

    def mismatch(self, share, mount, evidence=None):
        if mount.fstype in self.live_types and mount.root == "/" and mount.st_dev == (evidence or {}).get("device"):
            return None
        return self.source_in_words(mount)

    def differences(self, share, mount, recorded):
        live = options.shown_values(mount)
        result = options.flag_differences(share, mount, recorded) + options.context_differences(share, live)
        asked = canonical(options.pairs(recorded.options)) if recorded else {}
        declared = canonical(share["options"])
        # A remount would switch these off under whoever holds a lock.
        in_place = "localflocks" not in live
        for name, value in declared.items():
            # See context_differences() for a context that is not shown.
            other = name not in options.CONTEXT_OPTIONS or name in live
            if other and not _is_live(name, value, live, asked):
                result.append(options.Difference(
                    name, options.words(name, value), _live_words(name, live), in_place and name in _REMOUNTABLE))
        for name, value in asked.items():
            if not _declares(name, declared) and _DEFAULTS.get(name) != value and (
                    name in _NOT_COMPARABLE or _is_live(name, value, live, asked)):
                result.append(options.Difference(
                    name, "no %s" % options.words(name, value), options.words(name, value), in_place and name in _REMOUNTABLE))
        return result

    def warnings(self, share):
        if not blockdevice.is_bare(share["source"]):
            return []
        return ["%s: the source %s is a name that the kernel gives in the order it finds the disks, so it may be "
                "another disk after the next boot. Write LABEL=…, UUID=… or a path below /dev/disk/by-id." % (
                    share["path"], share["source"])]

    @staticmethod
    def _remounted(share, mount, changed):
        """{name: text or True} of all the filesystem's options as they are to be."""
        result = options.pairs(option for option in mount.super_options if option not in ("rw", "ro", "_netdev"))
        declared = canonical(share["options"])
        for name in changed:
            for other in _choice(name):
                result.pop(other, None)
            if name in declared:
                result[name] = declared[name]
            elif name == "commit":
                # The one that a remount would leave as it is.
                result[name] = "0"
        return result


def canonical(declared):
    """The declared options that the filesystem is told, {name: text or True}; false ones are left out."""
    return collections.OrderedDict(
        (name, value) for name, value in declared.items()
        if value is not False and options.is_shown(name) and not options.is_flag(name))


def _is_live(name, value, live, asked):
    if name in _NOT_COMPARABLE:
        return asked.get(name) == value
    for choice in _SHOWN_CHOICES:
        if name in choice:
            return name in live
    if name in _NEVER_SHOWN:
        return _NEVER_SHOWN[name] not in live
    shown = live.get(name)
    if shown is None and name in _UNSHOWN_DEFAULTS:
        shown = _UNSHOWN_DEFAULTS[name]
    if name == "commit" and value == "0":
        value = _UNSHOWN_DEFAULTS[name]
    return shown == value


def _choice(name):
    """All words that stand for the same thing as this one."""
    for choice in _SHOWN_CHOICES + tuple(_SHOWN_WHEN_ON.items()):
        if name in choice:
            return [word for word in choice if word]
    return [name]


def _declares(name, declared):
    return any(word in declared for word in _choice(name))


def _live_words(name, live):
    for word in _choice(name):
        if word in live:
            return options.words(word, live[word])
    return _NEVER_SHOWN.get(name) or _SHOWN_WHEN_ON.get(name) or "no %s" % name
