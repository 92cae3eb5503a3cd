# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every filesystem has: mount(8), libmount, systemd.mount(5). No I/O."""

import difflib

from .values import Context, Octal, Optional, Span, Text, Truth, Wrong, flags


class _Remark(Text):
    """A text for somebody else, whatever it says; true for none."""

    def read(self, name, value):
        if isinstance(value, bool):
            return value
        return super().read(name, value)


class _Comment(_Remark):
    """comment=systemd.automount is an older name that systemd still knows."""

    def text(self, name, value):
        if value == "systemd.automount":
            raise Wrong("is 'systemd.automount', the older name of another option. Write x-systemd.automount: true instead.")
        return super().text(name, value)


_UNIT = Text("the name of a unit", "nfs-client.target", r"\S+")
_PATH = Text("an absolute path", "/srv/data", r"/.*")
_REMARK = _Remark("a text", "made-by-hand")
_SYSTEMD = "x-systemd."

# What mount(8), libmount and systemd.mount(5) know for every filesystem.
_COMMON = dict(
    flags("async sync dirsync lazytime nolazytime iversion noiversion mand nomand silent loud auto noauto _netdev nofail "
          "atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime dev nodev exec noexec suid "
          "nosuid symfollow nosymfollow nouser nousers noowner nogroup x-systemd.automount x-systemd.growfs "
          "x-systemd.rw-only x-systemd.pcrfs x-systemd.validatefs x-initrd.mount x-initrd.attach x-gvfs-show x-gvfs-hide "
          "X-mount.noloop"),
    comment=_Comment("a text", "made-by-hand"),
    context=Context(), fscontext=Context(), defcontext=Context(), rootcontext=Context())
_COMMON.update(dict.fromkeys((_SYSTEMD + name for name in ("requires", "wants", "before", "after", "wanted-by",
                                                           "required-by")), _UNIT))
_COMMON.update(dict.fromkeys((_SYSTEMD + name for name in ("requires-mounts-for", "wants-mounts-for")), _PATH))
_COMMON.update(dict.fromkeys((_SYSTEMD + name for name in ("idle-timeout", "mount-timeout", "device-timeout")), Span()))
_COMMON.update({_SYSTEMD + "device-bound": Optional(Truth("yes", "no")), "X-mount.mkdir": Optional(Octal()),
                _SYSTEMD + "graceful-option": Text("the name of an option", "usrquota"), "x-mount.mkdir": Optional(Octal())})

# {option that does not belong among those of any share: what to write instead}
ELSEWHERE = dict(
    dict.fromkeys(("user", "users", "owner", "group"),
                  "it lets ordinary users of the host mount and unmount the share. Leave it out"),
    **dict.fromkeys(("shared", "rshared", "private", "rprivate", "slave", "rslave", "unbindable", "runbindable"),
                    "whether a mount is passed on to other namespaces is not compared with the live mount. Leave it out"),
    **{
        "move": "it moves another mount. Leave it out",
        "ro": "write read_only: true at the share instead",
        "rw": "write read_only: false at the share instead, it is the default",
        "remount": "leave it out: a changed option is applied to the live mount anyway",
        "defaults": "leave it out: it says nothing",
        "fail": "write nofail: false instead",
        "X-mount.owner": "write access.owner instead",
        "X-mount.group": "write access.group instead",
        "X-mount.mode": "write access.mode instead",
        "X-mount.subdir": "write the directory in the source instead",
        "x-systemd.makefs": "leave it out: a share is made before it is declared",
    })

# {option that is on without being written: what turns it off}. Defaults of ours are not here: false takes them away.
ON_BY_DEFAULT = dict({"no" + name: name + ": true" for name in ("lazytime", "iversion", "mand", "strictatime")}, **{
    "async": "sync: true", "atime": "noatime: true", "auto": "noauto: true", "dev": "nodev: true", "exec": "noexec: true",
    "diratime": "nodiratime: true", "loud": "silent: true", "relatime": "noatime: true or strictatime: true",
    "suid": "nosuid: true", "symfollow": "nosymfollow: true"})


def common(option):
    """The kind of an option that every filesystem has, None of one that is not known here."""
    if option in _COMMON:
        return _COMMON[option]
    return _REMARK if option.startswith(("x-", "X-", "comment.")) and not (
        option.startswith(_SYSTEMD) or misspelled(option)) else None


def misspelled(option):
    """What an option of systemd's was meant to be, or None: it passes over those that it does not know."""
    near = difflib.get_close_matches(option.lower(), [name for name in _COMMON if name.startswith(_SYSTEMD)], 1, 0.85)
    return near[0] if near and option.startswith(("x-", "X-")) else None


def near(option):
    """The option of every filesystem that one nobody knows is likely to mean, or None."""
    found = difflib.get_close_matches(option.lower(), list(_COMMON), 1, 0.75)
    return found[0] if found else None
