# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datastore and transfer drivers: what the server has, and what VirtioFS wants of them. No I/O.

The rules come from OpenNebula's source (src/datastore/Datastore.cc: set_ds_mad, set_tm_mad, set_ds_disk_type) and from
answers recorded on a running server.
"""

from .._plan.plan import Refusal
from . import objects, template
from .attributes import OPTION_OF

VIRTIOFS = "virtiofs"
DEFAULT_SAFE_DIRS = ["/var/tmp"]


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


def check_kind(kind, wanted, what):
    """Refuse a driver that a type of datastore does not have.

    kind: the type, or None while it is not known.
    """
    if kind == "system" and wanted["ds_mad"]:
        raise Refusal("The %s is of type system, which has no ds_mad (%r); leave ds_mad out."
                      % (what, wanted["ds_mad"]))
    if kind == "backup" and wanted["tm_mad"]:
        raise Refusal("The %s is of type backup, which has no tm_mad (%r); leave tm_mad out."
                      % (what, wanted["tm_mad"]))
    if kind in ("file", "backup") and wanted["disk_type"] not in (None, "FILE"):
        raise Refusal("The %s is of type %s, whose DISK_TYPE is always FILE, not %s; leave disk_type out."
                      % (what, kind, wanted["disk_type"]))
    if wanted["ds_mad"] == VIRTIOFS and kind not in (None, "image"):
        raise Refusal("The %s has ds_mad virtiofs and type %s; a virtiofs datastore is always of type image."
                      % (what, kind))


def check_virtiofs_disk_type(wanted, what):
    """Refuse a declared disk type that would make files of directories."""
    if wanted["disk_type"] not in (None, "FILESYSTEM"):
        raise Refusal("The %s has ds_mad virtiofs and disk_type %s: OpenNebula would accept it and give every VM a "
                      "disk of that kind instead of the directory. Leave disk_type out, FILESYSTEM is always sent."
                      % (what, wanted["disk_type"]))


def undeclared_disk_type(current, after, server):
    """Without a declared one it stays, but for one that the transfer driver being replaced had imposed."""
    if (server.config and after["tm_mad"] != current["tm_mad"]
            and server.config.forced_disk_type(current["tm_mad"].lower()) == current["disk_type"]):
        return "FILE"
    return current["disk_type"]


def disk_type(desired, kind, ds_mad, tm_mad, server, what, undeclared):
    """The DISK_TYPE the body will have, or a Refusal where the drivers make the declared one impossible.

    undeclared: what it is when nothing is declared and no driver imposes one.
    """
    if kind in ("file", "backup"):
        return "FILE"
    wanted = desired["disk_type"]
    if ds_mad.lower() == VIRTIOFS:
        check_virtiofs_disk_type(desired, what)
        wanted = "FILESYSTEM"
    forced = server.config.forced_disk_type(tm_mad.lower()) if server.config and kind == "image" else None
    if forced and wanted and forced != wanted:
        raise Refusal("The %s needs DISK_TYPE %s, but OpenNebula's transfer driver %s always makes it %s; choose "
                      "another tm_mad%s." % (what, wanted, tm_mad, forced,
                                             " such as local or virtiofs" if ds_mad == VIRTIOFS else ""))
    return forced or wanted or undeclared


def preflight(after, sent_disk_type, server, what):
    """Refuse drivers the server does not have and required attributes that are missing, before anything is made.

    sent_disk_type: the values of DISK_TYPE that go over the wire, or None.
    """
    config = server.config
    if config is None:
        return
    if after["type"] != "system" and after["ds_mad"].lower() not in config.ds_mads:
        hint = ""
        if after["ds_mad"] == VIRTIOFS:
            hint = " The virtiofs driver comes with OpenNebula 7.2.0%s." % (
                "; this server is %s" % server.version if server.version else "")
        raise Refusal("The %s wants the datastore driver %r, which this OpenNebula does not have; it has %s. "
                      "Write one of these, or add it in oned.conf.%s"
                      % (what, after["ds_mad"], ", ".join(sorted(config.ds_mads)) or "none", hint))
    if after["type"] != "backup" and after["tm_mad"].lower() not in config.tm_mads:
        raise Refusal("The %s wants the transfer driver %r, which this OpenNebula does not have; it has %s. "
                      "Write one of these, or add it in oned.conf."
                      % (what, after["tm_mad"], ", ".join(sorted(config.tm_mads)) or "none"))
    if after["type"] == "system":
        return
    for name in config.ds_mads[after["ds_mad"].lower()]:
        # OpenNebula wants DISK_TYPE in what is sent; for the others, what will be in the template counts.
        given = sent_disk_type if name == "DISK_TYPE" else after["template"].get(name)
        if not given or given == [""]:
            raise Refusal("The %s has ds_mad %s, which requires %s; give %s."
                          % (what, after["ds_mad"], name,
                             "the option %s" % (OPTION_OF.get(name) or name.lower()) if name in OPTION_OF
                             or name == "DISK_TYPE"
                             else "it in secret_attributes" if objects.is_secret(name) else "it in attributes"))


def system_drivers(cluster_ids, datastores):
    """The transfer drivers of the system datastores in these clusters: {tm_mad: [name of a datastore, ...]}."""
    drivers = {}
    for datastore in datastores:
        if datastore["type"] == "system" and set(datastore["cluster_ids"]) & set(cluster_ids):
            drivers.setdefault(datastore["tm_mad"], []).append(datastore["name"])
    return drivers


def follow(cluster_ids, server, what):
    """(tm_mad, [warning, ...]) for a new virtiofs datastore without a declared tm_mad."""
    drivers = system_drivers(cluster_ids, server.datastores)
    usable = sorted(name for name in drivers
                    if not server.config or server.config.forced_disk_type(name) in (None, "FILESYSTEM"))
    warnings = []
    if not usable:
        chosen = VIRTIOFS if server.config and VIRTIOFS in server.config.tm_mads else "local"
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


def mismatch(tm_mad, cluster_ids, server, what):
    """A warning when the transfer driver of a virtiofs datastore is not that of its clusters' system datastores."""
    drivers = system_drivers(cluster_ids, server.datastores)
    others = sorted(name for name in drivers if name != tm_mad)
    if not others:
        return []
    text = ("The tm_mad %s of %s is not that of the system datastores in its clusters (%s), as OpenNebula's "
            "documentation asks; it is not enforced for directories."
            % (tm_mad, what, "; ".join("%s: %s" % (name, ", ".join(drivers[name])) for name in others)))
    if tm_mad == VIRTIOFS:
        text += " OpenNebula's own web interface writes virtiofs too, and it works."
    return [text]


def missing_safe_dirs(what):
    return ("The %s has no safe_dirs: OpenNebula then allows nothing but /var/tmp, and every other directory ends in "
            "state ERROR. Declare safe_dirs, such as [/srv/shares]." % what)


def restricts_nothing(what):
    return ("The %s has safe_dirs but no restricted_dirs: they are exceptions from nothing, so OpenNebula lets every "
            "directory be registered. Declare restricted_dirs: [/], or [] if that is meant." % what)


def virtiofs_warnings(current, desired, after, server, what):
    if after["ds_mad"].lower() != VIRTIOFS:
        return []
    warnings = []
    restricted = after["template"].get("RESTRICTED_DIRS")
    if "SAFE_DIRS" not in desired["attributes"]:
        safe = (after["template"].get("SAFE_DIRS") or [""])[0]
        if safe.split() in ([], DEFAULT_SAFE_DIRS) and restricted:
            warnings.append(missing_safe_dirs(what))
    elif desired["attributes"]["SAFE_DIRS"] and not restricted and "RESTRICTED_DIRS" not in desired["attributes"]:
        warnings.append(restricts_nothing(what))
    # The form OpenNebula's web interface writes is worth a word when it is made, not on every run after it.
    if after["tm_mad"] != VIRTIOFS or after["tm_mad"] != current["tm_mad"]:
        warnings.extend(mismatch(after["tm_mad"], after["cluster_ids"], server, what))
    return warnings
