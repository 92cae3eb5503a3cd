# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datastores: the typed spec, what is declared, and what the server shows. No I/O."""

import re

from .._plan.plan import Refusal, refuse
from . import attributes, objects, ownership, template
from .attributes import ANSIBLE_TYPES, CORE, OPTION_OF, SERVER_OWNED, TYPED
from .drivers import VIRTIOFS, check_kind, check_virtiofs_disk_type

TYPES = ("image", "system", "file", "backup")
DISK_TYPES = ("FILE", "CDROM", "BLOCK", "RBD", "RBD_CDROM", "GLUSTER", "GLUSTER_CDROM", "SHEEPDOG", "SHEEPDOG_CDROM",
              "ISCSI", "FILESYSTEM")
DECLARABLE_DISK_TYPES = ("FILE", "BLOCK", "RBD", "GLUSTER", "SHEEPDOG", "ISCSI", "FILESYSTEM")
STATES = ("ready", "disabled")
# What OpenNebula encrypts unless it is configured otherwise; the ciphertext is whole blocks of 16 bytes.
ENCRYPTED = ("RESTIC_PASSWORD", "NETAPP_PASS", "PUREFA_API_TOKEN")
CIPHERTEXT = re.compile(r"^(?:[A-Za-z0-9+/]{64})*(?:[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{64})$")


def argument_spec():
    """The spec of one datastore: the options of one_datastore and of each element of one_datastores."""
    spec = dict(
        name=dict(type="str"),
        id=dict(type="int"),
        new_name=dict(type="str"),
        state=dict(type="str", default="present", choices=["present", "absent", "enabled", "disabled"]),
        type=dict(type="str", choices=list(TYPES)),
        ds_mad=dict(type="str"),
        tm_mad=dict(type="str"),
        disk_type=dict(type="str", choices=list(DECLARABLE_DISK_TYPES)),
        clusters=dict(type="list", elements="str"),
        owner=dict(type="str"),
        group=dict(type="str"),
        mode=dict(type="raw"),
        attributes=dict(type="dict"),
        secret_attributes=dict(type="dict", no_log=True),
        attributes_mode=dict(type="str", default="merge", choices=["merge", "exact"]),
        # The key is a switch, not a password, whatever its name suggests.
        update_secrets=dict(type="str", default="on_create", choices=["on_create", "always"], no_log=False),
        allow_driver_change=dict(type="bool", default=False),
        allow_default_datastore=dict(type="bool", default=False),
    )
    for option, _attribute, kind in TYPED:
        spec[option] = dict(ANSIBLE_TYPES[kind])
        if kind != "secret":
            # Paths, a libvirt secret's UUID and a user's name: none of them is a secret.
            spec[option]["no_log"] = False
    return spec


def read_pool(document):
    """The datastores in the body of one.datastorepool.info, by id."""
    return sorted((read(element) for element in template.parse(document).findall("DATASTORE")),
                  key=lambda datastore: datastore["id"])


def read(element):
    """One datastore from its XML element. TYPE and DISK_TYPE come from the body: the template may hold garbage."""
    datastore = objects.identity(element)
    datastore.update(
        type=objects.enum(TYPES, objects.child_int(element, "TYPE", -1)),
        disk_type=objects.enum(DISK_TYPES, objects.child_int(element, "DISK_TYPE", -1)),
        state=objects.enum(STATES, objects.child_int(element, "STATE", -1)),
        ds_mad=objects.child_text(element, "DS_MAD"),
        tm_mad=objects.child_text(element, "TM_MAD"),
        base_path=objects.child_text(element, "BASE_PATH"),
        cluster_ids=objects.ids_in(element, "CLUSTERS"),
        image_ids=objects.ids_in(element, "IMAGES"),
        total_mb=objects.child_int(element, "TOTAL_MB"),
        free_mb=objects.child_int(element, "FREE_MB"),
        used_mb=objects.child_int(element, "USED_MB"),
    )
    return datastore


def public(datastore):
    """A datastore as the modules return it: typed attributes under their options' names, secrets hidden."""
    result = dict((key, value) for key, value in datastore.items() if key not in ("template", "encrypted"))
    result["permissions"] = objects.letters(datastore["mode"])
    shown = objects.hidden(datastore["template"])
    for option, attribute, _kind in TYPED:
        if shown.get(attribute):
            result[option] = attributes.option_value(attribute, shown[attribute][0])
    result["attributes"] = template.friendly(dict(
        (name, values) for name, values in shown.items()
        if name not in OPTION_OF and name not in CORE and not SERVER_OWNED.match(name)))
    result["server_attributes"] = template.friendly(dict(
        (name, values) for name, values in shown.items() if SERVER_OWNED.match(name)))
    return result


def validated(items):
    """The declared datastores, checked and normalised, or one Refusal that lists every problem.

    items: list of dicts as argument_spec() gives them. Returns a list of dicts, each with the keys of the item's
    identity and drivers, C(attributes) ({NAME: [value, ...]}, typed ones included, an empty list: to be absent) and
    C(warnings).
    """
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
    """A sentence for each name or id that is declared twice."""
    seen = set()
    for item in desired:
        for key in set([("id", item["id"]), ("name", item["name"]), ("name", item["new_name"])]):
            if key[1] is None:
                continue
            if key in seen:
                yield ("The datastore with the %s %r is declared twice in one list; declare it once."
                       % (key[0], key[1]))
            seen.add(key)


def label(item):
    """How messages call a declared datastore."""
    return "datastore %r" % (item["name"] if item["name"] is not None else "id %s" % item["id"])


def _validated(item, position):
    where = "datastore %d of the list" % position
    wanted = dict((key, item.get(key)) for key in (
        "id", "state", "type", "disk_type", "clusters", "owner", "group", "attributes_mode", "update_secrets",
        "allow_driver_change", "allow_default_datastore"))
    names, warnings = objects.declared_names(item, where)
    wanted.update(names)
    if wanted["name"] is None and wanted["id"] is None:
        raise Refusal("%s has neither name nor id; give one." % objects.sentence(where))
    what = label(wanted)
    wanted["target"] = wanted["new_name"] or wanted["name"] or "datastore %s" % wanted["id"]
    wanted["mode"] = objects.octal(item.get("mode"), what)
    for key in ("ds_mad", "tm_mad"):
        wanted[key] = _driver(item.get(key), key, what)
    if wanted["state"] != "absent":
        _check_kind(wanted, what)
    wanted["attributes"], more = attributes.declared(item, what)
    wanted["warnings"] = warnings + more
    return wanted


def _driver(value, option, what):
    """A driver's name in lower case: OpenNebula accepts any case, but its driver directories do not."""
    if value is None or value.strip() in ("", "-"):
        return None
    value = value.strip()
    if not re.match(r"^[A-Za-z0-9_.-]+$", value):
        raise Refusal("The %s %r of %s is not a driver's name; write one such as virtiofs, fs or shared."
                      % (option, value, what))
    return value.lower()


def _check_kind(wanted, what):
    """What can be said about type and drivers without looking at the server."""
    kind = wanted["type"]
    check_kind(kind, wanted, what)
    if wanted["state"] in ("enabled", "disabled") and kind not in (None, "system"):
        raise Refusal("The %s is of type %s; OpenNebula can enable and disable system datastores only. Use "
                      "state: present." % (what, kind))
    if wanted["ds_mad"] == VIRTIOFS:
        check_virtiofs_disk_type(wanted, what)


def needs(desired, datastores, absent_images=()):
    """Which further reads the plan needs: a set out of clusters, users, groups, config, images.

    Nothing but the pool of datastores is read for what is converged, except the clusters where they are named; the
    drivers where one changes or an attribute goes that it may require; the images only where those inside forbid what
    is declared.
    """
    wanted = set()
    if held_by_refused(desired, datastores) - set(absent_images):
        wanted.add("images")
    for item in desired:
        if item["state"] == "absent":
            continue
        try:
            current = find(item, datastores)
        except Refusal:
            continue
        if item["clusters"] is not None:
            wanted.add("clusters")
        wanted |= ownership.needs(item, current)
        if current is None or _drivers_differ(item, current) or _body_lags(current) or _takes_away(item, current):
            wanted.add("config")
    return wanted


def _takes_away(item, current):
    """Whether an attribute is to go, which a driver may require."""
    if item["attributes_mode"] != "exact" and all(item["attributes"].values()):
        return False
    try:
        return not all(attributes.changes(current, item, label(item)).values())
    except Refusal:
        return False


def held_by_refused(desired, datastores):
    """The ids of the images in datastores that are to go, or to get other drivers, without leave."""
    held = set()
    for item in desired:
        try:
            current = find(item, datastores)
        except Refusal:
            continue
        if current is not None and (item["state"] == "absent" or (
                not item["allow_driver_change"] and _drivers_differ(item, current))):
            held.update(current["image_ids"])
    return held


def wants_decrypted(desired, datastores):
    """The ids of the datastores whose secrets must be read to be compared (update_secrets: always)."""
    ids = []
    for item in desired:
        if item["state"] == "absent" or item["update_secrets"] != "always":
            continue
        if any(objects.is_secret(name) and item["attributes"][name] for name in item["attributes"]):
            current = find(item, datastores)
            if current is not None:
                ids.append(current["id"])
    return ids


def still_encrypted(current, decrypted):
    """Names of the secrets that the server did not decrypt, as it does for its administrators only.

    current, decrypted: the same datastore as read from the pool, and by a call that asked for clear text.
    """
    return [name for name in ENCRYPTED
            if any(isinstance(value, str) and CIPHERTEXT.match(value) for value in decrypted["template"].get(name, []))
            and current["template"].get(name) == decrypted["template"][name]]


def _drivers_differ(item, current):
    ds_mad = item["ds_mad"] or current["ds_mad"]
    disk_type = "FILESYSTEM" if ds_mad.lower() == VIRTIOFS else item["disk_type"]
    return any(wanted is not None and wanted != current[key] for key, wanted in (
        ("type", item["type"]), ("ds_mad", item["ds_mad"]), ("tm_mad", item["tm_mad"]), ("disk_type", disk_type)))


def _body_lags(current):
    """Whether a transfer driver has written its disk type into the template, but the body does not follow yet.

    It would with the next update, whatever that is about; while images are inside, that is better left alone.
    """
    words = [word for word in current["template"].get("DISK_TYPE", []) if not isinstance(word, dict)]
    return (current["type"] in ("image", "system") and not current["image_ids"] and bool(words)
            and words[-1].upper() in DISK_TYPES and words[-1].upper() != current["disk_type"])


def find(item, datastores):
    """The datastore of a Pool that a declaration means, or None; a Refusal when it is not one."""
    what = label(item)
    if item["id"] is not None:
        found = datastores.numbered(item["id"])
        if not found:
            if item["state"] == "absent":
                return None
            raise Refusal("No datastore has the id %d; leave id out to create one by its name." % item["id"])
        if item["name"] is not None and found[0]["name"] not in (item["name"], item["new_name"]):
            raise Refusal("The datastore with the id %d is named %r, not %r; leave name out, or write new_name to "
                          "rename it." % (item["id"], found[0]["name"], item["name"]))
        return found[0]
    found = datastores.named(item["name"])
    if len(found) > 1:
        raise Refusal("%d datastores are named %r (ids %s): OpenNebula's check for names is not safe against creating "
                      "two at once. Delete or rename the wrong one by its id; until then the name is ambiguous."
                      % (len(found), item["name"], " and ".join(str(datastore["id"]) for datastore in found)))
    if item["new_name"] is not None and item["new_name"] != item["name"]:
        renamed = datastores.named(item["new_name"])
        if found and renamed:
            raise Refusal("The %s cannot be renamed to %r: datastore %d has that name already."
                          % (what, item["new_name"], renamed[0]["id"]))
        if len(renamed) > 1:
            raise Refusal("%d datastores are named %r (ids %s); delete or rename the wrong one by its id."
                          % (len(renamed), item["new_name"], " and ".join(str(one["id"]) for one in renamed)))
        found = found or renamed
    return found[0] if found else None


def foreseen(known, predicted):
    """The datastores as an earlier task of the same check run would leave them, as far as images need them.

    known: read back; predicted: as public() gives them, with the id None for new ones.
    """
    changed = dict((one["id"], one) for one in predicted if one.get("id") is not None)
    return [dict(one, **_foreseen(changed[one["id"]])) if one["id"] in changed else one for one in known] + [
        dict(_foreseen(one), id=None) for one in predicted if one.get("id") is None]


def _foreseen(one):
    dirs = dict((name, [" ".join(one.get(option) or [])]) for option, name in (
        ("safe_dirs", "SAFE_DIRS"), ("restricted_dirs", "RESTRICTED_DIRS")))
    return {"name": one.get("name"), "type": one.get("type"), "disk_type": one.get("disk_type"), "template": dirs}
