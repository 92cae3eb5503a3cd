# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of an image storage: external directories, OCFS2 on a shared disk, Gluster. No I/O.

There is no task that modifies a volume. What differs is refused, and never corrected by deleting and creating.
"""

import posixpath
import re

from .._host import mountinfo
from .._plan.plan import Plan, Refusal
from . import objects

COMMON_SPEC = dict(
    name=dict(type="str", required=True),
    image_storage=dict(type="str", required=True),
    state=objects.STATES,
    allow_delete_with_images=dict(type="bool", default=False),
    expected_image_storages=dict(type="dict", default={}),
)


def checked_path(path, what):
    """The path without a slash at its end; a Refusal for one that is relative, /, goes up, or has slashes too many."""
    clean = path.rstrip("/")
    # Python keeps two slashes at the beginning; to the kernel they are one.
    if not path.startswith("/") or path.startswith("//") or not clean or clean != posixpath.normpath(path):
        raise Refusal("The %s has the path %r; write an absolute one without ., .. and doubled slashes, and not / itself."
                      % (what, path))
    return clean


def validated(kind, params):
    """The declaration of a volume of this kind (External, Ocfs2 or Gluster below), or a Refusal."""
    desired = {
        "name": objects.checked_name(params["name"], "a volume"),
        "image_storage": objects.checked_name(params["image_storage"], "an image storage"),
        "state": params["state"], "allow_delete_with_images": params["allow_delete_with_images"],
    }
    desired["target"] = "%s/%s" % (desired["image_storage"], desired["name"])
    desired.update(kind.settings(params, label(kind, desired)))
    return desired


def label(kind, desired):
    return "%s volume %r of image storage %r" % (kind.word, desired["name"], desired["image_storage"])


def plan(kind, desired, manager):
    """(Plan, the volume afterwards or None)."""
    what = label(kind, desired)
    current = _current(kind, desired, manager, what)
    if desired["state"] == "absent":
        return _plan_absent(kind, current, desired, manager, what), None
    kind.check(desired, manager, what)
    if current is not None:
        return Plan(warnings=_compare(kind, current, desired, manager, what)), current
    hosts = _hosts(desired, manager, what)
    warnings = kind.check_new(desired, manager, hosts, what)
    if manager.storage is None and desired["image_storage"] not in manager.planned:
        warnings.append("The image storage %r does not exist yet; the %s is predicted on the assumption that something "
                        "creates it first." % (desired["image_storage"], what))
    shown = dict((key, desired[key]) for key in kind.shown if desired[key] not in (None, ""))
    operation = objects.task(manager.fields, kind.create, desired["target"], kind.summary(desired),
                             [(kind.id_key, desired["name"]), (kind.storage_key, desired["image_storage"])]
                             + [(key, desired[setting] or "") for setting, key, _read in kind.fixed])
    after = dict(shown, name=desired["name"], image_storage=desired["image_storage"], kind=kind.kind,
                 status=None, status_msg=None, total_space=None, free_space=None, images=[], clones=[])
    target = desired["target"]
    return Plan([operation], before={target: {"state": "absent"}},
                after={target: dict(shown, state="present", kind=kind.kind)}, warnings=warnings), after


def _current(kind, desired, manager, what):
    volumes = manager.storage["volumes"] if manager.storage is not None else []
    found = [volume for volume in volumes if volume["name"] == desired["name"]]
    if len(found) > 1:
        raise Refusal("The image storage %r shows %d volumes named %r; rename or delete one in the Dashboard."
                      % (desired["image_storage"], len(found), desired["name"]))
    if found and found[0]["kind"] != kind.kind:
        raise Refusal("The %s is declared, and the Manager has a volume of that name of kind %s there. Take another "
                      "name, or the module for that kind." % (what, found[0]["kind"]))
    return found[0] if found else None


def _hosts(desired, manager, what):
    """The hosts of the image storage, or None where nobody can know them yet."""
    if manager.storage is not None:
        return manager.storage["hosts"]
    if not manager.check:
        raise Refusal("The %s cannot be created: there is no such image storage. Create it first "
                      "(flexvdi_image_storage)." % what)
    return manager.planned.get(desired["image_storage"])


def _compare(kind, current, desired, manager, what):
    """Warnings about what cannot be compared; a Refusal for what differs."""
    warnings = []
    for setting, _key, read in kind.fixed:
        wanted, found = desired[setting], current[setting]
        if wanted in (None, ""):
            continue
        if found is None:
            warnings.append("Whether the %s of the %s is %s cannot be compared: the Manager's answer has no field %r "
                            "(fields.%s)." % (kind.words[setting], what, _shown(wanted), manager.fields[read], read))
        elif not kind.same(setting, wanted, found):
            raise Refusal("The %s has the %s %s, declared is %s. flexVDI has no task to modify a volume, and deleting "
                          "and creating it would lose its images: correct the declaration, or move the images and "
                          "delete the volume yourself." % (what, kind.words[setting], _shown(found), _shown(wanted)))
    return warnings


def _shown(value):
    return ", ".join(value) if isinstance(value, list) else str(value)


def _plan_absent(kind, current, desired, manager, what):
    if current is None:
        return Plan()
    held = current["images"] + current["clones"]
    if held and not desired["allow_delete_with_images"]:
        raise Refusal("The %s is not empty: it holds the images %s. Move or delete them first, or set "
                      "allow_delete_with_images: true." % (what, ", ".join(held)))
    target = desired["target"]
    operation = objects.task(manager.fields, kind.delete, target, "delete the %s volume" % kind.word, [
        (kind.id_key, desired["name"]), (kind.storage_key, desired["image_storage"])])
    return Plan([operation], before={target: {"state": "present", "kind": kind.kind}},
                after={target: {"state": "absent"}})


class _Kind:
    """What distinguishes the kinds.

    fixed: (setting, key in requests, key in answers) of what a volume is created with; words: their names in messages.
    """

    shown = ()
    words = {}

    @staticmethod
    def check(desired, manager, what):
        """A Refusal for what can never be, whether it exists or not."""

    @staticmethod
    def check_new(desired, manager, hosts, what):
        """Warnings about a volume to be created, or a Refusal. hosts: of the image storage, or None."""
        return []

    @staticmethod
    def same(setting, wanted, found):
        return wanted == found


class External(_Kind):
    kind, word = objects.EXTERNAL, "external"
    create, delete = "evolume_create", "evolume_delete"
    id_key, storage_key = "evolume_id", "evolume_image_storage"
    fixed = (("path", "evolume_mount_point", "read_mount_point"),)
    words = {"path": "mount point"}
    shown = ("path",)
    spec = dict(COMMON_SPEC, path=dict(type="str"), proven=dict(type="bool", default=False))

    @staticmethod
    def settings(params, what):
        path = objects.given(params["path"])
        return {"path": None if path is None else checked_path(path, what), "proven": params["proven"]}

    @staticmethod
    def check_new(desired, manager, hosts, what):
        if desired["path"] is None:
            raise Refusal("The %s does not exist and has no path to create it with; write where its filesystem is "
                          "mounted on all hosts." % what)
        warnings = []
        for other in manager.storage["volumes"] if manager.storage is not None else manager.coming:
            if External.same("path", desired["path"], other.get("path") or ""):
                warnings.append("The %s gets the same directory %s as the volume %r."
                                % (what, desired["path"], other["name"]))
        if not desired["proven"]:
            warnings.append(
                "Nothing here looks whether %s is the same filesystem on %s, and whether the qemu user may write "
                "there; guests will not start where it is not. The role flexvdi_storage creates a volume only when "
                "both are proven." % (desired["path"], "all of " + ", ".join(hosts) if hosts else "all hosts"))
        return warnings

    @staticmethod
    def summary(desired):
        return "create the external volume in %s" % desired["path"]

    @staticmethod
    def same(setting, wanted, found):
        return wanted == (found.rstrip("/") or "/")


class Ocfs2(_Kind):
    kind, word = objects.OCFS2, "OCFS2"
    create, delete = "volume_create", "volume_delete"
    id_key, storage_key = "volume_id", "volume_image_storage"
    fixed = (("disk", "volume_disk", "read_volume_disk"),)
    words = {"disk": "disk"}
    shown = ("disk",)
    spec = dict(COMMON_SPEC, disk=dict(type="str"), format=dict(type="bool", default=False))

    @staticmethod
    def settings(params, what):
        return {"disk": (params["disk"] or "").strip() or None, "format": params["format"]}

    @staticmethod
    def check_new(desired, manager, hosts, what):
        disk = desired["disk"]
        if not disk:
            raise Refusal("The %s does not exist and has no disk to create it on; write its SCSI id, as "
                          "flexvdi_storage_info shows it." % what)
        if not desired["format"]:
            raise Refusal("The %s does not exist, and creating it formats the disk %s: everything on it is lost. Set "
                          "format: true if that is meant." % (what, disk))
        if manager.storage is None:
            return ["Whether the disk %s is usable on all hosts is seen only when the image storage of the %s exists."
                    % (disk, what)]
        # The disks were listed for the hosts that the image storage has, and it may be about to get others.
        asked = set(manager.storage.get("disks_of", hosts))
        usable = [one for one in manager.storage["disks"] if one["id"] == disk]
        if not usable and asked <= set(hosts):
            raise Refusal("The %s cannot be created: the Manager does not list the disk %s as usable on all hosts of "
                          "the image storage (%s). Usable are: %s."
                          % (what, disk, ", ".join(sorted(asked)),
                             ", ".join(one["id"] for one in manager.storage["disks"]) or "none"))
        seeing = set() if not usable else asked if usable[0]["hosts"] is None else set(usable[0]["hosts"])
        blind = sorted(asked & set(hosts) - seeing) if usable else []
        if blind:
            raise Refusal("The %s cannot be created: the disk %s is not seen by the host%s %s of the image storage."
                          % (what, disk, "s" if len(blind) > 1 else "", ", ".join(blind)))
        if set(hosts) <= seeing:
            return []
        return ["Whether the disk %s is usable on all hosts is seen only when the image storage of the %s has the hosts %s."
                % (disk, what, ", ".join(sorted(hosts)))]

    @staticmethod
    def summary(desired):
        return "format the disk %s and create the OCFS2 volume on it" % desired["disk"]


class Gluster(_Kind):
    kind, word = objects.GLUSTER, "Gluster"
    create, delete = "gvolume_create", "gvolume_delete"
    id_key, storage_key = "gvolume_id", "gvolume_image_storage"
    fixed = (("gluster_name", "gvolume_name", "read_gvolume_name"),
             ("redundancy", "gvolume_redundancy", "read_redundancy"),
             ("brick_paths", "gvolume_brick_paths", "read_brick_paths"))
    words = {"gluster_name": "name in Gluster", "redundancy": "redundancy", "brick_paths": "brick paths"}
    shown = ("gluster_name", "redundancy", "brick_paths")
    spec = dict(COMMON_SPEC, gluster_name=dict(type="str", default=""), redundancy=dict(type="str"),
                brick_paths=dict(type="list", elements="str"))

    @staticmethod
    def settings(params, what):
        paths = objects.names(params["brick_paths"])
        return {"gluster_name": objects.given(params["gluster_name"]) or "", "redundancy": objects.given(params["redundancy"]),
                "brick_paths": [checked_path(path, what) for path in paths] if paths else None}

    @staticmethod
    def check(desired, manager, what):
        if manager.version != "3.1":
            raise Refusal("The %s cannot be managed: flexVDI has Gluster volumes since 3.1, and api_version is %s. Set "
                          "api_version to the Manager's version, or leave the volume out."
                          % (what, manager.version))

    @staticmethod
    def check_new(desired, manager, hosts, what):
        for key in ("redundancy", "brick_paths"):
            if not desired[key]:
                raise Refusal("The %s does not exist and is declared without %s; write %s, so that it can be created."
                              % (what, key, key))
        check_brick_paths(desired["brick_paths"], what)
        if hosts is not None:
            check_bricks(desired["redundancy"], desired["brick_paths"], hosts, what)
        return ["flexVDI calls Gluster volumes experimental."]

    @staticmethod
    def summary(desired):
        return "create the Gluster volume, redundancy %s, bricks %s" % (
            desired["redundancy"], ", ".join(desired["brick_paths"]))

    @staticmethod
    def same(setting, wanted, found):
        if setting == "brick_paths":
            return sorted(wanted) == sorted(path.rstrip("/") for path in found)
        return wanted == found


def check_brick_paths(paths, what):
    for path in paths:
        around = [other for other in paths if path != other and mountinfo.inside(path, other)]
        if around:
            raise Refusal("The %s has the brick path %s inside its brick path %s; Gluster takes no brick in another."
                          % (what, path, around[0]))
        if paths.count(path) > 1:
            raise Refusal("The %s has the brick path %s twice; name it once." % (what, path))
        if posixpath.dirname(path) == "/":
            raise Refusal("The %s has the brick path %s, whose parent is /: the parent must be a mount point of its "
                          "own, as in /bricks/data%s." % (what, path, path))


def check_bricks(redundancy, paths, hosts, what):
    """A Refusal with the arithmetic where redundancy, brick paths and hosts do not fit together."""
    data, _colon, redundant = redundancy.partition(":")
    if not re.match(r"[1-9][0-9]*:(0|[1-9][0-9]*)\Z", redundancy):
        raise Refusal('The %s has the redundancy %r; write data:redundant in quotes, such as "1:1" (replica 2), "1:2" '
                      '(replica 3) or "2:1" (dispersed).' % (what, redundancy))
    count = len(hosts)
    if count < 2:
        raise Refusal("The %s needs at least two hosts, its image storage has %d (%s)."
                      % (what, count, ", ".join(hosts)))
    bricks = len(paths) * count
    sum_of_bricks = "%d brick path%s x %d hosts = %d bricks" % (
        len(paths), "s" if len(paths) > 1 else "", count, bricks)
    if redundancy in ("1:1", "1:2"):
        copies = int(redundant) + 1
        if bricks % copies:
            raise Refusal("The %s cannot have the redundancy %s (replica %d): %s, which is not a multiple of %d. "
                          "Add or remove brick paths, or take another redundancy."
                          % (what, redundancy, copies, sum_of_bricks, copies))
        return
    if int(redundant) < 1:
        raise Refusal("The %s cannot have the redundancy %s: a dispersed volume needs at least one redundant brick."
                      % (what, redundancy))
    if int(data) + int(redundant) != count:
        raise Refusal("The %s cannot have the redundancy %s (dispersed): %s + %s = %d, and the two must add up to the "
                      "%d hosts of the image storage (%s)."
                      % (what, redundancy, data, redundant, int(data) + int(redundant), count, ", ".join(hosts)))
