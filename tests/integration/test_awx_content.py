# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role awx_content and playbooks/awx.yml: awx.awx's real modules against the simulated AWX."""

import copy
import json
import os
import pathlib

import pytest
import yaml
from ansible_collections.virtshare.storage.plugins.module_utils._awx import content

from tests.simulators.flexsim.command import self_signed
from tests.support.awx import awx
from tests.support.awx_job import inject
from tests.unit.plugins.module_utils._awx.test_content import SITE

pytestmark = pytest.mark.slow

PLAYBOOK = "playbooks/awx.yml"
PLAYBOOKS = sorted(content.PLAYBOOKS.values())
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90aGluZw==\n-----END OPENSSH PRIVATE KEY-----\n"
MADE = {
    "organization": ["Default", "racks"], "label": ["virtshare"], "inventory": ["kvm"], "project": ["virtshare"],
    "credential_type": ["virtshare OpenNebula (racks)", "virtshare flexVDI (racks)"], "team": ["operators", "storage"],
    "credential": ["Demo Credential", "virtshare OpenNebula", "virtshare flexVDI", "virtshare hypervisors"],
    "execution_environment": ["AWX EE (latest)", "virtshare (racks)"], "notification_template": ["virtshare failures"],
    "job_template": ["virtshare check", "virtshare guest proof", "virtshare mount", "virtshare publish", "virtshare verify"],
    "workflow_job_template": ["virtshare shares"], "schedule": ["virtshare nightly proof"],
    "workflow_job_template_node": ["approve", "check", "mount", "publish", "update", "verify"]}
NEW = {"organization": ["Default"], "credential": ["Demo Credential"], "execution_environment": ["AWX EE (latest)"]}


def given(tmp_path, **changed):
    site = {key: value for key, value in dict(copy.deepcopy(SITE), **changed).items() if value is not None}
    if "ssh_key_data" in site["machine"]:
        site["machine"]["ssh_key_data"] = KEY
    path = tmp_path / "site.json"
    path.write_text(json.dumps({"awx_content_site": site}), encoding="utf-8")
    return ["--extra-vars", f"@{path}"]


def there(controller):
    return {kind: names for kind in MADE for names in [controller.names(kind)] if names}


def writes(requests):
    return [one for one in requests if not one.startswith("GET ") and "/tokens/" not in one]


@pytest.fixture(name="controller")
def simulated():
    with awx(playbooks=PLAYBOOKS) as running:
        yield running


@pytest.mark.release
def test_predicted_made_left_alone_taken_away(controller, tmp_path):
    site = given(tmp_path)
    predicted, requests = controller.run(PLAYBOOK, *site, "--check")
    assert predicted.code == 0, predicted.output
    assert writes(requests) == [] and there(controller) == NEW
    assert len(predicted.changes) == 1 and "virtshare guest proof" in predicted.output
    look = len(requests)

    made, requests = controller.run(PLAYBOOK, *site, "--diff", "-v")
    assert made.code == 0, made.output
    assert there(controller) == MADE
    for secret in ("one-word", "flexvdi-word", "bm90aGluZw"):
        assert secret not in made.output and secret not in json.dumps(made.results)
    first = len(requests)

    again, requests = controller.run(PLAYBOOK, *site)
    assert again.code == 0 and again.changes == set() and writes(requests) == [], again.output
    second = len(requests)
    page = pathlib.Path("roles/awx_content/README.md").read_text(encoding="utf-8")
    assert f"it takes {second} requests, the first {first};" in " ".join(page.split())
    # One login: the module that makes the token has one of its own.
    assert [one.split(" ")[0] for one in requests if "/tokens/" in one] == ["POST", "POST", "DELETE", "DELETE"]

    predicted, requests = controller.run(PLAYBOOK, *site, "--check")
    assert predicted.code == 0 and predicted.changes == set() and writes(requests) == [], predicted.output
    assert f"Check mode takes {len(requests)}, or {look} as long" in " ".join(page.split())
    # Somebody has taken the approval out.
    (approve,) = controller.world.all("workflow_job_template_node", identifier="approve")
    controller.world.remove(approve)
    predicted, requests = controller.run(PLAYBOOK, *site, "--check")
    assert predicted.code == 0 and writes(requests) == [] and len(predicted.changes) == 1, predicted.output
    made, _requests = controller.run(PLAYBOOK, *site)
    assert made.code == 0, made.output

    linked = {one.get("identifier"): [controller.world.one(one.kind, number).get("identifier")
                                      for number in one.linked("success_nodes")]
              for one in controller.world.all("workflow_job_template_node")}
    assert linked == {"update": ["check"], "check": ["approve"], "approve": ["mount"], "mount": ["publish"],
                      "publish": ["verify"], "verify": []}
    (organization,) = controller.world.all("organization", name="racks")
    assert len(organization.linked("galaxy_credentials")) == 1

    gone, requests = controller.run(PLAYBOOK, *site, "-e", "awx_content_state=absent")
    assert gone.code == 0, gone.output
    assert there(controller) == NEW


def teams_of(world, kind, field):
    """{name of an object: the teams that have a role of it}."""
    return {one.get("name"): sorted(world.one("team", number).get("name") for number in one.hidden["roles"][field].linked("teams"))
            for one in world.all(kind)}


@pytest.mark.release
def test_what_is_taken_out_of_the_dictionary_is_taken_away(controller, tmp_path):
    """And a run in check mode says so, and what it says of a label and of the organization is what a run does."""
    world = controller.world
    racks = world.add_default("organization", name="racks", description=content.MARK)
    racks.linked("galaxy_credentials").append(2)
    (scm,), (registry,) = (world.all("credential_type", kind=kind) for kind in ("scm", "registry"))
    world.add_default("credential", name="git", organization=racks.id, credential_type=scm.id, inputs={})
    world.add_default("credential", name="pull", organization=racks.id, credential_type=registry.id, inputs={})
    whole = given(tmp_path, flexvdi=None, project={"url": "https://git.example.org/virtshare.storage", "credential": "git"},
                  execution_environment={"image": "registry.example.org/virtshare-ee:1.0.0", "credential": "pull"},
                  teams={"execute": ["operators", "night"], "approve": ["storage", "operators"]})
    made, _requests = controller.run(PLAYBOOK, *whole)
    assert made.code == 0, made.output
    # Somebody has let one more team prove.
    (guests,) = [world.add_default("team", name="guests", organization=racks.id)]
    (verify,) = world.all("job_template", name="virtshare verify")
    verify.hidden["roles"]["execute_role"].linked("teams").append(guests.id)

    less = given(tmp_path, flexvdi=None, schedule=None, teams={"execute": ["operators"]}, labels=["virtshare", "racks"])
    predicted, requests = controller.run(PLAYBOOK, *less, "--check")
    assert predicted.code == 0 and writes(requests) == [], predicted.output
    assert "racks" in predicted.output and len(predicted.changes) == 1

    less = given(tmp_path, flexvdi=None, schedule=None, teams={"execute": ["operators"]})
    predicted, requests = controller.run(PLAYBOOK, *less, "--check")
    assert predicted.code == 0 and writes(requests) == [], predicted.output
    done, _requests = controller.run(PLAYBOOK, *less, "-v")
    assert done.code == 0, done.output
    assert len(done.changes) == len(predicted.changes) == 4, (done.changes, predicted.changes)
    assert controller.names("schedule") == []
    assert [one.get("credential") for kind in ("project", "execution_environment") for one in world.all(kind, organization=racks.id)
            ] == [None, None]
    assert teams_of(world, "workflow_job_template", "approval_role") == {"virtshare shares": []}
    assert teams_of(world, "workflow_job_template", "execute_role") == {"virtshare shares": ["operators"]}
    assert teams_of(world, "job_template", "execute_role") == {
        "virtshare check": ["operators"], "virtshare verify": ["guests", "operators"], "virtshare guest proof": ["operators"],
        "virtshare mount": [], "virtshare publish": []}
    again, requests = controller.run(PLAYBOOK, *less)
    assert again.code == 0 and again.changes == set() and writes(requests) == [], again.output

    world.add_default("project", name="other", organization=racks.id)
    predicted, _requests = controller.run(PLAYBOOK, *less, "-e", "awx_content_state=absent", "--check")
    gone, _requests = controller.run(PLAYBOOK, *less, "-e", "awx_content_state=absent")
    assert (predicted.code, gone.code) == (0, 0) and predicted.changes == gone.changes
    assert controller.names("organization") == ["Default", "racks"]
    for arguments in (["--check"], []):
        left, requests = controller.run(PLAYBOOK, *less, "-e", "awx_content_state=absent", *arguments)
        assert left.code == 0 and left.changes == set() and writes(requests) == [], left.output


@pytest.mark.release
def test_what_others_made_stays(controller, tmp_path):
    """An organization, an inventory, a team and a credential that are there are used, and are there afterwards."""
    world = controller.world
    racks = world.add_default("organization", name="racks", description="Ours")
    racks.linked("galaxy_credentials").append(2)
    world.add_default("inventory", name="kvm", description="", organization=racks.id)
    world.add_default("team", name="operators", description="", organization=racks.id)
    world.add_default("credential", name="ssh of the racks", organization=racks.id, credential_type=1, inputs={})
    # What bears the same names elsewhere is not meant.
    other = world.add_default("organization", name="other")
    world.add_default("inventory", name="kvm", organization=other.id)
    world.add_default("team", name="operators", organization=other.id)
    before = there(controller)
    site = given(tmp_path, machine={"credential": "ssh of the racks"}, flexvdi=None, notification=None, schedule=None)
    made, _requests = controller.run(PLAYBOOK, *site)
    assert made.code == 0, made.output
    assert racks.get("description") == "Ours"
    assert [one.get("organization") for one in world.all("inventory")] == [racks.id, other.id]
    again, requests = controller.run(PLAYBOOK, *site, "--check")
    assert again.code == 0 and again.changes == set() and writes(requests) == [], again.output
    gone, _requests = controller.run(PLAYBOOK, *site, "-e", "awx_content_state=absent")
    assert gone.code == 0, gone.output
    assert there(controller) == before


def test_nothing_is_changed_where_something_speaks_against_it(controller, tmp_path):
    world = controller.world
    racks = world.add_default("organization", name="racks")
    world.add_default("inventory", name="kvm", organization=racks.id, kind="smart", host_filter="name=hv1")
    world.add_default("notification_template", name="virtshare failures", organization=racks.id, notification_type="webhook",
                      notification_configuration={"password": ""})
    run, requests = controller.run(PLAYBOOK, *given(tmp_path))
    assert run.code != 0 and writes(requests) == []
    said = run.failure_text()
    assert "Nothing was changed in AWX" in said and "has no Galaxy credential" in said
    assert "the inventory kvm is a smart one" in said and "notification template virtshare failures already" in said


@pytest.mark.parametrize("variable", ["CONTROLLER_VERIFY_SSL", "TOWER_VERIFY_SSL"])
def test_the_certificate_of_awx_must_verify_unless_the_environment_says_otherwise(tmp_path, variable):
    with self_signed("127.0.0.1") as certificate, awx(playbooks=PLAYBOOKS, certificate=certificate) as controller:
        refused, requests = controller.run(PLAYBOOK, *given(tmp_path), "--check", environment={variable: "true"})
        assert refused.code != 0 and requests == []
        predicted, requests = controller.run(PLAYBOOK, *given(tmp_path), "--check", environment={variable: "false"})
        assert predicted.code == 0 and len(predicted.changes) == 1 and requests, predicted.output


def test_a_wrong_dictionary_is_refused_before_anything_is_changed(controller, tmp_path):
    wrong = [{"template": "verify", "variable": "virtshare_shares", "question": "Shares?", "type": "text", "default": "x"}]
    run, requests = controller.run(PLAYBOOK, *given(tmp_path, survey=wrong))
    assert run.code != 0 and writes(requests) == []
    assert "declared in the inventory's variables, never asked" in run.output


# -- credentials, by AWX's own code --------------------------------------------------------------------------------------


def injected(platform, values, tmp_path):
    """(environment, extra variables) of a job with this credential."""
    made = next(one for one in content.objects(SITE)["controller_credential_types"] if platform in one["name"])
    (tmp_path / "env").mkdir()
    environment, arguments = {}, []
    inject(made, values, environment, arguments, tmp_path)
    (variables,) = [one[1:] for one in arguments if one.startswith("@")]
    path = pathlib.Path(variables.replace("/runner", str(tmp_path)))
    assert not os.stat(path).st_mode & 0o077
    return environment, yaml.safe_load(path.read_text(encoding="utf-8").replace("!unsafe ", ""))


LOGIN = {"url": "https://one.example.org", "username": "oneadmin", "password": "one-word"}


def test_a_credential_without_a_certificate_verifies_with_those_of_the_system(tmp_path):
    environment, variables = injected("OpenNebula", LOGIN, tmp_path)
    assert environment == {"ONE_XMLRPC": LOGIN["url"], "ONE_USERNAME": "oneadmin", "ONE_PASSWORD": "one-word"}
    assert variables == {"opennebula_storage_ca_path": "", "opennebula_storage_validate_certs": "true"}


def test_a_certificate_is_a_file_and_insecure_is_said(tmp_path):
    environment, variables = injected("flexVDI", dict(LOGIN, ca="A CERTIFICATE", insecure=True), tmp_path)
    assert environment["FLEXVDI_URL"] == LOGIN["url"] and environment["FLEXVDI_PASSWORD"] == "one-word"
    assert variables["flexvdi_storage_validate_certs"] == "false" and variables["flexvdi_storage_api_version"] == "3.1"
    path = variables["flexvdi_storage_ca_path"].replace("/runner", str(tmp_path))
    assert pathlib.Path(path).read_text(encoding="utf-8") == "A CERTIFICATE"
