# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps things, and the small file habits everything else relies on."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import tempfile

from tests.lab.errors import LabError, at_work


def cache_directory() -> pathlib.Path:
    """The project's cache: $VIRTSHARE_CACHE, else virtshare-storage below the user's cache directory."""
    explicit = os.environ.get("VIRTSHARE_CACHE")
    if explicit:
        return pathlib.Path(explicit).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base).absolute() / "virtshare-storage"


def images_directory() -> pathlib.Path:
    return cache_directory() / "images"


def labs_directory() -> pathlib.Path:
    return cache_directory() / "labs"


def checked_name(name: str, what: str) -> str:
    """`name` if it can be a host name and a directory; LabError otherwise."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
        raise LabError(f"{what} {name!r} cannot be used: write a lower-case letter, then letters, digits or '-' "
                       "(31 characters at most)")
    return name


def runtime_directory(lab: pathlib.Path) -> pathlib.Path:
    """A short directory for sockets: their paths may not exceed 108 characters, a cache's path easily does."""
    return pathlib.Path("/tmp") / ("vsl-" + hashlib.sha256(str(lab).encode()).hexdigest()[:10])


@contextlib.contextmanager
def locked(path: pathlib.Path, wait: bool = True, waiting=None):
    """Hold an exclusive lock on `path`; yields the file. `waiting()` is called once when someone else holds it.

    The lock is the kernel's: it ends with the last process that holds the file open, however that process ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        hand_over(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise LabError(f"another process works on this at the moment ({path}); try again when it is done"
                               ) from None
            if waiting:
                waiting()
            with at_work(lambda: "waiting for the other process"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


def write_json(path: pathlib.Path, value) -> None:
    """Replace `path` by `value` at once: a reader sees the old or the new, never half."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w") as handle:
        json.dump(value, handle, indent=1)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def read_json(path: pathlib.Path):
    """The value in `path`, or None when there is no such file."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None


def hand_over(*paths: pathlib.Path) -> None:
    """Give `paths` and what is in them to the person behind sudo, so that later commands of theirs can use them."""
    uid, gid = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if os.geteuid() != 0 or not uid or not gid:
        return
    for path in paths:
        above = [parent for parent in path.parents if parent.is_relative_to(cache_directory())]
        for entry in [*above, path, *path.rglob("*")]:
            os.lchown(entry, int(uid), int(gid))
