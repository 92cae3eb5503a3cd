# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one.image.* and one.imagepool.info."""

from . import calls_common, configuration, failures, text
from .authorization import ADMIN, MANAGE, USE
from .calls import method
from .datastore import BACKUP_DS, FILE_DS, IMAGE_DS, SYSTEM_DS
from .image import (
    BACKUP,
    DATABLOCK,
    FILE_TYPES,
    FILESYSTEM,
    OS,
    READY,
    STATE_WORDS,
    TYPE_WORDS,
    Image,
    type_of,
)
from .poolobject import Refused
from .template import Template

WORD = "image"
# Seconds after which the server waits no longer for the size of an image.
LONGEST_STAT = 90


@method("one.image.allocate", writes=True)
def allocate(call):
    parameters, oned = call.parameters, call.oned
    skip_capacity = parameters.optional(parameters.boolean, 3, False) and call.caller.is_admin
    datastore_id = parameters.integer(2)
    template = Template.parse(parameters.string(1), unique=True)
    store = calls_common.existing(oned.datastores, "datastore", datastore_id)
    if store.type in (SYSTEM_DS, BACKUP_DS):
        raise failures.cannot_allocate(WORD, "New images can only be allocated in a files or image datastore.")
    size = _stat(oned, store, template)
    available, check = store.available_mb()
    if check and not skip_capacity and size > available:
        raise failures.CallFailed(failures.ACTION, "Not enough space in datastore")
    _refuse_restricted(call, template)
    call.asking().create("IMAGE").ask(USE, store.target()).require()
    owner = (call.caller.uid, call.caller.gid, datastore_id, size)
    _within_quotas(call, *owner)
    _settle_persistence(template)
    if store.persistent_only and not template.flag("PERSISTENT"):
        raise failures.cannot_allocate(WORD, "This Datastore only accepts persistent images.")
    try:
        oid = _insert(call, template, store)
    except Refused as error:
        oned.give_back_image(*owner)
        raise failures.cannot_allocate(WORD, error) from error
    store = oned.datastores.get(datastore_id)
    store.images.add(oid)
    oned.datastores.update(store)
    return oid


def _within_quotas(call, uid, gid, datastore_id, size):
    try:
        call.oned.take_image(uid, gid, datastore_id, size)
    except Refused as error:
        message = "User [%d] : %s." % (call.caller.uid, error)
        raise failures.CallFailed(failures.AUTHORIZATION, message) from error


def _stat(oned, store, template):
    """The size in megabytes, which also replaces SIZE in the template. Raises CallFailed."""
    kind = type_of(template.get("TYPE"))
    path, source = template.get("PATH"), template.get("SOURCE")
    said = None
    if kind == FILESYSTEM:
        if not path:
            raise _no_size("Missing PATH attribute.")
    elif kind == BACKUP:
        said = template.get("SIZE")
        if not template.has("SIZE"):
            raise _no_size("")
    elif source or (kind in (OS, DATABLOCK) and not path):
        if template.number("SIZE") is None:
            raise _no_size("Wrong number or missing SIZE attribute.")
        said = template.get("SIZE")
    elif not path:
        raise _no_size("Either PATH or SOURCE are required for %s" % template.get("TYPE"))
    if said is None:
        said = _driver_stat(oned, store, path)
    size = text.leading_number(said)
    if size is None:
        raise _no_size(said)
    template.replace("SIZE", said)
    return size


def _driver_stat(oned, store, path):
    settings = configuration.datastore_driver(store.ds_mad)
    if settings is None or settings["NAME"] != store.ds_mad or store.ds_mad in ("shared", "ssh", "vmfs"):
        raise _no_size("Datastore driver '%s' not available" % store.ds_mad)
    if store.ds_mad != "virtiofs" and not oned.frontend.is_directory(path):
        raise _no_size("Cannot determine size for %s" % path)
    oned.wait_for_stat()
    if oned.stat_delay >= LONGEST_STAT:
        raise _no_size("")
    return str(oned.frontend.megabytes(path))


def _no_size(reason):
    return failures.CallFailed(failures.INTERNAL, "Cannot parse image SIZE: %s" % reason)


def _refuse_restricted(call, template):
    for name in Image.restricted:
        if not call.caller.is_admin and template.has(name):
            raise failures.CallFailed(
                failures.AUTHORIZATION,
                "User [%d] : Template includes a restricted attribute %s." % (call.caller.uid, name),
            )


def _settle_persistence(template):
    persistent = bool(template.flag("PERSISTENT"))
    template.replace("PERSISTENT", persistent)
    if not persistent and text.same_word(template.get("PERSISTENT_TYPE"), "SHAREABLE"):
        template.erase("PERSISTENT_TYPE")


def _insert(call, template, store):
    oned = call.oned
    name, kind = template.get("NAME"), type_of(template.get("TYPE"))
    calls_common.refuse_name(name)
    if kind == BACKUP:
        raise Refused("IMAGES of type BACKUP can only be registered in an BACKUP_DS datastore")
    if kind in FILE_TYPES and store.type != FILE_DS:
        raise Refused("IMAGES of type KERNEL, RAMDISK and CONTEXT cannot be registered in an IMAGE_DS datastore")
    if kind not in FILE_TYPES and store.type != IMAGE_DS:
        raise Refused("Only IMAGES of type KERNEL, RAMDISK and CONTEXT can be registered in a FILE_DS datastore")
    calls_common.refuse_taken(oned.images, name, call.caller.uid)
    oned.leave_a_gap()
    oid = oned.images.insert(Image.new(call.caller.owner, call.caller.umask, template, store), oned)
    oned.register_image(oid)
    return oid


@method("one.image.info", writes=False)
def info(call):
    parameters = call.parameters
    decrypt = parameters.optional(parameters.boolean, 2, False)
    return calls_common.info(call, call.oned.images, WORD, parameters.integer(1), decrypt)


@method("one.image.update", writes=True)
def update(call):
    parameters = call.parameters
    oid = parameters.integer(1)
    how = parameters.optional(parameters.integer, 3, calls_common.REPLACE)
    return calls_common.update(call, call.oned.images, WORD, oid, parameters.string(2), how)


@method("one.image.delete", writes=True)
def delete(call):
    parameters, oned = call.parameters, call.oned
    oid = parameters.integer(1)
    force = parameters.optional(parameters.boolean, 2, False)
    image = calls_common.existing(oned.images, WORD, oid)
    operation = ADMIN if image.is_busy else MANAGE
    if image.is_busy and not force:
        raise failures.CallFailed(
            failures.INTERNAL,
            "Image locked, use --force flag to remove the image. Force delete may leave some files on Datastore",
            oid,
        )
    if force:
        image.template.replace("FORCE_DELETE", True)
        oned.update(oned.images, image)
    return calls_common.delete(call, oned.images, WORD, oid, lambda found: oned.delete_image(found.oid), operation)


@method("one.image.rename", writes=True)
def rename(call):
    oid = call.parameters.integer(1)
    return calls_common.rename(call, call.oned.images, WORD, oid, call.parameters.string(2), per_owner=True)


@method("one.image.chown", writes=True)
def chown(call):
    oned, oid = call.oned, call.parameters.integer(1)
    gid, uid = call.parameters.integer(3), call.parameters.integer(2)

    def move_quota(image, user, group):
        old_uid = image.uid if user is not None else -1
        old_gid = image.gid if group is not None else -1
        new_uid = user.oid if user is not None else -1
        new_gid = group.oid if group is not None else -1
        _within_quotas(call, new_uid, new_gid, image.datastore_id, image.size_mb)
        oned.give_back_image(old_uid, old_gid, image.datastore_id, image.size_mb)

    return calls_common.chown(call, oned.images, WORD, oid, uid, gid, move_quota)


@method("one.image.chmod", writes=True)
def chmod(call):
    oid = call.parameters.integer(1)
    return calls_common.chmod(call, call.oned.images, WORD, oid, call.parameters.permission_bits())


@method("one.image.lock", writes=True)
def lock(call):
    parameters = call.parameters
    oid = parameters.integer(1)
    test = parameters.optional(parameters.boolean, 3, False)
    return calls_common.lock(call, call.oned.images, WORD, oid, parameters.integer(2), test)


@method("one.image.unlock", writes=True)
def unlock(call):
    return calls_common.unlock(call, call.oned.images, WORD, call.parameters.integer(1))


@method("one.image.enable", writes=True)
def enable(call):
    oid = call.parameters.integer(1)
    enabled = call.parameters.boolean(2)
    image = calls_common.authorized(call, call.oned.images, WORD, oid, MANAGE)
    before = image.state
    try:
        image.enable(enabled)
    except Refused as error:
        what = "enable" if enabled else "disable"
        raise failures.CallFailed(failures.INTERNAL, "Could not %s image: %s" % (what, error)) from error
    if image.state != before:
        call.oned.update(call.oned.images, image)
    return oid


@method("one.image.persistent", writes=True)
def persistent(call):
    oned, oid = call.oned, call.parameters.integer(1)
    wanted = call.parameters.boolean(2)
    image = calls_common.authorized(call, oned.images, WORD, oid, MANAGE)
    if wanted == bool(image.persistent):
        return oid
    store = oned.datastores.get(image.datastore_id)
    if store is None:
        raise failures.CallFailed(failures.INTERNAL, "Datastore no longer exists.")
    if text.same_word(store.ds_mad, "lvm"):
        raise failures.CallFailed(
            failures.INTERNAL, "lvm datastores doesn't support change of image persistency."
        )
    if image.type in FILE_TYPES:
        raise failures.CallFailed(failures.ACTION, "KERNEL, RAMDISK and CONTEXT must be non-persistent")
    if image.type == BACKUP:
        raise failures.CallFailed(failures.ACTION, "BACKUP images must be persistent")
    if store.persistent_only and not wanted:
        raise failures.CallFailed(failures.INTERNAL, "This Datastore only accepts persistent images.")
    try:
        image.set_persistent(wanted)
    except Refused as error:
        what = "persistent" if wanted else "non-persistent"
        raise failures.CallFailed(failures.INTERNAL, "Could not make image %s: %s" % (what, error)) from error
    oned.update(oned.images, image)
    return oid


@method("one.image.chtype", writes=True)
def change_type(call):
    oned, oid = call.oned, call.parameters.integer(1)
    word = call.parameters.string(2)
    image = calls_common.authorized(call, oned.images, WORD, oid, MANAGE)
    if image.type in (BACKUP, FILESYSTEM):
        raise failures.CallFailed(failures.ACTION, "Cannot change type for%s images." % TYPE_WORDS[image.type])
    wanted = type_of(word)
    if (image.type in FILE_TYPES) != (wanted in FILE_TYPES) or wanted in (BACKUP, FILESYSTEM):
        raise failures.CallFailed(
            failures.ACTION, "Cannot change image type to an incompatible type for the current datastore."
        )
    image.change_type(word)
    oned.update(oned.images, image)
    return oid


@method("one.image.clone", writes=True)
def clone(call):
    """Only what never works: a directory is not cloned."""
    parameters = call.parameters
    oid = parameters.integer(1)
    parameters.optional(parameters.integer, 3, -1)
    parameters.string(2)
    image = calls_common.existing(call.oned.images, WORD, oid)
    if image.type in FILE_TYPES + (BACKUP, FILESYSTEM):
        raise failures.CallFailed(failures.ACTION, "%s images cannot be cloned." % TYPE_WORDS[image.type])
    raise failures.CallFailed(failures.ACTION, "This endpoint does not clone images.")


def _refuse_snapshots(call, what):
    """Directories have none, and no other image of this endpoint ever gets one."""
    parameters = call.parameters
    oid = parameters.integer(1)
    parameters.integer(2)
    image = calls_common.authorized(call, call.oned.images, WORD, oid, MANAGE)
    if image.type not in (OS, DATABLOCK):
        raise failures.CallFailed(
            failures.ACTION,
            "IMAGES of type KERNEL, RAMDISK, BACKUP, FILESYSTEM and CONTEXT does not have snapshots.",
        )
    if image.state != READY:
        raise failures.CallFailed(failures.ACTION, "Cannot %s in state %s" % (what, STATE_WORDS[image.state]))
    raise failures.CallFailed(failures.ACTION, "Snapshot does not exist")


@method("one.image.snapshotdelete", writes=True)
def delete_snapshot(call):
    _refuse_snapshots(call, "delete snapshot")


@method("one.image.snapshotrevert", writes=True)
def revert_snapshot(call):
    _refuse_snapshots(call, "revert to snapshot")


@method("one.image.snapshotflatten", writes=True)
def flatten_snapshot(call):
    _refuse_snapshots(call, "flatten snapshot")


@method("one.imagepool.info", writes=False)
def listing(call):
    parameters = call.parameters
    end, start, filter_flag = (parameters.integer(number) for number in (3, 2, 1))
    return calls_common.listing(call, call.oned.images, filter_flag, start, end)
