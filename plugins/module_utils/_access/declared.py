# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access takes of the normal form of shares. Pure."""

from .._share.declaration import mounted


def entries(shares):
    """A flat {"path", "type", "source", "read_only", "owner", "group", "mode", "writers", "acl"} for each share that is to
    be mounted.

    shares: as declaration.checked() returns them; without one of these keys none of it is declared.
    """
    return [dict(share["access"], **{key: share.get(key) for key in ("path", "type", "source", "read_only")})
            for share in mounted(shares)]
