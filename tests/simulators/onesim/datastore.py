# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datastores: what the server checks, derives and adds when one is created or updated."""

from . import configuration, text
from .poolobject import PoolObject, Refused, ids_xml

IMAGE_DS, SYSTEM_DS, FILE_DS, BACKUP_DS = range(4)
TYPE_WORDS = ("IMAGE_DS", "SYSTEM_DS", "FILE_DS", "BACKUP_DS")
READY, DISABLED = range(2)

NO_DISK_TYPE = 255
DISK_TYPE_WORDS = (
    "FILE",
    "CDROM",
    "BLOCK",
    "RBD",
    "RBD_CDROM",
    "GLUSTER",
    "GLUSTER_CDROM",
    "SHEEPDOG",
    "SHEEPDOG_CDROM",
    "ISCSI",
    "FILESYSTEM",
)
FILE_DISK, FILESYSTEM_DISK = 0, 10
_IMAGE_DISKS = {"FILE", "BLOCK", "ISCSI", "RBD", "GLUSTER", "SHEEPDOG", "FILESYSTEM"}
_SYSTEM_DISKS = {"FILE", "RBD", "BLOCK", "FILESYSTEM"}
_TARGETS = ("NONE", "SELF", "SYSTEM")

# The one datastore whose type never changes.
SYSTEM_DATASTORE_ID = 0

_FIXED_WITH_IMAGES = ("LVM_THIN_ENABLE", "NFS_AUTO_ENABLE", "NFS_AUTO_HOST", "NFS_AUTO_PATH", "NFS_AUTO_OPTS")


def type_of(word):
    """An unknown or empty word means an image datastore."""
    word = text.upper(word)
    return TYPE_WORDS.index(word) if word in TYPE_WORDS else IMAGE_DS


def disk_type_of(word):
    word = text.upper(word)
    return DISK_TYPE_WORDS.index(word) if word in DISK_TYPE_WORDS else NO_DISK_TYPE


class Datastore(PoolObject):
    kind = "DATASTORE"
    word = "datastore"

    def __init__(self):
        super().__init__()
        self.ds_mad = ""
        self.tm_mad = ""
        self.type = IMAGE_DS
        self.disk_type = FILE_DISK
        self.state = READY
        self.images = set()

    @classmethod
    def new(cls, owner, umask, template, cluster_ids):
        made = cls()
        made.uid, made.gid, made.uname, made.gname = owner
        made.template = template
        made.clusters = set(cluster_ids)
        made.set_umask(umask)
        # Members of the group may use a datastore, whatever the owner's umask says.
        made.bits[3] = 1
        made.name = template.get("NAME")
        return made

    @property
    def base_path(self):
        return "%s/%d" % (configuration.DATASTORE_LOCATION, self.oid)

    def xml(self):
        # No driver reports a capacity here: the virtiofs one never does, the others have no monitor.
        capacity = "<TOTAL_MB>0</TOTAL_MB><FREE_MB>0</FREE_MB><USED_MB>0</USED_MB>"
        inner = (
            self.head_xml()
            + self.permissions_xml()
            + text.element("DS_MAD", text.cdata(self.ds_mad))
            + text.element("TM_MAD", text.cdata(self.tm_mad))
            + text.element("BASE_PATH", text.cdata(self.base_path))
            + text.element("TYPE", self.type)
            + text.element("DISK_TYPE", self.disk_type)
            + text.element("STATE", self.state)
            + ids_xml("CLUSTERS", self.clusters)
            + capacity
            + ids_xml("IMAGES", self.images)
            + self.template.xml()
        )
        return text.element("DATASTORE", inner)

    def load(self, root):
        self.load_head(root)
        self.load_permissions(root)
        self.ds_mad = root.text("DS_MAD")
        self.tm_mad = root.text("TM_MAD")
        self.type = root.number("TYPE")
        self.disk_type = root.number("DISK_TYPE")
        self.state = root.number("STATE", READY)
        self.clusters = root.ids("CLUSTERS")
        self.images = root.ids("IMAGES")
        self.load_template(root)

    # ---- creation ----

    def before_insert(self, cloud):
        template = self.template
        self.name = template.take("NAME")
        self.ds_mad = template.get("DS_MAD")
        self.type = type_of(template.get("TYPE"))
        if self.type == SYSTEM_DS:
            if self.ds_mad:
                raise Refused("SYSTEM datastores cannot have DS_MAD defined.")
            self.ds_mad = "-"
        elif not self.ds_mad:
            raise Refused("No DS_MAD in template.")
        self._apply_datastore_driver(self.ds_mad)
        self.tm_mad = template.get("TM_MAD")
        if self.type == BACKUP_DS:
            self.tm_mad = "-"
        else:
            self._apply_transfer_driver(self.tm_mad)
        template.erase("BASE_PATH")
        self._set_disk_type(template.take("DISK_TYPE"))
        if not template.get("SAFE_DIRS") and not template.get("RESTRICTED_DIRS"):
            template.replace("SAFE_DIRS", "/var/tmp")
            template.replace("RESTRICTED_DIRS", "/")
        self.encrypt(cloud.cipher)

    def _apply_datastore_driver(self, name):
        """Check the attributes the driver wants. Raises Refused."""
        if self.type == SYSTEM_DS:
            return
        settings = configuration.datastore_driver(name)
        if settings is None:
            raise Refused('DS_MAD named "%s" is not defined in oned.conf' % name)
        check = configuration.flag(settings, "DATASTORE_CAPACITY_CHECK")
        if check is not None:
            self.template.replace("DATASTORE_CAPACITY_CHECK", check)
        for wanted in settings["REQUIRED_ATTRS"].split(","):
            wanted = text.upper(text.trim(wanted))
            if wanted and not self.template.get(wanted):
                raise Refused('Datastore template is missing the "%s" attribute or it\'s empty.' % wanted)

    def _apply_transfer_driver(self, name):
        """Write the attributes the server derives from the transfer driver. Raises Refused."""
        if self.type == BACKUP_DS:
            return
        if not name:
            raise Refused("No TM_MAD in template.")
        settings = configuration.transfer_driver(name)
        if settings is None:
            raise Refused('TM_MAD named "%s" is not defined in oned.conf' % name)
        template = self.template
        if self.type == SYSTEM_DS:
            template.replace("SHARED", bool(configuration.flag(settings, "SHARED")))
            for key, default in (("DS_MIGRATE", True), ("DS_LIVE_MIGRATE", False), ("DS_MIGRATE_SNAP", False)):
                value = configuration.flag(settings, key)
                template.replace(key, default if value is None else value)
            template.erase("LN_TARGET")
            template.erase("CLONE_TARGET")
        else:
            systems = settings.get("TM_MAD_SYSTEM", "")
            if systems:
                template.replace("TM_MAD_SYSTEM", systems)
                for system in systems.split(","):
                    suffix = "_" + text.upper(text.trim(system))
                    for key in ("LN_TARGET", "CLONE_TARGET", "DISK_TYPE"):
                        template.replace(key + suffix, settings[key + suffix])
            for key in ("LN_TARGET", "CLONE_TARGET"):
                template.replace(key, settings[key])
            for key in ("DRIVER", "DISK_TYPE"):
                if settings.get(key):
                    template.replace(key, settings[key])
            template.erase("SHARED")
        template.replace("ALLOW_ORPHANS", settings.get("ALLOW_ORPHANS", "NO"))
        snapshots = configuration.flag(settings, "PERSISTENT_SNAPSHOTS")
        template.replace("PERSISTENT_SNAPSHOTS", True if snapshots is None else snapshots)

    def _set_disk_type(self, word):
        """Set the disk type of the body, and the word for it in the template. Raises Refused."""
        self.disk_type = disk_type_of(word) if word else FILE_DISK
        if self.type in (FILE_DS, BACKUP_DS):
            self.disk_type = FILE_DISK
            return
        if self.disk_type == NO_DISK_TYPE:
            raise Refused("Unknown DISK_TYPE in template.")
        name = DISK_TYPE_WORDS[self.disk_type]
        if self.type == IMAGE_DS and name not in _IMAGE_DISKS:
            raise Refused("Invalid DISK_TYPE for an Image Datastore.")
        if self.type == SYSTEM_DS and name not in _SYSTEM_DISKS:
            raise Refused("Invalid DISK_TYPE for a System Datastore.")
        self.template.add("DISK_TYPE", name)

    # ---- update ----

    def after_template_change(self, cloud, old):
        template = self.template
        if self.images:
            for option in _FIXED_WITH_IMAGES:
                if old.get(option) != template.get(option):
                    raise Refused("Cannot update option %s in a datastore with existing images" % option)
        asked = template.get("TYPE")
        if self.oid == SYSTEM_DATASTORE_ID:
            self.type = SYSTEM_DS
        elif self.type != BACKUP_DS and asked:
            self.type = type_of(asked)
        template.replace("TYPE", TYPE_WORDS[self.type])
        disk_type = template.take("DISK_TYPE")
        if disk_type:
            self._set_disk_type(disk_type)
        # After the disk type: so the driver's own DISK_TYPE reaches the template now, the body next time.
        transfer = template.get("TM_MAD")
        if transfer and self.type != BACKUP_DS:
            self._apply_transfer_driver(transfer)
            self.tm_mad = transfer
        else:
            template.replace("TM_MAD", self.tm_mad)
        driver = template.get("DS_MAD")
        if self.type == SYSTEM_DS:
            self.ds_mad = "-"
            template.erase("DS_MAD")
        elif driver:
            self.ds_mad = driver
        else:
            template.replace("DS_MAD", self.ds_mad)
        self._apply_datastore_driver(self.ds_mad)

    def enable(self, enabled):
        if self.type != SYSTEM_DS:
            raise Refused("Only SYSTEM_DS can be disabled or enabled")
        self.state = READY if enabled else DISABLED

    # ---- for images ----

    def encrypt(self, cipher):
        cipher.encrypt(self.template, configuration.ENCRYPTED_DATASTORE_ATTRIBUTES)

    def decrypt(self, cipher):
        cipher.decrypt(self.template, configuration.ENCRYPTED_DATASTORE_ATTRIBUTES)

    def available_mb(self):
        """(megabytes, whether a new image must fit into them)."""
        limit = self.template.number("LIMIT_MB")
        check = self.template.flag("DATASTORE_CAPACITY_CHECK")
        if check is None:
            check = text.same_word(configuration.DATASTORE_CAPACITY_CHECK, "YES")
        return max(limit or 0, 0), check

    @property
    def persistent_only(self):
        settings = configuration.datastore_driver(self.ds_mad)
        return bool(settings and configuration.flag(settings, "PERSISTENT_ONLY"))
