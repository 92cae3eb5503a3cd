# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an OCFS2 filesystem says of itself in its superblock. Pure.

Source of the offsets: ocfs2_fs.h of the Linux kernel. Reading it needs no tools and takes no lock, so it can be asked
of a device that is mounted elsewhere.
"""

import binascii
import struct

# The superblock lies in block 2, whatever the size of a block is.
_BLOCK_SIZES = (512, 1024, 2048, 4096)
_SIGNATURE = b"OCFSV2\0\0"
_SUPER = 0xC0  # of ocfs2_super_block in its ocfs2_dinode
_INCOMPAT_LOCAL_MOUNT = 0x0008
_INCOMPAT_USERSPACE_STACK = 0x0080
_INCOMPAT_CLUSTERINFO = 0x4000
_GLOBAL_HEARTBEAT = 0x01

# How much of a device must be read to see any of the possible places, in whole blocks.
BYTES = 3 * _BLOCK_SIZES[-1]


def parse(data):
    """The filesystem in the first BYTES of a device, or None when there is no OCFS2.

    C({"label", "uuid" (as udev writes it), "slots", "block_size", "cluster_size", "local" (bool),
    "stack", "cluster" ("" for what does not say it), "global_heartbeat" (bool)})
    """
    for size in _BLOCK_SIZES:
        block = data[2 * size:2 * size + 512]
        if len(block) == 512 and block[:8] == _SIGNATURE:
            superblock = block[_SUPER:]
            if 1 << struct.unpack_from("<I", superblock, 0x38)[0] == size:
                return _fields(superblock)
    return None


def uuid_of(uuid):
    """A UUID as udev and blkid write it: lower case, in groups."""
    text = uuid.lower()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _fields(superblock):
    incompat, = struct.unpack_from("<I", superblock, 0x20)
    block_bits, cluster_bits, slots = struct.unpack_from("<IIH", superblock, 0x38)
    said = bool(incompat & (_INCOMPAT_USERSPACE_STACK | _INCOMPAT_CLUSTERINFO))
    return {
        "label": _text(superblock[0x50:0x90]),
        "uuid": uuid_of(binascii.hexlify(superblock[0x90:0xA0]).decode("ascii")),
        "slots": slots,
        "block_size": 1 << block_bits,
        "cluster_size": 1 << cluster_bits,
        "local": bool(incompat & _INCOMPAT_LOCAL_MOUNT),
        "stack": _text(superblock[0xA0:0xA4]) if said else "",
        "cluster": _text(superblock[0xA8:0xB8]) if said else "",
        "global_heartbeat": said and bool(struct.unpack_from("<B", superblock, 0xA4)[0] & _GLOBAL_HEARTBEAT),
    }


def _text(field):
    return field.split(b"\0")[0].decode("utf-8", "replace")
