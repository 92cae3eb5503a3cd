# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind that each type of share is."""

from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.cifs import Cifs
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.glusterfs import GlusterFs
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.local import Local
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.nfs import Nfs
from ansible_collections.virtshare.storage.plugins.module_utils.mounts.kinds.ocfs2 import Ocfs2

_KINDS = {kind.name: kind for kind in (Nfs(), Local(), GlusterFs(), Cifs(), Ocfs2())}


def kind_of(share):
    """The Kind of a validated share."""
    return _KINDS[share["type"]]
