# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lasting identity of a share: a marker in its root, and what this host remembers of it. For whoever compares the two.

The marker is the file NAME in the root of the share, written once, by the first proof, and never on a read-only share.
It is one line of JSON, readable by all:

    {"virtshare_share": 1, "id": "32 hexadecimal digits", "path": "/srv/shares/projects", "date": "2026-11-28"}

1 is the version of the format. The id is random and alone counts; path and date (of the first proof, UTC) are there for
people. A host remembers the marker that it saw last in a file of MEMORY a share: the same line, and the declared source. The
time of that file is when a proof of all hosts last found the marker.
"""

import collections
import errno
import hashlib
import json
import os
import re
import stat
from urllib.parse import quote

from .._host import replace

NAME = ".virtshare-identity"
MEMORY = "/var/lib/virtshare/identities"
MODE = 0o644
_VERSION = 1
_LONGEST = 4096
# What link(2) says of a filesystem that has no second names, or keeps them from this user.
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EXDEV, errno.EMLINK)

Marker = collections.namedtuple("Marker", "id path date")
# Of a host's memory; source: as it was declared, "" for none.
Memory = collections.namedtuple("Memory", "id path date source")


def made(seed, path, date):
    """A new Marker. seed: a random text; whoever has the same one makes the same marker, so that no host is first."""
    return Marker(hashlib.sha256(("virtshare.storage %s %s" % (seed, path)).encode("utf-8")).hexdigest()[:32], path, date)


def text_of(marker):
    """The content of the file, or of a Memory."""
    values = [("virtshare_share", _VERSION)] + list(marker._asdict().items())
    return json.dumps(collections.OrderedDict(values)) + "\n"


def parsed(text):
    """The Marker in a text, None when it holds none."""
    values = _values(text)
    return None if values is None else Marker(values["id"], str(values.get("path", "")), str(values.get("date", "")))


def read(root):
    """(Marker or None, whether there is a file that holds none). root: a descriptor of the share's root; may hang.

    OSError when nobody can know.
    """
    try:
        descriptor = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=root)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None, False
        if error.errno == errno.ELOOP:
            return None, True
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None, True
        found = parsed(os.read(descriptor, _LONGEST).decode("utf-8", "replace"))
    finally:
        os.close(descriptor)
    return found, found is None


def place(root, directory, name, marker, instead=False, second_names=True):
    """Write the marker where none is, or instead of what is there; whoever was faster than us has won.

    directory, name: where it is written first, so that it is never seen in part; without second_names it may be, for a
    moment. Whoever calls reads it afterwards.
    """
    previous = os.umask(0)
    try:
        if not instead and not second_names:
            _write(root, NAME, marker)
            return
        try:
            os.unlink(name, dir_fd=directory)
        except FileNotFoundError:
            pass
        _write(directory, name, marker)
        if instead:
            os.rename(name, NAME, src_dir_fd=directory, dst_dir_fd=root)
            return
        try:
            os.link(name, NAME, src_dir_fd=directory, dst_dir_fd=root, follow_symlinks=False)
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _write(root, NAME, marker)
    except FileExistsError:
        pass
    finally:
        os.umask(previous)


def remembered(path, memory=None):
    """The Memory that this host has of the share at a path, None when it has none, or none that can be read."""
    try:
        with open(_file_of(path, memory), encoding="utf-8") as source:
            values = _values(source.read(_LONGEST))
    except (OSError, ValueError):
        return None
    if values is None or values.get("path") != path:
        return None
    return Memory(values["id"], path, str(values.get("date", "")), str(values.get("source", "")))


def remember(path, source, marker, memory=None):
    """Keep what was seen at a path; OSError where the disk takes nothing."""
    filename = _file_of(path, memory)
    os.makedirs(os.path.dirname(filename), mode=0o755, exist_ok=True)
    replace.replace(filename, text_of(Memory(marker.id, path, marker.date, source)).encode("utf-8"),
                    lambda descriptor: os.fchmod(descriptor, MODE))


def proven(path, memory=None):
    """When a proof last found what is remembered of a path, in seconds since 1970, None when nothing is remembered."""
    try:
        return os.stat(_file_of(path, memory)).st_mtime
    except OSError:
        return None


def found_again(path, memory=None):
    """Note that a proof has found what is remembered; OSError where the disk takes no change."""
    os.utime(_file_of(path, memory))


def forget(path, memory=None):
    """Remember nothing of a path any more; OSError where the disk takes no change."""
    try:
        os.unlink(_file_of(path, memory))
    except FileNotFoundError:
        pass


def _file_of(path, memory):
    name = quote(path.strip("/"), safe="")
    if len(name) > 200:
        name = name[:150] + hashlib.sha256(path.encode("utf-8")).hexdigest()
    return os.path.join(memory or MEMORY, name + ".json")


def _values(text):
    try:
        values = json.loads(text)
    except ValueError:
        return None
    if not isinstance(values, dict) or values.get("virtshare_share") != _VERSION:
        return None
    return values if re.match(r"[0-9a-f]{32}\Z", str(values.get("id"))) else None


def _write(directory, name, marker):
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE, dir_fd=directory)
    try:
        text = text_of(marker).encode("utf-8")
        if os.write(descriptor, text) != len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    except OSError:
        os.unlink(name, dir_fd=directory)
        raise
    finally:
        os.close(descriptor)
