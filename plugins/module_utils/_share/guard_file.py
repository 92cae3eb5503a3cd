# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a host's guard keeps what it saw last, for all who read it. What is in it: _guard/report.py."""

import json
import os

DIRECTORY = "/run/virtshare"
NAME = "guard.json"
STATE = os.path.join(DIRECTORY, NAME)
SCHEMA = 1
# A reader takes a document that is older than so many intervals for none.
STALE_INTERVALS = 3


def read(filename=STATE):
    """The document in a file, {} where there is none, or none that this version knows."""
    try:
        with open(filename, encoding="utf-8") as source:
            document = json.load(source)
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) and document.get("schema") == SCHEMA else {}


def age(document, now):
    """Seconds since the document's run; None where there is none, or one that no reader may believe."""
    if not document:
        return None
    seconds = now - document["time"]
    return seconds if 0 <= seconds <= lasting(document) else None


def lasting(document):
    """For how many seconds a document is news."""
    return STALE_INTERVALS * document["interval"] + 5


def since(document, now):
    """{"fresh": bool, "time": of the look, "shares": {path: {"state", "since", "why"}}} of a document, None of none."""
    if not document:
        return None
    return {"fresh": age(document, now) is not None, "time": document["time"],
            "shares": {share["path"]: {key: share[key] for key in ("state", "since", "why")} for share in document["shares"]}}
