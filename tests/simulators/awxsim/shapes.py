# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How objects are shown: their fields, related addresses and summaries of what they refer to."""

import urllib.parse

from . import inputs, messages
from .kinds import KINDS, REFERENCES, ROLES, TEMPLATES
from .store import stamp

USER = {"first_name": "", "id": 1, "last_name": "", "username": "admin"}
NO_LABELS = {"count": 0, "results": []}
# Not shown in lists of related addresses, or elsewhere.
_QUIET = ("user", "team", "label", "instance_group", "job_template")
JOB_TYPE = {"job_template": "job", "workflow_job_template": "workflow_job", "project": "project_update",
            "inventory_source": "inventory_update", "workflow_approval_template": "workflow_approval"}
# Kinds whose creator is not told.
_ANONYMOUS = ("workflow_job_template_node", "role", "token")


def made(world, one):
    """The document of an object that was just made."""
    world.fresh = one
    try:
        return shown(world, one, detail=True)
    finally:
        world.fresh = None


def shown(world, one, detail=False, single=False):
    """The document of an object. detail: not in a list. single: asked for by its number."""
    kind = KINDS[one.kind]
    body = {"id": one.id, "type": "o_auth2_access_token" if one.kind == "token" else one.kind, "url": one.url,
            "created": stamp(one.created), "modified": stamp(one.modified)}
    for field in kind.shown or one.values:
        if field not in body and field not in ("related", "summary_fields"):
            body[field] = one.values.get(field)
    extra = _COMPUTED.get(one.kind)
    if extra:
        extra(world, one, body)
    body["related"] = _related(world, one, detail)
    body["summary_fields"] = _summaries(world, one, single)
    return body


def _named(world, one):
    """The part of a named URL that stands for an object."""
    parts, at = [], one
    for step in KINDS[one.kind].named:
        fields = step
        if parts:
            at = world.refer(at, step[0]) if at is not None else None
            fields = step[1:]
        parts.append("" if at is None else "+".join(
            str(at.get(field)).replace("%", "%25").replace("/", "%2F").replace("?", "%3F").replace("+", "[+]")
            for field in fields))
        # A credential's organization is its own, an inventory's that of the inventory.
        if one.kind == "credential" and step[0] == "credential_type":
            at = one
    return "++".join(parts)


def by_name(world, kind, text):
    """The object that a named URL means, or None."""
    text = urllib.parse.unquote(text)
    if KINDS[kind].named is None:
        return None
    return next((one for one in world.all(kind) if urllib.parse.unquote(_named(world, one)) == text), None)


def _related(world, one, detail):
    kind = KINDS[one.kind]
    found = {name: one.url + name + "/" for name in kind.related}
    if detail and kind.named:
        found["named_url"] = "/api/v2/%s/%s/" % (kind.path, _named(world, one))
    if one.kind not in _ANONYMOUS and one.by:
        found["created_by"] = found["modified_by"] = "/api/v2/users/%d/" % one.by
    if one.kind == "project_update":
        found.pop("modified_by")
    for field, kinds in REFERENCES.items():
        other = world.refer(one, field, kinds) if field not in _QUIET or one.kind == "job" else None
        if other is not None:
            found[field] = other.url
    special = _RELATED.get(one.kind)
    if special:
        special(world, one, found)
    return found


def _related_template(world, one, found):
    service = one.get("webhook_service")
    found["webhook_receiver"] = one.url + service + "/" if service else ""
    if one.kind == "workflow_job_template":
        found.pop("execution_environment", None)
    upcoming = sorted((other.get("next_run"), other.id) for other in world.all("schedule", unified_job_template=one.id)
                      if other.get("next_run"))
    if upcoming:
        found["next_schedule"] = "/api/v2/schedules/%d/" % upcoming[0][1]


def _related_project(world, one, found):
    found["inventory_files"] = one.url + "inventories/"
    last = one.hidden.get("update")
    if last:
        for name in ("last_job", "last_update") if last.get("finished") else ("current_job", "current_update"):
            found[name] = last.url
    for name in ("signature_validation_credential",):
        found.pop(name, None)


def _related_schedule(world, one, found):
    template = world.refer(one, "unified_job_template")
    found["unified_jobs"] = one.url + "jobs/"
    for field in ("project", "inventory"):
        other = template and world.refer(template, field)
        if other and field not in found:
            found[field] = other.url


def _related_approval(world, one, found):
    found["jobs"] = one.url + "approvals/"


def _related_inventory(world, one, found):
    for name in ("groups", "inventory_sources", "root_groups", "tree", "update_inventory_sources"):
        if one.get("kind") == "smart":
            del found[name]


def _related_role(world, one, found):
    found[one.get("of").kind] = one.get("of").url


_RELATED = {"job_template": _related_template, "workflow_job_template": _related_template, "project": _related_project,
            "schedule": _related_schedule, "workflow_approval_template": _related_approval, "role": _related_role,
            "inventory": _related_inventory}


# -- summaries ---------------------------------------------------------------------------------------------------------


def _brief(world, one):
    """An object in a few words, in the summary of another."""
    if one.kind == "user":
        return dict(USER, id=one.id, username=one.get("username"))
    brief = {"id": one.id, "name": one.get("name"), "description": one.get("description") or ""}
    if one.kind == "inventory":
        brief.update(totals(world, one), kind=one.get("kind") or "", organization_id=one.get("organization"))
    elif one.kind == "project":
        brief.update(status=one.get("status"), scm_type=one.get("scm_type"), allow_override=bool(one.get("allow_override")))
    elif one.kind == "execution_environment":
        brief["image"] = one.get("image")
    elif one.kind == "credential":
        brief["credential_type_id"] = one.get("credential_type")
        kind = world.refer(one, "credential_type")
        if kind.get("namespace"):
            brief.update(kind=kind.get("namespace"), cloud=kind.get("kind") == "cloud",
                         kubernetes=kind.get("kind") == "kubernetes")
    return brief


def totals(world, inventory):
    """What AWX counts of an inventory."""
    groups, hosts = (len([one for one in world.all(kind, inventory=inventory.id) if one is not world.fresh])
                     for kind in ("group", "host"))
    sources = len(world.all("inventory_source", inventory=inventory.id))
    return {"has_active_failures": False, "has_inventory_sources": bool(sources), "hosts_with_active_failures": 0,
            "inventory_sources_with_failures": 0, "total_groups": groups, "total_hosts": hosts,
            "total_inventory_sources": sources}


def roles(one):
    """The roles of an object by their field."""
    found = {}
    for field, role in one.hidden.get("roles", {}).items():
        found[field] = {"description": role.get("description"), "id": role.id, "name": role.get("name")}
        if role.get("user_only"):
            found[field]["user_only"] = True
    return found


def _summaries(world, one, single):
    found = {}
    if one.kind not in _ANONYMOUS and one.by:
        found["created_by"] = dict(USER)
        if one.kind != "project_update":
            found["modified_by"] = dict(USER)
    for field, kinds in REFERENCES.items():
        other = world.refer(one, field, kinds) if field not in ("user", "team", "label", "instance_group") else None
        if other is not None:
            found[field] = _brief(world, other)
            if field == "unified_job_template":
                found[field] = {"id": other.id, "name": other.get("name"), "description": other.get("description") or "",
                                "unified_job_type": JOB_TYPE[other.kind]}
                if other.kind == "workflow_approval_template":
                    found[field]["timeout"] = other.get("timeout")
    if one.kind in ROLES:
        found["object_roles"] = roles(one)
    if KINDS[one.kind].capabilities:
        may = not one.get("managed") or one.kind == "credential_type"
        manual = one.kind == "project" and not one.get("scm_type")
        found["user_capabilities"] = {
            name: (may or name in ("copy", "use")) and not (manual and name in ("copy", "schedule", "start"))
            for name in KINDS[one.kind].capabilities}
    if one.kind in TEMPLATES and single:
        environment = next((other for other in (
            world.refer(one, "execution_environment"), one.kind == "job_template" and world.refer(
                world.refer(one, "project"), "default_environment"), world.one("execution_environment", 1)) if other), None)
        found["resolved_environment"] = _brief(world, environment)
    special = _SUMMARIES.get(one.kind)
    if special:
        special(world, one, found)
    return found


def labels(world, one):
    found = [world.one("label", number) for number in one.linked("labels")]
    return {"count": len(found), "results": [{"id": label.id, "name": label.get("name")} for label in found]}


def _template(world, one, found):
    found["labels"] = labels(world, one)
    found["recent_jobs"] = [{"id": job.id, "status": job.get("status"), "finished": stamp(job.get("finished")),
                             "canceled_on": None, "type": job.kind}
                            for job in reversed(world.all("job", unified_job_template=one.id))][:10]
    specification = one.hidden.get("survey")
    if specification:
        found["survey"] = {"title": specification["name"], "description": specification["description"]}
    if one.kind == "job_template":
        found["credentials"] = [credential_brief(world, world.one("credential", number)) for number in sorted(
            one.linked("credentials"), key=lambda number: world.one("credential", number).get("name"))]


def credential_brief(world, credential):
    kind = world.refer(credential, "credential_type")
    return {"id": credential.id, "name": credential.get("name"), "description": credential.get("description"),
            "kind": kind.get("namespace"), "cloud": kind.get("kind") == "cloud"}


def _approval(world, one, found):
    found["workflow_job_template"] = _brief(world, world.one("workflow_job_template", one.hidden["workflow"]))


def _credential(world, one, found):
    owner = world.refer(one, "organization")
    found["owners"] = [dict(_brief(world, owner), type="organization", url=owner.url)] if owner else []


def _organization(world, one, found):
    found["related_field_counts"] = {
        "admins": 0, "users": 0,
        **{kind + "s" if kind != "inventory" else "inventories": len(world.all(kind, organization=one.id))
           for kind in ("inventory", "job_template", "project", "team")}}
    found["resource"] = {"ansible_id": one.hidden["resource"], "resource_type": "shared.organization"}


def _team(world, one, found):
    found["resource"] = {"ansible_id": one.hidden["resource"], "resource_type": "shared.team"}


def _project(world, one, found):
    last = one.hidden.get("update")
    if last:
        brief = {"description": "", "failed": False, "id": last.id, "name": one.get("name"), "status": last.get("status")}
        if last.get("finished"):
            found.update(last_job=dict(brief, finished=stamp(last.get("finished"))), last_update=brief)
        else:
            found.update(current_job=brief, current_update=brief)


def _update(world, one, found):
    found["instance_group"] = {"id": 1, "is_container_group": False, "name": "controlplane"}
    found["organization"] = _brief(world, world.refer(world.refer(one, "project"), "organization"))


def _job(world, one, found):
    template = world.refer(one, "job_template")
    found["labels"] = labels(world, template)
    found["credentials"] = [credential_brief(world, world.one("credential", number)) for number in one.linked("credentials")]


def _host(world, one, found):
    groups = [group for group in world.all("group", inventory=one.get("inventory")) if one.id in group.linked("hosts")]
    found["groups"] = {"count": len(groups), "results": [{"id": group.id, "name": group.get("name")} for group in groups]}
    found["recent_jobs"] = []


def _schedule(world, one, found):
    template = world.refer(one, "unified_job_template")
    inventory = template and world.refer(template, "inventory")
    if inventory and "inventory" not in found:
        found["inventory"] = _brief(world, inventory)


def _notification(world, one, found):
    found["recent_notifications"] = []


def _inventory_summary(world, one, found):
    found["labels"] = labels(world, one)


def _role(world, one, found):
    of = one.get("of")
    found.update(resource_name=of.get("name"), resource_type=of.kind, resource_id=of.id,
                 resource_type_display_name=of.kind.replace("_", " ").title())


_SUMMARIES = {"job_template": _template, "workflow_job_template": _template, "credential": _credential, "job": _job,
              "organization": _organization, "team": _team, "project": _project, "project_update": _update, "host": _host,
              "schedule": _schedule, "notification_template": _notification, "inventory": _inventory_summary,
              "role": _role, "workflow_approval_template": _approval}


# -- fields that are made up when an object is shown ---------------------------------------------------------------------


def _show_credential(world, one, body):
    kind = world.refer(one, "credential_type")
    body.update(inputs=inputs.shown(one, kind), kind=kind.get("namespace"), cloud=kind.get("kind") == "cloud",
                kubernetes=kind.get("kind") == "kubernetes", managed=bool(one.get("managed")))


def _show_inventory(world, one, body):
    body.update(totals(world, one), pending_deletion=False, kind=one.get("kind") or "")


def _show_template(world, one, body):
    body.update(last_job_failed=False, last_job_run=None, status="never updated")
    runs = sorted(other.get("next_run") for other in world.all("schedule", unified_job_template=one.id) if other.get("next_run"))
    body["next_job_run"] = stamp(runs[0]) if runs else None


def _show_project(world, one, body):
    last = one.hidden.get("update")
    finished = last and last.get("finished")
    body.update(last_job_failed=False, last_update_failed=False, last_job_run=stamp(finished), last_updated=stamp(finished),
                next_job_run=None)


def _show_times(world, one, body):
    for field in ("dtstart", "dtend", "next_run", "started", "finished", "expires"):
        if field in body:
            body[field] = stamp(body[field])
    if one.kind == "schedule":
        body["extra_data"] = one.hidden.get("shown_data", body["extra_data"])


def _show_notification(world, one, body):
    if one is world.fresh:
        # Events that were not named are shown at once, and kept only by the first change.
        body["messages"] = messages.merged(body["messages"], {})
    body["notification_configuration"] = messages.shown(body["notification_configuration"], one.get("notification_type"))


def _show_node(world, one, body):
    for field in ("success_nodes", "failure_nodes", "always_nodes"):
        body[field] = sorted(one.linked(field))


def _show_host(world, one, body):
    body.update(has_active_failures=False, has_inventory_sources=False)


def _show_role(world, one, body):
    for field in ("of", "field"):
        body.pop(field)


_COMPUTED = {"credential": _show_credential, "inventory": _show_inventory, "job_template": _show_template,
             "workflow_job_template": _show_template, "project": _show_project, "schedule": _show_times,
             "project_update": _show_times, "job": _show_times, "notification_template": _show_notification,
             "workflow_job_template_node": _show_node, "host": _show_host, "token": _show_times, "role": _show_role,
             "workflow_approval_template": _show_template}
