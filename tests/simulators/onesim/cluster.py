# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters: names with sets of hosts and datastores. Networks do not exist here."""

from . import text
from .poolobject import PoolObject, Refused, ids_xml

DEFAULT_CLUSTER_ID = 0
FIRST_USER_ID = 100


class Cluster(PoolObject):
    kind = "CLUSTER"
    word = "cluster"
    unique_attributes = True

    def __init__(self):
        super().__init__()
        self.uid = 0
        self.gid = 0
        self.hosts = set()
        self.datastores = set()

    @classmethod
    def new(cls, name):
        made = cls()
        made.name = name
        made.template.add("RESERVED_CPU", "")
        made.template.add("RESERVED_MEM", "")
        return made

    def xml(self):
        inner = (
            text.element("ID", self.oid)
            + text.element("NAME", self.name)
            + ids_xml("HOSTS", self.hosts)
            + ids_xml("DATASTORES", self.datastores)
            + "<VNETS></VNETS>"
            + self.template.xml()
        )
        return text.element("CLUSTER", inner)

    def load(self, root):
        self.oid = root.number("ID")
        self.name = root.text("NAME")
        self.hosts = root.ids("HOSTS")
        self.datastores = root.ids("DATASTORES")
        self.load_template(root)

    def target(self):
        # The server takes a loaded cluster for one of the group that bears the cluster's id.
        self.gid, kept = self.oid, self.gid
        asked = super().target()
        self.gid = kept
        return asked

    def refuse_drop_unless_empty(self):
        if self.oid < FIRST_USER_ID:
            raise Refused("System Clusters (ID < 100) cannot be deleted.")
        for held, word in ((self.hosts, "hosts"), (self.datastores, "datastores")):
            if held:
                raise Refused("Cluster %d is not empty, it contains %d %s." % (self.oid, len(held), word))
