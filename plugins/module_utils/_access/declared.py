# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the declaration of shares to what share_access takes. Pure."""


def access_paths(shares):
    """The C(paths) of share_access for the declared shares that are to be mounted; no secret is taken over.

    shares: as declared, [{"path", "type", "access": {"owner", "group", "mode", "writers", "acl"}, "state",
    "read_only"}].
    """
    return [_path(share) for share in shares if (share.get("state") or "mounted") == "mounted"]


def _path(share):
    access = share.get("access") or {}
    entry = {"path": share["path"], "writers": list(access.get("writers") or ()),
             "read_only": bool(share.get("read_only"))}
    for key in ("type", "source"):
        if share.get(key) is not None:
            entry[key] = share[key]
    for key in ("owner", "group", "mode", "acl"):
        if access.get(key) is not None:
            entry[key] = access[key]
    return entry
