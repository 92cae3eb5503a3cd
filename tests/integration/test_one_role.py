# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role opennebula_storage, run by ansible-playbook as a user does, against the simulator."""

import json

import pytest

from tests.support.opennebula import PASSWORD, USER, opennebula
from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

PLAYBOOK = """---
- name: Publish
  hosts: localhost
  gather_facts: false
  roles:
    - role: virtshare.storage.opennebula_storage
"""
SHARES = ["/srv/shares/projects", "/srv/shares/media"]
DATASTORES: list[dict] = [
    {"name": "projects", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv/shares"], "mode": "640"},
]
FILESYSTEMS: list[dict] = [
    {"name": "projects", "datastore": "projects", "path": "/srv/shares/projects", "mount_tag": "projects"},
    {"name": "drawings", "datastore": "projects", "path": "/srv/shares/projects/drawings"},
]


def proof(path, state="proven"):
    return {"path": path, "state": state, "proven_hosts": ["hv1"] if state == "proven" else [], "expected_hosts": ["hv1"]}


PROVEN = [proof(path) for path in SHARES]
PENDING = [proof(path, "pending") for path in SHARES]


@pytest.fixture
def server():
    with opennebula(directories=[*SHARES, "/srv/shares/projects/drawings"]) as running:
        yield running


class Role:
    def __init__(self, server, directory):
        self._server = server
        self._directory = directory
        self._environment = {"ONE_XMLRPC": server.endpoint.url, "ONE_USERNAME": USER, "ONE_PASSWORD": PASSWORD}
        (directory / "publish.yml").write_text(PLAYBOOK, encoding="utf-8")
        (directory / "inventory.yml").write_text(
            "all: {hosts: {localhost: {ansible_connection: local,"
            " ansible_python_interpreter: '{{ ansible_playbook_python }}'}}}", encoding="utf-8")

    def __call__(self, *arguments, environment=None, **variables):
        """(run, calls, write calls) of one ansible-playbook; variables without the role's prefix."""
        before, written = len(self._server.calls), len(self._server.writes)
        given = {"opennebula_storage_" + name: value for name, value in variables.items()}
        run = run_playbook(
            self._directory / "publish.yml", inventories=[self._directory / "inventory.yml"],
            arguments=[*arguments, "--diff", "--extra-vars", json.dumps(given)],
            environment=environment or self._environment, timeout=300)
        assert PASSWORD not in run.output + json.dumps(run.results)
        return run, self._server.calls[before:], self._server.writes[written:]


@pytest.fixture
def role(server, tmp_path):
    return Role(server, tmp_path)


def operations(run):
    """What all modules of a run did or would do."""
    return [operation for line in run.results for operation in line["result"].get("operations", [])]


def test_predicted_published_left_alone_taken_back(role):
    declared = {"datastores": DATASTORES, "filesystems": FILESYSTEMS}

    predicted, _calls, writes = role("--check", proofs=PENDING, **declared)
    assert predicted.code == 0, predicted.output
    assert writes == [] and not [line for line in predicted.results if line["result"].get("warnings")]

    published, _calls, writes = role(proofs=PROVEN, **declared)
    assert published.code == 0, published.output
    assert operations(published) == operations(predicted)
    assert [operation["operation"] for operation in operations(published)] == writes == [
        "one.datastore.allocate", "one.datastore.chmod", "one.image.allocate", "one.image.allocate"]
    assert published.changes == predicted.changes
    result = published.facts("opennebula_storage_result")["localhost"]
    assert [datastore["name"] for datastore in result["datastores"]] == ["projects"]
    assert [(image["name"], image["state"], image["path"]) for image in result["filesystems"]] == [
        ("projects", "ready", "/srv/shares/projects"), ("drawings", "ready", "/srv/shares/projects/drawings")]

    again, calls, writes = role(proofs=PROVEN, **declared)
    assert again.code == 0 and again.changes == set() and writes == []
    assert calls == ["one.datastorepool.info", "one.datastorepool.info", "one.imagepool.info"]
    assert again.facts("opennebula_storage_result")["localhost"]["filesystems"] == result["filesystems"]

    leaving = {key: [{"name": item["name"], "state": "absent"} for item in items] for key, items in declared.items()}
    predicted, _calls, writes = role("--check", **leaving)
    assert predicted.code == 0, predicted.output
    assert writes == []
    gone, _calls, writes = role(**leaving)
    assert gone.code == 0, gone.output
    assert operations(gone) == operations(predicted)
    assert writes == ["one.image.delete", "one.image.delete", "one.datastore.delete"]
    assert role(**leaving)[0].changes == set()


BOTH = "/srv/shares/projects (projects), /srv/shares/projects/drawings (drawings): "
IN_NO_SHARE = "it lies in no share that was looked at; those are: "
# what is declared differently, and how the problems begin that the refusal must name
NOT_PROVEN = {
    "nothing proven": ({}, [BOTH + IN_NO_SHARE + "none"]),
    "another share": ({"proofs": [proof("/srv/shares/media")]}, [BOTH + IN_NO_SHARE + "/srv/shares/media"]),
    "a part of the name": ({"proofs": [proof("/srv/shares/proj")]}, [BOTH + IN_NO_SHARE + "/srv/shares/proj"]),
    "a directory inside": ({"proofs": [proof("/srv/shares/projects/drawings")]}, [
        "/srv/shares/projects (projects): " + IN_NO_SHARE]),
    "pending counts in check mode only": ({"proofs": PENDING}, [
        BOTH + "/srv/shares/projects is not proven to be the same filesystem on every hypervisor; proven on: no host"]),
    "failed": ({"proofs": [dict(PROVEN[0], state="failed", proven_hosts=[])], "filesystems": FILESYSTEMS[:1]},
               ["/srv/shares/projects (projects): /srv/shares/projects is not proven"]),
    "out of the share again": ({"proofs": PROVEN, "filesystems": [
        dict(FILESYSTEMS[0], path="/srv/shares/projects/../secret")]},
        ["/srv/shares/projects/../secret (projects): write the path without . and .."]),
    "no path": ({"proofs": PROVEN, "filesystems": [{"name": "x", "datastore": "projects"}]},
                ["x has no path, so that nothing can be proven of it"]),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """(one ansible-playbook with a host for each of NOT_PROVEN, all calls)"""
    directory = tmp_path_factory.mktemp("refused")
    hosts = {}
    for name, (given, _named) in NOT_PROVEN.items():
        declared = dict({"datastores": DATASTORES, "filesystems": FILESYSTEMS}, **given)
        hosts[name] = {"opennebula_storage_" + key: value for key, value in declared.items()}
    connection = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (directory / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": connection}}), encoding="utf-8")
    (directory / "publish.yml").write_text(PLAYBOOK.replace("localhost", "all"), encoding="utf-8")
    with opennebula(directories=SHARES) as server:
        environment = {"ONE_XMLRPC": server.endpoint.url, "ONE_USERNAME": USER, "ONE_PASSWORD": PASSWORD}
        run = run_playbook(directory / "publish.yml", inventories=[directory / "inventory.json"], timeout=300,
                           environment=environment)
        return run, server.calls


@pytest.mark.parametrize("name", NOT_PROVEN)
def test_what_is_not_proven_is_refused_before_any_call(refused, name):
    run, calls = refused
    assert run.code != 0 and calls == []
    (failure,) = [line for line in run.failures if line["host"] == name]
    text = failure["result"]["msg"]
    assert failure["outcome"] == "failed" and "Nothing is published" in text and "run site.yml" in text
    problems = failure["result"]["problems"]
    assert len(problems) == len(NOT_PROVEN[name][1])
    for problem, begins in zip(problems, NOT_PROVEN[name][1]):
        assert problem.startswith(begins)
    assert [line["action"] for line in run.results if line["host"] == name
            and line["action"].startswith("virtshare.")] == ["virtshare.storage.ready_to_publish"]


def test_without_the_gate_the_platform_is_asked(role):
    run, _calls, writes = role(datastores=DATASTORES, filesystems=FILESYSTEMS, require_proof=False)
    assert run.code == 0 and writes.count("one.image.allocate") == 2


def test_the_connection_can_come_from_the_variables(role, server):
    clean = {"ONE_URL": "http://127.0.0.1:1/RPC2", "ONE_USERNAME": "", "ONE_PASSWORD": ""}
    run, _calls, _writes = role(
        environment=clean, datastores=DATASTORES, api_url=server.endpoint.url, api_username=USER, api_password=PASSWORD)
    assert run.code == 0, run.output
    wrong = {"api_url": server.endpoint.url, "api_username": USER, "api_password": "wrong-word"}
    run, _calls, _writes = role(environment=clean, datastores=DATASTORES, **wrong)
    assert run.code != 0 and "does not accept user 'oneadmin'" in run.failure_text() and "wrong-word" not in run.output


def test_a_declaration_the_module_refuses_changes_nothing(role):
    wrong = [dict(DATASTORES[0], mode=640)]
    run, calls, _writes = role(datastores=wrong, filesystems=[], proofs=PROVEN)
    assert run.code != 0 and calls == [] and "write it in quotes" in run.failure_text()


def test_the_action_group_sets_the_connection_once(server, tmp_path):
    playbook = tmp_path / "group.yml"
    playbook.write_text(f"""---
- name: Use the action group
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/virtshare.storage.opennebula:
      api_url: {server.endpoint.url}
      api_username: oneadmin
      api_password: {PASSWORD}
  tasks:
    - name: Read
      virtshare.storage.one_datastore_info:
        name: default
    - name: Make
      virtshare.storage.one_datastore: {{name: d, ds_mad: virtiofs, tm_mad: local, safe_dirs: [/srv/shares]}}
    - name: Register
      virtshare.storage.one_filesystem_image: {{name: i, datastore: d, path: /srv/shares/media}}
""", encoding="utf-8")
    Role(server, tmp_path)
    run = run_playbook(playbook, inventories=[tmp_path / "inventory.yml"], timeout=300)
    assert run.code == 0, run.output
    assert run.of("one_filesystem_image")["localhost"]["filesystem"]["state"] == "ready"
