# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database: objects of a kind by their number, and what they are linked with."""

import datetime
import itertools

from .kinds import FOR_USERS, KINDS, ROLES

TEMPLATE_NUMBERS = ("project", "job_template", "workflow_job_template", "inventory_source", "workflow_approval_template")
JOB_NUMBERS = ("job", "workflow_job", "project_update")
ADMINISTRATOR = 1


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(moment):
    """A time as AWX shows it."""
    return moment and moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ").replace(".000000Z", "Z")


class Object:
    """C(values): its fields. C(links): other objects' numbers by the name of the list. C(hidden): what is never shown."""

    def __init__(self, kind, number, values, by=ADMINISTRATOR):
        self.kind, self.id, self.values, self.by = kind, number, values, by
        self.links, self.hidden = {}, {}
        self.created = self.modified = now()

    def get(self, field):
        return self.values.get(field)

    def linked(self, name):
        return self.links.setdefault(name, [])

    @property
    def url(self):
        return "/api/v2/%s/%d/" % (KINDS[self.kind].path, self.id)


def kept(value):
    """A JSON value as PostgreSQL gives it back: shorter keys first."""
    if isinstance(value, dict):
        return {key: kept(value[key]) for key in sorted(value, key=lambda key: (len(key), key))}
    return [kept(one) for one in value] if isinstance(value, list) else value


class Store:
    """C(fresh): the object that is being shown as just made, which AWX has not counted yet."""

    def __init__(self):
        self.fresh = None
        self.tables = {kind: {} for kind in KINDS}
        self._numbers = {}

    def _next(self, kind):
        sequence = "template" if kind in TEMPLATE_NUMBERS else "job" if kind in JOB_NUMBERS else kind
        return next(self._numbers.setdefault(sequence, itertools.count(1)))

    def start_at(self, kind, number):
        """The next object of this kind gets this number."""
        self._numbers[kind] = itertools.count(number)

    def add(self, kind, values, number=None, by=ADMINISTRATOR):
        made = Object(kind, number or self._next(kind), {name: kept(value) for name, value in values.items()}, by)
        self.tables[kind][made.id] = made
        for field, name, description in ROLES.get(kind, ()):
            role = Object("role", self._next("role"), {
                "name": name, "description": description % kind.replace("_", " ") if "%s" in description else description,
                "field": field, "of": made, "user_only": (kind, field) in FOR_USERS})
            self.tables["role"][role.id] = role
            made.hidden.setdefault("roles", {})[field] = role
        return made

    def all(self, kind, /, **where):
        """Objects of a kind whose fields have these values, oldest first."""
        found = self.tables[kind].values()
        return [one for one in found if all(one.get(field) == value for field, value in where.items())]

    def one(self, kind, number):
        return self.tables[kind].get(number)

    def find(self, kinds, number):
        """The object with this number, of one of the kinds."""
        return next((self.tables[kind][number] for kind in kinds if number in self.tables[kind]), None)

    def refer(self, one, field, kinds=None):
        """The object that a field refers to."""
        from .kinds import REFERENCES
        number = one.get(field)
        return None if number is None else self.find(kinds or REFERENCES[field], number)

    def change(self, one, values):
        one.values.update({name: kept(value) for name, value in values.items()})
        one.modified = now()

    # What goes with an object, by the field that refers to it.
    _WITH = {
        "organization": {"credential": "organization", "label": "organization", "notification_template": "organization",
                         "execution_environment": "organization", "team": "organization"},
        "inventory": {"group": "inventory", "host": "inventory", "inventory_source": "inventory"},
        "workflow_job_template": {"workflow_job_template_node": "workflow_job_template", "schedule": "unified_job_template"},
        "job_template": {"schedule": "unified_job_template"}, "project": {"schedule": "unified_job_template"},
        "inventory_source": {"schedule": "unified_job_template"},
    }

    def remove(self, one):
        """An object, what cannot be without it, and every mention of it."""
        self.tables[one.kind].pop(one.id, None)
        for role in one.hidden.get("roles", {}).values():
            self.tables["role"].pop(role.id, None)
        for kind, field in self._WITH.get(one.kind, {}).items():
            for other in self.all(kind, **{field: one.id}):
                self.remove(other)
        if one.kind == "workflow_job_template_node":
            approval = self.one("workflow_approval_template", one.get("unified_job_template"))
            if approval:
                self.remove(approval)
        self._forget(one)

    def _forget(self, gone):
        from .kinds import REFERENCES
        fields = [field for field, kinds in REFERENCES.items() if gone.kind in kinds]
        for table in self.tables.values():
            for one in table.values():
                for field in fields:
                    if one.get(field) == gone.id:
                        one.values[field] = None
                for name, numbers in one.links.items():
                    if gone.id in numbers and LINKED.get(name, (gone.kind,))[0] == gone.kind:
                        numbers.remove(gone.id)


# The kind of what a list of links holds.
LINKED = {
    "credentials": ("credential",), "galaxy_credentials": ("credential",), "labels": ("label",),
    "instance_groups": ("instance_group",), "hosts": ("host",), "children": ("group",), "groups": ("group",),
    "teams": ("team",), "users": ("user",), "success_nodes": ("workflow_job_template_node",),
    "failure_nodes": ("workflow_job_template_node",), "always_nodes": ("workflow_job_template_node",),
    **{"notification_templates_%s" % when: ("notification_template",)
       for when in ("started", "success", "error", "approvals")},
}
