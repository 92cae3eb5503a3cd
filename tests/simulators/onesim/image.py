# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: what the server keeps of a registered directory, and which changes its state allows."""

import time

from . import configuration, text
from .datastore import FILE_DISK
from .poolobject import PoolObject, Refused

TYPE_WORDS = ("OS", "CDROM", "DATABLOCK", "KERNEL", "RAMDISK", "CONTEXT", "BACKUP", "FILESYSTEM")
OS, CDROM, DATABLOCK, KERNEL, RAMDISK, CONTEXT, BACKUP, FILESYSTEM = range(8)
FILE_TYPES = (KERNEL, RAMDISK, CONTEXT)

INIT, READY, USED, DISABLED, LOCKED, ERROR, CLONE, DELETE, USED_PERS, LOCKED_USED, LOCKED_USED_PERS = range(11)
STATE_WORDS = (
    "INIT",
    "READY",
    "USED",
    "DISABLED",
    "LOCKED",
    "ERROR",
    "CLONE",
    "DELETE",
    "USED",
    "LOCKED_USED",
    "LOCKED_USED",
)
_IN_USE = (USED, USED_PERS, LOCKED_USED, LOCKED_USED_PERS)

_SNAPSHOTS = {"ALLOW_ORPHANS": "NO", "CURRENT_BASE": "-1", "NEXT_SNAPSHOT": "0"}


def type_of(word):
    """An unknown word means OS, an empty one the configured default."""
    word = text.upper(word or configuration.DEFAULT_IMAGE_TYPE)
    return TYPE_WORDS.index(word) if word in TYPE_WORDS else OS


class Image(PoolObject):
    kind = "IMAGE"
    word = "image"
    lockable = True
    unique_attributes = True
    restricted = configuration.RESTRICTED_IMAGE_ATTRIBUTES

    def __init__(self):
        super().__init__()
        self.type = OS
        self.disk_type = FILE_DISK
        self.persistent = 0
        self.registered = int(time.time())
        self.modified = self.registered
        self.source = ""
        self.path = ""
        self.format = ""
        self.fs = ""
        self.size_mb = 0
        self.state = INIT
        self.previous_state = INIT
        self.running_vms = 0
        self.datastore_id = -1
        self.datastore_name = ""
        self.vms = set()

    @classmethod
    def new(cls, owner, umask, template, store):
        """store: the Datastore it goes to."""
        made = cls()
        made.uid, made.gid, made.uname, made.gname = owner
        made.template = template
        made.set_umask(umask)
        made.disk_type = store.disk_type
        made.datastore_id = store.oid
        made.datastore_name = store.name
        return made

    def xml(self):
        vms = text.element("VMS", "".join(text.element("ID", vm) for vm in sorted(self.vms)))
        snapshots = "".join(text.element(key, text.cdata(value)) for key, value in sorted(_SNAPSHOTS.items()))
        inner = (
            self.head_xml()
            + self.lock_xml()
            + self.permissions_xml()
            + text.element("TYPE", self.type)
            + text.element("DISK_TYPE", self.disk_type)
            + text.element("PERSISTENT", self.persistent)
            + text.element("REGTIME", self.registered)
            + text.element("MODTIME", self.modified)
            + text.element("SOURCE", text.cdata(self.source))
            + text.element("PATH", text.cdata(self.path))
            + text.element("FORMAT", text.cdata(self.format))
            + text.element("FS", text.cdata(self.fs))
            + text.element("SIZE", self.size_mb)
            + text.element("STATE", self.state)
            + text.element("PREV_STATE", self.previous_state)
            + text.element("RUNNING_VMS", self.running_vms)
            + "<CLONING_OPS>0</CLONING_OPS><CLONING_ID>-1</CLONING_ID><TARGET_SNAPSHOT>-1</TARGET_SNAPSHOT>"
            + text.element("DATASTORE_ID", self.datastore_id)
            + text.element("DATASTORE", self.datastore_name)
            + vms
            + "<CLONES></CLONES><APP_CLONES></APP_CLONES>"
            + self.template.xml()
            + text.element("SNAPSHOTS", snapshots)
            + "<BACKUP_INCREMENTS></BACKUP_INCREMENTS><BACKUP_DISK_IDS></BACKUP_DISK_IDS>"
        )
        return text.element("IMAGE", inner)

    def load(self, root):
        self.load_head(root)
        self.load_lock(root)
        self.load_permissions(root)
        self.type = root.number("TYPE")
        self.disk_type = root.number("DISK_TYPE")
        self.persistent = root.number("PERSISTENT", 0)
        self.registered = root.number("REGTIME", 0)
        self.modified = root.number("MODTIME", 0)
        self.source = root.text("SOURCE")
        self.path = root.text("PATH")
        self.format = root.text("FORMAT")
        self.fs = root.text("FS")
        self.size_mb = root.number("SIZE", 0)
        self.state = root.number("STATE", INIT)
        self.previous_state = root.number("PREV_STATE", INIT)
        self.running_vms = root.number("RUNNING_VMS", 0)
        self.datastore_id = root.number("DATASTORE_ID")
        self.datastore_name = root.text("DATASTORE")
        self.vms = root.ids("VMS")
        self.load_template(root)

    # ---- creation ----

    def before_insert(self, cloud):
        template = self.template
        self.name = template.take("NAME")
        word = text.upper(template.take("TYPE") or configuration.DEFAULT_IMAGE_TYPE)
        if word not in TYPE_WORDS:
            raise Refused("Unknown type ")
        self.type = TYPE_WORDS.index(word)
        self._take_persistence(template)
        self.size_mb = text.leading_number(template.take("SIZE")) or 0
        self.fs = template.take("FS")
        template.erase("DRIVER")
        self.path = template.take("PATH")
        self.source = template.take("SOURCE")
        self.format = template.take("FORMAT")
        template.erase("TM_MAD")
        self._settle_source(cloud)
        self.state = LOCKED

    def _take_persistence(self, template):
        persistent = text.same_word(template.take("PERSISTENT"), "YES")
        if self.type in (OS, DATABLOCK):
            self.persistent = int(persistent)
            if not template.get("DEV_PREFIX"):
                template.replace("DEV_PREFIX", configuration.DEFAULT_DEVICE_PREFIX)
            return
        template.erase("DEV_PREFIX")
        self.persistent = int(self.type == BACKUP or (self.type == FILESYSTEM and persistent))

    def _settle_source(self, cloud):
        if self.source:
            if self.path:
                raise Refused("PATH and SOURCE cannot be both set.")
            if not self.format:
                raise Refused("SOURCE needs FORMAT to be set.")
        elif self.type == BACKUP:
            raise Refused("SOURCE cannot be empty for BACKUP images")
        elif self.path:
            # The driver tells the format when it has looked at the path.
            self.format = ""
        elif self.type in (OS, DATABLOCK):
            self._take_driver_format(cloud)
        elif self.type == FILESYSTEM:
            self.format = "dir"
        else:
            raise Refused("No PATH nor SOURCE in template.")

    def _take_driver_format(self, cloud):
        store = cloud.datastores.get(self.datastore_id)
        settings = configuration.transfer_driver(store.tm_mad) or {}
        driver = settings.get("DRIVER", "") or store.template.get("DRIVER")
        if driver:
            self.template.replace("DRIVER", driver)
            self.format = driver
        elif not self.format:
            self.format = "raw"

    # ---- state ----

    @property
    def is_busy(self):
        """In one of the states in which only a forced deletion is accepted."""
        return self.state in (LOCKED, LOCKED_USED, LOCKED_USED_PERS)

    def set_state(self, state):
        """Every change of state but to LOCKED drops a lock, a user's lock too."""
        self.state = state
        if state != LOCKED:
            self.unlock()

    def finish_copy(self):
        """LOCKED or ERROR become READY (in use: USED)."""
        if self.state in (LOCKED, ERROR):
            in_use = USED_PERS if self.persistent else USED
            self.set_state(READY if self.state == LOCKED or not self.running_vms else in_use)

    def enable(self, enabled):
        if self.type == BACKUP:
            raise Refused("Backup images cannot be enabled or disabled.")
        if enabled and self.state == DISABLED:
            self.set_state(READY)
        elif enabled and self.state == ERROR:
            self.finish_copy()
        elif not enabled and self.state in (READY, ERROR):
            self.set_state(DISABLED)
        elif self.state != (READY if enabled else DISABLED):
            raise Refused("Image cannot be in state %s." % STATE_WORDS[self.state])

    def set_persistent(self, persistent):
        if self.state in _IN_USE or self.state == CLONE:
            raise Refused("Image cannot be in state %s." % STATE_WORDS[self.state])
        self.persistent = int(persistent)

    def acquire(self, vm_id):
        """Let a virtual machine use it. Raises Refused."""
        words = "Cannot acquire image %d, it is " % self.oid
        if self.type in FILE_TYPES + (BACKUP,):
            raise Refused("Image %d (%s) of type %s cannot be used as DISK."
                          % (self.oid, self.name, TYPE_WORDS[self.type]))
        if self.state in (USED_PERS, LOCKED_USED_PERS):
            if not text.same_word(self.template.get("PERSISTENT_TYPE"), "SHAREABLE"):
                raise Refused(words + "persistent and already in use")
        elif self.state == READY:
            self.set_state(USED_PERS if self.persistent else USED)
        elif self.state == LOCKED:
            self.set_state(LOCKED_USED_PERS if self.persistent else LOCKED_USED)
        elif self.state not in (USED, LOCKED_USED):
            raise Refused(words + "in state: %s" % STATE_WORDS[self.state])
        self.vms.add(vm_id)
        self.running_vms = len(self.vms)

    def release(self, vm_id):
        if self.state not in _IN_USE:
            return
        self.vms.discard(vm_id)
        self.running_vms = len(self.vms)
        if not self.vms:
            self.set_state(READY if self.state in (USED, USED_PERS) else LOCKED)

    def refuse_deletion_while_used(self):
        if self.state in _IN_USE or (self.state == READY and self.running_vms and self.type != BACKUP):
            raise Refused("There are %d VMs using it." % self.running_vms)

    def change_type(self, word):
        word = text.upper(word)
        if word not in TYPE_WORDS:
            raise Refused("Unknown type ")
        self.type = TYPE_WORDS.index(word)
