# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes one object of a kind valid, beyond its fields' types."""

import re
import uuid

from . import inputs, messages, prompts, recurrence
from .errors import BadValue, Invalid, Refused
from .kinds import KINDS
from .variables import parsed

IMAGE = re.compile(
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*"
    r"(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|[-]*)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]*)[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?")
UPDATE_OPTIONS = ("scm_update_on_launch", "scm_delete_on_update", "scm_track_submodules", "scm_clean")
JOB_CREDENTIALS = ("ssh", "vault", "cloud", "net", "kubernetes")


def check_fields(world, kind, values, errors, instance):
    """What a single field must be, beside its type; complaints go into C(errors)."""
    for field, value in values.items():
        check = _FIELDS.get((kind, field)) or _FIELDS.get(field)
        if check and value is not None:
            try:
                check(world, value, instance)
            except BadValue as bad:
                errors[field] = bad.messages


def _image(world, value, instance):
    if not IMAGE.fullmatch(value):
        raise BadValue("The container image name %s is not valid" % value)


def _group_name(world, value, instance):
    if value in ("all", "_meta"):
        raise BadValue("Invalid group name.")


def _host_name(world, value, instance):
    name, colon, port = value.partition(":")
    if colon and ":" not in port and not (port.isdigit() and 1 <= int(port) <= 65535):
        raise BadValue("Invalid port specification: %s" % port)


def _plain_inventory(what):
    def check(world, value, instance):
        if world.one("inventory", value).get("kind") in ("smart", "constructed"):
            raise Invalid({"inventory": {"detail": "Cannot create %s for Smart or Constructed Inventories" % what}})
    return check


def _rule(world, value, instance):
    recurrence.checked(value)


def _scheduled(world, value, instance):
    one = world.one("project", value)
    if one and not one.get("scm_type"):
        raise BadValue("Manual Project cannot have a schedule set.")


def _registry(world, value, instance):
    credential = world.one("credential", value)
    if world.refer(credential, "credential_type").get("kind") != "registry":
        raise BadValue("Only Container Registry credentials can be associated with an Execution Environment")


_FIELDS = {
    ("execution_environment", "image"): _image, ("execution_environment", "credential"): _registry,
    ("group", "name"): _group_name, ("host", "name"): _host_name,
    ("group", "inventory"): _plain_inventory("Group"), ("host", "inventory"): _plain_inventory("Host"),
    "rrule": _rule, ("schedule", "unified_job_template"): _scheduled,
}


def check(world, kind, values, instance):
    """All that is said of an object as a whole; C(values): what the request gives, completed in place. Invalid, Refused."""
    whole = dict(instance.values if instance else {})
    whole.update(values)
    rule = _KINDS.get(kind)
    if rule:
        rule(world, values, whole, instance)
    _check_unique(world, kind, whole, instance)


def _check_unique(world, kind, whole, instance):
    described = KINDS[kind]
    for fields in described.unique:
        if any(whole.get(field) is None for field in fields):
            continue
        others = world.all(kind, **{field: whole[field] for field in fields})
        if [one for one in others if one is not instance]:
            labels = [field.replace("_", " ").capitalize() for field in fields]
            said = labels[0] if len(labels) == 1 else ", ".join(labels[:-1]) + " and " + labels[-1]
            raise Invalid({fields[0] if len(fields) == 1 else "__all__": [
                "%s with this %s already exists." % (described.title, said)]})
    for fields in described.soft_unique:
        others = world.all(kind, **{field: whole.get(field) for field in fields})
        if [one for one in others if one is not instance]:
            raise Invalid({"__all__": ["%s with this (%s) combination already exists." % (
                described.title, ", ".join(sorted(fields, reverse=True)))]})


def _credential_type(world, values, whole, instance):
    if instance and instance.get("managed"):
        raise Refused(403, {"detail": "Modifications not allowed for managed credential types"})
    errors = {}
    for field in ("inputs", "injectors"):
        whole.setdefault(field, {})
    try:
        before = instance and repr(instance.get("inputs"))
        inputs.checked_inputs(whole["inputs"])
    except BadValue as bad:
        errors["inputs"] = bad.messages
    try:
        if errors:
            inputs._check(inputs.INJECTORS, whole["injectors"])
        else:
            inputs.checked_injectors(whole["injectors"], whole["inputs"])
    except BadValue as bad:
        errors["injectors"] = bad.messages
    if errors:
        raise Invalid(errors)
    # The name is compared before the kind is refused.
    _check_unique(world, "credential_type", whole, instance)
    if instance and "inputs" in values and repr(whole["inputs"]) != before and world.all("credential", credential_type=instance.id):
        raise Refused(403, {"detail": "Modifications to inputs are not allowed for credential types that are in use"})
    if values.get("kind", "cloud") not in ("cloud", "net"):
        raise Invalid({"kind": ["Must be 'cloud' or 'net', not %s" % values["kind"]]})
    if any(field.get("ask_at_runtime") for field in values.get("inputs", {}).get("fields", [])):
        raise Invalid({"inputs": ["'ask_at_runtime' is not supported for custom credentials."]})


def _credential(world, values, whole, instance):
    if instance and instance.get("managed"):
        raise Refused(403, {"detail": "Modifications not allowed for managed credentials"})
    if instance is None:
        owners = sorted(field for field in ("user", "team", "organization") if values.get(field))
        if not owners:
            raise Invalid({"detail": ["Missing 'user', 'team', or 'organization'."]})
        if len(owners) > 1:
            raise Invalid({"detail": ["Only one of 'user', 'team', or 'organization' should be provided, received %s fields."
                                      % ", ".join(owners)]})
        if values.get("team"):
            values["organization"] = whole["organization"] = world.one("team", values["team"]).get("organization")
    kind = world.one("credential_type", whole["credential_type"])
    if instance is None and kind.get("kind") == "galaxy" and owners != ["organization"]:
        raise Invalid({"organization": ["Galaxy credentials must be owned by an Organization."]})
    try:
        checked = inputs.checked_values(whole.get("inputs", {}), kind, instance and (instance.get("inputs") or {}))
    except BadValue as bad:
        raise Invalid({"inputs": bad.messages}) from None
    if "inputs" in values or instance is None:
        values["inputs"] = checked


def _execution_environment(world, values, whole, instance):
    if instance and values.get("organization") and values["organization"] != instance.get("organization"):
        raise Invalid({"organization": ["Cannot change the organization of an execution environment"]})


def _project(world, values, whole, instance):
    kind = whole.get("scm_type") or ""
    errors = {}
    if instance and kind and "local_path" in values and values["local_path"] != instance.get("local_path"):
        errors["local_path"] = ["Cannot change local_path for %s-based projects" % kind]
    if kind:
        values.pop("local_path", None)
    if values.get("local_path") and values["local_path"] != (instance and instance.get("local_path")):
        errors["local_path"] = ["This path is already being used by another manual project."]
    if whole.get("scm_branch") and kind == "archive":
        errors["scm_branch"] = ["SCM branch cannot be used with archive projects."]
    for field, called in (("scm_refspec", "refspec"), ("scm_track_submodules", "track_submodules")):
        if values.get(field) and kind != "git":
            errors[field] = ["SCM %s can only be used with git projects." % called]
    if errors:
        raise Invalid(errors)
    if not kind:
        for field in UPDATE_OPTIONS:
            if whole.get(field):
                raise Invalid({field: ["Update options must be set to false for manual projects."]})
        values["scm_url"] = ""
    elif not whole.get("scm_url"):
        raise Invalid({"scm_url": ["SCM URL is required."]})
    credential = kind and world.refer(_As(whole), "credential")
    if credential and world.refer(credential, "credential_type").get("kind") != "scm":
        raise Invalid({"credential": ["Credential kind must be 'scm'."]})
    if instance and "organization" in values and values["organization"] != instance.get("organization") and world.all(
            "job_template", project=instance.id):
        raise Invalid({"organization": ["Organization cannot be changed when in use by job templates."]})


class _As:
    """Values looked at as an object."""

    def __init__(self, values):
        self.values, self.get = values, values.get


def _inventory(world, values, whole, instance):
    if whole.get("kind") == "smart" and not whole.get("host_filter"):
        raise Invalid({"host_filter": ["Smart inventories must specify host_filter"]})
    if instance and "kind" in values and values["kind"] != instance.get("kind"):
        raise Invalid({"kind": ["Kind of inventory cannot be changed."]})


def _inventory_source(world, values, whole, instance):
    project = world.refer(_As(whole), "source_project")
    if whole.get("source") == "scm":
        if project is None:
            raise Invalid({"source_project": ["Project required for scm type sources."]})
    elif whole.get("source") == "constructed":
        raise Invalid({"error": ["constructed not a valid source for inventory"]})
    else:
        redundant = [field for field in ("source_project", "source_path", "scm_branch") if values.get(field)]
        if redundant:
            raise Invalid({"detail": ["Cannot set %s if not SCM type." % " ".join(redundant)]})
    if whole.get("scm_branch") and not (project and project.get("allow_override")):
        raise Invalid({"scm_branch": ["Project does not allow overriding branch."]})


def _member(other, called):
    def check(world, values, whole, instance):
        if world.all(other, name=whole.get("name"), inventory=whole.get("inventory")):
            raise Invalid({"__all__": ["A %s with that name already exists." % called]})
    return check


def _job_template(world, values, whole, instance):
    project = world.refer(_As(whole), "project")
    if whole.get("host_config_key") and not whole.get("inventory"):
        raise Invalid({"host_config_key": ["Cannot enable provisioning callback without an inventory set."]})
    if project is None:
        raise Invalid({"project": ["Job Templates must have a project assigned."]})
    if whole.get("inventory") is None and not whole.get("ask_inventory_on_launch"):
        raise Invalid({"inventory": ["You must either set a default value or ask to prompt on launch."]})
    _webhook(world, values, whole, instance)
    playbook = whole.get("playbook")
    free = project.get("scm_type") and project.get("allow_override")
    if playbook and not free and playbook not in world.playbooks(project):
        raise Invalid({"playbook": ["Playbook not found for project."]})
    if not playbook:
        raise Invalid({"playbook": ["Must select playbook for project."]})
    for field in ("scm_branch", "ask_scm_branch_on_launch"):
        if whole.get(field) and not project.get("allow_override"):
            raise Invalid({field: ["Project does not allow overriding branch."]})
    values["organization"] = whole["organization"] = project.get("organization")


def _webhook(world, values, whole, instance):
    credential = world.refer(_As(whole), "webhook_credential")
    if credential is None:
        return
    kind = world.refer(credential, "credential_type")
    if kind.get("kind") != "token":
        raise Invalid({"webhook_credential": ["Must be a Personal Access Token."]})
    if kind.get("namespace") != "%s_token" % whole.get("webhook_service"):
        raise Invalid({"webhook_credential": ["Must match the selected webhook service."]})


def _saved_prompts(world, values, whole, instance):
    if values.get("identifier") == "" or instance is None and "identifier" not in values and "rrule" not in whole:
        values["identifier"] = whole["identifier"] = str(uuid.uuid4())
    template = world.refer(_As(whole), "unified_job_template")
    if template is None:
        # Without a template nothing can be said about it.
        for field in list(values):
            if field not in ("workflow_job_template", "identifier", "all_parents_must_converge", "unified_job_template"):
                del values[field]
        return
    asked = set(prompts.ASK.get(template.kind, ())) | {"extra_data"}
    if not asked & set(values):
        # A schedule without answers is checked all the same: a required one may be missing.
        if "rrule" not in whole:
            return
    given = {field: whole.get(field) for field in asked if field != "extra_data"}
    given["extra_vars"] = parsed(whole.get("extra_data") or {})
    # A node of a workflow may get its answers from the workflow.
    _accepted, _ignored, errors = prompts.weighed(template, given, saved=True, required="rrule" in whole)
    if "extra_vars" in errors:
        errors["extra_data"] = errors.pop("extra_vars")
    if errors:
        raise Invalid(errors)


def _node(world, values, whole, instance):
    template = world.refer(_As(whole), "unified_job_template")
    if template and template.kind == "workflow_job_template" and template.id == whole.get("workflow_job_template"):
        raise Invalid({"unified_job_template": ["Nesting a workflow job template inside itself is not allowed."]})
    _saved_prompts(world, values, whole, instance)


def _schedule(world, values, whole, instance):
    if instance and values == {"enabled": False}:
        return
    _saved_prompts(world, values, whole, instance)


def _notification_template(world, values, whole, instance):
    kind = whole["notification_type"]
    errors = {}
    try:
        if "messages" in values:
            checked = messages.checked_messages(values["messages"], kind)
            values["messages"] = messages.merged(checked, instance.get("messages") or {}) if instance else checked
    except BadValue as bad:
        errors["messages"] = bad.messages
    if errors:
        raise Invalid(errors)
    if "notification_configuration" in values or instance is None:
        values["notification_configuration"] = messages.checked_configuration(
            kind, values.get("notification_configuration", {}), instance and instance.get("notification_configuration"))


_KINDS = {
    "credential_type": _credential_type, "credential": _credential, "execution_environment": _execution_environment,
    "project": _project, "inventory": _inventory, "inventory_source": _inventory_source,
    "host": _member("group", "Group"), "group": _member("host", "Host"), "job_template": _job_template,
    "workflow_job_template": _webhook, "workflow_job_template_node": _node, "schedule": _schedule,
    "notification_template": _notification_template,
}


def check_link(world, parent, name, child):
    """What speaks against linking two objects, as the body of a refusal, or None."""
    if name == "credentials" and parent.kind == "job_template":
        return _check_job_credential(world, parent, child)
    if name == "galaxy_credentials" and world.refer(child, "credential_type").get("kind") != "galaxy":
        return {"msg": "Credential must be a Galaxy credential, not %s." % world.refer(child, "credential_type").get("name")}
    if name in ("success_nodes", "failure_nodes", "always_nodes"):
        return _check_nodes(world, parent, name, child)
    if name == "credentials" and parent.kind in ("schedule", "workflow_job_template_node"):
        template = world.refer(parent, "unified_job_template")
        if template is None:
            return {"msg": "Cannot assign credential when related template is null."}
        if not template.get("ask_credential_on_launch"):
            return {"msg": "Related template is not configured to accept credentials on launch."}
    return None


def _check_job_credential(world, template, credential):
    kind = world.refer(credential, "credential_type")
    for number in template.linked("credentials"):
        other = world.one("credential", number)
        same = other.get("credential_type") == kind.id
        if same and (kind.get("kind") != "vault" or (other.get("inputs") or {}).get("vault_id") == (
                credential.get("inputs") or {}).get("vault_id")):
            return {"error": "Cannot assign multiple %s credentials." % kind.get("name")}
    if kind.get("kind") not in JOB_CREDENTIALS:
        return {"error": "Cannot assign a Credential of kind `%s`." % kind.get("kind")}
    return None


def _check_nodes(world, parent, name, child):
    if parent is child:
        return {"Error": "Cycle detected."}
    if parent.get("workflow_job_template") != child.get("workflow_job_template"):
        return {"Error": "Nodes must be of the same workflow."}
    links = ("success_nodes", "failure_nodes", "always_nodes")
    if any(child.id in parent.linked(other) for other in links if other != name):
        return {"Error": "Relationship not allowed."}
    waiting, seen = [child], set()
    while waiting:
        one = waiting.pop()
        if one is parent:
            return {"Error": "Cycle detected."}
        if one.id not in seen:
            seen.add(one.id)
            waiting += [world.one("workflow_job_template_node", number) for other in links for number in one.linked(other)]
    return None
