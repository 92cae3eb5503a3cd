# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether mount namespaces can be made here: a plain directory that one has changed root into cannot be made private."""

from pathlib import Path


def trouble(mountinfo: str | None = None) -> str | None:
    """What keeps a mount namespace from being made here and what to do, or None. mountinfo: the text of that file."""
    if mountinfo is None:
        mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    if any(line.split(" ")[4:5] == ["/"] for line in mountinfo.splitlines()):
        return None
    return ("the root directory here is not a mount point, so that no mount namespace of its own can be made. "
            "Where it is the directory of a chroot, make it one before: mount --bind DIRECTORY DIRECTORY")
