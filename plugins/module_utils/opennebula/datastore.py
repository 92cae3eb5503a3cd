# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datastores: the typed spec, read-back, and the pure plan from what is to what is declared. No I/O.

The rules come from OpenNebula's source (src/datastore/Datastore.cc: insert, post_update_template, set_tm_mad,
set_ds_disk_type) and from answers recorded on a running server.
"""

import re

from ..plan import Operation, Plan, Refusal
from . import objects, template
from .objects import NEW_ID

TYPES = ("image", "system", "file", "backup")
DISK_TYPES = ("FILE", "CDROM", "BLOCK", "RBD", "RBD_CDROM", "GLUSTER", "GLUSTER_CDROM", "SHEEPDOG", "SHEEPDOG_CDROM",
              "ISCSI", "FILESYSTEM")
DECLARABLE_DISK_TYPES = ("FILE", "BLOCK", "RBD", "GLUSTER", "SHEEPDOG", "ISCSI", "FILESYSTEM")
STATES = ("ready", "disabled")
VIRTIOFS = "virtiofs"
FIRST_OWN_ID = 100
DEFAULT_SAFE_DIRS = ["/var/tmp"]

# option, attribute, kind, note. Kinds: dirs and words are blank-separated lists, ids a comma-separated list, bool is
# YES or NO, count a whole number from 0, text a string, secret a string that never leaves the module again.
TYPED = (
    ("safe_dirs", "SAFE_DIRS", "dirs"),
    ("restricted_dirs", "RESTRICTED_DIRS", "dirs"),
    ("bridge_list", "BRIDGE_LIST", "words"),
    ("staging_dir", "STAGING_DIR", "dir"),
    ("limit_mb", "LIMIT_MB", "count"),
    ("limit_transfer_bw", "LIMIT_TRANSFER_BW", "text"),
    ("no_decompress", "NO_DECOMPRESS", "bool"),
    ("compatible_sys_ds", "COMPATIBLE_SYS_DS", "ids"),
    ("nfs_auto_enable", "NFS_AUTO_ENABLE", "bool"),
    ("nfs_auto_host", "NFS_AUTO_HOST", "text"),
    ("nfs_auto_path", "NFS_AUTO_PATH", "text"),
    ("nfs_auto_opts", "NFS_AUTO_OPTS", "text"),
    ("pool_name", "POOL_NAME", "text"),
    ("ec_pool_name", "EC_POOL_NAME", "text"),
    ("ceph_host", "CEPH_HOST", "words"),
    ("ceph_user", "CEPH_USER", "text"),
    ("ceph_secret", "CEPH_SECRET", "text"),
    ("ceph_conf", "CEPH_CONF", "text"),
    ("ceph_key", "CEPH_KEY", "text"),
    ("rbd_format", "RBD_FORMAT", "count"),
    ("lvm_thin_enable", "LVM_THIN_ENABLE", "bool"),
    ("rsync_host", "RSYNC_HOST", "text"),
    ("rsync_user", "RSYNC_USER", "text"),
    ("rsync_args", "RSYNC_ARGS", "text"),
    ("restic_password", "RESTIC_PASSWORD", "secret"),
    ("restic_sftp_user", "RESTIC_SFTP_USER", "text"),
    ("restic_sftp_server", "RESTIC_SFTP_SERVER", "text"),
    ("restic_bwlimit", "RESTIC_BWLIMIT", "count"),
    ("restic_compression", "RESTIC_COMPRESSION", "text"),
    ("restic_connections", "RESTIC_CONNECTIONS", "count"),
)
OPTION_OF = dict((attribute, option) for option, attribute, _kind in TYPED)
KIND_OF = dict((attribute, kind) for _option, attribute, kind in TYPED)
ANSIBLE_TYPES = {
    "dirs": dict(type="list", elements="str"),
    "words": dict(type="list", elements="str"),
    "ids": dict(type="list", elements="int"),
    "dir": dict(type="str"),
    "bool": dict(type="bool"),
    "count": dict(type="int"),
    "text": dict(type="str"),
    "secret": dict(type="str", no_log=True),
}

# Attributes with an option of their own, and what OpenNebula keeps outside the template: in an update they would only
# add something inert.
OWN_OPTION = {"NAME": "name (and new_name to rename)", "TYPE": "type", "DS_MAD": "ds_mad", "TM_MAD": "tm_mad",
              "DISK_TYPE": "disk_type", "CLUSTER": "clusters", "CLUSTERS": "clusters", "CLUSTER_ID": "clusters",
              "STATE": "state", "ID": "id", "UID": "owner", "GID": "group", "UNAME": "owner", "GNAME": "group",
              "PERMISSIONS": "mode"}
CORE = ("TYPE", "DS_MAD", "TM_MAD", "DISK_TYPE")
SERVER_OWNED = re.compile(
    r"^(CLONE_TARGET|LN_TARGET|ALLOW_ORPHANS|PERSISTENT_SNAPSHOTS|DATASTORE_CAPACITY_CHECK|DRIVER|SHARED|DS_MIGRATE.*"
    r"|DS_LIVE_MIGRATE|TM_MAD_SYSTEM|(CLONE_TARGET|LN_TARGET|DISK_TYPE)_.+|.*_SSH|BASE_PATH|TOTAL_MB|FREE_MB|USED_MB"
    r"|IMAGES)$")
# What a transfer driver sets and leaves behind when another one takes its place.
LEFT_BEHIND = re.compile(r"^(TM_MAD_SYSTEM|DRIVER|(CLONE_TARGET|LN_TARGET|DISK_TYPE)_.+)$")
FIXED_WITH_IMAGES = ("LVM_THIN_ENABLE", "NFS_AUTO_ENABLE", "NFS_AUTO_HOST", "NFS_AUTO_PATH", "NFS_AUTO_OPTS")
# attributes_mode=exact leaves these alone: without them every directory of the front end could be registered.
KEPT_IN_EXACT = ("SAFE_DIRS", "RESTRICTED_DIRS")


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


# -- what the server has -----------------------------------------------------------------------------------------


class World:
    """What the plan needs to know of the server.

    datastores: list of read-back datastores; clusters, users, groups: {id: name} or None when not read;
    config: Config or None when not read or not readable; version: str or None.
    """

    def __init__(self, datastores, clusters=None, users=None, groups=None, config=None, version=None):
        self.datastores = list(datastores)
        self.clusters = clusters
        self.users = users
        self.groups = groups
        self.config = config
        self.version = version


class Config:
    """The drivers of one.system.config: ds_mads {name: [required attribute, ...]}, tm_mads {name: {key: value}}."""

    def __init__(self, ds_mads, tm_mads):
        self.ds_mads = ds_mads
        self.tm_mads = tm_mads

    def forced_disk_type(self, tm_mad):
        """The DISK_TYPE this transfer driver imposes on image datastores, or None."""
        return self.tm_mads.get(tm_mad, {}).get("DISK_TYPE", "").upper() or None


def read_config(document):
    """A Config from the body of one.system.config."""
    root = template.parse(document)
    ds_mads = {}
    for element in root.findall("DS_MAD_CONF"):
        required = objects.child_text(element, "REQUIRED_ATTRS")
        ds_mads[objects.child_text(element, "NAME").lower()] = [
            name.strip().upper() for name in required.split(",") if name.strip()]
    tm_mads = {}
    for element in root.findall("TM_MAD_CONF"):
        tm_mads[objects.child_text(element, "NAME").lower()] = dict(
            (child.tag, (child.text or "").strip()) for child in element)
    return Config(ds_mads, tm_mads)


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
    result = dict((key, value) for key, value in datastore.items() if key != "template")
    result["permissions"] = objects.letters(datastore["mode"])
    attributes = objects.hidden(datastore["template"])
    for option, attribute, _kind in TYPED:
        if attributes.get(attribute):
            result[option] = _option_value(attribute, attributes[attribute][0])
    result["attributes"] = template.friendly(dict(
        (name, values) for name, values in attributes.items()
        if name not in OPTION_OF and name not in CORE and not SERVER_OWNED.match(name)))
    result["server_attributes"] = template.friendly(dict(
        (name, values) for name, values in attributes.items() if SERVER_OWNED.match(name)))
    return result


def _option_value(attribute, value):
    """A template's value in the type of its option; what does not fit the type stays text."""
    kind = KIND_OF[attribute]
    if isinstance(value, dict):
        return value
    if kind in ("dirs", "words"):
        return value.split()
    if kind == "ids":
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return [int(part) if part.isdigit() else part for part in parts]
    if kind == "bool" and value.upper() in ("YES", "NO"):
        return value.upper() == "YES"
    if kind == "count" and value.isdigit():
        return int(value)
    return value


# -- what is declared --------------------------------------------------------------------------------------------


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
            problems.append(str(refusal))
    problems.extend(_repeated(desired))
    if problems:
        raise Refusal("\n".join(problems))
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
    for key in ("name", "new_name"):
        wanted[key] = None if item.get(key) is None else template.object_name(item[key], where)
    if wanted["name"] is None and wanted["id"] is None:
        raise Refusal("%s has neither name nor id; give one." % where.capitalize())
    what = label(wanted)
    wanted["target"] = wanted["new_name"] or wanted["name"] or "datastore %s" % wanted["id"]
    wanted["warnings"] = []
    wanted["mode"] = objects.octal(item.get("mode"), what)
    for key in ("ds_mad", "tm_mad"):
        wanted[key] = _driver(item.get(key), key, what)
    if wanted["state"] != "absent":
        _check_kind(wanted, what)
    wanted["attributes"] = _attributes(item, wanted, what)
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
    if kind == "system" and wanted["ds_mad"]:
        raise Refusal("The %s is of type system, which has no ds_mad (%r); leave ds_mad out." % (what, wanted["ds_mad"]))
    if kind == "backup" and wanted["tm_mad"]:
        raise Refusal("The %s is of type backup, which has no tm_mad (%r); leave tm_mad out." % (what, wanted["tm_mad"]))
    if kind in ("file", "backup") and wanted["disk_type"] not in (None, "FILE"):
        raise Refusal("The %s is of type %s, whose DISK_TYPE is always FILE, not %s; leave disk_type out."
                      % (what, kind, wanted["disk_type"]))
    if wanted["state"] in ("enabled", "disabled") and kind not in (None, "system"):
        raise Refusal("The %s is of type %s; OpenNebula can enable and disable system datastores only. Use "
                      "state: present." % (what, kind))
    if wanted["ds_mad"] == VIRTIOFS:
        if kind not in (None, "image"):
            raise Refusal("The %s has ds_mad virtiofs and type %s; a virtiofs datastore is always of type image."
                          % (what, kind))
        _check_virtiofs_disk_type(wanted, what)


def _check_virtiofs_disk_type(wanted, what):
    if wanted["disk_type"] not in (None, "FILESYSTEM"):
        raise Refusal("The %s has ds_mad virtiofs and disk_type %s: OpenNebula would accept it and give every VM a "
                      "disk of that kind instead of the directory. Leave disk_type out, FILESYSTEM is always sent."
                      % (what, wanted["disk_type"]))


def _attributes(item, wanted, what):
    """The declared part of the template: {NAME: [value, ...]}, [] for what is to be absent."""
    attributes, warnings = template.clean(item.get("attributes") or {}, what)
    wanted["warnings"].extend(warnings)
    for name in attributes:
        if name in OPTION_OF:
            raise Refusal("The attribute %s of %s has an option of its own; write %s instead of putting it into "
                          "attributes." % (name, what, OPTION_OF[name]))
        if name in OWN_OPTION:
            raise Refusal("The attribute %s of %s would be stored without any effect; use the option %s."
                          % (name, what, OWN_OPTION[name]))
        if SERVER_OWNED.match(name):
            raise Refusal("The attribute %s of %s belongs to OpenNebula, which sets it from its drivers' "
                          "configuration; leave it out of attributes." % (name, what))
    for option, attribute, kind in TYPED:
        if item.get(option) is not None:
            attributes[attribute] = _typed(item[option], option, attribute, kind, what)
    return attributes


def _typed(value, option, attribute, kind, what):
    if kind == "dirs":
        values = [objects.directory(path, option, what.capitalize()) for path in value]
        for path in sorted(set(values)):
            if values.count(path) > 1:
                raise Refusal("The %s lists %s twice in %s; list it once." % (what, path, option))
        word = " ".join(values)
    elif kind == "words":
        for part in value:
            if not part.strip() or len(part.split()) != 1:
                raise Refusal("The %s of %s holds %r; write one word without blanks for each element."
                              % (option, what, part))
        word = " ".join(part.strip() for part in value)
    elif kind == "ids":
        word = ",".join(str(part) for part in value)
    elif kind == "dir":
        word = objects.directory(value, option, what.capitalize()) if value else ""
    elif kind == "count":
        if value < 0:
            raise Refusal("The %s of %s is %s; write a whole number from 0 on." % (option, what, value))
        word = str(value)
    else:
        word = template.text(value, attribute, what)
    return [word] if word != "" else []


# -- the plan ----------------------------------------------------------------------------------------------------


def needs(desired, datastores):
    """Which further reads the plan needs: a set out of clusters, users, groups, config.

    Nothing but the pool of datastores is read for what is converged, except the clusters where they are named.
    """
    wanted = set()
    for item in desired:
        if item["state"] == "absent":
            continue
        try:
            current = find(item, datastores)
        except Refusal:
            continue
        if item["clusters"] is not None:
            wanted.add("clusters")
        if item["owner"] is not None and (current is None or not objects.is_named(
                item["owner"], current["owner"], current["owner_id"])):
            wanted.add("users")
        if item["group"] is not None and (current is None or not objects.is_named(
                item["group"], current["group"], current["group_id"])):
            wanted.add("groups")
        if current is None or _drivers_differ(item, current):
            wanted.add("config")
    return wanted


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


def _drivers_differ(item, current):
    ds_mad = item["ds_mad"] or current["ds_mad"]
    disk_type = "FILESYSTEM" if ds_mad.lower() == VIRTIOFS else item["disk_type"]
    return any(wanted is not None and wanted != current[key] for key, wanted in (
        ("type", item["type"]), ("ds_mad", item["ds_mad"]), ("tm_mad", item["tm_mad"]), ("disk_type", disk_type)))


def find(item, datastores):
    """The datastore that a declaration means, or None; a Refusal when it is not one."""
    what = label(item)
    if item["id"] is not None:
        found = [datastore for datastore in datastores if datastore["id"] == item["id"]]
        if not found:
            if item["state"] == "absent":
                return None
            raise Refusal("No datastore has the id %d; leave id out to create one by its name." % item["id"])
        if item["name"] is not None and found[0]["name"] not in (item["name"], item["new_name"]):
            raise Refusal("The datastore with the id %d is named %r, not %r; leave name out, or write new_name to "
                          "rename it." % (item["id"], found[0]["name"], item["name"]))
        return found[0]
    found = [datastore for datastore in datastores if datastore["name"] == item["name"]]
    if len(found) > 1:
        raise Refusal("%d datastores are named %r (ids %s): OpenNebula's check for names is not safe against creating "
                      "two at once. Delete or rename the wrong one by its id; until then the name means nothing."
                      % (len(found), item["name"], " and ".join(str(datastore["id"]) for datastore in found)))
    if item["new_name"] is not None and item["new_name"] != item["name"]:
        renamed = [datastore for datastore in datastores if datastore["name"] == item["new_name"]]
        if found and renamed:
            raise Refusal("The %s cannot be renamed to %r: datastore %d has that name already."
                          % (what, item["new_name"], renamed[0]["id"]))
        if len(renamed) > 1:
            raise Refusal("%d datastores are named %r (ids %s); delete or rename the wrong one by its id."
                          % (len(renamed), item["new_name"], " and ".join(str(one["id"]) for one in renamed)))
        found = found or renamed
    return found[0] if found else None


def plan_all(desired, world, absent_images=()):
    """The plan for all declared datastores and their predicted states.

    absent_images: ids of images that an earlier task of the same check run would delete.
    Returns (Plan, [predicted datastore or None for absent, ...] in the order of C(desired)); a Refusal lists every
    problem. System datastores come first, so that a virtiofs datastore can follow one created in the same call.
    """
    whole = Plan()
    problems = []
    predicted = [None] * len(desired)
    world = World(world.datastores, world.clusters, world.users, world.groups, world.config, world.version)
    for position in sorted(range(len(desired)), key=lambda index: (desired[index]["type"] != "system", index)):
        item = desired[position]
        try:
            current = find(item, world.datastores)
            one, after = plan(current, item, world, absent_images)
        except Refusal as refusal:
            problems.append(str(refusal))
            continue
        whole.add(one)
        predicted[position] = after
        world.datastores = [known for known in world.datastores if known is not current]
        if after is not None:
            world.datastores.append(after)
    if problems:
        raise Refusal("\n".join(problems))
    return whole, predicted


def plan(current, desired, world, absent_images=()):
    """(Plan, predicted datastore or None) for one declared datastore.

    current: read-back datastore or None; desired: element of validated(); world: World.
    """
    if desired["state"] == "absent":
        return _plan_absent(current, desired, absent_images), None
    if current is None:
        return _plan_new(desired, world)
    return _plan_existing(current, desired, world)


def _plan_absent(current, desired, absent_images):
    target = desired["target"]
    if current is None:
        return Plan()
    what = "datastore %r (id %d)" % (current["name"], current["id"])
    if current["id"] < FIRST_OWN_ID and not desired["allow_default_datastore"]:
        raise Refusal("The %s is one of OpenNebula's own (ids below %d), which it would delete without a word; set "
                      "allow_default_datastore: true if that is really meant." % (what, FIRST_OWN_ID))
    images = [image for image in current["image_ids"] if image not in absent_images]
    if images:
        raise Refusal("The %s is not empty: it holds the images %s. Delete them first (one_filesystem_images with "
                      "state: absent, which waits until the server has finished)."
                      % (what, ", ".join(map(str, images))))
    return Plan([Operation("one.datastore.delete", target, "delete the datastore, id %d" % current["id"],
                           call=[current["id"]])],
                before={target: {"state": "present", "id": current["id"]}}, after={target: {"state": "absent"}})


def _owner_ids(desired, world, what):
    uid = gid = -1
    if desired["owner"] is not None:
        uid = objects.resolve(desired["owner"], world.users or {}, "user", what)
    if desired["group"] is not None:
        gid = objects.resolve(desired["group"], world.groups or {}, "group", what)
    return uid, gid


def _cluster_ids(desired, world, what):
    """The declared clusters as sorted ids; a Refusal for an unknown or repeated one."""
    ids = [objects.resolve(word, world.clusters or {}, "cluster", what) for word in desired["clusters"]]
    for cluster in sorted(set(ids)):
        if ids.count(cluster) > 1:
            raise Refusal("The %s lists the cluster %r twice; list it once." % (what, world.clusters[cluster]))
    return sorted(ids)


def _shown_clusters(ids, world):
    return [(world.clusters or {}).get(cluster, str(cluster)) for cluster in ids]


def system_drivers(cluster_ids, datastores):
    """The transfer drivers of the system datastores in these clusters: {tm_mad: [name of a datastore, ...]}."""
    drivers = {}
    for datastore in datastores:
        if datastore["type"] == "system" and set(datastore["cluster_ids"]) & set(cluster_ids):
            drivers.setdefault(datastore["tm_mad"], []).append(datastore["name"])
    return drivers


def _follow(desired, cluster_ids, world, what):
    """(tm_mad, [warning, ...]) for a new virtiofs datastore without a declared tm_mad."""
    drivers = system_drivers(cluster_ids, world.datastores)
    usable = sorted(name for name in drivers
                    if not world.config or world.config.forced_disk_type(name) in (None, "FILESYSTEM"))
    warnings = []
    if not usable:
        chosen = VIRTIOFS if world.config and VIRTIOFS in world.config.tm_mads else "local"
        if drivers:
            warnings.append("The system datastores in the clusters of %s use TM_MAD %s, which would turn the disks "
                            "into block devices; tm_mad %s is used instead."
                            % (what, " and ".join(sorted(drivers)), chosen))
        else:
            warnings.append("No system datastore is in the clusters of %s, so no VM can use it there; tm_mad %s is "
                            "used." % (what, chosen))
        return chosen, warnings
    # Most system datastores win, then the alphabet, so that every run chooses alike.
    chosen = sorted(usable, key=lambda name: (-len(drivers[name]), name))[0]
    if len(drivers) > 1:
        warnings.append("The system datastores in the clusters of %s differ in TM_MAD (%s); tm_mad %s is used. "
                        "OpenNebula wants them alike; give tm_mad to choose."
                        % (what, "; ".join("%s: %s" % (name, ", ".join(drivers[name])) for name in sorted(drivers)),
                           chosen))
    return chosen, warnings


def _mismatch(tm_mad, cluster_ids, world, what):
    """A warning when the transfer driver of a virtiofs datastore is not that of its clusters' system datastores."""
    drivers = system_drivers(cluster_ids, world.datastores)
    others = sorted(name for name in drivers if name != tm_mad)
    if not others:
        return []
    text = ("The tm_mad %s of %s is not that of the system datastores in its clusters (%s), as OpenNebula's "
            "documentation asks; it is not enforced for directories."
            % (tm_mad, what, "; ".join("%s: %s" % (name, ", ".join(drivers[name])) for name in others)))
    if tm_mad == VIRTIOFS:
        text += " OpenNebula's own web interface writes virtiofs too, and it works."
    return [text]


def _missing_safe_dirs(what):
    return ("The %s has no safe_dirs: OpenNebula then allows nothing but /var/tmp, and every other directory ends in "
            "state ERROR. Declare safe_dirs, such as [/srv/shares]." % what)


def _preflight(after, world, what):
    """Refuse drivers the server does not have and required attributes that are missing, before anything is made."""
    config = world.config
    if config is None:
        return
    if after["type"] != "system" and after["ds_mad"].lower() not in config.ds_mads:
        hint = ""
        if after["ds_mad"] == VIRTIOFS:
            hint = " The virtiofs driver comes with OpenNebula 7.2.0%s." % (
                "; this server is %s" % world.version if world.version else "")
        raise Refusal("The %s wants the datastore driver %r, which this OpenNebula does not have; it has %s.%s"
                      % (what, after["ds_mad"], ", ".join(sorted(config.ds_mads)) or "none", hint))
    if after["type"] != "backup" and after["tm_mad"].lower() not in config.tm_mads:
        raise Refusal("The %s wants the transfer driver %r, which this OpenNebula does not have; it has %s."
                      % (what, after["tm_mad"], ", ".join(sorted(config.tm_mads)) or "none"))
    if after["type"] == "system":
        return
    for name in config.ds_mads[after["ds_mad"].lower()]:
        # OpenNebula wants DISK_TYPE in what is sent; for the others, what will be in the template counts.
        given = after["sent_disk_type"] if name == "DISK_TYPE" else after["template"].get(name)
        if not given or given == [""]:
            raise Refusal("The %s has ds_mad %s, which requires %s; give %s."
                          % (what, after["ds_mad"], name,
                             "the option %s" % (OPTION_OF.get(name) or name.lower()) if name in OPTION_OF
                             or name == "DISK_TYPE" else "it in attributes"))


def _disk_type(desired, kind, ds_mad, tm_mad, world, what, undeclared):
    """The DISK_TYPE the body will have, or a Refusal where the drivers make the declared one impossible.

    undeclared: what it is when nothing is declared and no driver imposes one.
    """
    if kind in ("file", "backup"):
        return "FILE"
    wanted = desired["disk_type"]
    if ds_mad.lower() == VIRTIOFS:
        _check_virtiofs_disk_type(desired, what)
        wanted = "FILESYSTEM"
    forced = world.config.forced_disk_type(tm_mad.lower()) if world.config and kind == "image" else None
    if forced and wanted and forced != wanted:
        raise Refusal("The %s needs DISK_TYPE %s, but OpenNebula's transfer driver %s always makes it %s; choose "
                      "another tm_mad%s." % (what, wanted, tm_mad, forced,
                                             " such as local or virtiofs" if ds_mad == VIRTIOFS else ""))
    return forced or wanted or undeclared


def _plan_new(desired, world):
    what, target = label(desired), desired["target"]
    if desired["name"] is None:
        raise Refusal("%s does not exist; give a name to create it." % what.capitalize())
    kind = desired["type"] or "image"
    if desired["state"] in ("enabled", "disabled") and kind != "system":
        raise Refusal("The %s does not exist, and OpenNebula can enable and disable system datastores only; write "
                      "type: system, or state: present." % what)
    if kind != "system" and desired["ds_mad"] is None:
        raise Refusal("The %s does not exist and has no ds_mad to create it with; write one such as virtiofs or fs."
                      % what)
    uid, gid = _owner_ids(desired, world, what)
    clusters = [0] if desired["clusters"] is None else _cluster_ids(desired, world, what)
    warnings = list(desired["warnings"])
    ds_mad = "-" if kind == "system" else desired["ds_mad"]
    tm_mad = desired["tm_mad"]
    if kind == "backup":
        tm_mad = "-"
    elif tm_mad is None and ds_mad == VIRTIOFS:
        tm_mad, found = _follow(desired, clusters, world, what)
        warnings.extend(found)
    elif tm_mad is None:
        raise Refusal("The %s does not exist and has no tm_mad to create it with; write one such as local or shared "
                      "(that of the system datastores in its clusters)." % what)
    elif ds_mad == VIRTIOFS:
        warnings.extend(_mismatch(tm_mad, clusters, world, what))
    attributes = dict((name, values) for name, values in desired["attributes"].items() if values)
    if attributes.get("SAFE_DIRS") and "RESTRICTED_DIRS" not in desired["attributes"]:
        # OpenNebula restricts / only when both are left out: with SAFE_DIRS alone everything would be allowed.
        attributes["RESTRICTED_DIRS"] = ["/"]
    if ds_mad == VIRTIOFS and not attributes.get("SAFE_DIRS"):
        warnings.append(_missing_safe_dirs(what))
    disk_type = _disk_type(desired, kind, ds_mad, tm_mad, world, what, "FILE")

    sent = dict(attributes, NAME=[target], TYPE=["%s_DS" % kind.upper()])
    if kind != "system":
        sent["DS_MAD"] = [ds_mad]
    if kind != "backup":
        sent["TM_MAD"] = [tm_mad]
    if desired["disk_type"] or ds_mad == VIRTIOFS:
        sent["DISK_TYPE"] = [disk_type]
    after = {
        "id": None, "name": target, "type": kind, "disk_type": disk_type, "ds_mad": ds_mad, "tm_mad": tm_mad,
        "state": "disabled" if desired["state"] == "disabled" else "ready",
        "owner": desired["owner"] if uid == -1 else world.users[uid], "owner_id": None if uid == -1 else uid,
        "group": desired["group"] if gid == -1 else world.groups[gid], "group_id": None if gid == -1 else gid,
        "mode": desired["mode"] or "640", "base_path": None, "cluster_ids": clusters, "image_ids": [],
        "total_mb": 0, "free_mb": 0, "used_mb": 0, "template": attributes,
        "sent_disk_type": sent.get("DISK_TYPE"),
    }
    _preflight(after, world, what)
    del after["sent_disk_type"]

    operations = [Operation("one.datastore.allocate", target, "create the %s datastore (%s)" % (kind, ", ".join(
        "%s %s" % pair for pair in (("DS_MAD", ds_mad), ("TM_MAD", tm_mad), ("DISK_TYPE", disk_type))
        if pair[1] != "-")), call=[template.encode(sent)[0], clusters[0] if clusters else -1])]
    for document in template.encode(sent)[1:]:
        operations.append(Operation("one.datastore.update", target, "set the attributes that end in a backslash",
                                    call=[NEW_ID, document, 1]))
    operations.extend(_without_defaults(desired, attributes, target))
    # A new datastore is in exactly one cluster, the default one when none is given.
    operations.extend(_cluster_operations(NEW_ID, target, clusters[:1] or [0], clusters, world))
    if desired["state"] == "disabled":
        operations.append(Operation("one.datastore.enable", target, "disable", call=[NEW_ID, False]))
    if desired["mode"] is not None:
        operations.append(Operation("one.datastore.chmod", target, "set the mode %s" % objects.letters(desired["mode"]),
                                    call=[NEW_ID] + objects.bits(desired["mode"])))
    if (uid, gid) != (-1, -1):
        operations.append(_chown("one.datastore.chown", NEW_ID, target, desired, uid, gid))
    shown = {"state": "present" if desired["state"] == "present" else desired["state"], "type": kind, "ds_mad": ds_mad,
             "tm_mad": tm_mad, "disk_type": disk_type, "clusters": _shown_clusters(clusters, world)}
    for key in ("owner", "group", "mode"):
        if desired[key] is not None:
            shown[key] = after[key]
    if attributes:
        shown["attributes"] = template.friendly(objects.hidden(attributes))
    return Plan(operations, before={target: {"state": "absent"}}, after={target: shown}, warnings=warnings), after


def _without_defaults(desired, attributes, target):
    """OpenNebula sets both lists of directories when both are left out; declared empty, they must go again."""
    if attributes.get("SAFE_DIRS") or attributes.get("RESTRICTED_DIRS"):
        return []
    gone = [name for name in KEPT_IN_EXACT if desired["attributes"].get(name) == []]
    if not gone:
        return []
    document = template.encode(dict((name, []) for name in gone))[0]
    return [Operation("one.datastore.update", target, "remove %s" % ", ".join(gone), call=[NEW_ID, document, 1])]


def _cluster_operations(number, target, now, wanted, world):
    """One call for each membership; joined first, so that the datastore is never out of every cluster in between."""
    operations = []
    for cluster in [cluster for cluster in wanted if cluster not in now]:
        operations.append(Operation("one.cluster.adddatastore", target, "add to cluster %s"
                                    % _shown_clusters([cluster], world)[0], call=[cluster, number]))
    for cluster in [cluster for cluster in now if cluster not in wanted]:
        operations.append(Operation("one.cluster.deldatastore", target, "take out of cluster %s"
                                    % _shown_clusters([cluster], world)[0], call=[cluster, number]))
    return operations


def _chown(method, number, target, desired, uid, gid):
    words = []
    if uid != -1:
        words.append("the owner %s" % desired["owner"])
    if gid != -1:
        words.append("the group %s" % desired["group"])
    return Operation(method, target, "set %s" % " and ".join(words), call=[number, uid, gid])


def _plan_existing(current, desired, world):
    what, target, number = label(desired), desired["target"], current["id"]
    after = dict(current, template=dict(current["template"]))
    warnings = list(desired["warnings"])
    operations = []

    sent = _driver_changes(current, desired, after, world, what)
    changes = _attribute_changes(current, desired, after, what)
    sent.update(changes)
    if sent:
        names = sorted(name for name in sent if sent[name])
        gone = sorted(name for name in sent if not sent[name])
        words = ([] if not names else ["set %s" % ", ".join(names)]) + (
            [] if not gone else ["remove %s" % ", ".join(gone)])
        for document in template.encode(sent):
            # Append (1): a replace would strip everything this call does not name.
            operations.append(Operation("one.datastore.update", target, "; ".join(words), call=[number, document, 1]))

    if desired["new_name"] is not None and desired["new_name"] != current["name"]:
        taken = [known for known in world.datastores
                 if known["name"] == desired["new_name"] and known["id"] != number]
        if taken:
            raise Refusal("The %s cannot be renamed to %r: datastore %s has that name already."
                          % (what, desired["new_name"], taken[0]["id"]))
        after["name"] = desired["new_name"]
        operations.append(Operation("one.datastore.rename", target, "rename %s to %s"
                                    % (current["name"], desired["new_name"]), call=[number, desired["new_name"]]))
    if desired["clusters"] is not None:
        after["cluster_ids"] = _cluster_ids(desired, world, what)
        operations.extend(_cluster_operations(number, target, current["cluster_ids"], after["cluster_ids"], world))
    _plan_state(current, desired, after, operations, what)
    _plan_access(current, desired, after, operations, world, what)
    warnings.extend(_virtiofs_warnings(current, desired, after, world, what))

    before_shown, after_shown = _difference(current, after, world)
    plan_of_one = Plan(operations, warnings=warnings)
    if operations:
        plan_of_one.before = {target: before_shown}
        plan_of_one.after = {target: after_shown}
    return plan_of_one, after


def _driver_changes(current, desired, after, world, what):
    """Type, drivers and disk type: fills C(after), returns what an update has to send; refuses what is unsafe."""
    kind = desired["type"] or current["type"]
    if kind != current["type"] and ("backup" in (kind, current["type"]) or current["id"] == 0):
        raise Refusal("The %s is of type %s, which OpenNebula never changes%s; delete it and create it anew with type "
                      "%s, or correct the declaration." % (what, current["type"],
                                                           "" if kind != "backup" else " to backup", kind))
    if kind == "system" and desired["ds_mad"]:
        raise Refusal("The %s is of type system, which has no ds_mad (%r); leave ds_mad out." % (what, desired["ds_mad"]))
    if kind == "backup" and desired["tm_mad"]:
        raise Refusal("The %s is of type backup, which has no tm_mad (%r); leave tm_mad out." % (what, desired["tm_mad"]))
    after["type"] = kind
    after["ds_mad"] = "-" if kind == "system" else desired["ds_mad"] or current["ds_mad"]
    if after["ds_mad"] == "-" and kind != "system":
        raise Refusal("The %s changes from type system to %s and has no ds_mad; write one." % (what, kind))
    after["tm_mad"] = "-" if kind == "backup" else desired["tm_mad"] or current["tm_mad"]
    after["disk_type"] = _disk_type(desired, kind, after["ds_mad"], after["tm_mad"], world, what,
                                    _undeclared_disk_type(current, after, world))
    changed = [key for key in ("type", "ds_mad", "tm_mad", "disk_type") if after[key] != current[key]]
    if not changed:
        return {}
    # A driver stored in another case is mended without fuss: it names the same driver, and only lower case works.
    real = [key for key in changed if after[key].lower() != current[key].lower()]
    if real and current["image_ids"] and not desired["allow_driver_change"]:
        raise Refusal("The %s (id %d) holds %d image%s, so its %s is not changed: images keep what they were made "
                      "with. Empty it first, or set allow_driver_change: true."
                      % (what, current["id"], len(current["image_ids"]), "s" if len(current["image_ids"]) > 1 else "",
                         ", ".join("%s from %s to %s" % (key, current[key], after[key]) for key in real)))
    _preflight(dict(after, template=dict(after["template"], **desired["attributes"]),
                    sent_disk_type=[after["disk_type"]]), world, what)
    sent = {}
    if "type" in changed:
        sent["TYPE"] = ["%s_DS" % kind.upper()]
    if "ds_mad" in changed and kind != "system":
        sent["DS_MAD"] = [after["ds_mad"]]
    if "tm_mad" in changed:
        sent["TM_MAD"] = [after["tm_mad"]]
        for name in after["template"]:
            if LEFT_BEHIND.match(name):
                sent[name] = []
    if kind in ("image", "system") and ("tm_mad" in changed or "disk_type" in changed):
        # OpenNebula takes DISK_TYPE into the body before the driver overrides the template: sent along, one update
        # is enough where the driver alone would need a second one.
        sent["DISK_TYPE"] = [after["disk_type"]]
    for name in [name for name in sent if not sent[name]]:
        del after["template"][name]
    return sent


def _undeclared_disk_type(current, after, world):
    """Without a declared one it stays, but for one that the transfer driver being replaced had imposed."""
    if (world.config and after["tm_mad"] != current["tm_mad"]
            and world.config.forced_disk_type(current["tm_mad"].lower()) == current["disk_type"]):
        return "FILE"
    return current["disk_type"]


def _canonical(name, values):
    """Values in a form that compares: lists of directories and words as sets, YES in any case."""
    kind = KIND_OF.get(name)
    if len(values) != 1 or isinstance(values[0], dict) or kind is None:
        return values
    value = values[0]
    if kind in ("dirs", "words"):
        return [" ".join(sorted(value.split()))]
    if kind == "ids":
        return [",".join(sorted(part.strip() for part in value.split(",") if part.strip()))]
    if kind == "bool":
        return [value.upper()]
    return values


def _attribute_changes(current, desired, after, what):
    """What an update has to send of the declared attributes; fills the template of C(after)."""
    sent = {}
    for name, values in desired["attributes"].items():
        now = current["template"].get(name, [])
        if objects.is_secret(name) and now and values and desired["update_secrets"] == "on_create":
            continue
        if not template.same(_canonical(name, now), _canonical(name, values)):
            sent[name] = values
    if desired["attributes_mode"] == "exact":
        for name in current["template"]:
            if (name not in desired["attributes"] and name not in CORE and name not in KEPT_IN_EXACT
                    and not SERVER_OWNED.match(name)):
                sent[name] = []
    fixed = sorted(name for name in sent if name in FIXED_WITH_IMAGES)
    if fixed and current["image_ids"]:
        raise Refusal("The %s holds images, and OpenNebula does not change %s then; delete the images first."
                      % (what, ", ".join(fixed)))
    for name, values in sent.items():
        if values:
            after["template"][name] = values
        else:
            after["template"].pop(name, None)
    return sent


def _plan_state(current, desired, after, operations, what):
    if desired["state"] == "present":
        return
    if after["type"] != "system":
        raise Refusal("The %s is of type %s; OpenNebula can enable and disable system datastores only. Use "
                      "state: present." % (what, after["type"]))
    after["state"] = "ready" if desired["state"] == "enabled" else "disabled"
    if after["state"] != current["state"]:
        operations.append(Operation("one.datastore.enable", desired["target"], desired["state"].rstrip("d"),
                                    call=[current["id"], desired["state"] == "enabled"]))


def _plan_access(current, desired, after, operations, world, what):
    """Mode and owner; the owner last, since it may take away the right to do the rest."""
    plan_access("one.datastore", current, desired, after, operations, world, what)


def plan_access(prefix, current, desired, after, operations, world, what):
    """Append chmod and chown where they are needed and fill C(after); shared with images."""
    target, number = desired["target"], current["id"]
    if desired["mode"] is not None and desired["mode"] != current["mode"]:
        after["mode"] = desired["mode"]
        operations.append(Operation(prefix + ".chmod", target, "set the mode %s (it is %s)" % (
            objects.letters(desired["mode"]), objects.letters(current["mode"])),
            call=[number] + objects.bits(desired["mode"])))
    uid = gid = -1
    if not objects.is_named(desired["owner"], current["owner"], current["owner_id"]):
        uid = objects.resolve(desired["owner"], world.users or {}, "user", what)
        after["owner"], after["owner_id"] = world.users[uid], uid
    if not objects.is_named(desired["group"], current["group"], current["group_id"]):
        gid = objects.resolve(desired["group"], world.groups or {}, "group", what)
        after["group"], after["group_id"] = world.groups[gid], gid
    if (uid, gid) != (-1, -1):
        operations.append(_chown(prefix + ".chown", number, target, desired, uid, gid))


def _virtiofs_warnings(current, desired, after, world, what):
    if after["ds_mad"].lower() != VIRTIOFS:
        return []
    warnings = []
    if "SAFE_DIRS" not in desired["attributes"]:
        safe = (after["template"].get("SAFE_DIRS") or [""])[0]
        if safe.split() in ([], DEFAULT_SAFE_DIRS) and after["template"].get("RESTRICTED_DIRS"):
            warnings.append(_missing_safe_dirs(what))
    # The form OpenNebula's web interface writes is worth a word when it is made, not on every run after it.
    if after["tm_mad"] != VIRTIOFS or after["tm_mad"] != current["tm_mad"]:
        warnings.extend(_mismatch(after["tm_mad"], after["cluster_ids"], world, what))
    return warnings


def _difference(current, after, world):
    """({field: before}, {field: after}) of what differs, for the diff; secrets hidden."""
    before_shown, after_shown = {}, {}
    for key in ("name", "type", "ds_mad", "tm_mad", "disk_type", "state", "owner", "group", "mode"):
        if current[key] != after[key]:
            before_shown[key], after_shown[key] = current[key], after[key]
    if current["cluster_ids"] != after["cluster_ids"]:
        before_shown["clusters"] = _shown_clusters(current["cluster_ids"], world)
        after_shown["clusters"] = _shown_clusters(after["cluster_ids"], world)
    attributes = template_difference(current["template"], after["template"])
    if attributes != ({}, {}):
        before_shown["attributes"], after_shown["attributes"] = attributes
    return before_shown, after_shown


def template_difference(current, after):
    """({NAME: before}, {NAME: after}) of the attributes that differ; shared with images."""
    names = [name for name in sorted(set(current) | set(after)) if current.get(name) != after.get(name)]
    return tuple(
        template.friendly(objects.hidden(dict((name, side[name]) for name in names if name in side)))
        for side in (current, after))
