# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mount a share where nobody sees it, to know whether it can be mounted, and what it is, before anything is released.

It is mounted for a moment in a mount namespace of its own, which ends with the process: neither systemd nor fstab nor
libmount's list knows of it. A file with the credentials lies in memory there. Run it in bounded().
"""

import os

from .._host import commands, mountinfo, namespaces, replace
from . import credentials

STAGE = namespaces.STAGE
TARGET = STAGE + "/share"
_CREDENTIALS = STAGE + "/credentials"
# What fstab, mount(8) or systemd alone would read, or what would have mount(8) try again in the background.
_NOT_TRIED = frozenset(("_netdev", "nofail", "auto", "noauto", "bg", "fg", "retry"))


def attempt(share, share_type, seconds, inside=()):
    """What came of mounting a share, None where this process may not try.

    {"code": of mount(8), "output": what it said, "identity": see identity(), "origins": {directory: as live.origin_of()},
    "ignored": [[declared, live]] of options that this kernel does not take}.
    seconds: for the mount. inside: directories as they would be called with the share in its place.
    """
    if not namespaces.leave():
        return None
    os.mkdir(TARGET)
    tried = share_type.as_tried(dict(share, path=TARGET, options={
        name: value for name, value in share["options"].items()
        if name not in _NOT_TRIED and not name.lower().startswith("x-")}), STAGE)
    command = [word.replace(credentials.file_of(TARGET), _CREDENTIALS) for word in share_type.mount_command(tried)]
    command[-3] = ",".join(option for option in command[-3].split(",")
                           if option not in ("_netdev", "nofail") and not option.lower().startswith("x-"))
    if share_type.credentials(share) is not None:
        replace.replace(_CREDENTIALS, credentials.content(share_type.credentials(share)))
    # Without -n mount(8) would note options in a list that all namespaces share.
    code, output = commands.run(command[:1] + ["-n"] + command[1:], seconds)
    mount = mountinfo.find(mountinfo.read(), TARGET)
    if code != 0 or mount is None:
        return {"code": code or 32, "output": "\n".join([output] + _log(tried, share_type)), "identity": None, "origins": {},
                "ignored": []}
    try:
        return {"code": 0, "output": output, "identity": identity(TARGET, share_type, mount),
                "ignored": [[each.declared, each.live] for each in share_type.differences(tried, mount, share_type.entry(tried))
                            if each.name in share_type.shown_if_known],
                "origins": {path: _origin(mount, os.path.relpath(path, share["path"])) for path in inside}}
    finally:
        # Where a process serves it, that ends then.
        commands.run(["umount", "-n", TARGET], seconds)


def why_not(tried, share, share_type):
    """Why a share cannot be mounted as it is declared, as far as attempt() told, or None."""
    if tried["code"]:
        said = " ".join(tried["output"].replace(TARGET, share["path"]).split())
        return "%s could not be mounted: %s" % (
            share["source"], ". ".join(filter(None, (said, share_type.explain(said)))))
    if tried["ignored"]:
        declared, live = zip(*tried["ignored"])
        return ("%s would be mounted with %s instead of %s: this host's kernel does not know the option, or passes over it. "
                "Leave it out, or boot a newer kernel" % (share["source"], ", ".join(live), ", ".join(declared)))
    return None


def identity(path, share_type, mount):
    """What a live mount shows, to be compared by same() with another one of this moment. Asks the server."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        status, disk = os.fstat(descriptor), os.statvfs(path)
    finally:
        os.close(descriptor)
    return {
        "device": mount.st_dev, "directory": mountinfo.place(mount),
        "filesystem": share_type.filesystem_id(mount.st_dev, path) or getattr(disk, "f_fsid", 0),
        "root": [status.st_ino, status.st_uid, status.st_gid, status.st_mode, status.st_ctime_ns, disk.f_blocks,
                 disk.f_files]}


def same(one, other):
    """Whether two mounts are of one and the same directory of one server, whatever address they were made from.

    With NFS 4.1 and later the kernel finds out that two addresses are one server, and then both have one device. Else
    the filesystem's id must be the same, and all that is known of its root and its size.
    """
    if one["device"] == other["device"]:
        return one["directory"] == other["directory"]
    return bool(one["filesystem"]) and (one["filesystem"], one["root"]) == (other["filesystem"], other["root"])


def _origin(mount, below):
    path = os.path.join(TARGET, below)
    if not os.path.isdir(path):
        return None
    real = os.path.realpath(path)
    return [mount.st_dev, mountinfo.directory(mount, os.path.relpath(real, TARGET))] if (
        mountinfo.inside(real, TARGET)) else None


def _log(share, share_type):
    """What the mount's own process wrote last about errors; its file is gone with the namespace."""
    try:
        with open(share_type.log(share), encoding="utf-8", errors="replace") as source:
            return [line.rstrip() for line in source if "] E [" in line][-2:]
    except (OSError, TypeError):
        return []
