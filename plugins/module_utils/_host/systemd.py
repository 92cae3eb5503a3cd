# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether systemd is the init of this host, and how it names the units of a path."""

import functools
import os
import re

BOOTED = "/run/systemd/system"
# Bytes; a longer name is no unit's. systemd: src/basic/unit-name.h, UNIT_NAME_MAX with the byte at its end.
LONGEST_UNIT_NAME = 255


def is_init():
    """Whether it is, as sd_booted(3) tells it."""
    return os.path.isdir(BOOTED)


@functools.lru_cache(maxsize=None)
def unit_name(path, suffix):
    """The name of the unit of a path, as systemd-escape --path --suffix=… writes it. path: in its shortest form."""
    escaped = []
    for position, byte in enumerate(path.strip("/").encode("utf-8", "surrogateescape")):
        character = chr(byte)
        if character == "/":
            escaped.append("-")
        elif re.match(r"[A-Za-z0-9:_]", character) or (character == "." and position):
            escaped.append(character)
        else:
            escaped.append("\\x%02x" % byte)
    return "%s.%s" % ("".join(escaped) or "-", suffix)
