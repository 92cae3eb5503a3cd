# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure plan of datastores, from what is to what is declared. No I/O.

The rules come from OpenNebula's source (src/datastore/Datastore.cc: insert, post_update_template) and from answers
recorded on a running server.
"""

from .._plan.plan import Operation, Plan, Refusal, refuse
from . import attributes, drivers, machines, objects, ownership, template
from .datastore import find, label
from .drivers import VIRTIOFS
from .objects import NEW_ID
from .pool import Pool

FIRST_OWN_ID = 100
# Where the clusters are not declared, they are not read: a new datastore comes into this one.
DEFAULT_CLUSTER = {0: "default"}
# What a new datastore gets, unless its owner has set another umask.
DEFAULT_MODE = "640"
SHOWN = ("name", "type", "ds_mad", "tm_mad", "disk_type", "state", "owner", "group", "mode")


def plan_all(desired, server, absent_images=()):
    """The plan for all declared datastores and their predicted states.

    absent_images: ids of images that an earlier task of the same check run would delete.
    Returns (Plan, [predicted datastore or None for absent, ...] in the order of C(desired)); a Refusal lists every
    problem. System datastores come first, so that a virtiofs datastore can follow one created in the same call.
    """
    whole = Plan()
    problems = []
    predicted = [None] * len(desired)
    server, meant, gone = server.but(datastores=server.datastores), set(), Pool()
    for position in sorted(range(len(desired)), key=lambda index: (desired[index]["type"] != "system", index)):
        item = desired[position]
        try:
            current = _find(item, server.datastores, gone)
            objects.refuse_twice(current, meant, label(item))
            one, after = plan(current, item, server, absent_images)
        except Refusal as refusal:
            problems.append(str(refusal))
            continue
        whole.add(one)
        predicted[position] = after
        server.datastores.replace(current, *([after] if after is not None else []))
        if after is None and current is not None:
            gone.replace(None, current)
    refuse(problems)
    return whole, predicted


def _find(item, datastores, gone):
    """See find(). gone: those that the same list takes away, which an id still means, and a name that no other has."""
    if item["id"] is not None:
        return find(item, gone if gone.numbered(item["id"]) else datastores)
    return find(item, datastores) or find(item, gone)


def plan(current, desired, server, absent_images=()):
    """(Plan, predicted datastore or None) for one declared datastore.

    current: read-back datastore or None; desired: element of validated(); server: ServerState.
    """
    if desired["state"] == "absent":
        return _plan_absent(current, desired, server, absent_images), None
    if current is None:
        return _plan_new(desired, server)
    return _plan_existing(current, desired, server)


def _held(ids, server):
    """Images in a sentence, with their states and the VMs that use them, as far as they were read."""
    words = []
    for number in ids:
        one = next(iter(server.images.numbered(number)), None)
        users = machines.words(one["vm_ids"], server.machines) if one else ""
        words.append("%d" % number if one is None else "%s (id %d, %s%s)" % (
            one["name"], number, one["state"], " by %s" % users if users else ""))
    return ", ".join(words)


def _plan_absent(current, desired, server, absent_images):
    target = desired["target"]
    if current is None:
        return Plan()
    what = "datastore %r (id %d)" % (current["name"], current["id"])
    if current["id"] < FIRST_OWN_ID and not desired["allow_default_datastore"]:
        raise Refusal("The %s is one of OpenNebula's own (ids below %d), which it would delete without asking; set "
                      "allow_default_datastore: true if that is really meant." % (what, FIRST_OWN_ID))
    images = [image for image in current["image_ids"] if image not in absent_images]
    if images:
        raise Refusal("The %s is not empty: it holds the images %s. Delete them first (one_filesystem_images with "
                      "state: absent, which waits until the server has finished, and ends a deletion that a crash has "
                      "cut off)." % (what, _held(images, server)))
    return Plan([Operation("one.datastore.delete", target, "delete the datastore, id %d" % current["id"],
                           call=[current["id"]])],
                before={target: {"state": "present", "id": current["id"]}}, after={target: {"state": "absent"}})


# -- one that does not exist -------------------------------------------------------------------------------------


def _plan_new(desired, server):
    what, target = label(desired), desired["target"]
    after, warnings = _new_datastore(desired, server, what)
    sent = _new_template(desired, after)
    drivers.preflight(after, sent.get("DISK_TYPE"), server, what)
    fields, access = ownership.correct("one.datastore", desired, None, server, what)
    after.update(fields)

    documents = template.encode(sent)
    clusters = after["cluster_ids"]
    kinds = ["%s %s" % (key.upper(), after[key]) for key in ("ds_mad", "tm_mad", "disk_type") if after[key] != "-"]
    operations = [Operation("one.datastore.allocate", target,
                            "create the %s datastore (%s)" % (after["type"], ", ".join(kinds)),
                            call=[documents[0], clusters[0] if clusters else -1])]
    for document in documents[1:]:
        operations.append(Operation("one.datastore.update", target, "set the attributes that end in a backslash",
                                    call=[NEW_ID, document, 1]))
    operations.extend(_without_defaults(desired, after))
    # A new datastore is in exactly one cluster, the default one when none is given.
    operations.extend(_cluster_operations(NEW_ID, target, clusters[:1] or [0], clusters, server))
    if desired["state"] == "disabled":
        operations.append(Operation("one.datastore.enable", target, "disable", call=[NEW_ID, False]))
    operations.extend(access)

    shown = dict((key, after[key]) for key in ("type", "ds_mad", "tm_mad", "disk_type"))
    shown.update((key, after[key]) for key in ("owner", "group", "mode") if desired[key] is not None)
    shown.update(state=desired["state"], clusters=_shown_clusters(clusters, server))
    after["template"] = _with_defaults(desired, after)
    if after["template"]:
        shown["attributes"] = template.friendly(objects.hidden(after["template"]))
    return Plan(operations, before={target: {"state": "absent"}}, after={target: shown}, warnings=warnings), after


def _new_datastore(desired, server, what):
    """(predicted datastore, warnings) before owner and mode; a Refusal where something to create it with is missing."""
    kind = desired["type"] or "image"
    warnings = list(desired["warnings"])
    if desired["name"] is None:
        raise Refusal("%s does not exist; give a name to create it." % objects.sentence(what))
    if desired["state"] in ("enabled", "disabled") and kind != "system":
        raise Refusal("The %s does not exist, and OpenNebula can enable and disable system datastores only; write "
                      "type: system, or state: present." % what)
    if kind != "system" and desired["ds_mad"] is None:
        raise Refusal("The %s does not exist and has no ds_mad to create it with; write one such as virtiofs or fs."
                      % what)
    clusters = [0] if desired["clusters"] is None else _cluster_ids(desired, server, what)
    ds_mad = "-" if kind == "system" else desired["ds_mad"]
    tm_mad = "-" if kind == "backup" else desired["tm_mad"]
    if tm_mad is None and ds_mad == VIRTIOFS:
        tm_mad, found = drivers.follow(clusters, server, what)
        warnings.extend(found)
    elif tm_mad is None:
        raise Refusal("The %s does not exist and has no tm_mad to create it with; write one such as local or shared "
                      "(that of the system datastores in its clusters)." % what)
    elif ds_mad == VIRTIOFS:
        warnings.extend(drivers.mismatch(tm_mad, clusters, server, what))
    kept = attributes.apply({}, desired["attributes"])
    if kept.get("SAFE_DIRS") and "RESTRICTED_DIRS" not in desired["attributes"]:
        # OpenNebula restricts / only when both are left out: with SAFE_DIRS alone everything would be allowed.
        kept["RESTRICTED_DIRS"] = ["/"]
    if ds_mad == VIRTIOFS and not kept.get("SAFE_DIRS"):
        warnings.append(drivers.missing_safe_dirs(what))
    return {
        "id": None, "name": desired["target"], "type": kind, "ds_mad": ds_mad, "tm_mad": tm_mad,
        "disk_type": drivers.disk_type(desired, kind, ds_mad, tm_mad, server, what, "FILE"),
        "state": "disabled" if desired["state"] == "disabled" else "ready",
        "owner": None, "owner_id": None, "group": None, "group_id": None, "mode": DEFAULT_MODE, "base_path": None,
        "cluster_ids": clusters, "image_ids": [], "total_mb": 0, "free_mb": 0, "used_mb": 0, "template": kept,
    }, warnings


def _new_template(desired, after):
    """What the creation sends."""
    sent = dict(after["template"], NAME=[after["name"]], TYPE=["%s_DS" % after["type"].upper()])
    if after["type"] != "system":
        sent["DS_MAD"] = [after["ds_mad"]]
    if after["type"] != "backup":
        sent["TM_MAD"] = [after["tm_mad"]]
    if desired["disk_type"] or after["ds_mad"] == VIRTIOFS:
        sent["DISK_TYPE"] = [after["disk_type"]]
    return sent


def _with_defaults(desired, after):
    """The template of a new datastore with what OpenNebula adds where neither list of directories is declared."""
    added = {"SAFE_DIRS": [" ".join(drivers.DEFAULT_SAFE_DIRS)], "RESTRICTED_DIRS": ["/"]}
    if any(after["template"].get(name) for name in added):
        return after["template"]
    return dict(after["template"], **dict((name, values) for name, values in added.items()
                                          if desired["attributes"].get(name) != []))


def _without_defaults(desired, after):
    """OpenNebula sets both lists of directories when both are left out; declared empty, they must go again."""
    if after["template"].get("SAFE_DIRS") or after["template"].get("RESTRICTED_DIRS"):
        return []
    gone = dict((name, []) for name in attributes.KEPT_IN_EXACT if desired["attributes"].get(name) == [])
    return attributes.updates("one.datastore.update", NEW_ID, desired["target"], gone)


# -- one that exists ---------------------------------------------------------------------------------------------


def _plan_existing(current, desired, server):
    what, target, number = label(desired), desired["target"], current["id"]
    after = dict(current)
    sent = _driver_changes(current, desired, after, server, what)
    sent.update(attributes.changes(current, desired, what))
    after["template"] = attributes.apply(current["template"], dict(
        (name, values) for name, values in sent.items() if name not in attributes.CORE))
    if not all(sent.values()):
        drivers.preflight(after, [after["disk_type"]], server, what)
    operations = attributes.updates("one.datastore.update", number, target, sent)
    operations.extend(_renaming(current, desired, after, server, what))
    if desired["clusters"] is not None:
        after["cluster_ids"] = _cluster_ids(desired, server, what)
        operations.extend(_cluster_operations(number, target, current["cluster_ids"], after["cluster_ids"], server))
    operations.extend(_enabling(current, desired, after, what))
    fields, access = ownership.correct("one.datastore", desired, current, server, what)
    after.update(fields)
    operations.extend(access)

    warnings = desired["warnings"] + drivers.virtiofs_warnings(current, desired, after, server, what)
    result = Plan(operations, warnings=warnings)
    if operations:
        before_shown, after_shown = _difference(current, after, server)
        result.before, result.after = {target: before_shown}, {target: after_shown}
    return result, after


def _driver_changes(current, desired, after, server, what):
    """Type, drivers and disk type: fills C(after), returns what an update has to send; refuses what is unsafe."""
    _new_drivers(current, desired, after, what)
    after["disk_type"] = drivers.disk_type(desired, after["type"], after["ds_mad"], after["tm_mad"], server, what,
                                           drivers.undeclared_disk_type(current, after, server))
    changed = [key for key in ("type", "ds_mad", "tm_mad", "disk_type") if after[key] != current[key]]
    if not changed:
        return {}
    # A driver stored in another case is corrected without fuss: it names the same driver, and only lower case works.
    real = [key for key in changed if after[key].lower() != current[key].lower()]
    if real and current["image_ids"] and not desired["allow_driver_change"]:
        raise Refusal("The %s (id %d) holds %d image%s (%s), so its %s is not changed: images keep what they were made "
                      "with. Empty it first, or set allow_driver_change: true."
                      % (what, current["id"], len(current["image_ids"]), "s" if len(current["image_ids"]) > 1 else "",
                         _held(current["image_ids"], server), ", ".join("%s from %s to %s" % (key, current[key], after[key]) for key in real)))
    drivers.preflight(dict(after, template=attributes.apply(current["template"], desired["attributes"])),
                      [after["disk_type"]], server, what)
    sent = {}
    if "type" in changed:
        sent["TYPE"] = ["%s_DS" % after["type"].upper()]
    if "ds_mad" in changed and after["type"] != "system":
        sent["DS_MAD"] = [after["ds_mad"]]
    if "tm_mad" in changed:
        sent["TM_MAD"] = [after["tm_mad"]]
        sent.update((name, []) for name in current["template"] if attributes.LEFT_BEHIND.match(name))
    if after["type"] in ("image", "system") and ("tm_mad" in changed or "disk_type" in changed):
        # OpenNebula takes DISK_TYPE into the body before the driver overrides the template: sent along, one update
        # is enough where the driver alone would need a second one.
        sent["DISK_TYPE"] = [after["disk_type"]]
    return sent


def _new_drivers(current, desired, after, what):
    """Type and drivers as declared, or as they are; a Refusal where the server would not follow."""
    kind = desired["type"] or current["type"]
    if kind != current["type"] and ("backup" in (kind, current["type"]) or current["id"] == 0):
        raise Refusal("The %s is of type %s, which OpenNebula never changes%s; delete it and create it again with type "
                      "%s, or correct the declaration." % (what, current["type"],
                                                           "" if kind != "backup" else " to backup", kind))
    if desired["type"] is None and desired["ds_mad"] and kind != "image" and (
            kind == "system" or desired["ds_mad"] == VIRTIOFS):
        raise Refusal("The %s (id %d) is of type %s, which does not go with ds_mad %s: somebody changed its TYPE, or "
                      "the declaration means another one. To have the type changed back, write type: image."
                      % (what, current["id"], kind, desired["ds_mad"]))
    drivers.check_kind(kind, desired, what)
    after["type"] = kind
    after["ds_mad"] = "-" if kind == "system" else desired["ds_mad"] or current["ds_mad"]
    after["tm_mad"] = "-" if kind == "backup" else desired["tm_mad"] or current["tm_mad"]
    if after["ds_mad"] == "-" and kind != "system":
        raise Refusal("The %s changes from type system to %s and has no ds_mad; write one." % (what, kind))


def _renaming(current, desired, after, server, what):
    name = desired["new_name"]
    if name is None or name == current["name"]:
        return []
    taken = [known for known in server.datastores.named(name) if known["id"] != current["id"]]
    if taken:
        raise Refusal("The %s cannot be renamed to %r: datastore %s has that name already."
                      % (what, name, taken[0]["id"]))
    after["name"] = name
    return [Operation("one.datastore.rename", desired["target"], "rename %s to %s" % (current["name"], name),
                      call=[current["id"], name])]


def _enabling(current, desired, after, what):
    if desired["state"] == "present":
        return []
    if after["type"] != "system":
        raise Refusal("The %s is of type %s; OpenNebula can enable and disable system datastores only. Use "
                      "state: present." % (what, after["type"]))
    after["state"] = "ready" if desired["state"] == "enabled" else "disabled"
    if after["state"] == current["state"]:
        return []
    return [Operation("one.datastore.enable", desired["target"], desired["state"][:-1],
                      call=[current["id"], desired["state"] == "enabled"])]


# -- clusters and the diff ---------------------------------------------------------------------------------------


def _cluster_ids(desired, server, what):
    """The declared clusters as sorted ids; a Refusal for an unknown or repeated one."""
    ids = [objects.resolve(word, server.clusters or {}, "cluster", what) for word in desired["clusters"]]
    for cluster in sorted(set(ids)):
        if ids.count(cluster) > 1:
            raise Refusal("The %s lists the cluster %r twice; list it once." % (what, server.clusters[cluster]))
    return sorted(ids)


def _shown_clusters(ids, server):
    return [(server.clusters or DEFAULT_CLUSTER).get(cluster, str(cluster)) for cluster in ids]


def _cluster_operations(number, target, now, wanted, server):
    """One call for each membership; joined first, so that the datastore is never out of every cluster in between."""
    operations = []
    for method, words, clusters in (
            ("one.cluster.adddatastore", "add to", [cluster for cluster in wanted if cluster not in now]),
            ("one.cluster.deldatastore", "take out of", [cluster for cluster in now if cluster not in wanted])):
        for cluster in clusters:
            operations.append(Operation(method, target, "%s cluster %s" % (words, _shown_clusters([cluster], server)[0]),
                                        call=[cluster, number]))
    return operations


def _difference(current, after, server):
    """({field: before}, {field: after}) of what differs, for the diff; secrets hidden."""
    before_shown, after_shown = {}, {}
    for key in SHOWN:
        if current[key] != after[key]:
            before_shown[key], after_shown[key] = current[key], after[key]
    if current["cluster_ids"] != after["cluster_ids"]:
        before_shown["clusters"] = _shown_clusters(current["cluster_ids"], server)
        after_shown["clusters"] = _shown_clusters(after["cluster_ids"], server)
    changed = attributes.difference(*[
        # What belongs to OpenNebula follows its drivers: the server sets it, whatever was sent.
        dict((name, values) for name, values in side["template"].items() if not attributes.SERVER_OWNED.match(name))
        for side in (current, after)])
    if changed != ({}, {}):
        before_shown["attributes"], after_shown["attributes"] = changed
    return before_shown, after_shown
