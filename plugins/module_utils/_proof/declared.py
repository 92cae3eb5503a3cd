# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the declaration of shares to what share_proof takes. Pure."""

from .._plan.plan import Refusal
from .._share.paths import inside


def probe_shares(shares, directories=()):
    """The C(shares) of share_proof for the declared shares that are to be mounted; no secret is taken over.

    directories: paths inside these shares that are proven as well, each as an entry of its own. Refusal for one that
    lies in none.
    """
    mounted = [share for share in shares if (share.get("state") or "mounted") == "mounted"]
    entries = [_share(share) for share in mounted]
    for directory in directories:
        around = [share for share in mounted if inside(directory, share["path"]) and directory != share["path"]]
        if any(directory == share["path"] for share in mounted):
            continue
        if not around:
            raise Refusal("the directory %s lies in no declared share: correct it, or declare the share" % directory)
        entries.append(dict(_share(around[0]), path=directory, mount_point=around[0]["path"]))
    return entries


def _share(share):
    access = share.get("access") or {}
    entry = {"path": share["path"], "type": share["type"], "read_only": bool(share.get("read_only")),
             "writers": list(access.get("writers") or ())}
    if share.get("source") is not None:
        entry["source"] = share["source"]
    return entry
