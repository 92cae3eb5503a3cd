# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of an AWX: what a new one has, and what happens when objects are made, changed, launched and deleted."""

import datetime
import re
import uuid

from . import prompts, recurrence, rules, survey
from .errors import Invalid, Refused
from .fields import checked
from .kinds import KINDS, LAUNCH
from .store import Store, now

PLAYBOOKS = ("check.yml", "guest_proof.yml", "hello.yml", "mount.yml", "publish.yml", "site.yml", "verify.yml")
REVISION = "dfbfa2218e83d82d7a73597c6dd10b9efbabf745"
_SECRET = {"secret": True, "type": "string"}
_KEY = {"format": "ssh_private_key", "id": "ssh_key_data", "label": "SCM Private Key", "multiline": True, **_SECRET}
_NAME, _PASSWORD = ({"id": "username", "label": "Username", "type": "string"},
                    {"id": "password", "label": "Password", **_SECRET})
_UNLOCK = {"ask_at_runtime": True, "id": "ssh_key_unlock", "label": "Private Key Passphrase", **_SECRET}
# Of the types that AWX brings, those that this collection's users meet: (number, namespace, kind, name, fields).
TYPES = (
    (1, "ssh", "ssh", "Machine", (
        _NAME, dict(_PASSWORD, ask_at_runtime=True), dict(_KEY, label="SSH Private Key"),
        {"id": "ssh_public_key_data", "label": "Signed SSH Certificate", "multiline": True, **_SECRET}, _UNLOCK,
        {"help_text": 'Specify a method for "become" operations. This is equivalent to specifying the --become-method Ansible '
                      "parameter.", "id": "become_method", "label": "Privilege Escalation Method", "type": "string"},
        {"id": "become_username", "label": "Privilege Escalation Username", "type": "string"},
        {"ask_at_runtime": True, "id": "become_password", "label": "Privilege Escalation Password", **_SECRET})),
    (2, "scm", "scm", "Source Control", (_NAME, _PASSWORD, _KEY, _UNLOCK)),
    (3, "vault", "vault", "Vault", (
        {"ask_at_runtime": True, "id": "vault_password", "label": "Vault Password", **_SECRET},
        {"id": "vault_id", "label": "Vault Identifier", "type": "string", "format": "vault_id"})),
    (18, "registry", "registry", "Container Registry", (
        {"default": "quay.io", "id": "host", "label": "Authentication URL", "type": "string"}, _NAME, _PASSWORD,
        {"default": True, "id": "verify_ssl", "label": "Verify SSL", "type": "boolean"})),
    (19, "galaxy_api_token", "galaxy", "Ansible Galaxy/Automation Hub API Token", (
        {"id": "url", "label": "Galaxy Server URL", "type": "string"},
        {"id": "auth_url", "label": "Auth Server URL", "type": "string"}, {"id": "token", "label": "API Token", **_SECRET})),
    (20, "gpg_public_key", "cryptography", "GPG Public Key", (
        {"id": "gpg_public_key", "label": "GPG Public Key", "multiline": True, **_SECRET},)),
)


class World(Store):
    """playbooks: those of every project from version control; update_seconds: how long its update takes."""

    def __init__(self, account, playbooks=PLAYBOOKS, update_seconds=0.0):
        super().__init__()
        self.account, self._playbooks, self._update_seconds = account, tuple(playbooks), update_seconds
        self.add("user", {"username": account[0], "first_name": "", "last_name": "", "is_superuser": True})
        for number, namespace, kind, name, fields in TYPES:
            self.add("credential_type", {
                "name": name, "description": "", "namespace": namespace, "kind": kind, "managed": True, "injectors": {},
                "inputs": {"fields": [dict(one) for one in fields]}}, number, by=None)
        # The numbers between are those of types that are left out here.
        self.start_at("credential_type", 48)
        self.add_default("organization", name="Default", description="")
        for name in ("AWX EE (latest)", "Control Plane Execution Environment"):
            self.add_default("execution_environment", name=name, image="quay.io/ansible/awx-ee:24.6.1",
                             managed=name.startswith("Control"))
        self.add_default("credential", name="Demo Credential", credential_type=1, inputs={"username": "admin"})
        self.add_default("credential", name="Ansible Galaxy", credential_type=19, managed=True,
                         inputs={"url": "https://galaxy.ansible.com/"})
        for name in ("controlplane", "default"):
            self.add_default("instance_group", name=name)

    def add_default(self, kind, /, **values):
        return self._made(kind, {**self.defaults(kind), **values})

    @staticmethod
    def defaults(kind):
        """The values of the fields that a request leaves out."""
        found: dict = {"managed": False} if "managed" in KINDS[kind].shown else {}
        for name, field in KINDS[kind].writable.items():
            if field["type"] == "json" and name in ("extra_vars", "variables"):
                found[name] = ""
            elif (kind, name) == ("notification_template", "messages"):
                found[name] = dict.fromkeys(("started", "success", "error", "workflow_approval"))
            else:
                found[name] = field.get("default", None if field["type"] in ("id", "integer") else "")
        if kind == "workflow_job_template":
            found.update(dict.fromkeys(("job_tags", "limit", "scm_branch", "skip_tags")))
        if kind == "workflow_job_template_node":
            found.pop("identifier")
        for gone in ("user", "team") if kind == "credential" else ():
            found.pop(gone)
        return found

    def _made(self, kind, values):
        one = self.add(kind, values)
        if kind in ("organization", "team"):
            one.hidden["resource"] = str(uuid.uuid4())
        if kind == "project":
            self._new_project(one)
        if kind == "schedule":
            one.values.update(recurrence.computed(one.get("rrule"), one.get("enabled"), now()))
        return one

    # -- projects ------------------------------------------------------------------------------------------------------

    def _new_project(self, project):
        project.values.update(scm_revision="", status="missing", custom_virtualenv=None)
        if project.get("scm_type"):
            project.values["local_path"] = "_%d__%s" % (project.id, re.sub(
                r"[-\s]+", "_", re.sub(r"[^\w\s-]", "", project.get("name").lower()).strip()))
            self.update_project(project)

    def update_project(self, project):
        """Start an update; it ends by itself, and well."""
        project.values["status"] = "pending"
        fields = {name: project.get(name) for name in (
            "credential", "description", "local_path", "name", "scm_branch", "scm_clean", "scm_delete_on_update", "scm_refspec",
            "scm_track_submodules", "scm_type", "scm_url", "timeout")}
        update = self.add("project_update", {
            **fields, "canceled_on": None, "elapsed": 0.0, "event_processing_finished": False, "execution_environment": None,
            "execution_node": "awx-1", "failed": False, "finished": None, "host_status_counts": None, "job_args": "",
            "job_cwd": "", "job_env": {}, "job_explanation": "", "job_type": "check", "launch_type": "manual",
            "job_tags": "update_git,install_roles,install_collections", "project": project.id, "result_traceback": "",
            "launched_by": {"id": 1, "name": self.account[0], "type": "user", "url": "/api/v2/users/1/"},
            "playbook_counts": {"play_count": 0, "task_count": 0}, "scm_revision": "", "started": None, "status": "pending",
            "unified_job_template": project.id, "work_unit_id": None})
        project.hidden["update"] = update
        return update

    def advance(self):
        """End the updates whose time has come; called before each request is answered."""
        for update in self.all("project_update", finished=None):
            taken = now() - update.created
            if taken >= datetime.timedelta(seconds=self._update_seconds):
                project = self.one("project", update.get("project"))
                update.values.update(
                    status="successful", finished=now(), started=update.created, event_processing_finished=True,
                    elapsed=round(taken.total_seconds(), 3), execution_environment=2, scm_revision=REVISION,
                    playbook_counts={"play_count": 1, "task_count": 2}, job_cwd="/runner/project", work_unit_id="KngPNqrT")
                if project:
                    project.values.update(status="successful", scm_revision=REVISION)

    def playbooks(self, project):
        """What can be run of a project: nothing before its first update."""
        return self._playbooks if project.get("scm_revision") else ()

    # -- making, changing, deleting ------------------------------------------------------------------------------------

    def create(self, kind, data, fixed=None):
        """A new object; fixed: fields that the address says."""
        data = {**data, **(fixed or {})}
        values, errors = checked(self, kind, KINDS[kind].writable, data, partial=False)
        rules.check_fields(self, kind, values, errors, None)
        if errors:
            raise Invalid(errors)
        values = {**self.defaults(kind), **values}
        given = dict(values)
        rules.check(self, kind, given, None)
        return self._made(kind, {**values, **given})

    def update(self, one, data, partial=True):
        if not partial:
            data = {**data}
        readable = {name: field for name, field in KINDS[one.kind].writable.items()
                    if (one.kind, name) not in (("workflow_job_template_node", "workflow_job_template"),)}
        values, errors = checked(self, one.kind, readable, data, partial)
        rules.check_fields(self, one.kind, values, errors, one)
        if errors:
            raise Invalid(errors)
        rules.check(self, one.kind, values, one)
        self.change(one, values)
        if one.kind == "schedule":
            one.values.update(recurrence.computed(one.get("rrule"), one.get("enabled"), now()))
        if one.kind == "project" and {"scm_url", "scm_branch", "scm_type", "scm_refspec"} & set(values) and one.get("scm_type"):
            self.update_project(one)

    def delete(self, one):
        if one.kind == "credential_type":
            if one.get("managed"):
                raise Refused(403, {"detail": "Deletion not allowed for managed credential types"})
            if self.all("credential", credential_type=one.id):
                raise Refused(403, {"detail": "Credential types that are in use cannot be deleted"})
        elif one.get("managed"):
            raise Refused(403, {"detail": "You do not have permission to perform this action."})
        self.remove(one)

    # -- approvals, launches -------------------------------------------------------------------------------------------

    def approval_of(self, node, data):
        """The approval that a node of a workflow waits for."""
        values, errors = checked(self, "workflow_approval_template", KINDS["workflow_approval_template"].writable, data, False)
        if errors:
            raise Invalid(errors)
        made = self.add("workflow_approval_template", {
            "description": "", "timeout": 0, "execution_environment": None, **values})
        made.hidden["workflow"] = node.get("workflow_job_template")
        node.values["unified_job_template"] = made.id
        return made

    def launch(self, template, data):
        """(job, ignored prompts) of a launch by hand."""
        values, errors = checked(self, "launch", LAUNCH, data, partial=True)
        if errors:
            raise Invalid(errors)
        accepted, ignored, errors = prompts.weighed(template, values, saved=False)
        if template.kind == "job_template" and not (template.get("inventory") or accepted.get("inventory")):
            errors["inventory"] = ["Job Template inventory is missing or undefined."]
        if errors:
            raise Invalid(errors)
        return self._job(template, accepted), ignored

    def _job(self, template, accepted):
        said = {name: value for name, value in accepted.items() if name != "extra_vars"}
        whole = {**template.values, **said}
        common = {
            "canceled_on": None, "description": template.get("description"), "elapsed": 0.0, "failed": False, "finished": None,
            "job_args": "", "job_cwd": "", "job_env": {}, "job_explanation": "", "launch_type": "manual", "limit": whole["limit"],
            "launched_by": {"id": 1, "name": self.account[0], "type": "user", "url": "/api/v2/users/1/"},
            "name": template.get("name"), "result_traceback": "", "scm_branch": whole["scm_branch"], "started": None,
            "status": "pending", "skip_tags": whole["skip_tags"], "job_tags": whole["job_tags"], "inventory": whole["inventory"],
            "allow_simultaneous": whole["allow_simultaneous"], "extra_vars": prompts.variables_of_job(template, accepted),
            "unified_job_template": template.id, "webhook_credential": None, "webhook_guid": "", "webhook_service": "",
            "work_unit_id": None}
        slices = whole.get("job_slice_count") or 1
        if template.kind == "workflow_job_template" or min(slices, self._hosts(whole)) > 1:
            return self.add("workflow_job", {
                **common, "is_sliced_job": template.kind == "job_template",
                "job_template": template.id if template.kind == "job_template" else None,
                "workflow_job_template": template.id if template.kind == "workflow_job_template" else None})
        job = self.add("job", {
            **common, "artifacts": {}, "controller_node": "", "diff_mode": whole["diff_mode"],
            "event_processing_finished": False, "execution_environment": whole["execution_environment"], "execution_node": "",
            "force_handlers": whole["force_handlers"], "forks": whole["forks"], "instance_group": None, "job_slice_count": 1,
            "job_slice_number": 0, "job_template": template.id, "job_type": whole["job_type"],
            "organization": template.get("organization"), "passwords_needed_to_start": [], "playbook": template.get("playbook"),
            "project": template.get("project"), "scm_revision": "", "start_at_task": whole["start_at_task"],
            "timeout": whole["timeout"], "use_fact_cache": whole["use_fact_cache"], "verbosity": whole["verbosity"]})
        job.links["credentials"] = sorted(set(template.linked("credentials")) | set(said.get("credentials", ())))
        project = self.refer(template, "project")
        if project.get("scm_update_on_launch"):
            self.update_project(project)
        return job

    def _hosts(self, whole):
        return len(self.all("host", inventory=whole.get("inventory"), enabled=True))

    def launch_form(self, template):
        """What has to be told, and may be, when a template is launched."""
        specification = template.hidden.get("survey") if template.get("survey_enabled") else None
        needed = [one["variable"] for one in (specification or {}).get("spec", []) if one["required"]]
        asks = {ask: bool(template.get(ask)) for ask in sorted(prompts.ASK[template.kind].values())}
        defaults = {"extra_vars": template.get("extra_vars")}
        for field, ask in prompts.ASK[template.kind].items():
            if field in ("inventory", "execution_environment"):
                other = self.refer(template, field)
                defaults[field] = {"id": other and other.id, "name": other and other.get("name")} if other or \
                    field == "inventory" else {}
            elif field == "credentials":
                defaults[field] = [self._credential_default(number) for number in template.linked(field)]
                if not defaults[field]:
                    del defaults[field]
            elif field == "labels" and template.linked(field):
                defaults[field] = [{"id": number, "name": self.one("label", number).get("name")}
                                   for number in template.linked(field)]
            elif field == "instance_groups":
                defaults[field] = []
            elif field not in ("extra_vars", "labels"):
                defaults[field] = template.get(field)
        form = {**asks, "defaults": defaults, "survey_enabled": bool(specification),
                "variables_needed_to_start": needed, "inventory_needed_to_start": not template.get("inventory"),
                "can_start_without_user_input": not needed and not any(asks.values())}
        data = {"id": template.id, "name": template.get("name"), "description": template.get("description")}
        if template.kind == "workflow_job_template":
            return {**form, "node_templates_missing": [], "node_prompts_rejected": [], "workflow_job_template_data": data}
        return {**form, "credential_needed_to_start": False, "passwords_needed_to_start": [], "job_template_data": data}

    def _credential_default(self, number):
        one = self.one("credential", number)
        return {"id": one.id, "name": one.get("name"), "credential_type": one.get("credential_type"), "passwords_needed": []}

    def save_survey(self, template, specification):
        template.hidden["survey"] = survey.saved(specification, template.hidden.get("survey"))
