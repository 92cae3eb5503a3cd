# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job of the simulated AWX, run: what AWX has stored of a job template, given to ansible-runner as AWX gives it.

The files of the private data directory are those that a real AWX made; its own code injects the credentials. A job runs on
this machine, or in its execution environment under podman.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shlex
import shutil
import sys
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.support import execution_environment
from tests.support.awx import INJECTORS, PASSWORD, USER, unpacked
from tests.support.playbook import ROOT
from tests.support.versions import COLLECTIONS

RUNNER = ((execution_environment.RUNNER, "ansible_runner"), ("pexpect==4.9.0", "pexpect/"), ("ptyprocess==0.7.0", "ptyprocess/"))
# AWX gives these to each job.
ENVIRONMENT = {"ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
               "ANSIBLE_RETRY_FILES_ENABLED": "False", "ANSIBLE_UNSAFE_WRITES": "1"}
HOSTS = "#! /usr/bin/env python3\nprint(%r)\n"


@dataclass
class Job:
    """A finished job: its status as AWX has it, its output, its artifacts, {(host, task)} of what was changed, its command."""

    status: str
    output: str
    artifacts: dict
    changes: set
    command: list


def fetch():
    """Download what is needed."""
    for package in (*RUNNER, INJECTORS):
        unpacked(*package)


@contextlib.contextmanager
def importable(*packages):
    """Packages that are unpacked, to be imported in a with block."""
    paths = [str(unpacked(*package)) for package in packages]
    sys.path[:0] = paths
    try:
        yield
    finally:
        for path in paths:
            sys.path.remove(path)


def inject(kind, values, environment, arguments, directory):
    """Add to a job's environment and arguments what AWX's own code makes of a credential.

    kind: {"name", "kind", "inputs", "injectors"} of its type; values: its fields; directory: the job's private data directory.
    """
    with importable(INJECTORS):
        from awx_plugins.interfaces import _temporary_private_api as kinds
        from awx_plugins.interfaces import _temporary_private_credential_api as credentials
        from awx_plugins.interfaces._temporary_private_inject_api import inject_credential
    made = kinds.ManagedCredentialType(namespace=None, **{key: kind[key] for key in ("name", "kind", "inputs", "injectors")})
    safe: dict = {}
    inject_credential(made, credentials.Credential(values), environment, safe, arguments, str(directory))
    assert values["password"] not in safe.values()


def fill(controller, inventory, variables, hosts):
    """What people do in an inventory that the role has made. hosts: {name: its variables}, the group hypervisors."""
    world = controller.world
    (found,) = world.all("inventory", name=inventory)
    world.change(found, {"variables": json.dumps(variables)})
    group = world.add_default("group", name="hypervisors", inventory=found.id)
    for name, given in hosts.items():
        host = world.add_default("host", name=name, inventory=found.id, enabled=True, variables=json.dumps(given))
        group.linked("hosts").append(host.id)


def launch(controller, directory, name, limit=None, part=None, contained=False):
    """The Job of a job template, launched with its defaults.

    controller: a tests.support.awx.Awx. directory: where its private data directory is made. part: (number, count) of a
    slice, as of a template that has been given slices. contained: in the template's execution environment under podman;
    else with this environment's ansible-core.
    """
    (template,) = _ask(controller, "job_templates/?" + urllib.parse.urlencode({"name": name}))["results"]
    job = _ask(controller, f"job_templates/{template['id']}/launch/", {} if limit is None else {"limit": limit})
    assert job["ignored_fields"] == {}, job
    private = Path(directory) / f"awx_{job['id']}"
    (private / "env").mkdir(parents=True)
    (private / "inventory").mkdir()
    # The paths of a container are those of this directory elsewhere.
    inside = "/runner" if contained else str(private)
    if contained:
        # Nothing but the playbooks: the collection is the environment's.
        shutil.copytree(ROOT / "playbooks", private / "project/playbooks")
    else:
        (private / "project").symlink_to(ROOT)
    subset = f"&subset=slice{part[0]}of{part[1]}" if part else ""
    hosts = _ask(controller, f"inventories/{template['inventory']}/script/?hostvars=1&towervars=1{subset}")
    script = private / "inventory/hosts"
    script.write_text(HOSTS % json.dumps(hosts), encoding="utf-8")
    script.chmod(0o700)
    environment = dict(ENVIRONMENT)
    arguments: list = []
    machine = _credentials(controller, template, environment, arguments, private)
    if "ssh_key_data" in machine:
        (private / "env/ssh_key").write_text(machine["ssh_key_data"], encoding="utf-8")
    words = [*(["-u", machine["username"]] if machine else []), *(["--become"] if template["become_enabled"] else []),
             *(["--check"] if template["job_type"] == "check" else []), *(["--diff"] if template["diff_mode"] else []),
             *(["-l", job["limit"]] if job["limit"] else []), *arguments]
    (private / "env/cmdline").write_text(shlex.join(words).replace("/runner", inside), encoding="utf-8")
    (private / "env/extravars").write_text(_extra_vars(job, template, part), encoding="utf-8")
    environment = {key: value.replace("/runner", inside) for key, value in environment.items()}
    if contained:
        image = _ask(controller, f"execution_environments/{template['execution_environment']}/")
        return _run(private, template["playbook"], environment, process_isolation=True, process_isolation_executable="podman",
                    container_image=image["image"], container_options=[f"--pull={image['pull']}"])
    return _run(private, template["playbook"], {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS, **environment})


def _credentials(controller, template, environment, arguments, private):
    """Inject those of a template; the fields of its machine credential."""
    machine, world = {}, controller.world
    for shown in _ask(controller, f"job_templates/{template['id']}/credentials/")["results"]:
        credential = world.one("credential", shown["id"])
        kind = world.one("credential_type", credential.get("credential_type"))
        if kind.get("kind") == "ssh":
            machine = credential.get("inputs")
        else:
            inject(kind.values, credential.get("inputs"), environment, arguments, private)
    return machine


def _extra_vars(job, template, part):
    known = {"job_id": job["id"], "job_launch_type": "manual", "job_template_id": template["id"],
             "job_template_name": template["name"], "inventory_id": template["inventory"]}
    if part:
        known["workflow_job_name"] = template["name"]
    known = {prefix + name: value for prefix in ("awx_", "tower_") for name, value in known.items()}
    return "".join("!unsafe %r: %s\n" % (name, "!unsafe '%s'" % value if isinstance(value, str) else json.dumps(value))
                   for name, value in {**known, **json.loads(job["extra_vars"])}.items())


def _run(private, playbook, environment, **isolation):
    with importable(*RUNNER):
        import ansible_runner
    # A container is called after it.
    ident = uuid.uuid4().hex
    made = ansible_runner.run(private_data_dir=str(private), playbook=playbook, ident=ident, quiet=True,
                              envvars={"ANSIBLE_NOCOLOR": "1", **environment}, **isolation)
    events = list(made.events)
    (end,) = [event for event in events if event["event"] == "playbook_on_stats"]
    changes = {(event["event_data"]["host"], event["event_data"]["task"]) for event in events
               if event["event"] == "runner_on_ok" and event["event_data"]["res"].get("changed")}
    command = json.loads((private / "artifacts" / ident / "command").read_text(encoding="utf-8"))["command"]
    return Job(made.status, "\n".join(event["stdout"] for event in events), end["event_data"].get("artifact_data", {}), changes,
               command)


def _ask(controller, path, data=None):
    """The answer of the API to a GET, or to a POST of data."""
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(
        f"{controller.endpoint.url}/api/v2/{path}", None if data is None else json.dumps(data).encode(),
        {"Authorization": f"Basic {login}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def workflow(controller, name):
    """[(node, the name of what it runs)] of a workflow, each after the one that leads to it when all goes well."""
    world = controller.world
    (template,) = world.all("workflow_job_template", name=name)
    nodes = {one.id: one for one in world.all("workflow_job_template_node", workflow_job_template=template.id)}
    (at,) = nodes.keys() - {number for one in nodes.values() for number in one.linked("success_nodes")}
    found = []
    while at:
        node = nodes[at]
        found.append((node.get("identifier"), world.refer(node, "unified_job_template").get("name")))
        at = next(iter(node.linked("success_nodes")), None)
    assert len(found) == len(nodes)
    return found
