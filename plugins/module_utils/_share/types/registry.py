# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All types of share, by name and by what the kernel shows. A new one is its file and its line here."""

from .base import ShareType
from .cifs import Cifs
from .glusterfs import GlusterFs
from .local import Local
from .nfs import Nfs
from .ocfs2 import Ocfs2

_TYPES = (
    Nfs(),
    Cifs(),
    Ocfs2(),
    GlusterFs(),
    Local(),
)
_BY_NAME = {each.name: each for each in _TYPES}
_BY_LIVE_TYPE = {live: each for each in _TYPES for live in each.live_types}
# What no type says of a filesystem of the host's own.
_OTHER = ShareType()

NAMES = tuple(_BY_NAME)


def named(name):
    """The ShareType of a name."""
    return _BY_NAME[name]


def of(share):
    """The ShareType of a declared share."""
    return _BY_NAME[share["type"]]


def of_filesystem(live_type):
    """The ShareType of a filesystem as the kernel names it; one without a name for what is no type's."""
    return _BY_LIVE_TYPE.get(live_type, _OTHER)


def of_mount(mount):
    """The ShareType whose filesystem a live mount is, see of_filesystem(); mount may be None."""
    return of_filesystem(mount and mount.fstype)


def of_entry(entry):
    """The name of the type that an entry of fstab is of, or None."""
    for each in _TYPES:
        if set(each.fstab_options) & set(entry.options):
            return each.name
    for each in _TYPES:
        if each.live_types and entry.fstype in each.live_types + (each.fstab_type,):
            return each.name
    return None


def where(**properties):
    """The names of the types that have these properties, such as has_credentials=True."""
    return [each.name for each in _TYPES if all(getattr(each, key) == value for key, value in properties.items())]


def gathered(attribute):
    """A dict of all types' dicts of this name, such as aliases."""
    return {key: value for each in _TYPES for key, value in getattr(each, attribute).items()}


def knowing(option):
    """The names of the types among whose own options one is, or for which it is written elsewhere."""
    return [each.name for each in _TYPES if option in each.kinds or each.elsewhere(option)]


def elsewhere(option):
    """What to write instead of an option that belongs elsewhere for one of the types, or None."""
    return next(filter(None, (each.elsewhere(option) for each in _TYPES)), None)
