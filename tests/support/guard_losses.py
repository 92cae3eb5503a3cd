# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon the guard noticed each loss: kept by tests/scenarios/test_guard_losses.py, shown in the guide.

`python -m tests.support.guard_losses` puts the last run's times into the guide.
"""

import json
import re

from tests.bench.page import list_table
from tests.gates.process import CACHE, ROOT

KEPT = CACHE / "guard-losses.json"
PAGE = ROOT / "docs/docsite/rst/guide_guard.rst"
BEGIN, END = ".. table losses, written by python -m tests.support.guard_losses", ".. end of table losses"
FILESYSTEMS = {"nfs4": "NFS 4.2", "nfs": "NFS 3", "cifs": "CIFS", "glusterfs": "GlusterFS", "ocfs2": "OCFS2", "local": "local"}


def keep(losses):
    """losses: {loss: {filesystem: {"state", "noticed", "back"}}}"""
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(losses, indent=1), encoding="utf-8")


def table(losses):
    """The same as reStructuredText: for each filesystem the seconds until it was noticed, and until all was well again."""
    lines = [["What happened", "State", *FILESYSTEMS.values()]]
    for loss, found in losses.items():
        (state,) = {one["state"] for one in found.values()}
        lines.append([loss, f"``{state}``", *(
            f"{found[kind]['noticed']:.1f}, {found[kind]['back']:.1f}" if kind in found else "" for kind in FILESYSTEMS)])
    return list_table(lines)


def rewritten(page, losses):
    text, found = re.subn(f"(?s){re.escape(BEGIN)}\n.*?{re.escape(END)}\n",
                          lambda _match: f"{BEGIN}\n\n{table(losses)}\n\n{END}\n", page)
    if found != 1:
        raise ValueError(f"the guide has to hold the lines {BEGIN!r} and {END!r} once")
    return text


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), json.loads(KEPT.read_text(encoding="utf-8"))), encoding="utf-8")
