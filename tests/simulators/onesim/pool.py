# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool: the stored objects of one kind, with the columns its listings filter by."""

from . import xmltree
from .authorization import ONEADMIN_GROUP, ONEADMIN_USER
from .poolobject import Refused

# The filters of a listing; 0 and above name a user.
GROUP, MINE, ALL, MINE_AND_GROUPS = -4, -3, -2, -1


class _Row:
    def __init__(self, stored, body):
        self.oid = stored.oid
        self.name = stored.name
        self.body = body
        self.uid = stored.uid
        self.gid = stored.gid
        self.group_use = stored.bits[3]
        self.other_use = stored.bits[6]
        self.clusters = frozenset(stored.clusters)


class Pool:
    """Objects are stored as the XML body the server keeps, and built anew from it whenever they are wanted:
    what does not survive that way does not survive here either.
    """

    def __init__(self, factory, root, unique=()):
        """factory: the class of the objects; root: the element of a listing;
        unique: columns ("name", "uid") of which the database itself refuses a second equal set.
        """
        self._factory = factory
        self._root = root
        self._unique = unique
        self._rows = {}
        self.last_id = -1

    @property
    def kind(self):
        return self._factory.kind

    def insert(self, new, cloud):
        """Store a new object under the next id and return that id. Raises Refused."""
        new.oid = self.last_id + 1
        new.before_insert(cloud)
        body = new.xml()
        if not _well_formed(body):
            raise Refused("Error transforming the %s to XML." % self.kind.capitalize())
        if self._unique and self._unique_key(new) in map(self._unique_key, self._rows.values()):
            # Whoever asked had looked before, so this happens only where two did at once. It gets no reason.
            raise Refused("")
        self.last_id = new.oid
        self._rows[new.oid] = _Row(new, body)
        return new.oid

    def _unique_key(self, stored):
        return tuple(getattr(stored, column) for column in self._unique)

    def update(self, changed):
        """Store an object again. A body that is no XML is not stored, and nobody is told: so does the server."""
        body = changed.xml()
        if changed.oid in self._rows and _well_formed(body):
            self._rows[changed.oid] = _Row(changed, body)

    def drop(self, oid):
        self._rows.pop(oid, None)

    def get(self, oid):
        """The object, or None."""
        row = self._rows.get(oid)
        return None if row is None else self._factory.from_body(row.body)

    def find(self, name, uid=-1):
        """The id of the object of that name (and owner, unless -1), or -1. Of several, the newest."""
        for oid in sorted(self._rows, reverse=True):
            row = self._rows[oid]
            if row.name == name and uid in (-1, row.uid):
                return oid
        return -1

    def ids(self):
        return sorted(self._rows)

    def listing(self, caller, rules, filter_flag=ALL, start=-1, end=-1, extra=None):
        """The XML of the objects the caller may see, newest id first.

        start, end: a range of ids where end >= -1; otherwise start rows are skipped and -end rows shown.
        extra: function of an id, appended to its body.
        """
        everything, objects, groups, clusters = True, set(), set(), set()
        if not (caller.uid == ONEADMIN_USER or ONEADMIN_GROUP in caller.groups):
            everything, objects, groups, clusters = rules.visible(caller, self.kind)

        def by_rules(row):
            return (
                row.other_use == 1
                or (row.gid in caller.groups and row.group_use == 1)
                or row.oid in objects
                or row.gid in groups
                or (self.kind in ("DATASTORE", "HOST") and bool(row.clusters & clusters))
            )

        def shown(row):
            if end >= -1 and start != -1 and (row.oid < start or (end != -1 and row.oid > end)):
                return False
            if filter_flag == MINE:
                return row.uid == caller.uid
            if filter_flag == GROUP:
                own = row.uid == caller.uid or row.other_use == 1 or (row.gid == caller.gid and row.group_use == 1)
                listed = row.oid in objects or row.gid in groups
                return row.gid == caller.gid and (everything or own or listed)
            if filter_flag == MINE_AND_GROUPS:
                return row.uid == caller.uid or (row.gid in caller.groups and (everything or by_rules(row)))
            if filter_flag == ALL:
                return everything or row.uid == caller.uid or by_rules(row)
            return row.uid == filter_flag and (filter_flag == caller.uid or everything or by_rules(row))

        rows = [self._rows[oid] for oid in sorted(self._rows, reverse=True) if shown(self._rows[oid])]
        if end < -1:
            first = max(start, 0)
            rows = rows[first:first - end]
        bodies = "".join(row.body + (extra(row.oid) if extra else "") for row in rows)
        return "<%s>%s</%s>" % (self._root, bodies, self._root)


def _well_formed(body):
    try:
        xmltree.parse(body)
    except xmltree.Malformed:
        return False
    return True
