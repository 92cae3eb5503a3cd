# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a share may be: directories of its own, and none that the host itself needs. No I/O."""

import posixpath
import re

from .._host.mountinfo import inside
from .._plan.plan import UNSEEN, Refusal
from .sources import login_of, quoted, shown

# A share's path is given to root with mode 0000 while nothing is mounted: on these that would stop the host.
_SYSTEM_DIRECTORIES = frozenset((
    "/dev", "/efi", "/etc", "/home", "/lost+found", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/run/lock", "/srv",
    "/sys", "/tmp", "/usr", "/usr/local", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/lock", "/var/log",
    "/var/run", "/var/spool", "/var/tmp",
))
# The distribution's own, whatever is below them.
_PROGRAMS = ("/bin", "/boot", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr/bin", "/usr/lib", "/usr/lib32",
             "/usr/lib64", "/usr/libexec", "/usr/libx32", "/usr/sbin")
# Linux: include/uapi/linux/limits.h
_LONGEST_NAME, _LONGEST_PATH = 255, 4095
_KERNEL_DIRECTORIES = ("/dev/", "/proc/", "/sys/")
# Nobody's shares are to be cleared away below these.
_NO_PREFIX_BELOW = ("/bin", "/boot", "/etc", "/lib", "/run", "/sbin", "/usr")


def checked_purge_below(purge, prefix):
    """The directory below which undeclared shares are removed, None without one, or a Refusal.

    purge: whether they are removed at all. prefix: what the user wrote, None or an empty text for nothing.
    """
    if not prefix:
        if purge:
            raise Refusal("purge is true, and purge_below is missing. Write the directory below which only declared "
                          "shares may stay, such as purge_below: /srv/shares (share_mounts_purge_below in the role).")
        return None
    trouble = place_trouble("purge_below", prefix, "/srv/shares")
    if trouble is None and any(inside(prefix, directory) for directory in _NO_PREFIX_BELOW):
        trouble = ("purge_below %s belongs to the host's own system, which mounts there by itself. Write a directory "
                   "of its own, such as /srv/shares." % quoted(prefix))
    if trouble:
        raise Refusal(trouble)
    return prefix


def place_trouble(what, path, example="/srv/shares/projects"):
    """Why a text cannot be the path of a directory of our own, as a sentence, or None. what: the option it is in."""
    normal = posixpath.normpath("/" + path.lstrip("/")) if path.startswith("/") else None
    if re.search(UNSEEN, path):
        return "%s %s holds a control character. Write a path of printable characters." % (what, quoted(path))
    if re.search(r"//|\\\\|:", path) and not re.match("/[^/]", path) and login_of(path, None):
        return "%s %s names a server. Write where it is to be seen on the host, such as %s." % (what, shown(path, None), example)
    if not path.startswith("/"):
        return "%s %s is relative, so it would differ from host to host. Write an absolute path such as %s." % (
            what, quoted(path), posixpath.normpath("/srv/shares/" + re.sub(r"^(\.{0,2}/|~/?)+", "", path)))
    if normal == "/":
        return "%s %s is the root of the host. Write a directory of its own, such as %s." % (
            what, quoted(path), example)
    if ".." in path.split("/"):
        return "%s %s holds '..', so what it means depends on links. Write the path it leads to, here perhaps %s." % (
            what, quoted(path), normal)
    if normal != path:
        return "%s %s is not in its shortest form, and hosts are compared by it. Write %s." % (
            what, quoted(path), normal)
    if path != path.rstrip(" \\"):
        return "%s %s ends with a blank or a backslash, which systemd takes away from the unit that mounts it. Write %s." % (
            what, quoted(path), _without_end(path) or "a path such as %s" % example)
    if len(path.encode("utf-8")) > _LONGEST_PATH or any(len(name.encode("utf-8")) > _LONGEST_NAME for name in path.split("/")):
        return "%s %s is longer than Linux takes, %d bytes a name and %d in all. Write a shorter one, such as %s." % (
            what, quoted(path), _LONGEST_NAME, _LONGEST_PATH, example)
    if path in _SYSTEM_DIRECTORIES or any(inside(path, directory) for directory in _PROGRAMS) or path.startswith(_KERNEL_DIRECTORIES):
        return "%s %s belongs to the host's own system. Write a directory of its own, such as %s." % (
            what, quoted(path), example)
    return None


def _without_end(path):
    """The path without blanks and backslashes at its end, None where nothing of its last name is left."""
    return None if re.search(r"/[ \\]+$", path) else path.rstrip(" \\")
