# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects: where they are, what makes one unique, what they are shown with."""

import json
from pathlib import Path

OPTIONS = json.loads((Path(__file__).parent / "options.json").read_text(encoding="utf-8"))
TEMPLATES = ("job_template", "workflow_job_template", "project", "inventory_source", "workflow_approval_template")
NOTIFYING = ("notification_templates_started", "notification_templates_success", "notification_templates_error")

# The kind that a field refers to.
REFERENCES = {
    "organization": ("organization",), "inventory": ("inventory",), "project": ("project",),
    "source_project": ("project",), "credential": ("credential",), "webhook_credential": ("credential",),
    "signature_validation_credential": ("credential",), "credential_type": ("credential_type",),
    "execution_environment": ("execution_environment",), "default_environment": ("execution_environment",),
    "unified_job_template": TEMPLATES, "workflow_job_template": ("workflow_job_template",), "user": ("user",),
    "team": ("team",), "job_template": ("job_template",), "label": ("label",), "instance_group": ("instance_group",),
}


class Kind:
    """path: below /api/v2/. title: how messages call it. unique: sets of fields. named: what its named URL is made of.

    related: the names of lists and views below its own address. capabilities: what the administrator may do with it.
    """

    def __init__(self, path, title, unique=(), soft_unique=(), named=None, related="", capabilities="edit delete", order="id"):
        self.path, self.title, self.unique, self.soft_unique, self.named = path, title, unique, soft_unique, named
        self.related, self.capabilities, self.order = related.split(), capabilities.split(), order
        actions = OPTIONS.get(path, {}).get("actions", {})
        self.shown = tuple(actions.get("GET", ()))
        self.writable = actions.get("POST", {})


_UNIQUE_NAME = (("name", "organization"),)
_LISTS = "access_list object_roles activity_stream copy "
_PROMPTS = "credentials labels instance_groups"
_NOTIFY = " ".join(NOTIFYING)
_USABLE = "edit delete start schedule copy"

KINDS = {
    "organization": Kind(
        "organizations", "Organization", unique=(("name",),), named=(("name",),), order="name",
        related="access_list activity_stream admins applications credentials execution_environments galaxy_credentials "
                "instance_groups inventories job_templates notification_templates notification_templates_approvals "
                + _NOTIFY + " object_roles projects teams users workflow_job_templates"),
    "credential_type": Kind(
        "credential_types", "Credential type", unique=(("name", "kind"),), named=(("name", "kind"),),
        related="activity_stream credentials"),
    "credential": Kind(
        "credentials", "Credential", unique=(("organization", "name", "credential_type"),), order="name",
        named=(("name",), ("credential_type", "name", "kind"), ("organization", "name")), capabilities="edit delete copy use",
        related=_LISTS + "input_sources owner_teams owner_users"),
    "execution_environment": Kind(
        "execution_environments", "Execution environment", unique=(("name",),), named=(("name",),),
        capabilities="edit delete copy", related="activity_stream copy unified_job_templates"),
    "project": Kind(
        "projects", "Project", soft_unique=_UNIQUE_NAME, named=(("name",), ("organization", "name")),
        capabilities=_USABLE, order="name",
        related=_LISTS + _NOTIFY + " playbooks project_updates schedules scm_inventory_sources teams update"),
    "inventory": Kind(
        "inventories", "Inventory", unique=_UNIQUE_NAME, named=(("name",), ("organization", "name")), order="name",
        capabilities="edit delete copy adhoc",
        related=_LISTS + "ad_hoc_commands groups hosts instance_groups inventory_sources job_templates labels root_groups "
                         "script tree update_inventory_sources variable_data"),
    "inventory_source": Kind(
        "inventory_sources", "Inventory source", soft_unique=(("name", "inventory"),), capabilities="edit delete start schedule",
        named=(("name",), ("inventory", "name"), ("organization", "name")),
        related="activity_stream credentials groups hosts inventory_updates " + _NOTIFY + " schedules update"),
    "group": Kind(
        "groups", "Group", unique=(("name", "inventory"),), order="name", capabilities="edit delete copy",
        named=(("name",), ("inventory", "name"), ("organization", "name")),
        related="activity_stream ad_hoc_commands all_hosts children hosts inventory_sources job_events job_host_summaries "
                "potential_children variable_data"),
    "host": Kind(
        "hosts", "Host", unique=(("name", "inventory"),), order="name",
        named=(("name",), ("inventory", "name"), ("organization", "name")),
        related="activity_stream ad_hoc_command_events ad_hoc_commands all_groups ansible_facts groups inventory_sources "
                "job_events job_host_summaries smart_inventories variable_data"),
    "instance_group": Kind(
        "instance_groups", "Instance group", unique=(("name",),), named=(("name",),),
        related="access_list object_roles jobs instances"),
    "job_template": Kind(
        "job_templates", "JobTemplate", soft_unique=_UNIQUE_NAME, named=(("name",), ("organization", "name")),
        capabilities=_USABLE, order="name",
        related=_LISTS + "credentials instance_groups jobs labels launch " + _NOTIFY
        + " schedules slice_workflow_jobs survey_spec webhook_key"),
    "workflow_job_template": Kind(
        "workflow_job_templates", "WorkflowJobTemplate", soft_unique=_UNIQUE_NAME,
        named=(("name",), ("organization", "name")), capabilities=_USABLE, order="name",
        related=_LISTS + "labels launch notification_templates_approvals " + _NOTIFY
        + " schedules survey_spec webhook_key workflow_jobs workflow_nodes"),
    "workflow_job_template_node": Kind(
        "workflow_job_template_nodes", "Workflow job template node", unique=(("identifier", "workflow_job_template"),),
        named=(("identifier",), ("workflow_job_template", "name"), ("organization", "name")), capabilities="",
        related="always_nodes failure_nodes success_nodes create_approval_template " + _PROMPTS),
    "workflow_approval_template": Kind("workflow_approval_templates", "Workflow approval template", capabilities=""),
    "schedule": Kind(
        "schedules", "Schedule", unique=(("unified_job_template", "name"),), order="-next_run", related=_PROMPTS),
    "notification_template": Kind(
        "notification_templates", "Notification template", unique=(("organization", "name"),), order="name",
        named=(("name",), ("organization", "name")), capabilities="edit delete copy", related="copy notifications test"),
    "label": Kind("labels", "Label", unique=(("name", "organization"),), named=(("name",), ("organization", "name")),
                  order="name", capabilities=""),
    "team": Kind(
        "teams", "Team", unique=(("organization", "name"),), named=(("name",), ("organization", "name")), order="name",
        related="access_list activity_stream credentials object_roles projects roles users"),
    "user": Kind("users", "User", unique=(("username",),), named=(("username",),),
                 related="access_list activity_stream admin_of_organizations authorized_tokens credentials organizations "
                         "personal_tokens projects roles teams tokens"),
    "role": Kind("roles", "Role", capabilities="", related="teams users"),
    "project_update": Kind("project_updates", "Project update", capabilities="delete start",
                           related="cancel events notifications scm_inventory_updates stdout"),
    "job": Kind("jobs", "Job", capabilities="delete start",
                related="activity_stream cancel create_schedule credentials job_events job_host_summaries labels "
                        "notifications relaunch stdout"),
    "workflow_job": Kind("workflow_jobs", "Workflow job", capabilities="delete start",
                         related="activity_stream cancel labels notifications relaunch workflow_nodes"),
    "token": Kind("tokens", "Access token", capabilities="", related="activity_stream"),
}
PATHS = {kind.path: name for name, kind in KINDS.items()}

KINDS["workflow_approval_template"].shown = tuple(
    "created description execution_environment id last_job_failed last_job_run modified name next_job_run related status "
    "summary_fields timeout type url".split())
KINDS["workflow_approval_template"].writable = {
    "name": {"type": "string", "required": True, "max_length": 512},
    "description": {"type": "string", "required": False, "default": ""},
    "timeout": {"type": "integer", "required": False, "default": 0, "min_value": -2147483648, "max_value": 2147483647},
}
LAUNCH = OPTIONS["launch"]["actions"]["POST"]

_MANAGE = ("admin_role", "Admin", "Can manage all aspects of the %s")
_READ = ("read_role", "Read", "May view settings for the %s")
_USE = ("use_role", "Use", "Can use the %s in a job template")
# The roles of an object, in the order that AWX numbers them: (field, name, description, for users only).
ROLES = {
    "organization": [
        _MANAGE, ("execute_role", "Execute", "May run any executable resources in the organization"),
        *[("%s_admin_role" % one.replace(" ", "_"), "%s Admin" % one.title(), "Can manage all %s of the organization" % many)
          for one, many in (("project", "projects"), ("inventory", "inventories"), ("credential", "credentials"),
                            ("workflow", "workflows"), ("notification", "notifications"),
                            ("job template", "job templates"), ("execution environment", "execution environments"))],
        ("auditor_role", "Auditor", "Can view all aspects of the organization"),
        ("member_role", "Member", "User is a member of the organization"), _READ,
        ("approval_role", "Approve", "Can approve or deny a workflow approval node")],
    "credential": [_MANAGE, _USE, _READ],
    "project": [_MANAGE, _USE, ("update_role", "Update", "May update the project"), _READ],
    "inventory": [_MANAGE, ("update_role", "Update", "May update the inventory"),
                  ("adhoc_role", "Ad Hoc", "May run ad hoc commands on the inventory"), _USE, _READ],
    "job_template": [_MANAGE, ("execute_role", "Execute", "May run the job template"), _READ],
    "workflow_job_template": [
        _MANAGE, ("execute_role", "Execute", "May run the workflow job template"), _READ,
        ("approval_role", "Approve", "Can approve or deny a workflow approval node")],
    "team": [_MANAGE, ("member_role", "Member", "User is a member of the team"), _READ],
    "instance_group": [_MANAGE, ("use_role", "Use", "Can use the instance group in a job template"), _READ],
}
FOR_USERS = {("organization", "admin_role"), ("organization", "member_role")}
