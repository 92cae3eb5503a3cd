# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is where below /api/v2/, and what each address does."""

import json
import re
import urllib.parse
from pathlib import Path

from . import query, recurrence, rules, shapes, survey
from .errors import BadValue, Invalid, Refused, not_allowed, not_found
from .kinds import KINDS, OPTIONS, PATHS, TEMPLATES
from .script import script
from .store import LINKED, now
from .variables import parsed

VERSION = "24.6.1"
CONTROLLER = json.loads((Path(__file__).parent / "controller.json").read_text(encoding="utf-8"))
ROOT = CONTROLLER["root"]
# What is only told of, not kept: addresses of the root without a kind of their own.
EMPTY = {address.rstrip("/").split("/")[-1] for address in ROOT.values()} - set(PATHS)
# Lists of what belongs to an object, by the field that refers to it: they can be added to.
CHILDREN = {
    ("inventory", "groups"): ("group", "inventory"), ("inventory", "root_groups"): ("group", "inventory"),
    ("inventory", "hosts"): ("host", "inventory"), ("inventory", "inventory_sources"): ("inventory_source", "inventory"),
    ("inventory", "job_templates"): ("job_template", "inventory"),
    ("organization", "projects"): ("project", "organization"), ("organization", "inventories"): ("inventory", "organization"),
    ("organization", "teams"): ("team", "organization"), ("organization", "credentials"): ("credential", "organization"),
    ("organization", "job_templates"): ("job_template", "organization"),
    ("organization", "workflow_job_templates"): ("workflow_job_template", "organization"),
    ("organization", "notification_templates"): ("notification_template", "organization"),
    ("organization", "execution_environments"): ("execution_environment", "organization"),
    ("credential_type", "credentials"): ("credential", "credential_type"),
    ("execution_environment", "unified_job_templates"): ("job_template", "execution_environment"),
    ("workflow_job_template", "workflow_nodes"): ("workflow_job_template_node", "workflow_job_template"),
    ("project", "project_updates"): ("project_update", "project"), ("job_template", "jobs"): ("job", "job_template"),
    ("job_template", "slice_workflow_jobs"): ("workflow_job", "job_template"),
    ("workflow_job_template", "workflow_jobs"): ("workflow_job", "workflow_job_template"),
    ("workflow_approval_template", "approvals"): ("job", "unified_job_template"), ("schedule", "jobs"): ("job", "schedule"),
    **{(kind, "schedules"): ("schedule", "unified_job_template")
       for kind in ("job_template", "workflow_job_template", "project", "inventory_source")},
}
# Lists that can be linked to, but not made in.
ONLY_LINKED = ("galaxy_credentials", "credentials", "teams", "users", "roles")
READ_ONLY = ("project_updates", "jobs", "slice_workflow_jobs", "workflow_jobs", "approvals")
UNION = ("job_template", "workflow_job_template", "project", "inventory_source", "workflow_approval_template")


def answer(world, method, address, data):
    """(status, document) of one request; Refused where AWX refuses."""
    split = urllib.parse.urlsplit(address)
    parts = [part for part in split.path.split("/") if part]
    asked = urllib.parse.parse_qs(split.query, keep_blank_values=True)
    if parts[:1] != ["api"]:
        raise not_found()
    if len(parts) < 3:
        return _roots(method, parts)
    if len(parts) > 2 and not split.path.endswith("/"):
        raise not_found()
    special = _SPECIAL.get("/".join(parts[2:]))
    if special:
        return special(world, method, data)
    collection, rest = parts[2], [urllib.parse.unquote(part) for part in parts[3:]]
    if collection in ("unified_job_templates",) and not rest and method == "GET":
        return 200, _list(world, split.path, asked, [one for kind in UNION for one in world.all(kind)], "name")
    kind = PATHS.get(collection)
    if kind is None:
        return _told_of(method, collection, rest)
    if not rest:
        return _collection(world, method, split.path, asked, kind, data)
    one = world.one(kind, int(rest[0])) if rest[0].isdigit() else shapes.by_name(world, kind, rest[0])
    if one is None:
        raise not_found()
    if len(rest) == 1:
        return _detail(world, method, one, data)
    if len(rest) > 2:
        raise not_found()
    return _below(world, method, split.path, asked, one, rest[1], data)


def _told_of(method, collection, rest):
    if collection not in EMPTY or rest:
        raise not_found()
    if method == "OPTIONS" and collection in OPTIONS:
        return 200, OPTIONS[collection]
    if method != "GET":
        raise not_allowed(method)
    return 200, {"count": 0, "next": None, "previous": None, "results": []}


# -- outside of collections ----------------------------------------------------------------------------------------------


def _roots(method, parts):
    if method != "GET":
        raise not_allowed(method)
    if len(parts) == 1:
        return 200, {"description": "AWX REST API", "current_version": "/api/v2/", "available_versions": {"v2": "/api/v2/"},
                     "oauth2": "/api/o/", "custom_logo": "", "custom_login_info": "", "login_redirect_override": ""}
    if parts[1] != "v2":
        raise not_found()
    return 200, ROOT


def _told(name):
    return lambda world, method, data: (200, CONTROLLER[name])


def _me(world, method, data):
    return 200, {"count": 1, "next": None, "previous": None, "results": [shapes.shown(world, world.one("user", 1))]}


def _preview(world, method, data):
    if method != "POST":
        raise not_allowed(method)
    try:
        if not data.get("rrule"):
            raise BadValue("This field is required.")
        recurrence.checked(data["rrule"])
    except BadValue as bad:
        raise Invalid({"rrule": bad.messages}) from None
    return 200, recurrence.preview(data["rrule"])


_SPECIAL = {"ping": _told("ping"), "config": _told("config"), "me": _me, "schedules/preview": _preview}


# -- collections and objects ---------------------------------------------------------------------------------------------


def _list(world, path, asked, found, order):
    found, document = query.page(path, asked, query.filtered(world, found, asked), order)
    return {**document, "results": [shapes.shown(world, one) for one in found]}


def _collection(world, method, path, asked, kind, data):
    if method == "GET":
        return 200, _list(world, path, asked, world.all(kind), KINDS[kind].order)
    if method == "OPTIONS" and KINDS[kind].path in OPTIONS:
        return 200, OPTIONS[KINDS[kind].path]
    if method != "POST" or not KINDS[kind].writable or kind == "workflow_approval_template":
        raise not_allowed(method)
    return 201, shapes.made(world, world.create(kind, data))


def _detail(world, method, one, data):
    if method in ("PATCH", "PUT"):
        if not KINDS[one.kind].writable:
            raise not_allowed(method)
        world.update(one, data, partial=method == "PATCH")
    elif method == "DELETE":
        if one.kind in ("label", "role", "user"):
            raise not_allowed(method)
        world.delete(one)
        # Hosts and groups of an inventory are taken away behind the scenes.
        return (202, {}) if one.kind == "inventory" else (204, None)
    elif method != "GET":
        raise not_allowed(method)
    return 200, shapes.shown(world, one, detail=True, single=True)


def _below(world, method, path, asked, one, name, data):
    view = _VIEWS.get(name)
    if view:
        return view(world, method, one, data, asked)
    child = CHILDREN.get((one.kind, name))
    if child:
        kind, field = child
        if method == "GET":
            return 200, _list(world, path, asked, world.all(kind, **{field: one.id}), KINDS[kind].order)
        if method != "POST" or name in READ_ONLY:
            raise not_allowed(method)
        if isinstance(data.get("id"), int):
            return _unlink_child(world, kind, data)
        return 201, shapes.made(world, world.create(kind, data, {field: one.id}))
    if name == "groups" and one.kind == "host":
        return _groups_of(world, method, path, asked, one, data)
    if name in LINKED and name in KINDS[one.kind].related:
        return _links(world, method, path, asked, one, name, data)
    if name in KINDS[one.kind].related and method == "GET":
        return 200, {"count": 0, "next": None, "previous": None, "results": []}
    raise not_found()


def _unlink_child(world, kind, data):
    child = world.one(kind, data["id"])
    if child is None:
        raise Refused(400, {"detail": "%s matching query does not exist." % KINDS[kind].title})
    if data.get("disassociate"):
        world.delete(child)
    return 204, None


def _groups_of(world, method, path, asked, host, data):
    groups = [group for group in world.all("group") if host.id in group.linked("hosts")]
    if method == "GET":
        return 200, _list(world, path, asked, groups, "name")
    group = world.one("group", data.get("id"))
    if method != "POST" or group is None:
        raise not_allowed(method)
    return _link(world, group, "hosts", host, data)


def _links(world, method, path, asked, one, name, data):
    kind = LINKED[name][0]
    if method == "GET":
        found = [world.one(kind, number) for number in one.linked(name)]
        # Galaxy servers and instance groups are asked in the order in which they were added.
        return 200, _list(world, path, asked, found, "none" if name in ("galaxy_credentials", "instance_groups") else
                          KINDS[kind].order)
    if method != "POST":
        raise not_allowed(method)
    number = data.get("id")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
        raise Refused(400, {"msg": '"id" field must be an integer.'})
    if data.get("disassociate") and not number:
        raise Refused(400, {"msg": '"id" is required to disassociate'})
    if not number:
        return _make_and_link(world, one, name, kind, data)
    child = world.one(kind, number)
    if child is None:
        raise Refused(400, {"detail": "%s matching query does not exist." % KINDS[kind].title.replace(" ", "")})
    return _link(world, one, name, child, data)


def _make_and_link(world, one, name, kind, data):
    if name in ONLY_LINKED and one.kind != "job_template":
        raise Refused(400, {"msg": "%s 'id' field is missing." % KINDS[kind].title.title()})
    if kind == "label":
        known = world.all("label", name=data.get("name"), organization=data.get("organization"))
        if known:
            return _link(world, one, name, known[0], {})
    fixed = {"inventory": one.get("inventory")} if one.kind == "group" else {}
    if kind == "workflow_job_template_node":
        fixed = {"workflow_job_template": one.get("workflow_job_template")}
    made = world.create(kind, data, fixed)
    complaint = rules.check_link(world, one, name, made)
    if complaint:
        world.remove(made)
        raise Refused(400, complaint)
    document = shapes.made(world, made)
    one.linked(name).append(made.id)
    return 201, document


def _link(world, one, name, child, data):
    links = one.linked(name)
    if data.get("disassociate"):
        if child.id in links:
            links.remove(child.id)
        if child.kind == "label" and not any(child.id in other.linked("labels") for kind in KINDS for other in world.all(kind)):
            world.remove(child)
        return 204, None
    complaint = rules.check_link(world, one, name, child)
    if complaint:
        raise Refused(400, complaint)
    if child.id not in links:
        links.append(child.id)
    return 204, None


# -- views of one object -------------------------------------------------------------------------------------------------


def _survey(world, method, one, data, asked):
    if one.kind not in ("job_template", "workflow_job_template"):
        raise not_found()
    if method == "GET":
        return 200, survey.shown(one.hidden.get("survey"))
    if method == "OPTIONS":
        return 200, OPTIONS["survey_spec"]
    if method == "POST":
        world.save_survey(one, data)
    elif method == "DELETE":
        one.hidden["survey"] = {}
    else:
        raise not_allowed(method)
    return 200, None


def _launch(world, method, one, data, asked):
    if one.kind not in ("job_template", "workflow_job_template"):
        raise not_found()
    if method == "GET":
        return 200, world.launch_form(one)
    if method == "OPTIONS":
        return 200, OPTIONS["launch"]
    if method != "POST":
        raise not_allowed(method)
    job, ignored = world.launch(one, data)
    return 201, {job.kind: job.id, "ignored_fields": ignored, **shapes.shown(world, job, detail=True)}


def _approval(world, method, one, data, asked):
    if method == "GET":
        return 200, {}
    if one.kind != "workflow_job_template_node" or method != "POST":
        raise not_allowed(method)
    return 201, shapes.shown(world, world.approval_of(one, data), detail=True, single=True)


def _script(world, method, one, data, asked):
    if one.kind != "inventory" or method != "GET":
        raise not_found()
    return 200, script(world, one, {name: values[-1] for name, values in asked.items()})


def _playbooks(world, method, one, data, asked):
    return 200, list(world.playbooks(one))


def _variables(world, method, one, data, asked):
    return 200, parsed(one.get("variables"))


def _object_roles(world, method, one, data, asked):
    found = list(one.hidden.get("roles", {}).values())
    return 200, _list(world, one.url + "object_roles/", asked, found, "id")


def _update(world, method, one, data, asked):
    if one.kind != "project":
        raise not_found()
    if method == "GET":
        return 200, {"can_update": bool(one.get("scm_type"))}
    update = world.update_project(one)
    return 202, {"project_update": update.id, **shapes.shown(world, update, detail=True)}


def _roles_of(world, method, one, data, asked):
    if one.kind != "team":
        raise not_found()
    if method == "GET":
        found = [role for role in world.all("role") if one.id in role.linked("teams")]
        return 200, _list(world, one.url + "roles/", asked, found, "id")
    role = world.one("role", data.get("id"))
    if method != "POST" or role is None:
        raise Refused(400, {"msg": "Role 'id' field is missing."})
    return _grant(world, role, one, data)


def _teams(world, method, one, data, asked):
    if one.kind != "role":
        raise not_found()
    if method == "GET":
        found = [world.one("team", number) for number in one.linked("teams")]
        return 200, _list(world, one.url + "teams/", asked, found, "name")
    team = world.one("team", data.get("id"))
    if method != "POST" or team is None:
        raise Refused(400, {"msg": "Team 'id' field is missing."} if not data.get("id") else
                      {"detail": "Team matching query does not exist."})
    return _grant(world, one, team, data)


def _grant(world, role, team, data):
    of = role.get("of")
    if of.kind == "organization" and role.get("field") in ("member_role", "admin_role"):
        raise Refused(400, {"msg": "You cannot assign an Organization participation role as a child role for a Team."})
    if of.kind == "credential" and of.get("organization") != team.get("organization"):
        raise Refused(400, {"msg": "You cannot grant credential access to a team when the Organization field isn't set, or "
                                   "belongs to a different organization"})
    return _link(world, role, "teams", team, data)


_VIEWS = {"survey_spec": _survey, "launch": _launch, "create_approval_template": _approval, "script": _script,
          "playbooks": _playbooks, "variable_data": _variables, "object_roles": _object_roles, "update": _update,
          "roles": _roles_of, "teams": _teams}


def token(world, method, data):
    """(status, document) of a new token."""
    if method != "POST":
        raise not_allowed(method)
    made = world.add("token", {
        "application": None, "description": data.get("description", ""), "expires": now().replace(year=3026),
        "refresh_token": None, "scope": data.get("scope", "write"), "token": re.sub(r"\W", "", str(id(data))) + "token",
        "user": 1})
    return 201, made


__all__ = ["TEMPLATES", "VERSION", "answer", "token"]
