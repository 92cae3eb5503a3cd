# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes of a file that chattr(1) changes, on any machine."""

import array
import ctypes
import fcntl
import os
import platform

# Linux: include/uapi/linux/fs.h
IMMUTABLE = 0x10
APPEND_ONLY = 0x20


def get(descriptor):
    """The attributes of an open file as a number; OSError where the filesystem has none."""
    # The kernel reads and writes an int there, though the number says long.
    value = array.array("i", [0, 0])
    fcntl.ioctl(descriptor, _requests(platform.machine())[0], value, True)
    return value[0]


def put(descriptor, attributes):
    """Give an open file these attributes."""
    fcntl.ioctl(descriptor, _requests(platform.machine())[1], array.array("i", [attributes, 0]), True)


def of(path):
    """The attributes of a file or directory by its name, 0 where there are none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        return get(descriptor)
    except OSError:
        return 0
    finally:
        os.close(descriptor)


def _requests(machine):
    """(get, set) numbers of the ioctls: _IOR('f', 1, long) and _IOW('f', 2, long) of the machine."""
    size = ctypes.sizeof(ctypes.c_long) << 16
    odd = machine.startswith(("ppc", "mips", "sparc", "alpha"))
    read, write = (0x40000000, 0x80000000) if odd else (0x80000000, 0x40000000)
    return read | size | 0x6601, write | size | 0x6602
