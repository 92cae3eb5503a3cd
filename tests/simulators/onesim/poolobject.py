# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users, groups, clusters, datastores and images have in common."""

import time

from . import text, xmltree
from .authorization import Refused, Target
from .template import Template

_BITS = ("OWNER_U", "OWNER_M", "OWNER_A", "GROUP_U", "GROUP_M", "GROUP_A", "OTHER_U", "OTHER_M", "OTHER_A")


class PoolObject:
    """An object of a pool.

    kind: its type in capitals; word: how sentences call it; lockable: whether one.X.lock may lock it;
    restricted: attributes only administrators may set.
    """

    kind = ""
    word = ""
    lockable = False
    unique_attributes = False
    restricted: tuple[str, ...] = ()

    def __init__(self):
        self.oid = -1
        self.uid = -1
        self.gid = -1
        self.uname = ""
        self.gname = ""
        self.name = ""
        self.bits = [1, 1, 0, 0, 0, 0, 0, 0, 0]
        self.template = Template(unique=self.unique_attributes)
        self.clusters = set()
        self.locked = 0
        self.lock_owner = -1
        self.lock_time = 0
        self.lock_request = -1

    # ---- the database ----

    def xml(self):
        """The body as the server stores it."""
        raise NotImplementedError

    def load(self, root):
        """Fill this object from the root element of its stored body."""
        raise NotImplementedError

    @classmethod
    def from_body(cls, body):
        loaded = cls()
        loaded.load(xmltree.parse(body))
        return loaded

    def before_insert(self, cloud):
        """Checks and defaults at creation, with the id already set. Raises Refused."""

    def load_head(self, root):
        self.oid = root.number("ID")
        self.uid = root.number("UID")
        self.gid = root.number("GID")
        self.uname = root.text("UNAME")
        self.gname = root.text("GNAME")
        self.name = root.text("NAME")

    def head_xml(self):
        return "".join(
            text.element(name, value)
            for name, value in (
                ("ID", self.oid),
                ("UID", self.uid),
                ("GID", self.gid),
                ("UNAME", self.uname),
                ("GNAME", self.gname),
                ("NAME", self.name),
            )
        )

    # ---- permissions ----

    def permissions_xml(self):
        inner = "".join(text.element(name, bit) for name, bit in zip(_BITS, self.bits))
        return text.element("PERMISSIONS", inner)

    def load_permissions(self, root):
        permissions = root.find("PERMISSIONS")
        self.bits = [permissions.number(name, 0) for name in _BITS]

    def set_umask(self, umask):
        most = 0o777 if self.uid == 0 or self.gid == 0 else 0o666
        mode = most & ~umask
        self.bits = [1 if mode & (1 << shift) else 0 for shift in range(8, -1, -1)]

    def target(self):
        return Target(self.kind, self.oid, self.uid, self.gid, self.bits, self.clusters, self.locked)

    def set_permissions(self, bits):
        """bits: nine ints, -1 keeps. Raises Refused."""
        if any(bit < -1 or bit > 1 for bit in bits):
            raise Refused("New permission values must be -1, 0 or 1")
        self.bits = [old if new == -1 else new for old, new in zip(self.bits, bits)]

    def rename(self, name):
        problem = text.name_problem(name)
        if problem:
            raise Refused(problem)
        self.name = name

    # ---- the lock ----

    def lock(self, owner, request, level, is_admin):
        if self.locked and self.lock_owner != owner and not is_admin:
            raise Refused("Error trying to lock the resource.")
        self.locked = level
        self.lock_owner = owner
        self.lock_time = int(time.time())
        self.lock_request = request

    def unlock(self):
        self.locked = 0
        self.lock_owner = -1
        self.lock_time = int(time.time())
        self.lock_request = -1

    def lock_xml(self):
        if not self.locked:
            return ""
        inner = (
            text.element("LOCKED", self.locked)
            + text.element("OWNER", self.lock_owner)
            + text.element("TIME", self.lock_time)
            + text.element("REQ_ID", self.lock_request)
        )
        return text.element("LOCK", inner)

    def load_lock(self, root):
        lock = root.find("LOCK")
        if lock is not None:
            self.locked = lock.number("LOCKED", 0)
            self.lock_owner = lock.number("OWNER")
            self.lock_time = lock.number("TIME", 0)
            self.lock_request = lock.number("REQ_ID")

    # ---- the template ----

    def load_template(self, root):
        self.template = Template.from_element(root.find("TEMPLATE"), self.unique_attributes)

    def after_template_change(self, cloud, old):
        """Checks and derived attributes after an update; old: the template before. Raises Refused."""

    def encrypt(self, cipher):
        """Replace the plain text of encrypted attributes by cipher text."""

    def decrypt(self, cipher):
        """The opposite of encrypt()."""

    def set_error(self, message):
        self.template.replace("ERROR", "%s : %s" % (time.ctime(), message))


def ids_xml(name, ids):
    return text.element(name, "".join(text.element("ID", number) for number in sorted(ids)))
