# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an AWX has already of the names that the role uses, and what may be done with it."""

from . import rights
from .content import MARK, PATH, Content, names, plain

# What may be there before, and is then used as it is.
SHARED = ("organizations", "inventories", "teams")
# In the order in which it can be taken away.
ORDER = ("workflow_job_templates", "job_templates", "notification_templates", "projects", "credentials", "credential_types",
         "execution_environments", "teams", "inventories")
TITLES = {"credential_types": "credential type", "credentials": "credential", "projects": "project",
          "execution_environments": "execution environment", "notification_templates": "notification template",
          "job_templates": "job template", "workflow_job_templates": "workflow job template"}


def judged(found, site):
    """found: by collection what the API shows of these names; C(galaxy_credentials): those of the organization;
    C(schedules) and C(workflow_nodes): those of our templates, where they were looked up.

    {"problems": what speaks against making them, "missing": names that are not there, by collection,
     "ours": names that the role has made, by collection, in the order in which they can be taken away,
     "dropped": what the role has set and the dictionary no longer has, see _dropped()}
    """
    wanted = names(site)
    ours = {kind: [one["name"] for one in found.get(kind) or [] if one["name"] in wanted[kind] and is_ours(one)]
            for kind in wanted}
    missing = {kind: [name for name in wanted[kind] if name not in [one["name"] for one in found.get(kind) or []]]
               for kind in wanted}
    if "workflow_nodes" in found:
        there = [one["identifier"] for one in found["workflow_nodes"]]
        missing["workflow_nodes"] = [name for name in PATH if name not in there]
    content = Content(plain(site))
    return {"problems": list(_problems(found, content, wanted)), "ours": {
        kind: ours[kind] for kind in ORDER + ("organizations",) if ours.get(kind)},
        "missing": {kind: gone for kind, gone in missing.items() if gone}, "dropped": _dropped(found, content)}


def is_ours(one):
    return (one.get("description") or "").startswith(MARK)


def _dropped(found, content):
    """What stays in force unless it is taken away.

    {"schedules": ids of the nightly proof, "roles": rights of teams as in controller_roles,
     "credentials": what uses one without need, each with its C(kind), C(name), C(credential) and C(url)}
    """
    own = {kind: {one["name"]: one for one in found.get(kind) or [] if is_ours(one)}
           for kind in ("job_templates", "workflow_job_templates", "projects", "execution_environments")}
    verify = own["job_templates"].get(content.name("verify"))
    schedules = [str(one["id"]) for one in found.get("schedules") or []
                 if is_ours(one) and verify and one.get("unified_job_template") == verify["id"] and not content.site.get("schedule")]
    workflow = own["workflow_job_templates"].get(content.name("shares")) or {}
    credentials = []
    for kind, name, option in (("projects", content.prefix, "project"),
                               ("execution_environments", content.environment, "execution_environment")):
        one = own[kind].get(name)
        if one and one.get("credential") and not content.site[option].get("credential"):
            shown = (one.get("summary_fields") or {}).get("credential") or {}
            credentials.append({"kind": TITLES[kind], "name": name, "url": one["url"],
                                "credential": shown.get("name") or str(one["credential"])})
    return {"schedules": schedules, "credentials": credentials,
            "roles": content.roles(rights.dropped(workflow.get("description"), content.site.get("teams") or {}))}


def _problems(found, content, wanted):
    for kind in ORDER:
        for one in found.get(kind) or []:
            if kind not in SHARED and one["name"] in wanted[kind] and not is_ours(one):
                yield "there is a %s %s already that this role did not make; rename it, or take another prefix" % (
                    TITLES[kind], one["name"])
    for one in found.get("organizations") or []:
        if not is_ours(one) and not found.get("galaxy_credentials"):
            yield "the organization %s has no Galaxy credential, so that AWX installs no collection for its projects and " \
                  "their jobs fail; attach %s to it" % (one["name"], content.site.get("galaxy_credential") or "Ansible Galaxy")
    for one in found.get("inventories") or []:
        if one.get("kind"):
            yield "the inventory %s is a %s one, without groups and variables: every play on it would be skipped and its job " \
                  "successful; take one that holds the hosts" % (one["name"], one["kind"])
        if one.get("pending_deletion"):
            yield "the inventory %s is being deleted" % one["name"]


def removable(found, site):
    """What of the role's making can go: an inventory that got hosts since then, or an organization that got more, stays.

    C(labels): those that go with it by themselves. AWX copies the labels of a template to each of its jobs, which keep them.
    """
    ours = judged(found, site)["ours"]
    if any(one.get("total_hosts") or one.get("total_inventory_sources") or one.get("total_groups")
           for one in found.get("inventories") or []):
        ours.pop("inventories", None)
    templates = [one for kind in ("workflow_job_templates", "job_templates") for one in found.get(kind) or [] if is_ours(one)]
    if templates and not any((one.get("summary_fields") or {}).get("recent_jobs") for one in templates):
        ours["labels"] = names(site)["labels"]
    return ours
