# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filesystem images, the directories a VirtioFS datastore registers: the typed spec, what is declared, what is shown.

No I/O.
"""

import re

from .._plan.plan import Refusal, refuse
from . import image_replacement, objects, ownership, template
from .pool import Pool

FILESYSTEM = "FILESYSTEM"
TYPES = ("OS", "CDROM", "DATABLOCK", "KERNEL", "RAMDISK", "CONTEXT", "BACKUP", FILESYSTEM)
STATES = ("init", "ready", "used", "disabled", "locked", "error", "clone", "delete", "used_pers", "locked_used",
          "locked_used_pers")
# virtio-fs keeps 36 bytes for a tag.
TAG_LIMIT = 36
TYPED = (("mount_tag", "MOUNT_TAG"), ("mount_point", "MOUNT_POINT"))
OPTION_OF = dict((attribute, option) for option, attribute in TYPED)
OWN_OPTION = {"NAME": "name (and new_name to rename)", "TYPE": "nothing: it is always FILESYSTEM", "PATH": "path",
              "SOURCE": "path", "PERSISTENT": "persistent", "DATASTORE": "datastore", "DATASTORE_ID": "datastore",
              "STATE": "state", "ID": "id", "UID": "owner", "GID": "group", "UNAME": "owner", "GNAME": "group",
              "PERMISSIONS": "mode"}
SERVER_OWNED = re.compile(r"^(ERROR|DRIVER|FORMAT|FS|SIZE|DISK_TYPE|TM_MAD|DEV_PREFIX|FORCE_DELETE|REGTIME|MODTIME)$")


def argument_spec():
    """The spec of one filesystem image: of one_filesystem_image and of each element of one_filesystem_images."""
    return dict(
        name=dict(type="str"),
        id=dict(type="int"),
        new_name=dict(type="str"),
        state=dict(type="str", default="present", choices=["present", "absent", "enabled", "disabled"]),
        datastore=dict(type="str"),
        path=dict(type="str"),
        mount_tag=dict(type="str"),
        mount_point=dict(type="str"),
        persistent=dict(type="bool"),
        owner=dict(type="str"),
        group=dict(type="str"),
        mode=dict(type="raw"),
        attributes=dict(type="dict"),
        attributes_mode=dict(type="str", default="merge", choices=["merge", "exact"]),
        replace=dict(type="bool", default=False),
        force=dict(type="bool", default=False),
    )


# -- what the server has -----------------------------------------------------------------------------------------


def read_pool(document):
    """The images in the body of one.imagepool.info, by id."""
    return sorted((read(element) for element in template.parse(document).findall("IMAGE")),
                  key=lambda image: image["id"])


def read(element):
    """One image from its XML element."""
    image = objects.identity(element)
    image.update(
        type=objects.enum(TYPES, objects.child_int(element, "TYPE", -1)),
        state=objects.enum(STATES, objects.child_int(element, "STATE", -1)),
        persistent=objects.child_text(element, "PERSISTENT") == "1",
        path=objects.child_text(element, "PATH"),
        source=objects.child_text(element, "SOURCE"),
        datastore=objects.child_text(element, "DATASTORE"),
        datastore_id=objects.child_int(element, "DATASTORE_ID", -1),
        running_vms=objects.child_int(element, "RUNNING_VMS"),
        vm_ids=objects.ids_in(element, "VMS"),
        registered=objects.child_int(element, "REGTIME"),
        lock=objects.lock_of(element.find("LOCK")),
    )
    return image


def error_of(image):
    """The server's own reason why an image is in state error."""
    values = image["template"].get("ERROR") or ["OpenNebula gives no reason; see oned.log on the front end"]
    return str(values[0]).rstrip(".")


def public(image):
    """An image as the modules return it."""
    result = dict((key, value) for key, value in image.items() if key not in ("template", "registered", "lock"))
    result["permissions"] = objects.letters(image["mode"])
    shown = objects.hidden(image["template"])
    for option, attribute in TYPED:
        if shown.get(attribute):
            result[option] = shown[attribute][0]
    if image["state"] == "error":
        result["error"] = error_of(image)
    result["attributes"] = template.friendly(dict(
        (name, values) for name, values in shown.items()
        if name not in OPTION_OF and not SERVER_OWNED.match(name)))
    return result


# -- what is declared --------------------------------------------------------------------------------------------


def label(item):
    """How messages call a declared image."""
    return "filesystem image %r" % (item["name"] if item["name"] is not None else "id %s" % item["id"])


def validated(items):
    """The declared images, checked and normalised, or one Refusal that lists every problem."""
    problems = []
    desired = []
    for position, item in enumerate(items, 1):
        try:
            desired.append(_validated(item, position))
        except Refusal as refusal:
            problems.extend(refusal.problems)
    problems.extend(_repeated(desired))
    refuse(problems)
    return desired


def _repeated(desired):
    """A sentence for each image declared twice: names are unique for each owner, so the same name may come back."""
    seen = set()
    for item in desired:
        for name in set([item["name"], item["new_name"]]) - set([None]):
            key = (name, item["owner"], item["datastore"])
            if key in seen:
                yield "The %s is declared twice in one list; declare it once." % label(item)
            seen.add(key)
        if item["id"] is not None and ("id", item["id"]) in seen:
            yield "The image with the id %d is declared twice in one list; declare it once." % item["id"]
        seen.add(("id", item["id"]))


def _validated(item, position):
    where = "filesystem image %d of the list" % position
    wanted = dict((key, item.get(key)) for key in (
        "id", "state", "persistent", "owner", "group", "attributes_mode", "replace", "force", "path"))
    names, warnings = objects.declared_names(item, where)
    wanted.update(names)
    if wanted["name"] is None and wanted["id"] is None:
        raise Refusal("%s has neither name nor id; give one." % objects.sentence(where))
    what = label(wanted)
    wanted["datastore"] = None if item.get("datastore") is None else str(item["datastore"]).strip(template.BLANKS)
    wanted["target"] = wanted["new_name"] or wanted["name"] or "image %s" % wanted["id"]
    wanted["mode"] = objects.octal(item.get("mode"), what)
    if wanted["path"] is not None:
        objects.directory(wanted["path"], "path", objects.sentence(what))
    wanted["attributes"], more = template.clean(item.get("attributes") or {}, what, repeatable=False)
    wanted["warnings"] = warnings + more
    for name in wanted["attributes"]:
        if name in OPTION_OF or name in OWN_OPTION:
            raise Refusal("The attribute %s of %s does nothing there; the option for it is %s."
                          % (name, what, OPTION_OF.get(name) or OWN_OPTION[name]))
        if name in ("UID_MAP", "GID_MAP"):
            wanted["warnings"].append("The attribute %s of %s has no effect: OpenNebula takes it from DISK in the template "
                                      "of the host or of its cluster." % (name, what))
        if SERVER_OWNED.match(name):
            raise Refusal("The attribute %s of %s belongs to OpenNebula; leave it out of attributes." % (name, what))
    for option, attribute in TYPED:
        if item.get(option) is not None:
            wanted["attributes"][attribute] = _mount_value(item[option], option, attribute, what)
    return wanted


def _mount_value(value, option, attribute, what):
    if template.text(value, attribute, what) != value:
        raise Refusal("The %s %r of %s has blanks around it, which OpenNebula would leave out; leave them out."
                      % (option, value, what))
    if not value:
        return []
    if option == "mount_point":
        return [objects.directory(value, option, objects.sentence(what))]
    if re.search(r"\s", value) or len(value.encode("utf-8")) > TAG_LIMIT:
        raise Refusal("The mount_tag %r of %s is not one word of at most %d bytes, which is all a virtio-fs tag can "
                      "hold; shorten it." % (value, what, TAG_LIMIT))
    return [value]


def needs(desired, images, datastores):
    """Which further reads the plan needs: a set out of users, groups, and the ids of VMs. What is converged needs none.
    """
    wanted, claims = set(), claimed(desired)
    for item in desired:
        try:
            datastore = find_datastore(item, datastores)
            current = find(item, images, datastore, claims)
        except Refusal:
            continue
        if current is not None:
            if current["lock"]:
                wanted.add("users")
            if _frees(item, current):
                wanted.update(current["vm_ids"])
            if made_anew(current, item):
                current = None
        if item["state"] != "absent":
            wanted |= ownership.needs(item, current)
    return wanted


def _frees(item, current):
    """Whether what is declared is impossible while a VM uses the image."""
    return (item["state"] in ("absent", "disabled") or made_anew(current, item)
            or item["persistent"] not in (None, current["persistent"]))


def made_anew(current, item):
    """Whether an image has to be registered again: it failed, or its path is another one."""
    return current["state"] == "error" or not _has_path(current, item)


def _has_path(current, item):
    """Whether an image is of the declared directory, however the server has it written; so is any where none is declared."""
    return item["path"] in (None, objects.plain(current["path"]))


def find_datastore(item, datastores):
    """The declared datastore as read back, or None when none is declared or it does not exist."""
    if item["datastore"] is None:
        return None
    return _meant_datastore(item["datastore"], datastores, "The %s" % label(item))


def inside_datastore(word, images):
    """The images of the datastore given by name or id; a Refusal when that means more than one datastore."""
    word = word.strip(template.BLANKS)
    homes = dict((image["datastore_id"], {"id": image["datastore_id"], "name": image["datastore"]}) for image in images)
    home = _meant_datastore(word, Pool(homes.values()), "The option datastore")
    return [image for image in images if home is not None and image["datastore_id"] == home["id"]]


def _meant_datastore(word, datastores, subject):
    found = datastores.named(word)
    by_id = datastores.numbered(objects.whole_number(word))
    if len(found) > 1 or (found and by_id and by_id[0] is not found[0]):
        raise Refusal("%s names the datastore %r, which means more than one (ids %s); delete or rename the wrong "
                      "one." % (subject, word, " and ".join(
                          str(one) for one in sorted(set(datastore["id"] for datastore in found + by_id)))))
    return (found or by_id or [None])[0]


def claimed(desired):
    """{name: [declaration]} of those that say whose image of a name they mean."""
    claims = {}
    for item in desired:
        if item["owner"] is not None:
            for name in set([item["name"], item["new_name"]]) - set([None]):
                claims.setdefault(name, []).append(item)
    return claims


def find(item, images, datastore, claims):
    """The image of a Pool that a declaration means, or None; a Refusal when it is not one.

    datastore: read-back datastore the image is declared in, or None. claims: claimed() of all declarations of the call, so
    that an image declared with its owner is not taken for another one, declared without or with one to be corrected.
    """
    what = label(item)
    if item["id"] is not None:
        found = [image for image in images.numbered(item["id"]) if _lives(image)]
        if not found:
            if item["state"] == "absent":
                return None
            raise Refusal("No image has the id %d; leave id out to create one by its name." % item["id"])
        if item["name"] is not None and found[0]["name"] not in (item["name"], item["new_name"]):
            raise Refusal("The image with the id %d is named %r, not %r; leave name out, or write new_name to rename "
                          "it." % (item["id"], found[0]["name"], item["name"]))
        return found[0]
    found = _named(item, item["name"], images, datastore, claims) or _being_renamed(item, images, datastore)
    if item["new_name"] is not None and item["new_name"] != item["name"]:
        renamed = _named(item, item["new_name"], images, datastore, claims)
        if found and renamed:
            raise Refusal("The %s cannot be renamed to %r: image %d has that name already."
                          % (what, item["new_name"], renamed[0]["id"]))
        found = found or renamed
    if len(found) > 1:
        raise Refusal("%d images are named %r (%s); give owner, or the id of the one meant."
                      % (len(found), item["name"], ", ".join(
                          "id %d of %s in datastore %s" % (image["id"], image["owner"], image["datastore"])
                          for image in found)))
    return found[0] if found else None


def _being_renamed(item, images, datastore):
    """The images that an earlier run has registered in the place of the one meant, and not given its name yet."""
    return _owned(item, image_replacement.begun(images, item["name"], datastore))


def being_deleted(item, images, datastore):
    """Images that the declaration of an absent one can mean, and whose deletion has begun."""
    if item["id"] is not None:
        return [image for image in images.numbered(item["id"]) if not _lives(image)]
    return [image for image in images.named(item["name"]) if not _lives(image) and image["type"] == FILESYSTEM and (
        item["datastore"] is None or (datastore is not None and image["datastore_id"] == datastore["id"])) and (
            item["owner"] is None or objects.is_named(item["owner"], image["owner"], image["owner_id"]))]


def _lives(image):
    return image["state"] != "delete"


def _named(item, name, images, datastore, claims):
    """The images a name can mean: in the declared datastore, and of the declared owner, see _owned()."""
    found = [image for image in images.named(name) if _lives(image)]
    if item["datastore"] is not None:
        found = [image for image in found if datastore is not None and image["datastore_id"] == datastore["id"]]
    others = [other["owner"] for other in claims.get(name, ()) if other is not item]
    return [image for image in _owned(item, found) if _owns(item["owner"], image)
            or not any(_owns(owner, image) for owner in others)]


def _owned(item, found):
    """Those of the declared owner. Where there are none, those that are to be given to it: of the declared path, and to stay."""
    if item["owner"] is None:
        return found
    own = [image for image in found if _owns(item["owner"], image)]
    if own or item["state"] == "absent":
        return own
    return [image for image in found if _has_path(image, item)]


def _owns(owner, image):
    return owner is not None and objects.is_named(owner, image["owner"], image["owner_id"])
