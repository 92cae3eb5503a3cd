# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which share binds a directory of which other one. Pure."""

import posixpath

from .._host.mountinfo import inside
from .._share.types import registry


def outer_shares(shares, real_sources):
    """{path: path of the share that its source is in}, of all shares that bind a directory of another one.

    real_sources: {path: the source without symbolic links}; a source counts as it is written, too.
    """
    result = {}
    paths = [share["path"] for share in shares if registry.of(share).managed(share)]
    for share in shares:
        if registry.of(share).binds and share["source"]:
            sources = (share["source"], real_sources.get(share["path"], ""))
            holding = [path for path in paths if path != share["path"] and any(inside(each, path) for each in sources)]
            if holding:
                result[share["path"]] = max(holding, key=len)
    return {path: outer for path, outer in result.items() if path not in chain(path, result)}


def chain(path, outer):
    """The paths of all shares that a share depends on, the nearest first."""
    result = []
    while path in outer and outer[path] not in result:
        path = outer[path]
        result.append(path)
    return result


def depth(path, outer):
    """On how many others a share depends."""
    return len(chain(path, outer))


def levels(shares, outer):
    """The shares in lists, each of those that depend on shares of the lists before."""
    result = {}
    for share in shares:
        result.setdefault(depth(share["path"], outer), []).append(share)
    return [result[number] for number in sorted(result)]


def resolved(source, shares):
    """(the mounted share that is no bind and holds a directory, or None; the directory without the binds it goes through)."""
    for dummy in shares:
        holding = [share for share in shares if share["state"] == "mounted" and inside(source, share["path"])
                   and registry.of(share).managed(share)]
        if not holding:
            break
        holder = max(holding, key=lambda share: len(share["path"]))
        if not registry.of(holder).binds:
            return holder, source
        source = posixpath.normpath(posixpath.join(holder["source"], posixpath.relpath(source, holder["path"])))
    return None, source


def sources_in(path, shares):
    """The directories of a share that others bind."""
    found = [resolved(share["source"], shares) for share in shares if registry.of(share).binds and share["source"]]
    return sorted({source for holder, source in found if holder is not None and holder["path"] == path})
