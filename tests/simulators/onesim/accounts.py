# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups."""

import hashlib
import secrets

from . import configuration, text
from .poolobject import PoolObject, Refused, ids_xml
from .template import Attribute

CORE = "core"
FIRST_USER_GROUP = 100
INVALID_USER_NAME = " :\t\n\v\f\r"
INVALID_GROUP_NAME = " "
DRIVERS_WITHOUT_PASSWORD = ("ldap", "saml")
_LONGEST_PASSWORD = {
    "ssh": 16 * 1024,
    "x509": 64 * 1024,
    "ldap": 256,
    "saml": 12 * 1024,
    "server_cipher": 4096,
    "server_x509": 64 * 1024,
    "core": 256,
    "sunstone": 256,
}


def digest(secret):
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def password_problem(password, driver):
    """Why a password is refused, in the server's words, or None."""
    if not password:
        return "Invalid password, it cannot be empty"
    longest = _LONGEST_PASSWORD.get(driver)
    if longest is not None and text.size(password) > longest:
        return (
            "Password is longer than max allowed length. Max allowed length for the driver %s : %d bytes"
            % (driver, longest)
        )
    for character in password:
        if character in text.BLANKS:
            return "Invalid password, character '%s' is not allowed" % character
    return None


class User(PoolObject):
    kind = "USER"
    word = "user"
    unique_attributes = True
    restricted = configuration.RESTRICTED_VM_OPERATIONS

    def __init__(self):
        super().__init__()
        self.password = ""
        self.auth_driver = CORE
        self.enabled = True
        self.groups = set()

    @classmethod
    def new(cls, name, password, driver, group, groups):
        """group: (id, name) of the primary group."""
        made = cls()
        made.name = name
        made.gid, made.gname = group
        made.auth_driver = driver
        made.password = digest(password) if driver == CORE else password
        made.groups = set(groups)
        made.template.add("TOKEN_PASSWORD", digest(secrets.token_hex(8)))
        return made

    def before_insert(self, cloud):
        self._own()

    def _own(self):
        self.uid = self.oid
        self.uname = self.name

    def xml(self):
        return text.element("USER", self._inner())

    def extended_xml(self, quotas, default_quotas):
        return text.element("USER", self._inner() + quotas + default_quotas)

    def _inner(self):
        return (
            text.element("ID", self.oid)
            + text.element("GID", self.gid)
            + ids_xml("GROUPS", self.groups)
            + text.element("GNAME", self.gname)
            + text.element("NAME", self.name)
            + text.element("PASSWORD", text.cdata(self.password))
            + text.element("AUTH_DRIVER", text.cdata(self.auth_driver))
            + text.element("ENABLED", int(self.enabled))
            + self.template.xml()
        )

    def load(self, root):
        self.oid = root.number("ID")
        self.gid = root.number("GID")
        self.groups = root.ids("GROUPS")
        self.gname = root.text("GNAME")
        self.name = root.text("NAME")
        self.password = root.text("PASSWORD")
        self.auth_driver = root.text("AUTH_DRIVER")
        self.enabled = bool(root.number("ENABLED", 0))
        self.load_template(root)
        self._own()

    @property
    def umask(self):
        try:
            return int(self.template.get("UMASK"), 8) & 0o777
        except ValueError:
            return configuration.DEFAULT_UMASK

    def set_password(self, password):
        problem = password_problem(password, self.auth_driver)
        if problem:
            raise Refused(problem)
        self.password = digest(password) if self.auth_driver == CORE else password

    def encrypt(self, cipher):
        cipher.encrypt(self.template, configuration.ENCRYPTED_USER_ATTRIBUTES)

    def decrypt(self, cipher):
        cipher.decrypt(self.template, configuration.ENCRYPTED_USER_ATTRIBUTES)


class Group(PoolObject):
    kind = "GROUP"
    word = "group"
    restricted = configuration.RESTRICTED_VM_OPERATIONS

    def __init__(self):
        super().__init__()
        self.uid = 0
        self.bits[3] = 1
        self.users = set()
        self.admins = set()

    @classmethod
    def new(cls, name):
        made = cls()
        made.name = name
        return made

    def add_views(self):
        views = {
            "DEFAULT_VIEW": "cloud",
            "VIEWS": "cloud",
            "GROUP_ADMIN_DEFAULT_VIEW": "groupadmin",
            "GROUP_ADMIN_VIEWS": "groupadmin,cloud",
        }
        self.template.set(Attribute("SUNSTONE", views))

    def before_insert(self, cloud):
        self._own()

    def _own(self):
        self.gid = self.oid
        self.gname = self.name

    def xml(self):
        return text.element("GROUP", self._inner())

    def extended_xml(self, quotas, default_quotas):
        return text.element("GROUP", self._inner() + quotas + default_quotas)

    def _inner(self):
        return (
            text.element("ID", self.oid)
            + text.element("NAME", self.name)
            + self.template.xml()
            + ids_xml("USERS", self.users)
            + ids_xml("ADMINS", self.admins)
        )

    def load(self, root):
        self.oid = root.number("ID")
        self.name = root.text("NAME")
        self.users = root.ids("USERS")
        self.admins = root.ids("ADMINS")
        self.load_template(root)
        self._own()

    def refuse_drop_unless_empty(self):
        if self.oid < FIRST_USER_GROUP:
            raise Refused("System Groups (ID < 100) cannot be deleted.")
        if self.users:
            raise Refused("Group %d is not empty." % self.oid)
