# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one dictionary to the objects of an AWX: lists by kind, in the form that awx.awx's modules take.

They bear the names that infra.aap_configuration reads. Names that AWX looks up in all organizations are written as named
URLs (NAME++ORGANIZATION), which mean one object.
"""

import datetime
import difflib
import re

from .._plan.plan import quoted
from . import rights, survey

try:
    import zoneinfo
except ImportError:
    # Before Python 3.9.
    zoneinfo = None

MARK = "Made by virtshare.storage.awx_content."
# Characters that would make another thing of a named URL, of a message, or of a template.
UNUSABLE = re.compile(r"[+/?%#&,\[\]{}\"\\\x00-\x1f\x7f]")
# Only a whole database of time zones has it.
OLD_ZONE = "US/Eastern"
PLAYBOOKS = {"check": "playbooks/site.yml", "mount": "playbooks/mount.yml", "verify": "playbooks/verify.yml",
             "publish": "playbooks/publish.yml", "guest_proof": "playbooks/guest_proof.yml"}
PURPOSES = {
    "check": "Predicts what a run would change, and changes nothing.",
    "mount": "Mounts the shares and gives access to them; publishes nothing. May be limited to some hosts.",
    "verify": "Proves that all hypervisors see the same filesystems.",
    "publish": "Proves the shares, then publishes what is proven.",
    "guest_proof": "Proves with a guest on each hypervisor that the shares are of use to guests.",
}
# What people would otherwise be asked at launch. A limit is asked only where less is not taken for the whole.
ASKED = ("credential", "diff_mode", "execution_environment", "forks", "instance_groups", "inventory", "job_slice_count",
         "job_type", "labels", "limit", "scm_branch", "skip_tags", "tags", "timeout", "variables", "verbosity")
LIMITED = ("mount",)
PUBLISHING = ("check", "publish")
# Who may start what by hand: mounting and publishing go through the workflow and its approval.
STARTED = ("check", "verify", "guest_proof")
WORKFLOW_ASKED = ("inventory", "labels", "limit", "scm_branch", "skip_tags", "tags", "variables")
PATH = ("update", "check", "approve", "mount", "publish", "verify")
_SECRET = {"type": "string", "secret": True}


def objects(site):
    """The lists by kind, or a Refusal with all that is wrong."""
    return Content(plain(site)).lists()


def plain(value):
    """A value without what Ansible knows of it, such as that it is yet to be templated."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def names(site):
    """What the role has to know of these names beforehand: for each collection of the API, those that it makes."""
    content = Content(plain(site))
    made = content.lists()
    return {
        "organizations": [content.organization], "inventories": [content.site["inventory"]],
        "credential_types": _names(made["controller_credential_types"]),
        "credentials": _names(made["controller_credentials"]), "projects": _names(made["controller_projects"]),
        "execution_environments": _names(made["controller_execution_environments"]),
        "notification_templates": _names(made["controller_notifications"]), "job_templates": _names(made["controller_templates"]),
        "workflow_job_templates": _names(made["controller_workflows"]), "teams": _names(made["aap_teams"]),
        "labels": _names(made["controller_labels"]),
    }


def _names(made):
    return [one["name"] for one in made]


class Content:
    def __init__(self, site):
        self.site = site
        found = list(_problems(site))
        if found:
            raise survey.refused(found)
        self.organization = site["organization"]
        self.prefix = site.get("prefix") or "virtshare"
        self.questions = survey.DEFAULTS if site.get("survey") is None else site["survey"]
        self.environment = "%s (%s)" % (self.prefix, self.organization)
        self.platforms = [name for name in ("opennebula", "flexvdi") if site.get(name)]
        self.schedule = self.name("nightly proof")
        self.labels = [self.prefix] if site.get("labels") is None else site["labels"]

    def lists(self):
        return {
            "aap_organizations": [{"name": self.organization, "description": MARK, "galaxy_credentials": [
                self.site.get("galaxy_credential") or "Ansible Galaxy"]}],
            "controller_labels": [{"name": name, "organization": self.organization} for name in self.labels],
            "controller_credential_types": [self._type(name) for name in self.platforms],
            "controller_credentials": self._credentials(),
            "controller_execution_environments": [self._environment()],
            "controller_projects": [self._project()],
            "controller_inventories": [{"name": self.site["inventory"], "description": MARK,
                                        "organization": self.organization}],
            "controller_notifications": self._notifications(),
            "controller_templates": [self._template(name) for name in survey.TEMPLATES],
            "controller_workflows": [self._workflow()],
            "controller_schedules": self._schedules(),
            "aap_teams": [{"name": name, "description": MARK, "organization": self.organization} for name in self._teams()],
            "controller_roles": self._roles(),
        }

    def name(self, what):
        return "%s %s" % (self.prefix, what.replace("_", " "))

    def _named(self, *parts):
        return "++".join([*parts, self.organization])

    # -- credentials -------------------------------------------------------------------------------------------------------

    def _type(self, platform):
        fields = [{"id": "url", "label": "Address of the API", "type": "string", "format": "url"},
                  {"id": "username", "label": "User", "type": "string"},
                  dict(_SECRET, id="password", label="Password"),
                  {"id": "ca", "label": "CA certificate (PEM)", "type": "string", "multiline": True},
                  # AWX injects False for what was never filled in, so that the field is not as the role's option.
                  {"id": "insecure", "label": "Do not verify the TLS certificate", "type": "boolean"}]
        variables = "%s_storage" % platform
        shown = {"%s_ca_path" % variables: "{{ tower.filename.ca if ca | default('') else '' }}",
                 "%s_validate_certs" % variables: "{{ 'false' if insecure else 'true' }}"}
        begins = {"opennebula": "ONE", "flexvdi": "FLEXVDI"}[platform]
        environment = {"%s_USERNAME" % begins: "{{ username }}", "%s_PASSWORD" % begins: "{{ password }}",
                       {"opennebula": "ONE_XMLRPC", "flexvdi": "FLEXVDI_URL"}[platform]: "{{ url }}"}
        if platform == "flexvdi":
            fields.append({"id": "api_version", "label": "Version of the API", "type": "string",
                           "choices": ["3.1", "3.0", "2.2"]})
            shown["flexvdi_storage_api_version"] = "{{ api_version | default('3.1', true) }}"
        return {"name": self._type_name(platform), "description": MARK, "kind": "cloud",
                "inputs": {"fields": fields, "required": ["url", "username", "password"]},
                "injectors": {"env": environment, "extra_vars": shown, "file": {"template.ca": "{{ ca | default('') }}"}}}

    def _type_name(self, platform):
        return "%s (%s)" % (self.name(_TITLES[platform]), self.organization)

    def _credentials(self):
        found = []
        machine = self.site["machine"]
        if not machine.get("credential"):
            inputs = {key: machine[key] for key in ("username", "ssh_key_data", "password", "become_method", "become_password")
                      if machine.get(key)}
            found.append(self._credential("hypervisors", "Machine", inputs))
        for platform in self.platforms:
            given = self.site[platform]
            inputs = {key: given[key] for key in ("url", "username", "password", "ca", "api_version")
                      if given.get(key) not in (None, "")}
            inputs["insecure"] = not given.get("validate_certs", True)
            found.append(self._credential(_TITLES[platform], self._type_name(platform), inputs))
        return found

    def _credential(self, what, kind, inputs):
        # Told again and again, AWX cannot say whether a secret is the same.
        return {"name": self.name(what), "description": MARK, "organization": self.organization, "credential_type": kind,
                "inputs": inputs, "update_secrets": bool(self.site.get("update_secrets"))}

    def _used(self, template):
        own = self.site["machine"].get("credential")
        found = [self._named(own or self.name("hypervisors"), "Machine+ssh")]
        if template in PUBLISHING:
            found += [self._named(self.name(_TITLES[one]), self._type_name(one) + "+cloud") for one in self.platforms]
        return found

    # -- what jobs are made of ---------------------------------------------------------------------------------------------

    def _environment(self):
        given = self.site["execution_environment"]
        made = {"name": self.environment, "description": MARK, "organization": self.organization, "image": given["image"],
                "pull": given.get("pull") or "missing"}
        if given.get("credential"):
            made["credential"] = self._named(given["credential"], "Container Registry+registry")
        return made

    def _project(self):
        given = self.site["project"]
        made = {"name": self.prefix, "description": MARK, "organization": self.organization, "scm_type": "git",
                "scm_url": given["url"], "scm_branch": given.get("branch") or "", "scm_update_on_launch": True,
                "default_environment": self.environment}
        if given.get("credential"):
            made["credential"] = self._named(given["credential"], "Source Control+scm")
        return made

    def _notifications(self):
        given = self.site.get("notification")
        if not given:
            return []
        # All that AWX would add is written here, so that a second run finds what it wrote.
        error = {"message": "Job {{ job.id }} {{ job.name }}: {{ job.status }}, {{ url }}"}
        if given["type"] == "webhook":
            configuration = {"url": given["url"], "http_method": "POST", "disable_ssl_verification": False, "username": "",
                             "password": "", "headers": {}}
            error = {"body": '{"id": {{ job.id }}, "name": "{{ job.name }}", "status": "{{ job.status }}", "url": "{{ url }}"}'}
        else:
            configuration = {"host": given["host"], "port": given.get("port") or 25, "username": "", "password": "",
                             "use_tls": False, "use_ssl": False, "sender": given["sender"],
                             "recipients": given["recipients"], "timeout": 30}
            error["body"] = error["message"]
        return [{"name": self.name("failures"), "description": MARK, "organization": self.organization,
                 "notification_type": given["type"], "notification_configuration": configuration,
                 "messages": {"started": None, "success": None, "error": error, "workflow_approval": None}}]

    def _tells(self):
        return [self._named(one["name"]) for one in self._notifications()]

    # -- templates ---------------------------------------------------------------------------------------------------------

    def _template(self, name):
        asked = survey.specification(self.questions, name)
        made = {"name": self.name(name), "description": "%s %s" % (MARK, PURPOSES[name]), "organization": self.organization,
                "job_type": "check" if name == "check" else "run", "project": self.prefix,
                "playbook": (self.site["project"].get("playbooks") or {}).get(name) or PLAYBOOKS[name],
                "inventory": self._named(self.site["inventory"]), "execution_environment": self.environment,
                "credentials": self._used(name), "become_enabled": True, "diff_mode": True, "job_slice_count": 1,
                "allow_simultaneous": False, "limit": "", "forks": self.site.get("forks") or 0, "labels": self.labels,
                "notification_templates_error": self._tells(), "survey_enabled": bool(asked), "survey_spec": asked}
        made.update({"ask_%s_on_launch" % one: one == "limit" and name in LIMITED for one in ASKED})
        return made

    def _workflow(self):
        made = {"name": self.name("shares"), "organization": self.organization, "allow_simultaneous": False,
                "description": "%s From an update of the project over an approval to a proof of what is published.%s" % (
                    MARK, rights.told(self.site.get("teams") or {})),
                "labels": self.labels, "notification_templates_error": self._tells(), "survey_enabled": False,
                "simplified_workflow_nodes": [self._node(*pair) for pair in zip(PATH, PATH[1:] + (None,))]}
        made.update({"ask_%s_on_launch" % one: False for one in WORKFLOW_ASKED})
        return made

    def _node(self, name, following):
        node = {"identifier": name}
        if name == "approve":
            node["approval_node"] = {"name": "Apply what the check predicts", "description": MARK,
                                     "timeout": self.site.get("approval_timeout") or 86400}
        else:
            node["unified_job_template"] = self.prefix if name == "update" else self.name(name)
            node["lookup_organization"] = self.organization
        if following:
            node["success_nodes"] = [following]
        return node

    def _schedules(self):
        given = self.site.get("schedule")
        if not given:
            return []
        return [{"name": self.schedule, "description": MARK, "organization": self.organization,
                 "unified_job_template": self.name("verify"), "enabled": True,
                 "rrule": "DTSTART;TZID=%s:%sT%s00 RRULE:FREQ=DAILY;INTERVAL=1" % (
                     given["time_zone"], str(given.get("start") or "2026-01-01").replace("-", ""),
                     given["time"].replace(":", ""))}]

    # -- who may do what ---------------------------------------------------------------------------------------------------

    def _teams(self):
        given = self.site.get("teams") or {}
        return sorted(set(given.get("execute") or []) | set(given.get("approve") or []))

    def _roles(self):
        return self.roles(self.site.get("teams") or {})

    def roles(self, teams):
        """What teams may do with the templates. teams: as the dictionary has them."""
        workflows, found = [self.name("shares")], []
        if teams.get("execute"):
            found.append({"teams": teams["execute"], "role": "execute", "workflows": workflows,
                          "job_templates": [self.name(one) for one in STARTED], "lookup_organization": self.organization})
        if teams.get("approve"):
            found.append({"teams": teams["approve"], "role": "approval", "workflows": workflows,
                          "lookup_organization": self.organization})
        return found


_TITLES = {"opennebula": "OpenNebula", "flexvdi": "flexVDI"}


# -- what is wrong with a dictionary ---------------------------------------------------------------------------------------


def _problems(site):
    for path in (("organization",), ("inventory",), ("project", "url"), ("execution_environment", "image"), ("machine",)):
        at = site
        for key in path:
            at = (at or {}).get(key)
        if at in (None, "", {}):
            yield "%s is missing" % ".".join(path)
    yield from _bad_names(site)
    machine = site.get("machine") or {}
    if machine and not machine.get("credential") and not machine.get("username"):
        yield "machine: write the name of a credential of the organization as credential, or username and ssh_key_data"
    if machine.get("credential") and (machine.get("ssh_key_data") or machine.get("password")):
        yield "machine: a credential of that name is used as it is; take ssh_key_data and password away"
    for platform in ("opennebula", "flexvdi"):
        given = site.get(platform) or {}
        for key in ("url", "username", "password"):
            if given and not given.get(key):
                yield "%s.%s is missing" % (platform, key)
    yield from _bad_project(site.get("project") or {})
    yield from _bad_schedule(site.get("schedule"))
    yield from _bad_notification(site.get("notification"))
    yield from survey.problems(site.get("survey") or [])


def _bad_names(site):
    teams = site.get("teams") or {}
    given = [("organization", site.get("organization")), ("prefix", site.get("prefix")), ("inventory", site.get("inventory")),
             ("machine.credential", (site.get("machine") or {}).get("credential")),
             ("project.credential", (site.get("project") or {}).get("credential")),
             *(("labels", name) for name in site.get("labels") or []),
             *(("teams.%s" % role, name) for role in ("execute", "approve") for name in teams.get(role) or [])]
    for where, name in given:
        unusable = UNUSABLE.search(str(name or ""))
        if unusable:
            yield "%s: %s has a character that AWX's named URLs cannot hold; rename it without %s" % (
                where, quoted(name), unusable.group() if unusable.group() > " " else repr(unusable.group()))
        elif name and str(name) != str(name).strip():
            yield "%s: %s has blanks around it, which AWX takes away, so that no run would find it again; write %s" % (
                where, quoted(name), quoted(str(name).strip()))
        elif name == "" and where.startswith(("labels", "teams")):
            yield "%s: a name is empty; take it out" % where


def _bad_project(given):
    for name, path in (given.get("playbooks") or {}).items():
        if name not in PLAYBOOKS:
            near = difflib.get_close_matches(str(name), sorted(PLAYBOOKS), 1)
            yield "project.playbooks: %s is not known; write %s" % (
                quoted(name), near[0] if near else "one of %s" % ", ".join(sorted(PLAYBOOKS)))
        elif not isinstance(path, str) or not path:
            yield "project.playbooks.%s: %s is not the name of a file" % (name, quoted(path))
    # The value is not repeated.
    if re.search(r"://[^/?#]*:[^/?#]*@", str(given.get("url") or "")):
        yield "project.url: there is a password in it, which AWX shows to all who may see the project; write it into a Source " \
              "Control credential, and the name of that as project.credential"


def _bad_schedule(given):
    if not given:
        return
    time = given.get("time")
    if not isinstance(time, str) or not re.match(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z", time):
        yield "schedule.time: %s is not a time of day; write it in quotes, such as \"04:30\"" % quoted(time)
    if not re.match(r"[A-Za-z]+(/[A-Za-z0-9_+-]+)*\Z", str(given.get("time_zone") or "")):
        yield "schedule.time_zone: %s is not a time zone; write one such as Europe/Madrid" % quoted(given.get("time_zone"))
    else:
        yield from _bad_zone(given["time_zone"])
    if given.get("start") and not _is_date(str(given["start"])):
        yield "schedule.start: %s is not a date; write it as 2026-12-01" % quoted(given["start"])


def _bad_zone(zone):
    """AWX would refuse it when all else is made. It may know old names that this machine lacks."""
    known = set() if zoneinfo is None else zoneinfo.available_timezones()
    if not known or zone in known:
        return
    near = difflib.get_close_matches(zone, sorted(known), 1, 0.8)
    if near or OLD_ZONE in known:
        yield "schedule.time_zone: %s is not a time zone; write %s" % (
            quoted(zone), near[0] if near else "one such as Europe/Madrid")


def _is_date(word):
    try:
        return bool(re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", word)) and bool(datetime.date.fromisoformat(word))
    except ValueError:
        return False


def _bad_notification(given):
    if not given:
        return
    needed = {"webhook": ("url",), "email": ("host", "sender", "recipients")}
    if given.get("type") not in needed:
        yield "notification.type: %s is neither webhook nor email; AWX hides the password that other kinds have, so that " \
              "every run would change them" % quoted(given.get("type"))
        return
    for key in needed[given["type"]]:
        if not given.get(key):
            yield "notification.%s is missing" % key
