# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elements of a libvirt domain that give a guest a share over virtiofs. Pure.

The defaults are what OpenNebula's driver generates for a disk of type FILESYSTEM, but for the idmap: that is for a
daemon that somebody else than root runs, as OpenNebula's wrapper sees to, and the Rust daemon refuses it as root.
"""

import re
from xml.sax.saxutils import quoteattr

from .._plan.plan import Refusal

# The virtio specification gives a tag 36 bytes (5.11.4).
TAG_BYTES = 36
CACHES = ("always", "none")
SANDBOXES = ("namespace", "chroot")
QUEUE_LARGEST = 1024

DEFAULTS = {"binary": None, "xattr": True, "cache": "always", "sandbox": "namespace", "idmap": None,
            "gid_idmap": None, "queue": QUEUE_LARGEST, "read_only": False}
# What OpenNebula's driver asks for: the guest's root is the user 100000 of the host, and so on.
OPENNEBULA_IDMAP = "0:100000:65536"

# Shared memory is what lets the daemon look into the guest's requests; without it QEMU refuses the device.
MEMORY_BACKING = """\
<memoryBacking>
  <source type='memfd'/>
  <access mode='shared'/>
</memoryBacking>
"""


def filesystem(path, tag, **settings):
    """The <filesystem> element, as text with a line break at its end; Refusal for what libvirt or virtio cannot take.

    path: the directory on the host. tag: what the guest mounts. settings: any of DEFAULTS: binary is the path of the
    daemon (None lets libvirt find it), idmap "GUEST:HOST:COUNT" for users, and groups unless gid_idmap is another; or
    None.
    """
    unknown = sorted(set(settings) - set(DEFAULTS))
    if unknown:
        raise Refusal("%s is not a setting of a filesystem: there are %s"
                      % (", ".join(unknown), ", ".join(sorted(DEFAULTS))))
    chosen = dict(DEFAULTS, **settings)
    _check(path, tag, chosen)
    lines = ["<filesystem type='mount' accessmode='passthrough'>",
             "  <driver type='virtiofs' queue=%s/>" % quoteattr(str(chosen["queue"])),
             "  <binary%s xattr='%s'>" % (" path=%s" % quoteattr(chosen["binary"]) if chosen["binary"] else "",
                                          "on" if chosen["xattr"] else "off"),
             "    <cache mode='%s'/>" % chosen["cache"],
             "    <sandbox mode='%s'/>" % chosen["sandbox"],
             "  </binary>",
             "  <source dir=%s/>" % quoteattr(path),
             "  <target dir=%s/>" % quoteattr(tag)]
    if chosen["idmap"]:
        lines.append("  <idmap>")
        for kind, text in (("uid", chosen["idmap"]), ("gid", chosen["gid_idmap"] or chosen["idmap"])):
            lines.append("    <%s start='%d' target='%d' count='%d'/>" % ((kind,) + mapping(text)))
        lines.append("  </idmap>")
    if chosen["read_only"]:
        lines.append("  <readonly/>")
    lines.append("</filesystem>")
    return "\n".join(lines) + "\n"


def mapping(text):
    """(guest, host, count) of "0:100000:65536"; Refusal when it is none."""
    match = re.match(r"(\d+):(\d+):(\d+)\Z", text)
    if match:
        numbers = tuple(int(part) for part in match.groups())
        if numbers[2] > 0 and max(numbers[0], numbers[1]) + numbers[2] <= 1 << 32:
            return numbers
    raise Refusal("idmap %s is not a mapping: write GUEST:HOST:COUNT, such as 0:100000:65536, the first id in the guest, "
                  "the first on the host, and how many" % text)


def _check(path, tag, chosen):
    if not path.startswith("/") or "\n" in path or "\0" in path:
        raise Refusal("path %r is not usable: write the absolute path of a directory on the host" % path)
    if not tag or len(tag.encode("utf-8")) > TAG_BYTES or re.search(r"[\x00-\x20,]", tag):
        raise Refusal("tag %r is not usable: a guest mounts it by this name; write 1 to %d bytes without blanks and "
                      "commas" % (tag, TAG_BYTES))
    for name, allowed in (("cache", CACHES), ("sandbox", SANDBOXES)):
        if chosen[name] not in allowed:
            raise Refusal("%s %s is not known to libvirt: write one of %s" % (name, chosen[name], ", ".join(allowed)))
    queue = chosen["queue"]
    if not isinstance(queue, int) or not 2 <= queue <= QUEUE_LARGEST or queue & (queue - 1):
        raise Refusal("queue %s is not usable: QEMU takes a power of two up to %d" % (queue, QUEUE_LARGEST))
    if chosen["binary"] and not chosen["binary"].startswith("/"):
        raise Refusal("binary %s is not usable: libvirt wants the daemon's absolute path" % chosen["binary"])
    for text in (chosen["idmap"], chosen["gid_idmap"]):
        if text:
            mapping(text)
    if chosen["gid_idmap"] and not chosen["idmap"]:
        raise Refusal("gid_idmap %s stands without idmap: map users too" % chosen["gid_idmap"])
