# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POSIX ACLs: what a declaration makes of them, and the kernel's form of them. Pure but for read() and write().

An ACL is a list of [tag, id, bits], sorted, the id None where the tag says it all; an empty list is no ACL. The tags
and the binary form are those of include/uapi/linux/posix_acl.h and posix_acl_xattr.h of the Linux kernel.
"""

import errno
import os
import struct

from .._plan.plan import Refusal
from .._share.acl import acl_entry

ACCESS = "system.posix_acl_access"
DEFAULT = "system.posix_acl_default"

OWNER = 0x01
USER = 0x02
OWNING_GROUP = 0x04
GROUP = 0x08
MASK = 0x10
OTHERS = 0x20

_VERSION = 2
_NO_ID = 0xFFFFFFFF
_WORDS = {OWNER: "user", USER: "user", OWNING_GROUP: "group", GROUP: "group", MASK: "mask", OTHERS: "other"}


def named(texts, known, path):
    """The entries for users and groups of a declaration, None for None; Refusal where it cannot be meant.

    texts: such as ["user:backup:r-x"]. known: what accounts.lookup() returned. A name that it lacks stands in the
    place of its number: check mode has such, where packages of the same run bring it.
    """
    if texts is None:
        return None
    found = {}
    for text in texts:
        kind, name, letters = acl_entry(text)
        if kind == "user":
            tag, number = USER, known["users"].get(name, {}).get("uid", name)
        else:
            tag, number = GROUP, known["groups"].get(name, name)
        bits = sum(4 >> place for place, letter in enumerate(letters) if letter != "-")
        if found.setdefault((tag, number), bits) != bits:
            raise Refusal("%s: access.acl has two entries for the %s number %s, which differ; write one of them"
                          % (path, kind, number))
    return sorted(([tag, number, bits] for (tag, number), bits in found.items()), key=_order)


def complete(mode, entries):
    """The whole ACL of a directory whose owner, group and others have what a mode says.

    The mask is all that anybody named has, so that it takes nothing from anybody.
    """
    if not entries:
        return []
    group = mode >> 3 & 7
    mask = group
    for dummy, dummy2, bits in entries:
        mask |= bits
    return sorted([[OWNER, None, mode >> 6 & 7], [OWNING_GROUP, None, group], [MASK, None, mask],
                   [OTHERS, None, mode & 7]] + entries, key=_order)


def declared_mode(shown, acl):
    """The mode as it is declared, from the one that a directory shows: there the mask stands for the group's bits."""
    for tag, dummy, bits in acl or ():
        if tag == OWNING_GROUP:
            return shown & ~0o070 | bits << 3
    return shown


def shown_mode(mode, entries):
    """The mode that a directory with these named entries shows, from the one that is declared."""
    for tag, dummy, bits in complete(mode, entries or ()):
        if tag == MASK:
            return mode & ~0o070 | bits << 3
    return mode


def texts_of(acl, names):
    """An ACL as getfacl writes it: ["user::rwx", "user:backup:r-x", ...]. names: function(kind, number) -> name."""
    return ["%s:%s:%s" % (_WORDS[tag], names(_WORDS[tag], number) if isinstance(number, int) else number or "",
                          letters_of(bits)) for tag, number, bits in acl]


def letters_of(bits):
    return "".join(letter if bits & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))


def command(entries, directory):
    """What gives these entries to a directory of a server, by number: its names may be others."""
    words = ["%s%s:%d:%s" % (prefix, "u" if tag == USER else "g", number, letters_of(bits))
             for prefix in ("", "d:") for tag, number, bits in entries]
    return "setfacl -m %s %s" % (",".join(words), directory) if words else "setfacl -b %s" % directory


def read(name):
    """(access ACL, default ACL) of a directory, or (None, None) where its filesystem shows none."""
    try:
        return _read(name, ACCESS), _read(name, DEFAULT)
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return None, None
        raise


def _read(name, attribute):
    try:
        acl = unpacked(os.getxattr(name, attribute))
    except OSError as error:
        if error.errno == errno.ENODATA:
            return []
        raise
    # One of an owner, a group and others only says what the mode says.
    return [] if attribute == ACCESS and len(acl) == 3 else acl


def write(name, attribute, acl):
    """Give an ACL to a directory, or take it away."""
    if acl:
        os.setxattr(name, attribute, packed(acl))
        return
    try:
        os.removexattr(name, attribute)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise


def packed(acl):
    data = struct.pack("<I", _VERSION)
    for tag, number, bits in acl:
        data += struct.pack("<HHI", tag, bits, _NO_ID if number is None else number)
    return data


def unpacked(data):
    version, = struct.unpack_from("<I", data)
    if version != _VERSION or len(data) % 8 != 4:
        raise OSError(errno.EINVAL, "the kernel returned an ACL of an unknown format (version %d)" % version)
    return sorted(([tag, None if number == _NO_ID else number, bits]
                   for tag, bits, number in struct.iter_unpack("<HHI", data[4:])), key=_order)


def _order(entry):
    """The kernel wants the tags in this order; that of the numbers is for us to compare by."""
    tag, number, dummy = entry
    return tag, isinstance(number, str), number or 0
