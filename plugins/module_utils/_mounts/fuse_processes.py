# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mount's own process says in its log, and whether it can serve a share. The server is never asked."""

import os
import re

from .._host.bounded import bounded
from .._plan.plan import Refusal

_LOG_BYTES = 64 << 10
_LOG_LINES = 2
# [2026-11-24 18:30:00.123456 +0000] E [MSGID: 100026] [glusterfsd.c:2447:...] 0-glusterfs: what is wrong
_TROUBLE = re.compile(r"\[[-\d: .+]+\] [EC] (?:\[MSGID: \d+\] )?(?:\[[^\]]*\] )?(.*)")


def refuse_sharded(share, share_type, seconds):
    """Refuse a share whose files would be read wrongly, because the volume keeps them in pieces (features.shard).

    The client says which translators it has in a directory of the mount that it does not list. Raises Refusal, or
    TimedOut after these seconds.
    """
    if share_type.needs_whole_files(share) and bounded(lambda: has_translator(share["path"], "shard"), seconds):
        raise Refusal(
            "%s: the volume keeps files in pieces (features.shard, which the group virt sets), and a mount of one "
            "of its directories shows zeros for what it does not find there. Mount the whole volume, and bind the "
            "directory of it with type local; or take a volume without features.shard." % share["path"])


def has_translator(path, kind):
    """Whether the client of the volume mounted at a path has a translator of this kind; asks the client."""
    try:
        return any(name.endswith("-" + kind) for name in os.listdir(os.path.join(path, ".meta", "graphs", "active")))
    except OSError:
        # Not served by a client that tells.
        return False


def end_of(log):
    """The length of a log in bytes, where what is said from now on will begin; 0 for none."""
    try:
        return os.stat(log).st_size if log else 0
    except OSError:
        return 0


def troubles(log, begin):
    """The last errors that a log tells of since it was begin bytes long, one text each, none twice."""
    try:
        with open(log, "rb") as source:
            size = source.seek(0, os.SEEK_END)
            # A log that is shorter than it was has been rotated.
            source.seek(max(begin if begin <= size else 0, size - _LOG_BYTES))
            lines = source.read(_LOG_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    found = [match.group(1).strip() for match in map(_TROUBLE.match, lines) if match]
    return list(dict.fromkeys(reversed(found)))[:_LOG_LINES][::-1]
