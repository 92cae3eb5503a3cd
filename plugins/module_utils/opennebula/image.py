# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filesystem images, the directories a VirtioFS datastore registers: typed spec, read-back, pure plan. No I/O."""

import re

from ..plan import Operation, Plan, Refusal
from . import objects, template
from .datastore import plan_access, template_difference
from .objects import NEW_ID

FILESYSTEM = "FILESYSTEM"
TYPES = ("OS", "CDROM", "DATABLOCK", "KERNEL", "RAMDISK", "CONTEXT", "BACKUP", FILESYSTEM)
STATES = ("init", "ready", "used", "disabled", "locked", "error", "clone", "delete", "used_pers", "locked_used",
          "locked_used_pers")
# States that end by themselves.
PASSING = ("init", "locked")
# What a new image gets, unless its owner has set another umask.
DEFAULT_MODE = "600"
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
        state=dict(type="str", default="present", choices=["present", "absent"]),
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
    )


# -- what the server has -----------------------------------------------------------------------------------------


class World:
    """What the plan needs to know of the server.

    images, datastores: read-back lists; users, groups: {id: name} or None when not read; username: who is connected;
    check: whether this is a check run; expected_datastores: names an earlier task of the same check run would create,
    None when that is not known.
    """

    def __init__(self, images, datastores, users=None, groups=None, username="", check=False,
                 expected_datastores=None):
        self.images = list(images)
        self.datastores = list(datastores)
        self.users = users
        self.groups = groups
        self.username = username
        self.check = check
        self.expected_datastores = expected_datastores


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
    )
    return image


def error_of(image):
    """The server's own reason why an image is in state error."""
    values = image["template"].get("ERROR") or ["OpenNebula gives no reason; see oned.log on the front end"]
    return str(values[0]).rstrip(".")


def public(image):
    """An image as the modules return it."""
    result = dict((key, value) for key, value in image.items() if key != "template")
    result["permissions"] = objects.letters(image["mode"])
    attributes = objects.hidden(image["template"])
    for option, attribute in TYPED:
        if attributes.get(attribute):
            result[option] = attributes[attribute][0]
    if image["state"] == "error":
        result["error"] = error_of(image)
    result["attributes"] = template.friendly(dict(
        (name, values) for name, values in attributes.items()
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
            problems.append(str(refusal))
    problems.extend(_repeated(desired))
    if problems:
        raise Refusal("\n".join(problems))
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
        "id", "state", "persistent", "owner", "group", "attributes_mode", "replace", "path"))
    for key in ("name", "new_name"):
        wanted[key] = None if item.get(key) is None else template.object_name(item[key], where)
    if wanted["name"] is None and wanted["id"] is None:
        raise Refusal("%s has neither name nor id; give one." % where.capitalize())
    what = label(wanted)
    wanted["datastore"] = None if item.get("datastore") is None else str(item["datastore"]).strip(template.BLANKS)
    wanted["target"] = wanted["new_name"] or wanted["name"] or "image %s" % wanted["id"]
    wanted["mode"] = objects.octal(item.get("mode"), what)
    if wanted["path"] is not None:
        objects.directory(wanted["path"], "path", what.capitalize())
    wanted["attributes"], wanted["warnings"] = template.clean(item.get("attributes") or {}, what, repeatable=False)
    for name in wanted["attributes"]:
        if name in OPTION_OF or name in OWN_OPTION:
            raise Refusal("The attribute %s of %s does nothing there; the option for it is %s."
                          % (name, what, OPTION_OF.get(name) or OWN_OPTION[name]))
        if SERVER_OWNED.match(name):
            raise Refusal("The attribute %s of %s belongs to OpenNebula; leave it out of attributes." % (name, what))
    for option, attribute in TYPED:
        if item.get(option) is not None:
            wanted["attributes"][attribute] = _mount_value(item[option], option, attribute, what)
    return wanted


def _mount_value(value, option, attribute, what):
    value = template.text(value, attribute, what)
    if not value:
        return []
    if option == "mount_point":
        return [objects.directory(value, option, what.capitalize())]
    if re.search(r"\s", value) or len(value.encode("utf-8")) > TAG_LIMIT:
        raise Refusal("The mount_tag %r of %s is not one word of at most %d bytes, which is all a virtio-fs tag can "
                      "hold; shorten it." % (value, what, TAG_LIMIT))
    return [value]


# -- the plan ----------------------------------------------------------------------------------------------------


def needs(desired, images, datastores):
    """Which further reads the plan needs: a set out of users, groups. What is converged needs none."""
    wanted = set()
    for item in desired:
        if item["state"] == "absent":
            continue
        try:
            datastore = find_datastore(item, datastores)
            current = find(item, images, datastore, desired)
        except Refusal:
            continue
        if current is not None and _made_anew(current, item):
            current = None
        if item["owner"] is not None and (current is None or not objects.is_named(
                item["owner"], current["owner"], current["owner_id"])):
            wanted.add("users")
        if item["group"] is not None and (current is None or not objects.is_named(
                item["group"], current["group"], current["group_id"])):
            wanted.add("groups")
    return wanted


def _made_anew(current, item):
    """Whether an image has to be registered anew: it failed, or its path is another one."""
    return current["state"] == "error" or (item["path"] is not None and item["path"] != current["path"])


def find_datastore(item, datastores):
    """The declared datastore as read back, or None when none is declared or it does not exist."""
    word = item["datastore"]
    if word is None:
        return None
    found = [datastore for datastore in datastores if datastore["name"] == word]
    by_id = [datastore for datastore in datastores if word.isdigit() and datastore["id"] == int(word)]
    if len(found) > 1 or (found and by_id and by_id[0] is not found[0]):
        raise Refusal("The %s names the datastore %r, which means more than one (ids %s); delete or rename the wrong "
                      "one." % (label(item), word, " and ".join(
                          str(one) for one in sorted(set(datastore["id"] for datastore in found + by_id)))))
    return (found or by_id or [None])[0]


def find(item, images, datastore, desired=()):
    """The image that a declaration means, or None; a Refusal when it is not one.

    datastore: read-back datastore the image is declared in, or None. desired: all declarations of the call, so that
    an image declared with its owner is not taken for another one whose owner is to be mended.
    """
    what = label(item)
    living = [image for image in images if image["state"] != "delete"]
    if item["id"] is not None:
        found = [image for image in living if image["id"] == item["id"]]
        if not found:
            if item["state"] == "absent":
                return None
            raise Refusal("No image has the id %d; leave id out to create one by its name." % item["id"])
        if item["name"] is not None and found[0]["name"] not in (item["name"], item["new_name"]):
            raise Refusal("The image with the id %d is named %r, not %r; leave name out, or write new_name to rename "
                          "it." % (item["id"], found[0]["name"], item["name"]))
        return found[0]
    found = _named(item, item["name"], living, datastore, desired)
    if item["new_name"] is not None and item["new_name"] != item["name"]:
        renamed = _named(item, item["new_name"], living, datastore, desired)
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


def _named(item, name, living, datastore, desired):
    """The images a name can mean: in the declared datastore, the declared owner's first."""
    found = [image for image in living if image["name"] == name]
    if item["datastore"] is not None:
        found = [image for image in found if datastore is not None and image["datastore_id"] == datastore["id"]]
    if item["owner"] is None:
        return found
    own = [image for image in found if objects.is_named(item["owner"], image["owner"], image["owner_id"])]
    if own:
        return own
    claimed = [other["owner"] for other in desired
               if other is not item and name in (other["name"], other["new_name"]) and other["owner"] is not None]
    return [image for image in found
            if not any(objects.is_named(owner, image["owner"], image["owner_id"]) for owner in claimed)]


def plan_all(desired, world):
    """(Plan, [predicted image or None, ...]) for all declared images; a Refusal lists every problem."""
    whole = Plan()
    problems = []
    predicted = [None] * len(desired)
    # Deletions come first: they may free a name.
    for position in sorted(range(len(desired)), key=lambda index: (desired[index]["state"] != "absent", index)):
        item = desired[position]
        try:
            datastore = find_datastore(item, world.datastores)
            current = find(item, world.images, datastore, desired)
            one, after = plan(current, item, datastore, world)
        except Refusal as refusal:
            problems.append(str(refusal))
            continue
        if len([other for other in desired if other["target"] == item["target"]]) > 1:
            # Names are unique for each owner only: the diff and the executor need to tell such images apart.
            one = _retargeted(one, "%s of %s" % (item["target"], item["owner"] or item["datastore"]))
        whole.add(one)
        predicted[position] = after
    if problems:
        raise Refusal("\n".join(problems))
    return whole, predicted


def _retargeted(one, target):
    for operation in one.operations:
        operation.target = target
    return Plan(one.operations, dict((target, value) for value in one.before.values()),
                dict((target, value) for value in one.after.values()), one.warnings)


def plan(current, desired, datastore, world):
    """(Plan, predicted image or None) for one declared image.

    current, datastore: read-back or None; desired: element of validated(); world: World.
    """
    if desired["state"] == "absent":
        return _plan_absent(current, desired), None
    what = label(desired)
    if current is not None and current["type"] != FILESYSTEM:
        raise Refusal("The image %d is named %r too, but it is of type %s, not a directory; rename one of them."
                      % (current["id"], current["name"], current["type"]))
    if current is None:
        return _plan_new(desired, datastore, world, what)
    if current["state"] == "error":
        # The server could not register it, so nothing can use it; registering anew is the only way to mend it.
        return _plan_again(current, desired, datastore, world, what,
                           "delete the registration that failed (%s)" % error_of(current))
    if _made_anew(current, desired):
        if not desired["replace"]:
            raise Refusal("The %s (id %d) is the directory %s, not %s: OpenNebula cannot change the path of an image. "
                          "Give it another name, or set replace: true to register it anew under a new id."
                          % (what, current["id"], current["path"], desired["path"]))
        return _plan_again(current, desired, datastore, world, what,
                           "delete the registration of %s" % current["path"])
    return _plan_existing(current, desired, world, what)


def _in_use(current):
    """What uses an image, in words, or None."""
    if current["vm_ids"]:
        return "VM%s %s" % ("s" if len(current["vm_ids"]) > 1 else "", ", ".join(map(str, current["vm_ids"])))
    if current["running_vms"] > 0:
        return "%d VM%s" % (current["running_vms"], "s" if current["running_vms"] > 1 else "")
    return None


def _plan_absent(current, desired):
    target = desired["target"]
    if current is None:
        return Plan()
    users = _in_use(current)
    if users:
        raise Refusal("The %s (id %d) is used by %s; detach it there or end them before it is deleted."
                      % (label(desired), current["id"], users))
    if current["type"] != FILESYSTEM:
        raise Refusal("The image %d is named %r, but it is of type %s, not a directory; this module does not delete "
                      "it." % (current["id"], current["name"], current["type"]))
    return Plan([_deletion(current, target, "delete the registration, id %d; the directory %s stays"
                           % (current["id"], current["path"]))],
                before={target: {"state": "present", "id": current["id"], "path": current["path"]}},
                after={target: {"state": "absent"}})


def _deletion(current, target, summary):
    return Operation("one.image.delete", target, summary, call=[current["id"]], gone=current["id"])


def _declared_datastore(desired, datastore, world, what):
    """(datastore id or None, warnings): where a new image goes; a Refusal where that cannot work."""
    if desired["datastore"] is None:
        raise Refusal("The %s does not exist and has no datastore to create it in; write one." % what)
    if datastore is None:
        expected = world.expected_datastores
        if world.check and (expected is None or desired["datastore"] in expected):
            return None, [] if expected is not None else [
                "The datastore %r of %s does not exist yet; this prediction takes for granted that it is created "
                "before." % (desired["datastore"], what)]
        known = ", ".join(repr(one["name"]) for one in world.datastores if one["disk_type"] == FILESYSTEM)
        raise Refusal("The %s is declared in the datastore %r, which OpenNebula does not have; create it first "
                      "(one_datastore), or choose one of its virtiofs datastores: %s."
                      % (what, desired["datastore"], known or "none"))
    if datastore["type"] != "image" or datastore["disk_type"] != FILESYSTEM:
        raise Refusal("The %s is declared in the datastore %r (id %s), which is of type %s with DISK_TYPE %s: a VM "
                      "would get a disk of that kind instead of the directory. Use a virtiofs datastore."
                      % (what, datastore["name"], datastore["id"], datastore["type"], datastore["disk_type"]))
    warnings = []
    safe = (datastore["template"].get("SAFE_DIRS") or [""])[0].split()
    restricted = (datastore["template"].get("RESTRICTED_DIRS") or [""])[0].split()
    if restricted and not objects.inside(desired["path"], safe) and objects.inside(desired["path"], restricted):
        warnings.append("The path %s of %s is outside SAFE_DIRS of the datastore %r (%s); OpenNebula will put it into "
                        "state ERROR. Add its parent to safe_dirs."
                        % (desired["path"], what, datastore["name"], " ".join(safe) or "none"))
    return datastore["id"], warnings


def _plan_new(desired, datastore, world, what):
    target = desired["target"]
    if desired["name"] is None:
        raise Refusal("%s does not exist; give a name to create it." % what.capitalize())
    if desired["path"] is None:
        raise Refusal("The %s does not exist and has no path to create it with; write the directory, such as "
                      "/srv/shares/projects." % what)
    number, warnings = _declared_datastore(desired, datastore, world, what)
    warnings = list(desired["warnings"]) + warnings
    _check_name_free(desired, target, number, world, what)
    uid = gid = -1
    if desired["owner"] is not None:
        uid = objects.resolve(desired["owner"], world.users or {}, "user", what)
    if desired["group"] is not None:
        gid = objects.resolve(desired["group"], world.groups or {}, "group", what)
    attributes = dict((name, values) for name, values in desired["attributes"].items() if values)
    sent = dict(attributes, NAME=[target], TYPE=[FILESYSTEM], PATH=[desired["path"]])
    if desired["persistent"]:
        sent["PERSISTENT"] = ["YES"]
    after = {
        "id": None, "name": target, "type": FILESYSTEM, "state": "ready", "persistent": bool(desired["persistent"]),
        "path": desired["path"], "source": desired["path"],
        "datastore": datastore["name"] if datastore else desired["datastore"], "datastore_id": number,
        "owner": world.users[uid] if uid != -1 else world.username, "owner_id": None if uid == -1 else uid,
        "group": world.groups[gid] if gid != -1 else None, "group_id": None if gid == -1 else gid,
        "mode": desired["mode"] or DEFAULT_MODE, "running_vms": 0, "vm_ids": [], "template": attributes,
    }
    leaving = [image["id"] for image in world.images if image["state"] == "delete" and image["name"] == target]
    documents = template.encode(sent)
    operations = [Operation("one.image.allocate", target, "register the directory %s in datastore %s"
                            % (desired["path"], after["datastore"]), call=[documents[0], number],
                            created=True, wait_gone=leaving)]
    for document in documents[1:]:
        operations.append(Operation("one.image.update", target, "set the attributes that end in a backslash",
                                    call=[NEW_ID, document, 1]))
    if desired["mode"] is not None:
        operations.append(Operation("one.image.chmod", target, "set the mode %s" % objects.letters(desired["mode"]),
                                    call=[NEW_ID] + objects.bits(desired["mode"])))
    if (uid, gid) != (-1, -1):
        words = [word for word in (uid != -1 and "the owner %s" % desired["owner"],
                                   gid != -1 and "the group %s" % desired["group"]) if word]
        operations.append(Operation("one.image.chown", target, "set %s" % " and ".join(words), call=[NEW_ID, uid, gid]))
    shown = {"state": "present", "datastore": after["datastore"], "path": after["path"],
             "persistent": after["persistent"]}
    for key in ("owner", "group", "mode"):
        if desired[key] is not None:
            shown[key] = after[key]
    if attributes:
        shown["attributes"] = template.friendly(objects.hidden(attributes))
    return Plan(operations, before={target: {"state": "absent"}}, after={target: shown}, warnings=warnings), after


def _check_name_free(desired, target, datastore_id, world, what):
    """An image's name is unique for each owner over all datastores: refuse what the server would refuse half-way."""
    for owner in set([world.username, desired["owner"]]) - set([None, ""]):
        for image in world.images:
            if (image["name"] == target and image["state"] != "delete" and image["datastore_id"] != datastore_id
                    and objects.is_named(owner, image["owner"], image["owner_id"])):
                raise Refusal("The %s cannot be created: %s owns an image of that name already, id %d in datastore %s, "
                              "and OpenNebula keeps an owner's names unique over all datastores. Choose another name."
                              % (what, image["owner"], image["id"], image["datastore"]))


def _plan_again(current, desired, datastore, world, what, summary):
    users = _in_use(current)
    if users:
        raise Refusal("The %s (id %d) is used by %s, so it is not registered anew; detach it there first."
                      % (what, current["id"], users))
    wanted = dict(desired, path=desired["path"] or current["path"], name=desired["name"] or current["name"],
                  datastore=desired["datastore"] or str(current["datastore_id"]))
    if wanted["persistent"] is None:
        wanted["persistent"] = current["persistent"]
    if wanted["mode"] is None and current["mode"] != DEFAULT_MODE:
        wanted["mode"] = current["mode"]
    # What was set by others on the old registration belongs to the directory, so it goes along.
    kept = dict((name, values) for name, values in current["template"].items() if not SERVER_OWNED.match(name))
    if wanted["attributes_mode"] == "exact":
        kept = {}
    wanted["attributes"] = dict(kept, **desired["attributes"])
    others = World([image for image in world.images if image["id"] != current["id"]], world.datastores, world.users,
                   world.groups, world.username, world.check, world.expected_datastores)
    home = datastore or [one for one in world.datastores if one["id"] == current["datastore_id"]][0]
    created, after = _plan_new(wanted, home, others, what)
    target = desired["target"]
    if desired["owner"] is None and not objects.is_named(world.username, current["owner"], current["owner_id"]):
        # The new image belongs to who is connected: give it back to the old one's owner.
        gid = current["group_id"] if desired["group"] is None else after["group_id"]
        created.operations = [one for one in created.operations if one.name != "one.image.chown"]
        created.operations.append(Operation("one.image.chown", target, "give it back to %s" % current["owner"],
                                            call=[NEW_ID, current["owner_id"], gid]))
        after.update(owner=current["owner"], owner_id=current["owner_id"])
    created.operations[0].arguments["wait_gone"].append(current["id"])
    created.operations.insert(0, _deletion(current, target, summary))
    created.before = {target: {"state": current["state"], "path": current["path"], "id": current["id"]}}
    return created, after


def _plan_existing(current, desired, world, what):
    target, number = desired["target"], current["id"]
    after = dict(current, template=dict(current["template"]))
    if current["state"] in PASSING:
        after["state"] = "ready"
    operations = []
    sent = {}
    for name, values in desired["attributes"].items():
        if not template.same(current["template"].get(name, []), values):
            sent[name] = values
    if desired["attributes_mode"] == "exact":
        for name in current["template"]:
            if name not in desired["attributes"] and not SERVER_OWNED.match(name):
                sent[name] = []
    if sent:
        names = sorted(name for name in sent if sent[name])
        gone = sorted(name for name in sent if not sent[name])
        words = ([] if not names else ["set %s" % ", ".join(names)]) + (
            [] if not gone else ["remove %s" % ", ".join(gone)])
        for document in template.encode(sent):
            operations.append(Operation("one.image.update", target, "; ".join(words), call=[number, document, 1]))
        for name, values in sent.items():
            after["template"].pop(name, None)
            if values:
                after["template"][name] = values
    if desired["new_name"] is not None and desired["new_name"] != current["name"]:
        after["name"] = desired["new_name"]
        operations.append(Operation("one.image.rename", target, "rename %s to %s"
                                    % (current["name"], desired["new_name"]), call=[number, desired["new_name"]]))
    if desired["persistent"] is not None and desired["persistent"] != current["persistent"]:
        after["persistent"] = desired["persistent"]
        operations.append(Operation("one.image.persistent", target, "make it %spersistent"
                                    % ("" if desired["persistent"] else "non-"), call=[number, desired["persistent"]]))
    plan_access("one.image", current, desired, after, operations, world, what)
    before_shown, after_shown = {}, {}
    for key in ("name", "persistent", "owner", "group", "mode"):
        if current[key] != after[key]:
            before_shown[key], after_shown[key] = current[key], after[key]
    attributes = template_difference(current["template"], after["template"])
    if attributes != ({}, {}):
        before_shown["attributes"], after_shown["attributes"] = attributes
    one = Plan(operations, warnings=desired["warnings"])
    if operations:
        one.before, one.after = {target: before_shown}, {target: after_shown}
    return one, after
