# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the declaration of shares to what share_proof takes. Pure."""


def probe_shares(shares):
    """The C(shares) of share_proof for the declared shares that are to be mounted; no secret is taken over."""
    return [_share(share) for share in shares if (share.get("state") or "mounted") == "mounted"]


def _share(share):
    access = share.get("access") or {}
    entry = {"path": share["path"], "type": share["type"], "read_only": bool(share.get("read_only")),
             "writers": list(access.get("writers") or ())}
    if share.get("source") is not None:
        entry["source"] = share["source"]
    return entry
