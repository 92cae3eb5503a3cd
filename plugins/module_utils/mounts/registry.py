# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which types of shares can be mounted."""

from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.glusterfs import GlusterFs
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.local import Local
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.nfs import Nfs
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.ocfs2 import Ocfs2
from ansible_collections.virtshare.storage.plugins.module_utils.plan import Refusal

_KINDS = {kind.name: kind for kind in (Nfs(), Local(), GlusterFs(), Ocfs2())}


def kind_of(share):
    """The Kind of a validated share; a type that can be declared but not yet mounted is refused."""
    kind = _KINDS.get(share["type"])
    if kind is None:
        raise Refusal(
            "share %s: type %s can be declared, but this version of virtshare.storage cannot mount it, only %s. "
            "Take the share out of this host's list until it can." % (
                share["path"], share["type"], " and ".join(sorted(_KINDS))))
    return kind
