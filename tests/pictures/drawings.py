# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pictures of the documentation show, taken from the playbooks, the roles and the objects made for AWX."""

from __future__ import annotations

import yaml
from ansible_collections.virtshare.storage.plugins.module_utils._awx import content

from tests.pictures.flow import Box, Frame, draw
from tests.support.playbook import ROOT
from tests.unit.docs import guides

COLLECTION = "virtshare.storage."
# The playbooks of the whole way, in their order.
WAY = ("mount", "verify", "publish", "guard")
# Roles that have nothing to do without an entry of their own in the inventory.
SOMETIMES = ("ocfs2_cluster", "opennebula_guard")


def drawings() -> dict[str, str]:
    """{name of the file: the SVG}"""
    return {"way.svg": way(), "awx-workflow.svg": awx_workflow(), "awx-nightly.svg": awx_nightly()}


def way() -> str:
    steps: list = [Box("virtshare_shares", "The inventory declares each share once.", "round")]
    for name in WAY:
        boxes = [Box(role, _short(role), "dashed" if role in SOMETIMES else "") for role in _roles(name)]
        steps.append(Frame(COLLECTION + name, boxes, abreast=name == "publish"))
    return draw("From the declared shares to watched ones", steps)


def _roles(playbook):
    """The roles of a playbook, and of one that it imports and that bears its name, in their order."""
    found = []
    for play in yaml.safe_load((ROOT / f"playbooks/{playbook}.yml").read_text(encoding="utf-8")):
        imported = str(play.get("ansible.builtin.import_playbook", "")).removesuffix(".yml")
        if imported != playbook and playbook in imported.split("_"):
            found += _roles(imported)
        found += [role["role"] for role in play.get("roles", ())]
        # A part of a role is no step of its own.
        included = [task.get("ansible.builtin.include_role", {}) for task in play.get("tasks", ())]
        found += [role["name"] for role in included if role and "tasks_from" not in role]
    return [name.removeprefix(COLLECTION) for name in found]


def _short(role):
    spec = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"))
    return spec["argument_specs"]["main"]["short_description"] + "."


def _site():
    """The example of the guide to AWX."""
    (block,) = [each for each in guides.blocks("yaml") if each.page == "guide_awx.rst" and each.text.startswith("awx_content_site:")]
    return yaml.safe_load(block.text)["awx_content_site"]


def awx_workflow() -> str:
    site = _site()
    made = content.objects(site)
    workflow = made["controller_workflows"][0]
    words = {one["name"]: one["description"].removeprefix(content.MARK).strip() for one in made["controller_templates"]}
    boxes = []
    for node in workflow["simplified_workflow_nodes"]:
        if "approval_node" in node:
            who = " and ".join(site["teams"]["approve"])
            boxes.append(Box(node["identifier"], f"{node['approval_node']['name']}? The team {who} approves.", "round"))
        else:
            name = node["unified_job_template"]
            boxes.append(Box(f"{node['identifier']}: {name}", words.get(name, "Takes the project from Git.")))
    return draw("The nodes of the workflow, each started when the one before has succeeded", [Frame(workflow["name"], boxes)])


def awx_nightly() -> str:
    site = _site()
    made = content.objects(site)
    schedule, notification = made["controller_schedules"][0], made["controller_notifications"][0]
    time = site["schedule"]
    return draw("The nightly proof", [
        Box(schedule["name"], f"Each night at {time['time']}, {time['time_zone']}.", "round"),
        Box(schedule["unified_job_template"], next(
            one["description"].removeprefix(content.MARK).strip() for one in made["controller_templates"]
            if one["name"] == schedule["unified_job_template"])),
        Box(notification["name"], f"Only when the job fails: {notification['notification_type']} with number, name, status and "
            "address of the job.", "dashed")])
