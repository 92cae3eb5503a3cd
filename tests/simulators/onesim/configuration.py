# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of the server the scenarios were recorded from, as one.system.config tells it."""

from . import text

VERSION = "7.5.80"

DATASTORE_CAPACITY_CHECK = "yes"
DATASTORE_LOCATION = "/var/lib/one//datastores"
ENCRYPTED_DATASTORE_ATTRIBUTES = ("RESTIC_PASSWORD", "NETAPP_PASS", "PUREFA_API_TOKEN")
ENCRYPTED_USER_ATTRIBUTES = ("SSH_PRIVATE_KEY", "SSH_PASSPHRASE")
RESTRICTED_IMAGE_ATTRIBUTES = ("SOURCE",)
RESTRICTED_VM_OPERATIONS = ("VM_ADMIN_OPERATIONS", "VM_MANAGE_OPERATIONS", "VM_USE_OPERATIONS")
DEFAULT_IMAGE_TYPE = "OS"
DEFAULT_DEVICE_PREFIX = "sd"
DEFAULT_UMASK = 0o177

# What the driver's own shell library never lets be registered, whatever a datastore says.
ALWAYS_RESTRICTED_DIRECTORIES = ("/var/lib/one/", "/etc/one/", "/var/lib/one/")

DATASTORE_DRIVERS = (
    {
        "NAME": "ceph",
        "MARKETPLACE_ACTIONS": "export",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "DISK_TYPE,BRIDGE_LIST",
    },
    {
        "NAME": "dev",
        "PERSISTENT_ONLY": "YES",
        "REQUIRED_ATTRS": "DISK_TYPE",
    },
    {
        "NAME": "iscsi_libvirt",
        "PERSISTENT_ONLY": "YES",
        "REQUIRED_ATTRS": "DISK_TYPE,ISCSI_HOST",
    },
    {
        "NAME": "dummy",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "",
    },
    {
        "NAME": "fs",
        "MARKETPLACE_ACTIONS": "export",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "",
    },
    {
        "NAME": "lvm",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "",
    },
    {
        "NAME": "restic",
        "PERSISTENT_ONLY": "YES",
        "REQUIRED_ATTRS": "RESTIC_PASSWORD",
    },
    {
        "NAME": "rsync",
        "PERSISTENT_ONLY": "YES",
        "REQUIRED_ATTRS": "RSYNC_HOST,RSYNC_USER",
    },
    {
        "NAME": "netapp",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "NETAPP_HOST,NETAPP_USER,NETAPP_PASS,NETAPP_AGGREGATES,NETAPP_SVM,"
        "NETAPP_IGROUP,NETAPP_TARGET",
    },
    {
        "NAME": "purefa",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "PUREFA_HOST,PUREFA_API_TOKEN,PUREFA_TARGET",
    },
    {
        "NAME": "virtiofs",
        "DATASTORE_CAPACITY_CHECK": "NO",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "",
    },
    {
        "NAME": "interactive",
        "DATASTORE_CAPACITY_CHECK": "NO",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "",
    },
    {
        "NAME": "shared",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "",
    },
    {
        "NAME": "ssh",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "",
    },
    {
        "NAME": "vmfs",
        "PERSISTENT_ONLY": "NO",
        "REQUIRED_ATTRS": "BRIDGE_LIST",
    },
)

TRANSFER_DRIVERS = (
    {
        "NAME": "dummy",
        "CLONE_TARGET": "SYSTEM",
        "DS_LIVE_MIGRATE": "YES",
        "DS_MIGRATE": "YES",
        "DS_MIGRATE_SNAP": "YES",
        "LN_TARGET": "NONE",
        "SHARED": "YES",
    },
    {
        "NAME": "shared",
        "ALLOW_ORPHANS": "FORMAT",
        "CLONE_TARGET": "SYSTEM",
        "CLONE_TARGET_SSH": "SYSTEM",
        "DISK_TYPE_SSH": "FILE",
        "DS_LIVE_MIGRATE": "YES",
        "DS_MIGRATE": "YES",
        "DS_MIGRATE_SNAP": "YES",
        "LN_TARGET": "NONE",
        "LN_TARGET_SSH": "SYSTEM",
        "SHARED": "YES",
        "TM_MAD_SYSTEM": "ssh",
    },
    {
        "NAME": "lvm",
        "ALLOW_ORPHANS": "YES",
        "CLONE_TARGET": "SELF",
        "DISK_TYPE": "BLOCK",
        "DRIVER": "raw",
        "DS_LIVE_MIGRATE": "NO",
        "DS_MIGRATE": "YES",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "NONE",
        "SHARED": "YES",
    },
    {
        "NAME": "fs_lvm",
        "CLONE_TARGET": "SYSTEM",
        "DISK_TYPE": "BLOCK",
        "DRIVER": "raw",
        "DS_LIVE_MIGRATE": "NO",
        "DS_MIGRATE": "YES",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "SYSTEM",
        "SHARED": "YES",
    },
    {
        "NAME": "fs_lvm_ssh",
        "ALLOW_ORPHANS": "YES",
        "CLONE_TARGET": "SYSTEM",
        "DISK_TYPE": "BLOCK",
        "DRIVER": "raw",
        "DS_LIVE_MIGRATE": "YES",
        "DS_MIGRATE": "YES",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "SYSTEM",
        "PERSISTENT_SNAPSHOTS": "NO",
        "SHARED": "YES",
    },
    {
        "NAME": "qcow2",
        "ALLOW_ORPHANS": "FORMAT",
        "CLONE_TARGET": "SYSTEM",
        "CLONE_TARGET_SSH": "SYSTEM",
        "DISK_TYPE_SSH": "FILE",
        "DRIVER": "qcow2",
        "DS_LIVE_MIGRATE": "YES",
        "DS_MIGRATE": "YES",
        "DS_MIGRATE_SNAP": "YES",
        "LN_TARGET": "NONE",
        "LN_TARGET_SSH": "SYSTEM",
        "SHARED": "YES",
        "TM_MAD_SYSTEM": "ssh",
    },
    {
        "NAME": "ssh",
        "ALLOW_ORPHANS": "YES",
        "CLONE_TARGET": "SYSTEM",
        "DS_LIVE_MIGRATE": "YES",
        "DS_MIGRATE": "YES",
        "DS_MIGRATE_SNAP": "YES",
        "LN_TARGET": "SYSTEM",
        "SHARED": "NO",
    },
    {
        "NAME": "local",
        "ALLOW_ORPHANS": "FORMAT",
        "CLONE_TARGET": "SYSTEM",
        "DS_LIVE_MIGRATE": "YES",
        "DS_MIGRATE": "YES",
        "DS_MIGRATE_SNAP": "YES",
        "LN_TARGET": "SYSTEM",
        "SHARED": "NO",
    },
    {
        "NAME": "ceph",
        "ALLOW_ORPHANS": "mixed",
        "CLONE_TARGET": "SELF",
        "CLONE_TARGET_SSH": "SYSTEM",
        "DISK_TYPE_SSH": "FILE",
        "DRIVER": "raw",
        "DS_LIVE_MIGRATE": "NO",
        "DS_MIGRATE": "NO",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "NONE",
        "LN_TARGET_SSH": "SYSTEM",
        "SHARED": "YES",
        "TM_MAD_SYSTEM": "ssh",
    },
    {
        "NAME": "iscsi_libvirt",
        "CLONE_TARGET": "SELF",
        "DRIVER": "raw",
        "DS_LIVE_MIGRATE": "NO",
        "DS_MIGRATE": "NO",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "NONE",
        "SHARED": "YES",
    },
    {
        "NAME": "dev",
        "CLONE_TARGET": "NONE",
        "DRIVER": "raw",
        "DS_LIVE_MIGRATE": "NO",
        "DS_MIGRATE": "NO",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "NONE",
        "SHARED": "YES",
    },
    {
        "NAME": "netapp",
        "ALLOW_ORPHANS": "LINEAR",
        "CLONE_TARGET": "SELF",
        "DISK_TYPE": "BLOCK",
        "DRIVER": "raw",
        "DS_LIVE_MIGRATE": "NO",
        "DS_MIGRATE": "NO",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "NONE",
        "SHARED": "YES",
    },
    {
        "NAME": "purefa",
        "ALLOW_ORPHANS": "YES",
        "CLONE_TARGET": "SELF",
        "DISK_TYPE": "BLOCK",
        "DRIVER": "raw",
        "DS_LIVE_MIGRATE": "NO",
        "DS_MIGRATE": "NO",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "NONE",
        "SHARED": "YES",
    },
    {
        "NAME": "virtiofs",
        "CLONE_TARGET": "NONE",
        "DISK_TYPE": "filesystem",
        "DRIVER": "virtiofs",
        "DS_LIVE_MIGRATE": "NO",
        "DS_MIGRATE": "NO",
        "DS_MIGRATE_SNAP": "NO",
        "LN_TARGET": "NONE",
        "SHARED": "YES",
    },
)


def datastore_driver(name):
    """The settings of a datastore driver, or None. The name may be in any case."""
    return _by_name(DATASTORE_DRIVERS, name)


def transfer_driver(name):
    """The settings of a transfer driver, or None. The name may be in any case."""
    return _by_name(TRANSFER_DRIVERS, name)


def _by_name(drivers, name):
    for driver in drivers:
        if text.same_word(driver["NAME"], name):
            return driver
    return None


def flag(settings, key):
    """True for YES, None where the setting is missing or empty."""
    value = settings.get(key, "")
    return text.same_word(value, "YES") if value else None


def xml():
    """The sections a client of datastores needs; the server's own document has many more."""
    parts = [text.element("DATASTORE_CAPACITY_CHECK", text.cdata(DATASTORE_CAPACITY_CHECK))]
    for name in ENCRYPTED_DATASTORE_ATTRIBUTES:
        parts.append(text.element("DATASTORE_ENCRYPTED_ATTR", text.cdata(name)))
    parts.append(text.element("DATASTORE_LOCATION", text.cdata(DATASTORE_LOCATION)))
    for section, drivers in (("DS_MAD_CONF", DATASTORE_DRIVERS), ("TM_MAD_CONF", TRANSFER_DRIVERS)):
        for driver in drivers:
            inner = "".join(text.element(key, text.cdata(driver[key])) for key in sorted(driver))
            parts.append(text.element(section, inner))
    return text.element("OPENNEBULA_CONFIGURATION", "".join(parts))
