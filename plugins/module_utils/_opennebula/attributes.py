# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A datastore's attributes: which have an option, which belong to the server, how they compare. No I/O."""

import re

from .._plan.plan import Operation, Refusal
from . import objects, template

# option, attribute, kind, note. Kinds: dirs and words are blank-separated lists, ids a comma-separated list, bool is
# YES or NO, the kinds in RANGES whole numbers, text a string, secret a string that never leaves the module again.
TYPED = (
    ("safe_dirs", "SAFE_DIRS", "dirs"),
    ("restricted_dirs", "RESTRICTED_DIRS", "dirs"),
    ("bridge_list", "BRIDGE_LIST", "words"),
    ("staging_dir", "STAGING_DIR", "dir"),
    ("limit_mb", "LIMIT_MB", "count"),
    ("limit_transfer_bw", "LIMIT_TRANSFER_BW", "text"),
    ("no_decompress", "NO_DECOMPRESS", "bool"),
    ("sparse", "SPARSE", "bool"),
    ("qcow2_standalone", "QCOW2_STANDALONE", "bool"),
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
    ("rsync_tmp_dir", "RSYNC_TMP_DIR", "dir"),
    ("rsync_nice", "RSYNC_NICE", "nice"),
    ("rsync_ionice", "RSYNC_IONICE", "ionice"),
    ("rsync_max_riops", "RSYNC_MAX_RIOPS", "count"),
    ("rsync_max_wiops", "RSYNC_MAX_WIOPS", "count"),
    ("rsync_cpu_quota", "RSYNC_CPU_QUOTA", "count"),
    ("rsync_sparsify", "RSYNC_SPARSIFY", "bool"),
    ("restic_password", "RESTIC_PASSWORD", "secret"),
    ("restic_sftp_user", "RESTIC_SFTP_USER", "text"),
    ("restic_sftp_server", "RESTIC_SFTP_SERVER", "text"),
    ("restic_bwlimit", "RESTIC_BWLIMIT", "count"),
    ("restic_compression", "RESTIC_COMPRESSION", "text"),
    ("restic_connections", "RESTIC_CONNECTIONS", "count"),
    ("restic_maxproc", "RESTIC_MAXPROC", "count"),
    ("restic_nice", "RESTIC_NICE", "nice"),
    ("restic_ionice", "RESTIC_IONICE", "ionice"),
    ("restic_max_riops", "RESTIC_MAX_RIOPS", "count"),
    ("restic_max_wiops", "RESTIC_MAX_WIOPS", "count"),
    ("restic_cpu_quota", "RESTIC_CPU_QUOTA", "count"),
    ("restic_sparsify", "RESTIC_SPARSIFY", "bool"),
)
# Least and most of each kind of number; None: no bound.
RANGES = {"count": (0, None), "nice": (-19, 19), "ionice": (0, 7)}
OPTION_OF = dict((attribute, option) for option, attribute, _kind in TYPED)
KIND_OF = dict((attribute, kind) for _option, attribute, kind in TYPED)
ANSIBLE_TYPES = {
    "dirs": dict(type="list", elements="str"),
    "words": dict(type="list", elements="str"),
    "ids": dict(type="list", elements="int"),
    "dir": dict(type="str"),
    "bool": dict(type="bool"),
    "count": dict(type="int"),
    "nice": dict(type="int"),
    "ionice": dict(type="int"),
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
    r"|DS_LIVE_MIGRATE|TM_MAD_SYSTEM|(CLONE_TARGET|LN_TARGET|DISK_TYPE)_.+|.*_SSH|BASE_PATH|FREE_MB|USED_MB|IMAGES)$")
# What a transfer driver sets and leaves behind when another one takes its place.
LEFT_BEHIND = re.compile(r"^(TM_MAD_SYSTEM|DRIVER|(CLONE_TARGET|LN_TARGET|DISK_TYPE)_.+)$")
FIXED_WITH_IMAGES = ("LVM_THIN_ENABLE", "NFS_AUTO_ENABLE", "NFS_AUTO_HOST", "NFS_AUTO_PATH", "NFS_AUTO_OPTS")
# attributes_mode=exact leaves these alone: without them every directory of the front end could be registered.
KEPT_IN_EXACT = ("SAFE_DIRS", "RESTRICTED_DIRS")


def declared(item, what):
    """({NAME: [value, ...]}, [warning, ...]) of an item's typed options and further attributes; [] is to be absent."""
    attributes, warnings = template.clean(item.get("attributes") or {}, what)
    secrets, more = template.clean(item.get("secret_attributes") or {}, what)
    warnings.extend(more)
    for name in sorted(attributes):
        if objects.is_secret(name) and name not in OPTION_OF:
            raise Refusal("The attribute %s of %s is a secret by its name, and what is in attributes can be logged; "
                          "write it in secret_attributes." % (name, what))
    for name in sorted(secrets):
        if not objects.is_secret(name):
            raise Refusal("The attribute %s of %s is not among those that are hidden when they are read (their names "
                          "end in PASSWORD, _PASS, _TOKEN or _SECRET_ACCESS_KEY); write it in attributes."
                          % (name, what))
    attributes.update(secrets)
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
            if kind in ("text", "secret") and attributes[attribute] != [item[option]] and item[option]:
                warnings.append("Blanks around the %s of %s are left out, as OpenNebula trims every value."
                                % (option, what))
    return attributes, warnings


def _typed(value, option, attribute, kind, what):
    """The values of a typed option as the template holds them; empty means that the attribute is to be absent."""
    if kind == "dirs":
        values = [objects.directory(path, option, objects.sentence(what)) for path in value]
        for path in sorted(set(values)):
            if values.count(path) > 1:
                raise Refusal("The %s lists %s twice in %s; list it once." % (what, path, option))
        word = " ".join(values)
    elif kind == "words":
        for part in value:
            if part.split() != [part]:
                raise Refusal("The %s of %s holds %r; write one word without blanks for each element."
                              % (option, what, part))
        word = " ".join(template.text(part, attribute, what) for part in value)
    elif kind == "ids":
        word = ",".join(str(part) for part in value)
    elif kind == "dir":
        word = objects.directory(value, option, objects.sentence(what)) if value else ""
    elif kind in RANGES:
        least, most = RANGES[kind]
        if value < least or (most is not None and value > most):
            raise Refusal("The %s of %s is %s; write a whole number from %d %s."
                          % (option, what, value, least, "on" if most is None else "to %d" % most))
        word = str(value)
    else:
        word = template.text(value, attribute, what)
    return [word] if word != "" else []


def option_value(attribute, value):
    """A template's value in the type of its option; what does not fit the type stays text."""
    kind = KIND_OF[attribute]
    if isinstance(value, dict):
        return value
    if kind in ("dirs", "words"):
        return value.split()
    if kind == "ids":
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return [part if objects.whole_number(part) is None else int(part) for part in parts]
    if kind == "bool" and value.upper() in ("YES", "NO"):
        return value.upper() == "YES"
    if kind in RANGES and re.match(r"^-?[0-9]+$", value):
        return int(value)
    return value


def canonical(name, values):
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


def changes(current, desired, what):
    """What an update has to send of the declared attributes of a datastore."""
    sent = {}
    for name, values in desired["attributes"].items():
        now = current["template"].get(name, [])
        if objects.is_secret(name) and now and values and desired["update_secrets"] == "on_create":
            continue
        if name in current.get("encrypted", ()) and values:
            raise Refusal("The %s of the %s cannot be compared: OpenNebula shows it encrypted, as it does to all but "
                          "its administrators, and update_secrets: always would write it on every run. Connect as a "
                          "member of the group oneadmin, or write update_secrets: on_create." % (name, what))
        if not template.same(canonical(name, now), canonical(name, values)):
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
    return sent


def updates(method, number, target, sent):
    """The update operations that send these attributes, [] for what goes.

    They append (1): a replace would strip everything the call does not name.
    """
    names = sorted(name for name in sent if sent[name])
    gone = sorted(name for name in sent if not sent[name])
    words = "; ".join(word for word in (names and "set %s" % ", ".join(names), gone and "remove %s" % ", ".join(gone))
                      if word)
    return [Operation(method, target, words, call=[number, document, 1]) for document in template.encode(sent)]


def apply(attributes, sent):
    """The attributes a server has after an update with C(sent)."""
    after = dict((name, values) for name, values in attributes.items() if name not in sent)
    after.update((name, values) for name, values in sent.items() if values)
    return after


def difference(current, after):
    """({NAME: before}, {NAME: after}) of the attributes that differ; shared with images."""
    names = [name for name in sorted(set(current) | set(after)) if current.get(name) != after.get(name)]
    return tuple(
        template.friendly(objects.hidden(dict((name, side[name]) for name in names if name in side)))
        for side in (current, after))
