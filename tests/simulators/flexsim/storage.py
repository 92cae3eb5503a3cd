# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each type of task needs in its request and does to the state; every documented rule is here."""

import posixpath


class Refused(Exception):
    """The task ends with result error and this result_msg."""


# task type -> keys of names.REQUESTS that its request must hold, and those that it may
NEEDS = {
    "istorage_create": (("istorage_id", "istorage_hosts"), ()),
    "istorage_modify": (("istorage_id", "istorage_hosts"), ()),
    "istorage_delete": (("istorage_id",), ()),
    "volume_create": (("volume_id", "volume_image_storage", "volume_disk"), ()),
    "volume_delete": (("volume_id", "volume_image_storage"), ()),
    "evolume_create": (("evolume_id", "evolume_image_storage", "evolume_mount_point"), ()),
    "evolume_delete": (("evolume_id", "evolume_image_storage"), ()),
    "gvolume_create": (("gvolume_id", "gvolume_image_storage", "gvolume_name", "gvolume_redundancy",
                        "gvolume_brick_paths"), ()),
    "gvolume_delete": (("gvolume_id", "gvolume_image_storage"), ()),
    "mstorage_create": (("mstorage_id", "mstorage_address", "mstorage_path", "mstorage_hosts"),
                        ("mstorage_username", "mstorage_password")),
    "mstorage_modify": (("mstorage_id", "mstorage_address", "mstorage_path", "mstorage_hosts"),
                        ("mstorage_username", "mstorage_password")),
    "mstorage_delete": (("mstorage_id",), ()),
}
LISTS = ("istorage_hosts", "gvolume_brick_paths", "mstorage_hosts")


def values_of(manager, document):
    """(task type, {key: value}) of a request; ValueError with the message of a request that is malformed."""
    task_type = document.get("type")
    if task_type == manager.names["gvolume_delete"]:
        task_type = "gvolume_delete"
    elif task_type == "gvolume_delete":
        task_type = None
    if task_type not in NEEDS or (task_type.startswith("gvolume") and manager.version != "3.1"):
        raise ValueError("Unknown task type %s" % document.get("type"))
    reserved = () if manager.version == "3.1" else ("repeat", "retries")
    for name in reserved:
        if not isinstance(document.get(name), str):
            raise ValueError("Field %s is missing" % name)
    needed, optional = NEEDS[task_type]
    found = {}
    for key in needed + optional:
        name = manager.names[key]
        if name not in document:
            if key in needed:
                raise ValueError("Field %s is missing" % name)
            continue
        kind = list if key in LISTS else str
        if not isinstance(document[name], kind):
            raise ValueError("Field %s has the wrong type" % name)
        found[key] = document[name]
    return task_type, found


def do(manager, task_type, values):
    family, _underscore, verb = task_type.partition("_")
    ACTIONS[family](manager, verb, values)


def _check_hosts(manager, hosts):
    if not hosts:
        raise Refused("No hosts given")
    for host in hosts:
        if host not in manager.hosts:
            raise Refused("Host %s does not exist" % host)


def _image_storage(manager, verb, values):
    name = values["istorage_id"]
    known = manager.storages.get(name)
    if verb == "create":
        if known is not None:
            raise Refused("Image Storage %s already exists" % name)
        _check_hosts(manager, values["istorage_hosts"])
        manager.storages[name] = {"hosts": list(values["istorage_hosts"]), "volumes": {}}
        return
    if known is None:
        raise Refused("Image Storage %s does not exist" % name)
    if verb == "modify":
        _check_hosts(manager, values["istorage_hosts"])
        known["hosts"] = list(values["istorage_hosts"])
    elif known["volumes"]:
        raise Refused("Image Storage %s is not empty" % name)
    else:
        del manager.storages[name]


def _parent(manager, name):
    if name not in manager.storages:
        raise Refused("Image Storage %s does not exist" % name)
    return manager.storages[name]


def _new_volume(parent, name, **facts):
    if not name or name in parent["volumes"]:
        raise Refused("Volume %s already exists" % name)
    parent["volumes"][name] = dict(facts, status="ok", status_msg="", images=[], clones=[])


def _delete_volume(parent, name, kind):
    if parent["volumes"].get(name, {}).get("kind") != kind:
        raise Refused("Volume %s does not exist" % name)
    if parent["volumes"][name]["images"]:
        raise Refused("Volume %s is not empty" % name)
    del parent["volumes"][name]


def _volume(manager, verb, values):
    parent = _parent(manager, values["volume_image_storage"])
    if verb == "delete":
        _delete_volume(parent, values["volume_id"], "ocfs2")
        return
    if values["volume_disk"] not in manager.usable_disks(parent["hosts"]):
        raise Refused("Disk %s is not usable" % values["volume_disk"])
    _new_volume(parent, values["volume_id"], kind="ocfs2", disk=values["volume_disk"])


def _external_volume(manager, verb, values):
    parent = _parent(manager, values["evolume_image_storage"])
    if verb == "delete":
        _delete_volume(parent, values["evolume_id"], "external")
        return
    if not values["evolume_mount_point"].startswith("/"):
        raise Refused("Invalid mount point %s" % values["evolume_mount_point"])
    _new_volume(parent, values["evolume_id"], kind="external", mount_point=values["evolume_mount_point"])


def _gluster_volume(manager, verb, values):
    parent = _parent(manager, values["gvolume_image_storage"])
    name = values["gvolume_id"]
    if verb == "delete":
        _delete_volume(parent, name, "gluster")
        return
    _check_bricks(values["gvolume_redundancy"], values["gvolume_brick_paths"], len(parent["hosts"]))
    _new_volume(parent, name, kind="gluster", redundancy=values["gvolume_redundancy"],
                brick_paths=list(values["gvolume_brick_paths"]),
                gvolume_name=values["gvolume_name"] or "%s_%s" % (values["gvolume_image_storage"], name))


def _check_bricks(redundancy, paths, hosts):
    data, colon, redundant = redundancy.partition(":")
    if not colon or not data.isdigit() or not redundant.isdigit():
        raise Refused("Invalid redundancy %s" % redundancy)
    bricks = len(paths) * hosts
    if hosts < 2 or not paths:
        raise Refused("At least two hosts and one brick path are needed")
    if redundancy == "1:1":
        fits = bricks % 2 == 0
    elif redundancy == "1:2":
        fits = bricks % 3 == 0
    else:
        fits = int(redundant) > 0 and int(data) + int(redundant) == hosts
    if not fits:
        raise Refused("Redundancy %s does not fit %d bricks on %d hosts" % (redundancy, bricks, hosts))
    for path in paths:
        if posixpath.dirname(path) in ("", "/"):
            raise Refused("The parent of brick %s is not a mount point other than /" % path)


def _media_storage(manager, verb, values):
    name = values["mstorage_id"]
    if verb == "create" and name in manager.media:
        raise Refused("Media Storage %s already exists" % name)
    if verb != "create" and name not in manager.media:
        raise Refused("Media Storage %s does not exist" % name)
    if verb == "delete":
        del manager.media[name]
        return
    _check_hosts(manager, values["mstorage_hosts"])
    before = manager.media.get(name, {"username": "", "password": ""})
    manager.media[name] = {
        "address": values["mstorage_address"], "path": values["mstorage_path"],
        "hosts": list(values["mstorage_hosts"]),
        "username": values.get("mstorage_username", before["username"]),
        "password": values.get("mstorage_password", before["password"]),
    }


ACTIONS = {"istorage": _image_storage, "volume": _volume, "evolume": _external_volume, "gvolume": _gluster_volume,
           "mstorage": _media_storage}
