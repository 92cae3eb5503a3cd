# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded requests to an AWX, asked again of another one: numbers, times and what else never comes twice is masked."""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "awx"
ADMINISTRATOR = "admin:recorded"
API = "/api/v2/"
# The collection that a field, or an entry of a summary, means by a number.
COLLECTIONS = {
    "organization": "organizations", "organization_id": "organizations", "credential": "credentials",
    "credential_type": "credential_types", "credential_type_id": "credential_types", "inventory": "inventories",
    "project": "projects", "source_project": "projects", "execution_environment": "execution_environments",
    "default_environment": "execution_environments", "resolved_environment": "execution_environments",
    "unified_job_template": "templates", "workflow_job_template": "templates", "job_template": "templates",
    "job_template_data": "templates", "workflow_job": "jobs", "job": "jobs",
    "signature_validation_credential": "credentials", "webhook_credential": "credentials", "last_job": "jobs",
    "last_update": "jobs", "current_job": "jobs", "current_update": "jobs", "credentials": "credentials", "labels": "labels",
    "groups": "groups", "owners": "organizations", "instance_group": "instance_groups", "label": "labels",
    "success_nodes": "workflow_job_template_nodes", "failure_nodes": "workflow_job_template_nodes",
    "always_nodes": "workflow_job_template_nodes", "galaxy_credentials": "credentials", "hosts": "hosts",
    "instance_groups": "instance_groups", "created_by": "users", "modified_by": "users",
    "launched_by": "users", "remote_host_id": "hosts", "remote_tower_id": "hosts", "notification_templates_error": "notification_templates",
}
# Templates have their numbers in common, and so have jobs.
SHARED = {"job_templates": "templates", "workflow_job_templates": "templates", "projects": "templates",
          "workflow_approval_templates": "templates", "inventory_sources": "templates", "project_updates": "jobs",
          "workflow_jobs": "jobs"}
TIMES = ("created", "modified", "started", "finished", "last_job_run", "last_updated", "next_run", "next_job_run", "elapsed")
# Of the machine that was recorded.
ELSEWHERE = ("ansible_id", "job_args", "job_cwd", "job_env", "execution_node", "event_processing_finished", "work_unit_id", "install_uuid", "scm_revision")


def table(collection):
    return SHARED.get(collection, collection)


class Replay:
    """url: the AWX to ask. C(known): by collection, which number here is which one of the recording."""

    def __init__(self, url):
        self.url, self.known = url, {}
        self.authorization = "Basic " + base64.b64encode(ADMINISTRATOR.encode()).decode()

    def knows(self, collection, recorded, here):
        self.known.setdefault(table(collection), {})[recorded] = here

    def here(self, collection, recorded):
        """The number here of an object of the recording; one that nothing has, when it was none there."""
        return self.known.get(table(collection), {}).get(recorded, recorded if recorded < 20 or recorded >= 999 else 99000 + recorded)

    def ask(self, method, path, body=None):
        """(status, document) of one request, in numbers of here."""
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        if self.authorization:
            request.add_header("Authorization", self.authorization)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, json.loads(text) if text else None

    def made(self, method, path, body, recorded=None):
        """Ask for what the recording does not hold, in numbers of the recording; recorded: the number of what it makes."""
        status, document = self.ask(method, self.path(path), self.body(path, body))
        assert status < 300, (path, status, document)
        if recorded is not None:
            self.knows(path.split("/")[-2 if not path.rstrip("/").split("/")[-1].isdigit() else -3], recorded, document["id"])
        return document

    def play(self, step, answer):
        """(status, document) of a recorded request; what it makes is remembered by the number that the answer had."""
        status, document = self.ask(step["method"], self.path(step["path"]), self.body(step["path"], step.get("body")))
        if status == 201 and isinstance(answer, dict) and isinstance(document, dict):
            self.knows(document["url"].split("/")[3], answer["id"], document["id"])
            self._update_of(answer, document)
        return status, document

    def _update_of(self, answer, document):
        for name in ("current_update", "last_update"):
            if name in answer["related"] and answer["type"] == "project":
                ours = document["related"].get("current_update") or document["related"]["last_update"]
                self.knows("project_updates", int(answer["related"][name].split("/")[-2]), int(ours.split("/")[-2]))

    # -- from numbers of the recording to those of here ----------------------------------------------------------------

    def path(self, path):
        path = re.sub(r"/api/v2/(\w+)/(\d+)/", lambda match: "%s%s/%d/" % (
            API, match.group(1), self.here(match.group(1), int(match.group(2)))), path)
        return re.sub(r"([?&])(\w+)=(\d+)(?=&|$)", lambda match: "%s%s=%d" % (
            match.group(1), match.group(2), self.here(COLLECTIONS[match.group(2)], int(match.group(3))))
            if match.group(2) in COLLECTIONS else match.group(0), path)

    def body(self, path, body):
        if not isinstance(body, dict):
            return body
        found = {name: self.here(COLLECTIONS[name], value) if is_number(value) and name in COLLECTIONS else value
                 for name, value in body.items()}
        if set(body) == {"id"}:
            found["id"] = self.here(COLLECTIONS[path.rstrip("/").split("/")[-1]], body["id"])
        return found

    # -- what can be compared -------------------------------------------------------------------------------------------

    def comparable(self, document, recorded):
        """A document with its numbers replaced by those of the recording; recorded: it is one of the recording."""
        back = {kind: {here: there for there, here in pairs.items()} for kind, pairs in self.known.items()}

        def number(collection, value):
            kind = table(collection)
            return value if recorded else back.get(kind, {}).get(value, value if value < 20 or value >= 999 else -1)

        def url(match):
            return "%s%s/%d/" % (API, match.group(1), number(match.group(1), int(match.group(2))))

        def walk(value, name, collection):
            if name in ELSEWHERE:
                return "masked"
            if isinstance(value, dict):
                own = value["url"].split("/")[3] if str(value.get("url")).startswith(API) else COLLECTIONS.get(name, collection)
                return {key: walk(one, key, own) for key, one in value.items() if key != "token"}
            if isinstance(value, list):
                return [walk(one, name, COLLECTIONS.get(name, collection)) for one in value]
            if name in TIMES and value is not None:
                return "masked"
            if isinstance(value, str):
                value = re.sub(r"/api/v2/(\w+)/(\d+)/", url, value)
                value = re.sub(r"^(quay.io|registry.example.org)/ansible/awx-ee:.*", "an image of AWX", value)
                return re.sub(r"^_\d+__", "_N__", value) if name == "local_path" else value
            if is_number(value) and (name == "id" or name in COLLECTIONS):
                return number(collection if name == "id" else COLLECTIONS[name], value) if collection or name != "id" else value
            return value

        return _without_numbers_of_roles(walk(document, None, None))


def _without_numbers_of_roles(document):
    """Roles have numbers of their own, which depend on everything that was ever made; a project's update is a moment's."""
    if isinstance(document, dict):
        if document.get("type") == "job":
            document["summary_fields"]["project"]["status"] = "masked"
        for role in document.get("object_roles", {}).values() if isinstance(document.get("object_roles"), dict) else ():
            role["id"] = "masked"
        for value in document.values():
            _without_numbers_of_roles(value)
    elif isinstance(document, list):
        for value in document:
            _without_numbers_of_roles(value)
    return document


def is_number(value):
    """Whether a value of JSON is a whole number; to Python true and false are some."""
    return isinstance(value, int) and not isinstance(value, bool)
