# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed run left in a share: which names are ours, and which were there for so long that nobody works on them.

No time of a file counts for that. On NFS 4 it is the clock of the client that wrote it, on GlusterFS and OCFS2 that of
another host, and no two clocks need agree. Each host remembers when it saw a name first, by the seconds since its own
boot, and forgets it at the next boot.
"""

import hashlib
import json
import os
import re

from .._host import replace

# How every name of ours in a share begins.
PREFIX = ".virtshare-"
# What every file of the proof begins with.
SIGNATURE = "virtshare-nonce:"
# Lost at a boot, as are the seconds in it.
MEMORY = "/run/virtshare/leftovers.json"
_CHECK = 8


def sealed(stem):
    """A name that was made here and nowhere else: the stem and a checksum of it."""
    return "%s-%s" % (stem, _checksum(stem))


def is_sealed(name):
    """Whether a name is one of sealed()."""
    stem, dummy, check = name.rpartition("-")
    return bool(stem) and re.match(r"[0-9a-f]{%d}\Z" % _CHECK, check) is not None and check == _checksum(stem)


def aged(path, prefix, names, seconds, memory=None):
    """Those of the names that this host saw at this path for longer than so many seconds; the others are remembered.

    names: all there are now with this prefix. What cannot be remembered is never old.
    """
    memory = memory or MEMORY
    now = uptime()
    known = _load(memory)
    seen = known.get(path, {})
    kept = {name: seen[name] for name in seen if not name.startswith(prefix)}
    kept.update((name, min(seen.get(name, now), now)) for name in names)
    if kept != seen:
        known[path] = kept
        _store(memory, known)
    return sorted(name for name in names if name in seen and now - seen[name] > seconds)


def uptime():
    """Seconds since this host's boot; unlike its clock nobody sets them."""
    with open("/proc/uptime") as source:
        return float(source.read().split()[0])


def _checksum(stem):
    return hashlib.sha256(("virtshare.storage " + stem).encode("utf-8", "surrogateescape")).hexdigest()[:_CHECK]


def _load(memory):
    """{path: {name: seconds}}; empty when there is none, or none that can be read."""
    try:
        with open(memory, encoding="utf-8") as source:
            known = json.load(source)
        return {path: {name: float(seconds) for name, seconds in names.items()} for path, names in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _store(memory, known):
    try:
        os.makedirs(os.path.dirname(memory), mode=0o755, exist_ok=True)
        replace.replace(memory, json.dumps({path: names for path, names in known.items() if names}).encode("ascii"))
    except OSError:
        # Not root, or no room: then nothing gets old, and a later run tries again.
        pass
