# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure plan of filesystem images, from what is to what is declared. No I/O."""

import collections

from .._plan.plan import Operation, Plan, Refusal, refuse
from . import attributes, image_replacement, image_state, objects, ownership, template
from .image import (
    FILESYSTEM,
    OWN_OPTION,
    SERVER_OWNED,
    being_deleted,
    claimed,
    error_of,
    find,
    find_datastore,
    label,
    made_anew,
)
from .objects import NEW_ID

# What a new image gets, unless its owner has set another umask.
DEFAULT_MODE = "600"
# The state of an image that the same call has deleted by then.
TO_DELETE = "to_delete"
# Seconds of a registration that are worth a word.
SLOW = 10


def plan_all(desired, server):
    """(Plan, [predicted image or None, ...]) for all declared images; a Refusal lists every problem."""
    whole = Plan()
    problems = []
    predicted = [None] * len(desired)
    targets = collections.Counter(item["target"] for item in desired)
    server, meant, claims = server.but(expected_images=server.images), set(), claimed(desired)
    # Deletions come first: they may free a name.
    for position in sorted(range(len(desired)), key=lambda index: (desired[index]["state"] != "absent", index)):
        item = desired[position]
        try:
            datastore = find_datastore(item, server.datastores)
            current = find(item, server.images, datastore, claims)
            objects.refuse_twice(current, meant, label(item))
            one, after = plan(current, item, datastore, server)
            one = _without_left_over(one, current, item, server)
            if current is not None:
                image_state.refuse_locked(current, one.operations, server, label(item))
        except Refusal as refusal:
            problems.append(str(refusal))
            continue
        if targets[item["target"]] > 1:
            # Names are unique for each owner only: the diff and the executor need to tell such images apart.
            one = _retargeted(one, "%s of %s" % (item["target"], item["owner"] or item["datastore"]))
        whole.add(one)
        predicted[position] = after
        deleted = [dict(current, state=TO_DELETE)] if current is not None and one.has("one.image.delete") else []
        server.expected_images.replace(current, *deleted + ([after] if after is not None else []))
    refuse(problems)
    return whole, predicted


def slow(done):
    """A warning for each registration that took long, and what OpenNebula was doing meanwhile."""
    return ["Registering %s took OpenNebula %d s: it counts what is in the directory (du) before it answers."
            % (operation.target, operation.arguments["seconds"]) for operation in done
            if operation.name == "one.image.allocate" and operation.arguments["seconds"] >= SLOW]


def _retargeted(one, target):
    for operation in one.operations:
        operation.target = target
    return Plan(one.operations, dict((target, value) for value in one.before.values()),
                dict((target, value) for value in one.after.values()), one.warnings)


def _without_left_over(one, current, item, server):
    """The Plan, after what an earlier run has begun to replace the image by and not finished."""
    found = image_replacement.left_over(server.images, current["name"], current["id"]) if current is not None else []
    if found:
        one.operations[:0] = image_replacement.deletions(found, item["target"], item["force"])
        for operation in one.operations:
            if operation.name == "one.image.allocate":
                operation.arguments["wait_gone"] += [image["id"] for image in found]
        if not one.before:
            one.before = {item["target"]: {"left over": [image["id"] for image in found]}}
            one.after = {item["target"]: {"left over": []}}
    return one


def plan(current, desired, datastore, server):
    """(Plan, predicted image or None) for one declared image.

    current, datastore: read-back or None; desired: element of validated(); server: ServerState.
    """
    if desired["state"] == "absent":
        return _plan_absent(current, desired, datastore, server), None
    what = label(desired)
    if current is not None and current["type"] != FILESYSTEM:
        raise Refusal("The image %d is named %r too, but it is of type %s, not a directory; rename one of them."
                      % (current["id"], current["name"], current["type"]))
    if current is None:
        return _plan_new(desired, datastore, server, what)
    if desired["datastore"] is not None and (datastore is None or datastore["id"] != current["datastore_id"]):
        # Only an image given by its id can be found in another datastore than the declared one.
        raise Refusal("The %s (id %d) is in the datastore %s, not %s: OpenNebula cannot move it. Correct datastore, "
                      "or leave id out to register the directory there too."
                      % (what, current["id"], current["datastore"], desired["datastore"]))
    if current["state"] == "error":
        # The server could not register it, so nothing can use it; registering again is the only way to correct it.
        return _plan_again(current, desired, datastore, server, what,
                           "delete the registration that failed (%s)" % error_of(current))
    if made_anew(current, desired):
        if not desired["replace"]:
            raise Refusal("The %s (id %d) is the directory %s, not %s: OpenNebula cannot change the path of an image. "
                          "Give it another name, or set replace: true to register it again under a new id."
                          % (what, current["id"], current["path"], desired["path"]))
        return _plan_again(current, desired, datastore, server, what,
                           "delete the registration of %s" % current["path"])
    if current["state"] in image_state.PASSING and desired["force"]:
        return _plan_again(current, desired, datastore, server, what, "delete the registration that never ended")
    if image_state.is_stuck(current, server):
        raise image_state.left_locked(current, what, "Set force: true to have it deleted and registered again.")
    return _plan_existing(current, desired, server, what)


def _plan_absent(current, desired, datastore, server):
    target, what = desired["target"], label(desired)
    if current is None:
        gone = being_deleted(desired, server.images, datastore)
        return Plan([image_state.second_deletion(image, target) for image in gone],
                    before={target: {"state": "delete", "id": gone[0]["id"]}} if gone else {},
                    after={target: {"state": "absent"}} if gone else {})
    if current["type"] != FILESYSTEM:
        raise Refusal("The image %d is named %r, but it is of type %s, not a directory; this module does not delete "
                      "it." % (current["id"], current["name"], current["type"]))
    image_state.refuse_while_used(current, server, what, "so it is not deleted")
    passing = current["state"] in image_state.PASSING
    if passing and not desired["force"] and image_state.is_stuck(current, server):
        raise image_state.left_locked(current, what, "Set force: true to have it deleted all the same.")
    return Plan([image_state.deletion(current, target, "delete the registration, id %d; the directory %s stays"
                                      % (current["id"], current["path"]), passing and desired["force"])],
                before={target: {"state": "present", "id": current["id"], "path": current["path"]}},
                after={target: {"state": "absent"}})


def _declared_datastore(desired, datastore, server, what):
    """(datastore id or None, warnings): where a new image goes; a Refusal where that cannot work."""
    if desired["datastore"] is None:
        raise Refusal("The %s does not exist and has no datastore to create it in; write one." % what)
    if datastore is None:
        if server.check and not server.foreseen:
            return None, ["The datastore %r of %s does not exist yet; this prediction assumes that it is created first."
                          % (desired["datastore"], what)]
        known = ", ".join(repr(one["name"]) for one in server.datastores if one["disk_type"] == FILESYSTEM)
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


def _plan_new(desired, datastore, server, what, under=None):
    """under: the name to register it by, where it is to get its own later."""
    target = desired["target"]
    after, warnings = _new_image(desired, datastore, server, what)
    if under is None:
        for owner in sorted(set([server.username, desired["owner"]]) - set([None, ""])):
            _refuse_taken(target, owner, None, server, "%s cannot be created" % what)
    fields, access = ownership.correct("one.image", desired, None, server, what)
    after.update(fields)
    sent = dict(after["template"], NAME=[under or target], TYPE=[FILESYSTEM], PATH=[after["path"]])
    if after["persistent"]:
        sent["PERSISTENT"] = ["YES"]
    documents = template.encode(sent)
    # A name is free only once the old image of its owner has really gone.
    dying = _dying(under or target, server.username, server)
    operations = [image_state.second_deletion(image, target) for image in dying if image["state"] == "delete"]
    operations.append(Operation("one.image.allocate", target, "register the directory %s in datastore %s"
                                % (after["path"], after["datastore"]), call=[documents[0], after["datastore_id"]],
                                wait_gone=[image["id"] for image in dying]))
    for document in documents[1:]:
        operations.append(Operation("one.image.update", target, "set the attributes that end in a backslash",
                                    call=[NEW_ID, document, 1]))
    if desired["state"] == "disabled":
        after["state"] = "disabled"
        operations.append(image_state.disabling(target))
    operations.extend(access)
    shown = dict((key, after[key]) for key in ("datastore", "path", "persistent"))
    shown.update((key, after[key]) for key in ("owner", "group", "mode") if desired[key] is not None)
    shown["state"] = "disabled" if desired["state"] == "disabled" else "present"
    if after["template"]:
        shown["attributes"] = template.friendly(objects.hidden(after["template"]))
    return Plan(operations, before={target: {"state": "absent"}}, after={target: shown}, warnings=warnings), after


def _dying(name, owner, server):
    """The images that keep a name from an owner until they are gone: first those whose deletion has begun before."""
    return [image for state in ("delete", TO_DELETE) for image in server.expected_images.named(name)
            if image["state"] == state and objects.is_named(owner, image["owner"], image["owner_id"])]


def _new_image(desired, datastore, server, what):
    """(predicted image, warnings) before owner and mode; a Refusal where something to create it with is missing."""
    if desired["name"] is None:
        raise Refusal("%s does not exist; give a name to create it." % objects.sentence(what))
    if desired["path"] is None:
        raise Refusal("The %s does not exist and has no path to create it with; write the directory, such as "
                      "/srv/shares/projects." % what)
    number, warnings = _declared_datastore(desired, datastore, server, what)
    return {
        "id": None, "name": desired["target"], "type": FILESYSTEM, "state": "ready", "path": desired["path"],
        "source": desired["path"], "persistent": bool(desired["persistent"]),
        "datastore": datastore["name"] if datastore else desired["datastore"], "datastore_id": number,
        "owner": server.username, "owner_id": None, "group": None, "group_id": None, "mode": DEFAULT_MODE,
        "running_vms": 0, "vm_ids": [], "registered": 0, "lock": None, "template": attributes.apply({}, desired["attributes"]),
    }, desired["warnings"] + warnings


def _refuse_taken(name, owner, current, server, what):
    """An image's name is unique for each owner over all datastores: refuse what the server would refuse half-way.

    current: the image that is to bear the name, None for a new one. what: phrase with what cannot be done.
    """
    for image in server.expected_images.named(name):
        if (image is not current and image["state"] not in ("delete", TO_DELETE)
                and objects.is_named(owner, image["owner"], image["owner_id"])):
            which = "declared here too," if image["id"] is None else "id %d" % image["id"]
            raise Refusal("The %s: %s owns an image of that name already, %s in datastore %s, and OpenNebula keeps an "
                          "owner's names unique over all datastores. Choose another name."
                          % (what, image["owner"], which, image["datastore"]))


def _plan_again(current, desired, datastore, server, what, summary):
    """Register a directory again, with all that was set on the old image and belongs to the directory; see image_replacement."""
    image_state.refuse_while_used(current, server, what, "so it is not registered again")
    kept = {}
    if desired["attributes_mode"] == "merge":
        kept = dict((name, values) for name, values in current["template"].items()
                    if not SERVER_OWNED.match(name) and name not in OWN_OPTION)
    name = desired["new_name"] or desired["name"] or current["name"]
    wanted = dict(desired, path=desired["path"] or current["path"], name=name, target=name,
                  datastore=desired["datastore"] or str(current["datastore_id"]),
                  attributes=dict(kept, **desired["attributes"]))
    for key in ("persistent", "mode"):
        if wanted[key] is None:
            wanted[key] = current[key]
    _refuse_taken(name, desired["owner"] or current["owner"], current, server, "%s cannot be registered again" % what)
    home = datastore or server.datastores.numbered(current["datastore_id"])[0]
    created, after = _plan_new(wanted, home, server, what, under=image_replacement.passing_name(name, current["id"]))
    for key in ("owner", "group"):
        if desired[key] is None:
            after.update({key: current[key], key + "_id": current[key + "_id"]})
    created.operations = [one for one in created.operations if one.name != "one.image.chown"]
    if current["state"] == "disabled" and desired["state"] == "present":
        after["state"] = "disabled"
        created.operations.append(image_state.disabling(name))
    created.operations.append(image_replacement.chown(current, after, name, server.username))
    created.operations += image_replacement.exchange(
        current, name, summary, current["state"] in image_state.PASSING and desired["force"],
        _dying(name, after["owner"], server))
    created.before = {name: {"state": current["state"], "path": current["path"], "id": current["id"]}}
    return created, after


def _plan_existing(current, desired, server, what):
    target, number = desired["target"], current["id"]
    sent = _attribute_changes(current, desired)
    after = dict(current, template=attributes.apply(current["template"], sent))
    operations = attributes.updates("one.image.update", number, target, sent)
    persistent = desired["persistent"]
    # An image that an earlier run was to replace another one by has not got its name yet.
    name = desired["new_name"] or desired["name"]
    if name is not None and name != current["name"] and (
            desired["new_name"] is not None or image_replacement.replaced_by(current, name) is not None):
        _refuse_taken(name, current["owner"], current, server, "%s cannot be renamed to %r" % (what, name))
        after["name"] = name
        operations.append(Operation("one.image.rename", target, "rename %s to %s" % (current["name"], name), call=[number, name],
                                    wait_gone=[image["id"] for image in _dying(name, current["owner"], server)]))
    if persistent is not None and persistent != current["persistent"]:
        image_state.refuse_while_used(current, server, what, "so it is not made %spersistent"
                                      % ("" if persistent else "non-"))
        after["persistent"] = persistent
        operations.append(Operation("one.image.persistent", target, "make it %spersistent"
                                    % ("" if persistent else "non-"), call=[number, persistent]))
    operations.extend(image_state.enabling(current, desired, after, server, what))
    fields, access = ownership.correct("one.image", desired, current, server, what)
    if "owner" in fields:
        _refuse_taken(after["name"], fields["owner"], current, server, "%s cannot be given to %s" % (what, fields["owner"]))
    after.update(fields)
    operations.extend(access)
    result = Plan(operations, warnings=desired["warnings"] + image_state.disabled_warning(current, desired, what))
    if operations:
        before_shown, after_shown = _difference(current, after)
        result.before, result.after = {target: before_shown}, {target: after_shown}
    return result, after


def _attribute_changes(current, desired):
    """What an update has to send of the declared attributes."""
    sent = dict((name, values) for name, values in desired["attributes"].items()
                if not template.same(current["template"].get(name, []), values))
    if [str(word).upper() for word in current["template"].get("DISK_TYPE", [FILESYSTEM])] != [FILESYSTEM]:
        # A VM would get a disk of that kind instead of the directory.
        sent["DISK_TYPE"] = []
    if desired["attributes_mode"] == "exact":
        sent.update((name, []) for name in current["template"]
                    if name not in desired["attributes"] and not SERVER_OWNED.match(name))
    return sent


def _difference(current, after):
    """({field: before}, {field: after}) of what differs, for the diff."""
    before_shown, after_shown = {}, {}
    for key in ("name", "persistent", "owner", "group", "mode"):
        if current[key] != after[key]:
            before_shown[key], after_shown[key] = current[key], after[key]
    if "disabled" in (current["state"], after["state"]) and current["state"] != after["state"]:
        before_shown["state"], after_shown["state"] = current["state"], after["state"]
    changed = attributes.difference(current["template"], after["template"])
    if changed != ({}, {}):
        before_shown["attributes"], after_shown["attributes"] = changed
    return before_shown, after_shown
