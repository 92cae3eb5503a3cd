# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: limits of users and groups, what counts against them, and those that hold where nobody set one."""

import re

from . import text
from .poolobject import Refused
from .template import Attribute, Template

DEFAULT, UNLIMITED = -1.0, -2.0
DATASTORE, IMAGE, VM = "DATASTORE", "IMAGE", "VM"
# Sections in the order they are set, each with its metrics in the order they are checked.
METRICS = {
    DATASTORE: ("SIZE", "IMAGES"),
    "NETWORK": ("LEASES",),
    IMAGE: ("RVMS",),
    VM: (
        "VMS", "RUNNING_VMS", "CPU", "RUNNING_CPU", "MEMORY", "RUNNING_MEMORY", "PCI_DEV", "RUNNING_PCI_DEV",
        "PCI_NIC", "RUNNING_PCI_NIC", "SYSTEM_DISK_SIZE",
    ),
}
_SHOWN = (DATASTORE, "NETWORK", VM, IMAGE)


def _written(value):
    return "%d" % value if value == int(value) else "%.2f" % value


class _Section:
    """The quotas of one section: {"ID": ..., "SIZE": ..., "SIZE_USED": ...}, all of them text, as the server has them."""

    def __init__(self, name, is_default):
        self.name = name
        self.metrics = METRICS[name]
        self._is_default = is_default
        self.quotas = []

    @property
    def _implicit(self):
        return UNLIMITED if self._is_default else DEFAULT

    def find(self, oid):
        """The quota of that id, or None."""
        return next((quota for quota in self.quotas if quota.get("ID", "") == oid), None)

    def set(self, wanted):
        """wanted: the vectors of a template. Raises Refused; what came before the refused one stays set."""
        for vector in wanted:
            oid = vector.get("ID", "")
            limits = {metric: self._limit(vector.get(metric, "")) for metric in self.metrics}
            if self._bad_id(oid) or None in limits.values():
                words = ",".join("%s=%s" % pair for pair in sorted(vector.items()))
                raise Refused("Negative limits or bad format in quota %s = [ %s ]" % (self.name, words))
            quota = self.find(oid)
            if quota is None:
                quota = dict.fromkeys((metric + "_USED" for metric in self.metrics), "0")
                if oid:
                    quota["ID"] = oid
                self.quotas.append(quota)
            quota.update((metric, _written(limit)) for metric, limit in limits.items())
            self._clean(quota)

    def _bad_id(self, oid):
        # The limits of virtual machines have none.
        return self.name != VM and not re.fullmatch(r"\s*[+-]?[0-9]+", oid)

    def _limit(self, word):
        """None where it is negative; what is not a number is as if it was not there."""
        found = re.fullmatch(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", word)
        limit = float(word) if found else self._implicit
        allowed = (UNLIMITED,) if self._is_default else (UNLIMITED, DEFAULT)
        return limit if limit >= 0 or limit in allowed else None

    def take(self, oid, wanted, default):
        """Add to the usage if it fits. wanted: {metric: amount}; default: the _Section that holds where none is set."""
        quota = self.find(oid)
        made = quota is None
        if made:
            quota = {"ID": oid} if oid else {}
            for metric in self.metrics:
                quota[metric], quota[metric + "_USED"] = _written(DEFAULT), "0"
        general = default.find(oid)
        for metric in self.metrics:
            if metric not in wanted:
                continue
            limit = float(quota[metric])
            if limit == DEFAULT:
                limit = float(general[metric]) if general else UNLIMITED
            if limit != UNLIMITED and float(quota[metric + "_USED"]) + wanted[metric] > limit:
                which = " with ID: %s" % oid if oid else ""
                raise Refused("limit of %g reached for %s quota in %s%s" % (limit, metric, self.name, which))
        if made:
            self.quotas.append(quota)
        self._book(quota, wanted, 1)

    def give_back(self, oid, wanted):
        quota = self.find(oid)
        if quota is not None:
            self._book(quota, wanted, -1)
            self._clean(quota)

    def _book(self, quota, wanted, sign):
        for metric, amount in wanted.items():
            quota[metric + "_USED"] = _written(float(quota[metric + "_USED"]) + sign * amount)

    def _clean(self, quota):
        """A quota that limits nothing and counts nothing is none."""
        for metric in self.metrics:
            if float(quota[metric + "_USED"]) != 0 or float(quota[metric]) != self._implicit:
                return
        self.quotas.remove(quota)

    def xml(self):
        inner = "".join(Attribute(self.name, quota).xml() for quota in self.quotas)
        return text.element(self.name + "_QUOTA", inner)


class Quotas:
    """Those of one user or group, or the default ones."""

    def __init__(self, is_default=False):
        self._sections = {name: _Section(name, is_default) for name in METRICS}

    def __getitem__(self, name):
        return self._sections[name]

    def set(self, source):
        """source: a template as it was sent. Raises TemplateError, Refused."""
        template = Template.parse(source)
        for name, section in self._sections.items():
            section.set([attribute.value for attribute in template.vectors(name)])

    def xml(self):
        return "".join(self._sections[name].xml() for name in _SHOWN)


class Accounts:
    """The quotas of all users and groups. kind: USER or GROUP."""

    def __init__(self):
        self.defaults = {"USER": Quotas(is_default=True), "GROUP": Quotas(is_default=True)}
        self._of = {}

    def of(self, kind, oid):
        return self._of.setdefault((kind, oid), Quotas())

    def forget(self, kind, oid):
        self._of.pop((kind, oid), None)

    def take(self, uid, gid, section, oid, wanted):
        """Count something for its owner and group, or for neither; oneadmin, and -1, have no account. Raises Refused."""
        taken = []
        for kind, owner in (("USER", uid), ("GROUP", gid)):
            if owner <= 0:
                continue
            try:
                self.of(kind, owner)[section].take(str(oid), wanted, self.defaults[kind][section])
            except Refused as error:
                for quotas in taken:
                    quotas[section].give_back(str(oid), wanted)
                raise Refused("%s [%d] %s" % (kind.lower(), owner, error)) from error
            taken.append(self.of(kind, owner))

    def give_back(self, uid, gid, section, oid, wanted):
        for kind, owner in (("USER", uid), ("GROUP", gid)):
            if owner > 0:
                self.of(kind, owner)[section].give_back(str(oid), wanted)

    def xml(self, kind, oid):
        quotas = self.of(kind, oid).xml()
        if kind == "GROUP":
            return quotas + text.element("VLAN_RULES", text.element("ID", text.cdata(oid)))
        return quotas

    def stored_xml(self, kind, oid):
        """As they stand behind each body in a listing."""
        quotas, vlans, rest = self.xml(kind, oid).partition("<VLAN_RULES>")
        return text.element("QUOTAS", text.element("ID", oid) + quotas) + vlans + rest

    def defaults_xml(self, kind):
        return text.element("DEFAULT_%s_QUOTAS" % kind, self.defaults[kind].xml())
