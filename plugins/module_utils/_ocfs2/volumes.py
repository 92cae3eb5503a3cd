# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all hosts mean the same device, whether its volume suits them, and which devices are to be formatted. Pure.

A device is what devices.look() tells of it.
"""

import re

from .._plan.plan import refuse
from . import settings

LABEL_BYTES = 63
LAST_SLOT = 255
_TRUE = ("true", "yes", "on", "1")


def checked(filesystems):
    """The declared filesystems with their defaults, a list of dict, or a Refusal that lists what is wrong with them."""
    problems, result = [], []
    for number, declared in enumerate(filesystems, 1):
        label, device = str(declared.get("label") or ""), str(declared.get("device") or "")
        what = "filesystem %s" % (label or "number %d" % number)
        slots = declared.get("slots")
        if not label or len(label.encode("utf-8")) > LABEL_BYTES or re.search(r"[\x00-\x1f\x7f]", label):
            problems.append("%s: the label '%s' cannot be one. Write 1 to %d printable characters, such as vmstore."
                            % (what, label, LABEL_BYTES))
        if not re.match(r"/dev/.+$|UUID=\S+$", device):
            problems.append("%s: '%s' is not a device. Write a path below /dev/disk/by-id." % (what, device))
        if slots is not None and not 1 <= int(slots) <= LAST_SLOT:
            problems.append("%s: it has %s slots, and OCFS2 has 1 to %d." % (what, slots, LAST_SLOT))
        result.append({
            "label": label, "device": device, "slots": None if slots is None else int(slots),
            "format": str(declared.get("format", False)).lower() in _TRUE, "usage": declared.get("usage") or None})
    for key in ("label", "device"):
        values = [each[key] for each in result]
        problems += ["filesystem %s: the %s %s is declared twice. Write every one once." % (value, key, value)
                     for value in sorted(set(values)) if values.count(value) > 1]
    refuse(problems)
    return result


def differing(source, seen):
    """Why a source is not the same device on all hosts, or None. seen: {host: device}, each without a problem."""
    hosts = sorted(seen)
    first = hosts[0]
    for host in hosts[1:]:
        for words in _differences(seen[first], seen[host]):
            return ("%s is not the same device on all hosts: on %s it %s, on %s it %s. Write the path below "
                    "/dev/disk/by-id that the disk has on all of them." % (source, first, words[0], host, words[1]))
    return None


def unsuitable(source, volume, cluster, hosts, slots=None, label=None):
    """[why a volume cannot be what is declared]; [] when it can.

    hosts: how many are to mount it. slots, label: as declared, or None.
    """
    result = []
    if label is not None and volume["label"] != label:
        result.append("%s has the label '%s', and %s is declared. Write that, or change it with tunefs.ocfs2 -L %s." % (
            source, volume["label"], label, label))
    if volume["local"]:
        result.append("%s was formatted for one host only (mkfs.ocfs2 -M local). Unmount it and change it with "
                      "tunefs.ocfs2 -M cluster, or write another device." % source)
        return result
    if volume["stack"] and volume["stack"] != settings.STACK:
        result.append(
            "%s says in its superblock that it belongs to the cluster stack %s, and only o2cb is managed here. Write "
            "ocfs2_cluster_state: unmanaged if that stack runs on the hosts, or unmount it everywhere and change it "
            "with tunefs.ocfs2 --update-cluster-stack while o2cb runs." % (source, volume["stack"]))
    elif volume["cluster"] and volume["cluster"] != cluster:
        result.append(
            "%s says in its superblock that it belongs to the cluster %s, and %s is declared; mount would only say "
            "that the cluster name is invalid. Write ocfs2_cluster_name: %s, or unmount the volume everywhere and "
            "change it with tunefs.ocfs2 --update-cluster-stack while o2cb runs." % (
                source, volume["cluster"], cluster, volume["cluster"]))
    elif volume["global_heartbeat"]:
        result.append(
            "%s says in its superblock that its cluster has a global heartbeat, and only clusters with a local one can "
            "be managed here. Write ocfs2_cluster_state: unmanaged, and keep the cluster by its own tools." % source)
    wanted = max(hosts, slots or 0)
    if volume["slots"] < wanted:
        why = "%d hosts are to mount it at once" % hosts if volume["slots"] < hosts else "%d are declared" % slots
        result.append("%s has %d slots, and %s. Add some with tunefs.ocfs2 -N %d on one host." % (
            source, volume["slots"], why, wanted))
    return result


def not_empty(source, device):
    """Why a device must not be formatted, or None."""
    if device["content"]:
        return ("%s is not empty: there is %s on it, and a device with anything on it is never formatted. Write "
                "another device, or, if nobody needs what is there, remove it with wipefs -a." % (
                    source, ", ".join(device["content"])))
    if device["users"]:
        return "%s is in use: %s. Write another device, or stop what uses it." % (source, ", ".join(device["users"]))
    return None


def _differences(one, other):
    """Pairs of words for what tells two devices apart, the surest first; at most a few."""
    if one["bytes"] != other["bytes"]:
        yield "has %d bytes" % one["bytes"], "has %d bytes" % other["bytes"]
    if bool(one["volume"]) != bool(other["volume"]) or (
            one["volume"] and one["volume"]["uuid"] != other["volume"]["uuid"]):
        yield _volume_in_words(one["volume"]), _volume_in_words(other["volume"])
    if one["volume"]:
        # Numbers of disks may be the same by mistake, and paths to one disk may tell it by different ones.
        return
    if one["identity"] and other["identity"] and one["identity"] != other["identity"]:
        yield "is %s" % one["identity"], "is %s" % other["identity"]
    if not (one["identity"] and other["identity"]) and not set(one["by_id"]) & set(other["by_id"]):
        yield "is %s" % _names(one), "is %s" % _names(other)


def _names(device):
    return " or ".join(device["by_id"]) or device["identity"] or "a disk without a number of its own"


def _volume_in_words(volume):
    return "has the volume %s" % volume["uuid"] if volume else "has no OCFS2"
