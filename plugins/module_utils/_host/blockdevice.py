# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which block device a declared source stands for: LABEL=…, UUID=…, or a path below /dev."""

import os
import re

from .commands import run

_TAGS = {"LABEL": ("/dev/disk/by-label", "-L"), "UUID": ("/dev/disk/by-uuid", "-U")}
# Names that the kernel gives in the order it finds the devices.
_BARE = re.compile(r"/dev/(sd|hd|vd|xvd|nvme|dm-|md)[a-z0-9]*$")


def is_bare(source):
    """Whether a source is a name that may mean another disk after the next boot, or on the next host."""
    return bool(_BARE.match(source))


def link_of(source):
    """The path that udev keeps for a source; a path stays as it is."""
    tag, equals, value = source.partition("=")
    return os.path.join(_TAGS[tag][0], encoded(value)) if equals and tag in _TAGS else source


def resolve(source, seconds):
    """The path below /dev that a source stands for on this host, or None; TimedOut when the devices do not answer."""
    link = link_of(source)
    if os.path.exists(link):
        return os.path.realpath(link)
    tag, equals, value = source.partition("=")
    if not (equals and tag in _TAGS):
        return None
    # A host that did not make the filesystem itself may not have noticed it: blkid looks at the devices.
    code, output = run(["blkid", _TAGS[tag][1], value], seconds)
    return os.path.realpath(output) if code == 0 and output.startswith("/dev/") else None


def number_of(path):
    """A block device's number as mountinfo has it, "major:minor"; OSError when it is none."""
    status = os.stat(path)
    if status.st_mode & 0o170000 != 0o060000:
        raise OSError(0, "%s is not a block device" % path)
    return "%d:%d" % (os.major(status.st_rdev), os.minor(status.st_rdev))


def encoded(name):
    r"""A label as udev writes it in a file's name: what is not harmless as \x and two digits a byte."""
    return "".join(
        each if re.match(r"[0-9A-Za-z#+\-.:=@_]$", each) or ord(each) > 127 else "\\x%02x" % ord(each) for each in name)
