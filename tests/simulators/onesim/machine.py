# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines, as far as clients of datastores and images read them: states, disks, and where they run."""

import time

from . import text
from .datastore import DISK_TYPE_WORDS
from .poolobject import PoolObject, Refused
from .template import Attribute, Template

INIT, PENDING, HOLD, ACTIVE, STOPPED, SUSPENDED, DONE = range(7)
POWEROFF, UNDEPLOYED, CLONING, CLONING_FAILURE = 8, 9, 10, 11
STATE_WORDS = {
    INIT: "INIT", PENDING: "PENDING", HOLD: "HOLD", ACTIVE: "ACTIVE", STOPPED: "STOPPED", SUSPENDED: "SUSPENDED",
    DONE: "DONE", POWEROFF: "POWEROFF", UNDEPLOYED: "UNDEPLOYED", CLONING: "CLONING",
    CLONING_FAILURE: "CLONING_FAILURE",
}
LCM_INIT, PROLOG, BOOT, RUNNING, SHUTDOWN, UNKNOWN, SHUTDOWN_POWEROFF = 0, 1, 2, 3, 12, 16, 18
LCM_WORDS = {PROLOG: "PROLOG", BOOT: "BOOT", RUNNING: "RUNNING", SHUTDOWN: "SHUTDOWN", UNKNOWN: "UNKNOWN",
             SHUTDOWN_POWEROFF: "SHUTDOWN_POWEROFF"}
# What goes from the template a user sent into the machine's own; the rest stays the user's.
_OWN = ("CONTEXT", "CPU_MODEL", "DISK", "FEATURES", "GRAPHICS", "INPUT", "NIC", "OS", "RAW", "SUBMIT_ON_HOLD",
        "TEMPLATE_ID", "TOPOLOGY", "VCPU", "VIDEO")
_HISTORY = (
    ("OID", 0), ("SEQ", 0), ("HOSTNAME", ""), ("HID", 0), ("CID", 0), ("STIME", 0), ("ETIME", 0), ("VM_MAD", ""),
    ("TM_MAD", ""), ("DS_ID", 0), ("PLAN_ID", -2), ("ACTION_ID", -1), ("PSTIME", 0), ("PETIME", 0), ("RSTIME", 0),
    ("RETIME", 0), ("ESTIME", 0), ("EETIME", 0), ("ACTION", 0), ("UID", -1), ("GID", -1), ("REQUEST_ID", -1),
)
_SHORT_DISK = ("DISK_ID", "DATASTORE", "DATASTORE_ID", "IMAGE", "IMAGE_ID", "SIZE", "TYPE", "CLONE", "CLONE_TARGET",
               "LN_TARGET", "DISK_SNAPSHOT_TOTAL_SIZE")
_SHORT_HISTORY = ("OID", "SEQ", "HOSTNAME", "HID", "CID", "DS_ID", "VM_MAD", "TM_MAD", "ACTION")


class Machine(PoolObject):
    kind = "VM"
    word = "virtual machine"
    lockable = True

    def __init__(self):
        super().__init__()
        self.state, self.lcm_state = PENDING, LCM_INIT
        self.started, self.ended = int(time.time()), 0
        self.deploy_id = ""
        self.user_template = Template()
        self.history = []

    @classmethod
    def new(cls, owner, umask, template, hold):
        made = cls()
        made.uid, made.gid, made.uname, made.gname = owner
        made.user_template = template
        made.set_umask(umask)
        if hold:
            made.state = HOLD
            template.replace("SUBMIT_ON_HOLD", True)
        return made

    # ---- the database ----

    def xml(self):
        history = "".join(text.element("HISTORY", _elements(record, dict(_HISTORY))) for record in self.history)
        inner = (
            self.head_xml()
            + self.lock_xml()
            + self.permissions_xml()
            + "<LAST_POLL>0</LAST_POLL>"
            + text.element("STATE", self.state)
            + text.element("LCM_STATE", self.lcm_state)
            + text.element("PREV_STATE", self.state)
            + text.element("PREV_LCM_STATE", self.lcm_state)
            + "<RESCHED>0</RESCHED>"
            + text.element("STIME", self.started)
            + text.element("ETIME", self.ended)
            + text.element("DEPLOY_ID", self.deploy_id)
            + "<MONITORING></MONITORING><SCHED_ACTIONS></SCHED_ACTIONS>"
            + self.template.xml()
            + self.user_template.xml("USER_TEMPLATE")
            + text.element("HISTORY_RECORDS", history)
            + "<BACKUPS><BACKUP_CONFIG/><BACKUP_IDS></BACKUP_IDS></BACKUPS>"
        )
        return text.element("VM", inner)

    def short_xml(self):
        """As listings that are not extended show it."""
        parts = [self.head_xml(), "<LAST_POLL>0</LAST_POLL>"]
        for name, value in (("STATE", self.state), ("LCM_STATE", self.lcm_state), ("RESCHED", 0),
                            ("STIME", self.started), ("ETIME", self.ended), ("DEPLOY_ID", self.deploy_id)):
            parts.append(text.element(name, value))
        if self.locked:
            parts.append(text.element("LOCK", text.element("LOCKED", self.locked)))
        inner = "".join(text.element(name, self.template.get(name)) for name in ("CPU", "MEMORY", "VCPU"))
        for disk in self.disks():
            shown = ((name, disk[name]) for name in _SHORT_DISK if name in disk)
            inner += text.element("DISK", "".join(text.element(name, text.cdata(value)) for name, value in shown))
        parts.append(text.element("TEMPLATE", inner))
        parts.append("<MONITORING></MONITORING><USER_TEMPLATE/>")
        if self.history:
            last = text.element("HISTORY", _elements(self.history[-1], _SHORT_HISTORY))
            parts.append(text.element("HISTORY_RECORDS", last))
        else:
            parts.append("<HISTORY_RECORDS/>")
        return text.element("VM", "".join(parts))

    def load(self, root):
        self.load_head(root)
        self.load_lock(root)
        self.load_permissions(root)
        self.state, self.lcm_state = root.number("STATE"), root.number("LCM_STATE")
        self.started, self.ended = root.number("STIME", 0), root.number("ETIME", 0)
        self.deploy_id = root.text("DEPLOY_ID")
        self.load_template(root)
        self.user_template = Template.from_element(root.find("USER_TEMPLATE"))
        self.history = [
            {child.name: child.content() for child in record.elements()}
            for record in root.find("HISTORY_RECORDS").elements()
        ]

    # ---- creation ----

    def before_insert(self, cloud):
        given, own = self.user_template, self.template
        own.add("VMID", self.oid)
        prefix = given.take("TEMPLATE_NAME") or "one"
        self.name = given.take("NAME") or "%s-%d" % (prefix, self.oid)
        problem = text.name_problem(self.name)
        if problem:
            raise Refused(problem)
        for name, words in (("MEMORY", "integer"), ("CPU", "float or integer")):
            value = given.take(name)
            if not _positive(value, name == "CPU"):
                raise Refused("%s attribute must be a positive %s value." % (name, words))
            own.add(name, value)
        disks = [dict(attribute.value) for attribute in given.vectors("DISK")]
        for name in _OWN:
            for attribute in [] if name == "DISK" else given.singles(name) + given.vectors(name):
                own.set(attribute)
            given.erase(name)
        self._take_disks(cloud, disks)

    def _take_disks(self, cloud, disks):
        taken, tags = [], set()
        try:
            for number, disk in enumerate(disks):
                image = _image_of(cloud, disk, number, self.uid)
                try:
                    image.acquire(self.oid)
                except Refused as error:
                    raise Refused("DISK %d: %s" % (number, error)) from error
                store = cloud.datastores.get(image.datastore_id)
                described = describe_disk(disk, number, image, store)
                if described["TYPE"] == "FILESYSTEM":
                    if image.oid in taken:
                        raise Refused("File system image can only be added once to the same VM")
                    cloud.update(cloud.images, image)
                    taken.append(image.oid)
                    if described["MOUNT_TAG"] in tags:
                        raise Refused("MOUNT_TAG '%s' is duplicated across disks" % described["MOUNT_TAG"])
                    tags.add(described["MOUNT_TAG"])
                else:
                    cloud.update(cloud.images, image)
                    taken.append(image.oid)
                self.template.set(Attribute("DISK", described))
        except Refused:
            for oid in taken:
                cloud.use_image(oid, self.oid, used=False)
            raise

    # ---- what others read ----

    def disks(self):
        return [attribute.value for attribute in self.template.vectors("DISK")]

    @property
    def shares_directories(self):
        return any(disk.get("TYPE") == "FILESYSTEM" for disk in self.disks())

    @property
    def needs(self):
        """{"CPU": percent, "MEM": kilobytes}."""
        return {"CPU": int(float(self.template.get("CPU")) * 100), "MEM": int(self.template.get("MEMORY")) * 1024}

    @property
    def state_word(self):
        return LCM_WORDS.get(self.lcm_state, "LCM_INIT") if self.state == ACTIVE else STATE_WORDS[self.state]

    @property
    def runs(self):
        return self.state == ACTIVE and self.lcm_state in (RUNNING, UNKNOWN)

    @property
    def host_id(self):
        """Of the host it is on, or None."""
        on_one = self.state == ACTIVE or self.state in (SUSPENDED, POWEROFF)
        return int(self.history[-1]["HID"]) if self.history and on_one else None

    # ---- changes ----

    def place(self, host, store):
        record = dict(_HISTORY)
        record.update(OID=self.oid, SEQ=len(self.history), HOSTNAME=host.name, HID=host.oid, CID=host.cluster_id,
                      VM_MAD=host.vm_mad, TM_MAD=store.tm_mad, DS_ID=store.oid, STIME=int(time.time()))
        self.history.append(record)
        self.state, self.lcm_state = ACTIVE, PROLOG
        self.deploy_id = "%s:%s:%s" % (host.name, self.name, host.vm_mad)

    def loses_sight(self):
        """Its host could not be monitored; whether that changes it: only what is RUNNING becomes unknown."""
        if (self.state, self.lcm_state) != (ACTIVE, RUNNING):
            return False
        self.lcm_state = UNKNOWN
        return True

    def settle(self, state, lcm_state=LCM_INIT):
        self.state, self.lcm_state = state, lcm_state
        if state == DONE:
            self.ended = int(time.time())


def _elements(record, names):
    return "".join(
        text.element(name, text.cdata(record[name]) if name.endswith("_MAD") else record[name]) for name in names
    )


def _positive(value, fractions):
    try:
        return (float if fractions else int)(value) > 0
    except ValueError:
        return False


def _image_of(cloud, disk, number, uid):
    """Raises Refused."""
    oid = text.number(disk.get("IMAGE_ID", ""))
    if oid is None:
        name = disk.get("IMAGE", "")
        if not name:
            raise Refused("DISK %d: Unknown disk type %s" % (number, text.upper(disk.get("TYPE", ""))))
        owner = text.number(disk.get("IMAGE_UID", ""))
        if owner is None and disk.get("IMAGE_UNAME"):
            owner = cloud.users.find(disk["IMAGE_UNAME"])
        owner = uid if owner is None else owner
        oid = cloud.images.find(name, owner)
        if oid == -1:
            raise Refused(
                "DISK %d: User %d does not own an image with name: %s . Set IMAGE_UNAME or IMAGE_UID of owner in DISK."
                % (number, owner, name)
            )
    image = cloud.images.get(oid)
    if image is None:
        raise Refused("DISK %d: Image with ID: %d does not exist" % (number, oid))
    return image


def describe_disk(given, number, image, store):
    """All that the server writes into a DISK of an image; given: what the user did."""
    disk = dict(given)
    disk.update(
        IMAGE=image.name, IMAGE_ID=image.oid, IMAGE_STATE=image.state, SOURCE=image.source, ORIGINAL_SIZE=image.size_mb,
        DISK_SNAPSHOT_TOTAL_SIZE=0, DISK_ID=number, DATASTORE=store.name, DATASTORE_ID=store.oid, TM_MAD=store.tm_mad,
        CLUSTER_ID=",".join(str(oid) for oid in sorted(store.clusters)), TYPE=DISK_TYPE_WORDS[image.disk_type],
    )
    disk.setdefault("SIZE", image.size_mb)
    disk.setdefault("IMAGE_UNAME", image.uname)
    if image.format:
        disk.update(DRIVER=image.format, FORMAT=image.format)
    read_only = disk.get("READONLY") or image.template.get("READONLY")
    disk["READONLY"] = "YES" if text.same_word(read_only, "YES") else "NO"
    if image.persistent:
        disk.update(PERSISTENT="YES", CLONE="NO", SAVE="YES")
    else:
        disk.update(CLONE="YES", SAVE="NO")
    if disk["TYPE"] == "FILESYSTEM":
        for name, default in (("MOUNT_POINT", "/mnt/one-fs-%d"), ("MOUNT_TAG", "one-tag-%d")):
            disk[name] = disk.get(name) or image.template.get(name) or default % image.oid
    for name in ("CLONE_TARGET", "LN_TARGET", "ALLOW_ORPHANS", "PERSISTENT_SNAPSHOTS"):
        disk.setdefault(name, store.template.get(name))
    # An image's own DISK_TYPE wins over the datastore's.
    disk.setdefault("DISK_TYPE", image.template.get("DISK_TYPE") or store.template.get("DISK_TYPE"))
    return {name: str(value) for name, value in disk.items() if str(value)}
