# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one server: its pools, rules and drivers, as an empty database has them."""

import hashlib
import threading

from . import accounts, configuration, quotas, text
from .accounts import CORE, Group, User
from .authorization import ONEADMIN_GROUP, AccessRules
from .cipher import Cipher
from .cluster import Cluster
from .datastore import Datastore
from .frontend import FrontEnd
from .host import Host
from .image import DELETE, ERROR, Image
from .machine import Machine
from .monitoring import Monitoring
from .pool import Pool
from .poolobject import Refused
from .template import Template
from .vmtemplate import VmTemplate

_BOOTSTRAP_DATASTORES = (
    'NAME = system\nTYPE = SYSTEM_DS\nTM_MAD = local',
    'NAME = default\nTYPE = IMAGE_DS\nDS_MAD = fs\nTM_MAD = local',
    'NAME = files\nTYPE = FILE_DS\nDS_MAD = fs\nTM_MAD = local',
)
_BOOTSTRAP_UMASK = 0o137
_LAST_SYSTEM_ID = 99


class Oned:
    """One server. Every access to it happens under ``lock``.

    image_delay: seconds until a datastore driver has registered or removed an image.
    stat_delay: seconds for which a driver looks through a directory before one.image.allocate answers.
    monitor_period: seconds between two probes of a host of the driver dummy; 0 for no monitoring.
    race_window: seconds for which other calls go on between the check of a new datastore's or image's name and
    its insertion; the real server has such a gap, so calls made at once can end in several datastores of one name.
    """

    def __init__(self, credentials, directories=(), files=(), image_delay=0.05, race_window=0, stat_delay=0,
                 monitor_period=0):
        self.lock = threading.RLock()
        self.cipher = Cipher()
        self.rules = AccessRules()
        self.frontend = FrontEnd(directories, files)
        self.image_delay = image_delay
        self.race_window = race_window
        self.stat_delay = stat_delay
        self.monitoring = Monitoring(self, monitor_period)
        self.quotas = quotas.Accounts()
        self._timers = set()
        self.groups = Pool(Group, "GROUP_POOL", unique=("name",))
        self.users = Pool(User, "USER_POOL", unique=("name",))
        self.clusters = Pool(Cluster, "CLUSTER_POOL", unique=("name",))
        # Nothing in the database keeps two datastores from one name.
        self.datastores = Pool(Datastore, "DATASTORE_POOL")
        self.images = Pool(Image, "IMAGE_POOL", unique=("name", "uid"))
        self.hosts = Pool(Host, "HOST_POOL", unique=("name",))
        self.vms = Pool(Machine, "VM_POOL")
        self.templates = Pool(VmTemplate, "VMTEMPLATE_POOL")
        self._bootstrap(*credentials)

    def _bootstrap(self, admin_name, admin_password):
        self.groups.insert(Group.new("oneadmin"), self)
        users = Group.new("users")
        users.add_views()
        self.groups.insert(users, self)
        self.groups.last_id = _LAST_SYSTEM_ID
        administrators = (ONEADMIN_GROUP, "oneadmin")
        admin = User.new(admin_name, admin_password, CORE, administrators, {ONEADMIN_GROUP})
        secret = accounts.digest(admin_password + "serveradmin")
        server = User.new("serveradmin", secret, "server_cipher", administrators, {ONEADMIN_GROUP})
        for user in (admin, server):
            self.add_member(ONEADMIN_GROUP, self.users.insert(user, self))
        owner = (0, ONEADMIN_GROUP, admin_name, "oneadmin")
        cluster = Cluster.new("default")
        self.clusters.insert(cluster, self)
        for source in _BOOTSTRAP_DATASTORES:
            store = Datastore.new(owner, _BOOTSTRAP_UMASK, Template.parse(source), {cluster.oid})
            cluster.datastores.add(self.datastores.insert(store, self))
        self.clusters.update(cluster)
        self.clusters.last_id = self.datastores.last_id = _LAST_SYSTEM_ID

    def add_member(self, group_id, user_id):
        group = self.groups.get(group_id)
        group.users.add(user_id)
        self.groups.update(group)

    def remove_member(self, group_id, user_id):
        group = self.groups.get(group_id)
        if group is not None:
            group.users.discard(user_id)
            self.groups.update(group)

    # ---- authentication ----

    def authenticate(self, session):
        """The User of a session ``user:password``, or None."""
        name, colon, secret = session.partition(":")
        if not colon or text.name_problem(name, accounts.INVALID_USER_NAME):
            return None
        user = self.users.get(self.users.find(name))
        if user is None or not user.enabled or user.auth_driver != CORE:
            return None
        # Old databases hold a SHA-1 of the password; this one never does.
        return user if hashlib.sha256(secret.encode("utf-8")).hexdigest() == user.password else None

    def take_image(self, uid, gid, datastore_id, megabytes):
        """Count an image against the quotas of its owner and group. Raises Refused."""
        self.quotas.take(uid, gid, quotas.DATASTORE, datastore_id, {"SIZE": megabytes, "IMAGES": 1})

    def give_back_image(self, uid, gid, datastore_id, megabytes):
        self.quotas.give_back(uid, gid, quotas.DATASTORE, datastore_id, {"SIZE": megabytes, "IMAGES": 1})

    def leave_a_gap(self):
        """Let other calls in, if this server is to show its races. What was read before is old afterwards."""
        self._let_others_in(self.race_window)

    def wait_for_stat(self):
        self._let_others_in(self.stat_delay)

    def take_machine(self, uid, gid, cpu, memory, images):
        """Count a virtual machine, and its use of these images, against the quotas. Raises Refused."""
        self.quotas.take(uid, gid, quotas.VM, "", self._needs(cpu, memory, images))
        taken = []
        try:
            for image in images:
                self.quotas.take(uid, gid, quotas.IMAGE, image.oid, {"RVMS": 1})
                taken.append(image)
        except Refused:
            for image in taken:
                self.quotas.give_back(uid, gid, quotas.IMAGE, image.oid, {"RVMS": 1})
            self.quotas.give_back(uid, gid, quotas.VM, "", self._needs(cpu, memory, images))
            raise

    def give_back_machine(self, uid, gid, cpu, memory, images):
        self.quotas.give_back(uid, gid, quotas.VM, "", self._needs(cpu, memory, images))
        for image in images:
            self.quotas.give_back(uid, gid, quotas.IMAGE, image.oid, {"RVMS": 1})

    def _needs(self, cpu, memory, images):
        """A machine counts as running from the start; what is cloned into the system datastore has a size there."""
        stores = [(image, self.datastores.get(image.datastore_id)) for image in images]
        size = sum(
            image.size_mb
            for image, store in stores
            if store.template.get("LN_TARGET" if image.persistent else "CLONE_TARGET") == "SYSTEM"
        )
        return {
            "VMS": 1, "RUNNING_VMS": 1, "CPU": cpu, "RUNNING_CPU": cpu, "MEMORY": memory, "RUNNING_MEMORY": memory,
            "SYSTEM_DISK_SIZE": size,
        }

    def _let_others_in(self, seconds):
        if seconds:
            self.lock.release()
            try:
                threading.Event().wait(seconds)
            finally:
                self.lock.acquire()

    # ---- datastore drivers ----

    def later(self, action, *arguments):
        """Run action under the lock when a driver would have answered."""

        def run():
            with self.lock:
                self._timers.discard(timer)
                action(*arguments)

        timer = threading.Timer(self.image_delay, run)
        timer.daemon = True
        self._timers.add(timer)
        timer.start()

    def crash(self):
        """Be killed and started again: what the drivers were about to answer is never heard of."""
        self.close()

    def close(self):
        with self.lock:
            self.monitoring.close()
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()

    def register_image(self, image_id):
        """Hand a new image to its datastore's driver."""
        image = self.images.get(image_id)
        store = self.datastores.get(image.datastore_id)
        store.decrypt(self.cipher)
        if image.path:
            self.later(self._copied, image_id, self._copy(store, image))
        elif image.source:
            image.finish_copy()
            self._update_image(image)
        else:
            self.later(self._made, image_id)

    def _copy(self, store, image):
        if store.ds_mad == "virtiofs":
            safe, restricted = store.template.get("SAFE_DIRS"), store.template.get("RESTRICTED_DIRS")
            return self.frontend.register(image.path, safe, restricted)
        if configuration.datastore_driver(store.ds_mad)["NAME"] != store.ds_mad:
            # The name is found in any case, the driver's directory is not.
            return False, "Datastore driver '%s' not available" % store.ds_mad
        return False, "Cannot copy %s: this endpoint has no %s driver" % (image.path, store.ds_mad)

    def _copied(self, image_id, answer):
        image = self.images.get(image_id)
        if image is None:
            return
        done, said = answer
        words = said.split()
        if done and len(words) >= 2:
            image.source, image.format = words[:2]
            image.finish_copy()
        else:
            image.set_error("Error copying image in the datastore: %s" % said)
            image.set_state(ERROR)
        self._update_image(image)

    def _made(self, image_id):
        """An empty disk, which the virtiofs driver never makes."""
        image = self.images.get(image_id)
        if image is None or image.state == DELETE:
            return
        store = self.datastores.get(image.datastore_id)
        if store.ds_mad == "virtiofs":
            image.set_error("Error creating datablock: mkfs: Operation not supported")
            image.set_state(ERROR)
        else:
            image.source = "%s/%s" % (store.base_path, hashlib.md5(image.name.encode("utf-8")).hexdigest())
            image.finish_copy()
        self._update_image(image)

    def _update_image(self, image):
        image.previous_state = image.state
        self.images.update(image)

    def update(self, pool, changed):
        """Store a changed object in its pool."""
        if isinstance(changed, Image):
            self._update_image(changed)
        else:
            pool.update(changed)

    def delete_image(self, image_id):
        """Remove an image now, or when its driver has answered. Raises Refused."""
        image = self.images.get(image_id)
        if self.datastores.get(image.datastore_id) is None:
            raise Refused("Datastore no longer exists cannot remove image")
        image.refuse_deletion_while_used()
        if image.source:
            image.set_state(DELETE)
            self._update_image(image)
            self.later(self._removed, image_id)
        else:
            self._removed(image_id)

    def use_image(self, image_id, vm_id, used=True):
        """As if a virtual machine used an image from now on, or no longer."""
        with self.lock:
            image = self.images.get(image_id)
            (image.acquire if used else image.release)(vm_id)
            self._update_image(image)

    def _removed(self, image_id):
        image = self.images.get(image_id)
        if image is None:
            return
        self.images.drop(image_id)
        self.give_back_image(image.uid, image.gid, image.datastore_id, image.size_mb)
        store = self.datastores.get(image.datastore_id)
        if store is not None:
            store.images.discard(image_id)
            self.datastores.update(store)
