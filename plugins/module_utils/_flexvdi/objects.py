# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds of storage have in common: names, hosts, and image storages as the Manager shows them. No I/O."""

import re

from .._plan.plan import Operation, Refusal
from .fields import is_name

OCFS2, EXTERNAL, GLUSTER = "ocfs2", "external", "gluster"
LISTS = ((OCFS2, "read_volumes"), (EXTERNAL, "read_external_volumes"), (GLUSTER, "read_gluster_volumes"))
# Where the Manager's hosts mount OCFS2 volumes.
OCFS2_MOUNTED_AT = "/var/lib/flexvdi/image_storages/%s/%s"

STATES = dict(type="str", default="present", choices=["present", "absent"])


class ManagerState:
    """What is known of the Manager.

    fields: fields.Fields; version: of its API. storage: the image storage in question as read, or None.
    hosts: ids of all registered hosts, or None where they were not needed. media: the media storage, or None.
    check: whether nothing is really done. planned: {image storage: hosts} that the same run creates.
    coming: the volumes that the same run creates in an image storage that does not exist.
    absent: names of volumes that the same run deletes.
    """

    def __init__(self, fields, version="3.1", storage=None, hosts=None, media=None, check=False, planned=None,
                 coming=(), absent=()):
        self.fields = fields
        self.version = version
        self.storage = storage
        self.hosts = hosts
        self.media = media
        self.check = check
        self.planned = planned or {}
        self.coming = coming
        self.absent = absent


def given(text):
    """A declared text, None for one of nothing but blanks: it says as little as none, and takes nothing away."""
    return text if text and text.strip() else None


def names(value):
    """A declared list of names, None where there is none, as a module takes it: numbers are texts, a text has commas.

    Blanks around a name say nothing, and so does an empty one.
    """
    if value is None:
        return None
    listed = value if isinstance(value, (list, tuple)) else str(value).split(",")
    found = ["" if one is None else str(one).strip() for one in listed]
    return [name for name in found if name]


def checked_name(name, what):
    """The name, or a Refusal for one that cannot be an object's."""
    if not name or name != name.strip() or re.search(r"[/\x00-\x1f\x7f]", name):
        raise Refusal("The name %r of %s cannot be used: write one without slashes, line breaks and blanks around it."
                      % (name, what))
    return name


def checked_hosts(hosts, what):
    """The hosts, or a Refusal for none and for one that stands there twice."""
    hosts = names(hosts)
    if not hosts:
        raise Refusal("The %s has no hosts; name at least one, by the id that the Manager shows." % what)
    for host in hosts:
        if hosts.count(host) > 1:
            raise Refusal("The %s names the host %r twice; name it once." % (what, host))
    return hosts


def check_registered(hosts, manager, what):
    """A Refusal for hosts that are not registered at the Manager."""
    unknown = [host for host in hosts if manager.hosts is not None and host not in manager.hosts]
    if unknown:
        raise Refusal("The %s names the host%s %s, which the Manager does not have. It has: %s."
                      % (what, "s" if len(unknown) > 1 else "", ", ".join(unknown), ", ".join(manager.hosts) or "none"))


def read_hosts(fields, document):
    """[{"id", "status"}] of the list of hosts."""
    if not isinstance(document, list):
        raise Refusal("The Manager's answer about its hosts is not a list of hosts.")
    return [{"id": fields.read_name(one, "read_host_id", "a host"), "status": fields.maybe(one, "read_host_status")}
            for one in document]


def read_names(fields, document, key, what):
    """The ids in a list of objects, which may be a list of plain ids; None when the document is no such list."""
    if not isinstance(document, list):
        return None
    return [str(one) if is_name(one) else fields.read_name(one, key, what) for one in document]


def read_image_storage(fields, name, document, version="3.1"):
    """{"name", "hosts", "disks": [{"id", "hosts"}], "volumes": [volume]} of an answer of this version of the API."""
    what = "the image storage %r" % name
    if not isinstance(document, dict):
        raise Refusal("The Manager's answer about %s is not an object with hosts and volumes." % what)
    hosts = read_names(fields, fields.read_list(document, "read_hosts", what), "read_host_id", "a host of %s" % what)
    volumes = []
    for kind, key in LISTS:
        if kind == GLUSTER and version != "3.1":
            continue
        # A list that is missing is not an empty one.
        if kind == GLUSTER and fields[key] not in document:
            raise Refusal("The Manager's answer about %s has no field %r (fields.%s), and one before 3.1 has none: set "
                          "api_version to the Manager's version." % (what, fields[key], key))
        found = fields.read_list(document, key, what)
        volumes.extend(_volume(fields, name, kind, one) for one in found)
    return {
        "name": name, "hosts": hosts,
        "disks": [_disk(fields, one, what) for one in fields.read_list(document, "read_disks", what)],
        "volumes": volumes,
    }


def _disk(fields, document, what):
    if is_name(document):
        return {"id": str(document), "hosts": None}
    found = {"id": fields.read_name(document, "read_disk_id", "a disk of %s" % what), "hosts": None}
    hosts = fields.maybe(document, "read_disk_hosts")
    if isinstance(hosts, list):
        found["hosts"] = read_names(fields, hosts, "read_host_id", "a host of the disk %s" % found["id"])
    return found


def _volume(fields, storage, kind, document):
    name = fields.read_name(document, "read_volume_id", "a volume of the image storage %r" % storage)
    what = "the %s volume %r" % (kind, name)
    volume = {"name": name, "image_storage": storage, "kind": kind}
    if kind == EXTERNAL:
        volume["path"] = fields.read_name(document, "read_mount_point", what)
    elif kind == OCFS2:
        volume["disk"] = fields.read_name(document, "read_volume_disk", what)
        volume["path"] = OCFS2_MOUNTED_AT % (storage, name)
    else:
        volume.update(gluster_name=fields.maybe(document, "read_gvolume_name"),
                      redundancy=fields.maybe(document, "read_redundancy"),
                      brick_paths=[str(path) for path in fields.maybe_list(document, "read_brick_paths", what)] or None)
    for key in ("total_space", "free_space", "status", "status_msg"):
        volume[key] = fields.maybe(document, "read_" + key)
    for key, inner in (("images", "image_id"), ("clones", "clone_id")):
        volume[key] = [str(one.get(inner, "?") if isinstance(one, dict) else one)
                       for one in fields.maybe_list(document, "read_" + key, what)]
    return volume


def task(fields, task_type, target, summary, values):
    """The operation that asks for a task; values: (key of the table, value) pairs in the order they are sent."""
    document = {"type": fields[task_type] if task_type == "gvolume_delete" else task_type}
    document.update((fields[key], value) for key, value in values)
    keys = [key for key, _value in values] + (["gvolume_delete"] if task_type == "gvolume_delete" else [])
    return Operation(task_type, target, summary, document=document, keys=keys)
