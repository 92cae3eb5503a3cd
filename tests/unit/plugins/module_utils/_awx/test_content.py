# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one dictionary to the objects of an AWX: what its rules take, and what would lie is never in it."""

import copy
import json

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._awx import content, found, survey
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

from tests.simulators.awxsim import inputs, messages, recurrence
from tests.simulators.awxsim import survey as rules

SITE = {
    "organization": "racks", "inventory": "kvm", "project": {"url": "https://git.example.org/virtshare.storage"},
    "execution_environment": {"image": "registry.example.org/virtshare-ee:1.0.0"},
    "machine": {"username": "root", "ssh_key_data": "a key"},
    "opennebula": {"url": "https://one.example.org:2633/RPC2", "username": "oneadmin", "password": "one-word"},
    "flexvdi": {"url": "https://flexvdi.example.org", "username": "admin", "password": "flexvdi-word"},
    "schedule": {"time": "04:30", "time_zone": "Europe/Madrid"},
    "notification": {"type": "webhook", "url": "https://hooks.example.org/awx"},
    "teams": {"execute": ["operators"], "approve": ["storage"]},
}


def site(**changed):
    return {key: value for key, value in dict(copy.deepcopy(SITE), **changed).items() if value is not None}


def templates(made):
    return {one["name"]: one for one in made["controller_templates"]}


def test_one_variable_a_kind_of_object():
    made = content.objects(site())
    assert set(made) == {
        "aap_organizations", "aap_teams", "controller_credential_types", "controller_credentials",
        "controller_execution_environments", "controller_inventories", "controller_labels", "controller_notifications",
        "controller_projects", "controller_roles", "controller_schedules", "controller_templates", "controller_workflows"}
    assert all(made.values())
    assert made["aap_organizations"][0]["galaxy_credentials"] == ["Ansible Galaxy"]


@pytest.mark.parametrize("gone, empty", [
    ("schedule", "controller_schedules"), ("notification", "controller_notifications"), ("teams", "aap_teams"),
    ("teams", "controller_roles")])
def test_what_is_not_declared_is_not_made(gone, empty):
    made = content.objects(site(**{gone: None}))
    assert made[empty] == []
    assert all(one["notification_templates_error"] == [] for one in made["controller_templates"] if gone == "notification")


def test_no_job_template_can_be_sliced_or_bent_at_launch():
    for name, one in templates(content.objects(site())).items():
        assert one["job_slice_count"] == 1 and one["allow_simultaneous"] is False
        assert one["become_enabled"] and one["diff_mode"]
        asked = {key for key, value in one.items() if key.startswith("ask_") and value}
        # Only what publishes and proves nothing may run on a part of the hosts.
        assert asked == ({"ask_limit_on_launch"} if name == "virtshare mount" else set()), name
    (workflow,) = content.objects(site())["controller_workflows"]
    assert not any(value for key, value in workflow.items() if key.startswith("ask_"))


def test_what_publishes_has_the_platforms_credentials_and_nothing_else_has():
    used = {name: [one.split("++")[0] for one in made["credentials"]]
            for name, made in templates(content.objects(site())).items()}
    platforms = ["virtshare hypervisors", "virtshare OpenNebula", "virtshare flexVDI"]
    assert used == {"virtshare check": platforms, "virtshare publish": platforms, "virtshare mount": platforms[:1],
                    "virtshare verify": platforms[:1], "virtshare guest proof": platforms[:1]}


def test_names_that_are_looked_up_in_all_organizations_are_named_urls():
    one = templates(content.objects(site(machine={"credential": "ssh of the racks"})))["virtshare publish"]
    assert one["inventory"] == "kvm++racks"
    assert one["credentials"][:2] == ["ssh of the racks++Machine+ssh++racks",
                                      "virtshare OpenNebula++virtshare OpenNebula (racks)+cloud++racks"]
    assert one["notification_templates_error"] == ["virtshare failures++racks"]


def test_the_workflow_goes_from_the_update_over_the_approval_to_the_proof():
    (workflow,) = content.objects(site())["controller_workflows"]
    nodes = workflow["simplified_workflow_nodes"]
    assert [(one["identifier"], one.get("unified_job_template"), one.get("success_nodes")) for one in nodes] == [
        ("update", "virtshare", ["check"]), ("check", "virtshare check", ["approve"]), ("approve", None, ["mount"]),
        ("mount", "virtshare mount", ["publish"]), ("publish", "virtshare publish", ["verify"]),
        ("verify", "virtshare verify", None)]
    assert all(one["lookup_organization"] == "racks" for one in nodes if "unified_job_template" in one)


def test_nobody_starts_by_hand_what_needs_an_approval():
    execute, approve = content.objects(site())["controller_roles"]
    assert execute["job_templates"] == ["virtshare check", "virtshare verify", "virtshare guest proof"]
    assert execute["workflows"] == approve["workflows"] == ["virtshare shares"]
    assert (execute["role"], approve["role"]) == ("execute", "approval")


# -- what AWX's rules say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1])
def test_awx_takes_the_credential_types(number):
    made = content.objects(site())["controller_credential_types"][number]
    checked = inputs.checked_inputs(copy.deepcopy(made["inputs"]))
    assert checked == made["inputs"], "nothing is added, so that a second run finds what the first wrote"
    inputs.checked_injectors(made["injectors"], checked)
    (boolean,) = [one for one in checked["fields"] if one["type"] == "boolean"]
    # What was never filled in is injected as False: that must be the safe side.
    assert boolean["id"] == "insecure"


@pytest.mark.parametrize("given, insecure", [({}, False), ({"validate_certs": True}, False), ({"validate_certs": False}, True)])
def test_a_credential_says_whether_the_certificate_must_verify_the_other_way_round(given, insecure):
    made = content.objects(site(opennebula=dict(SITE["opennebula"], **given)))["controller_credentials"]
    (inputs_of,) = [one["inputs"] for one in made if one["name"] == "virtshare OpenNebula"]
    assert inputs_of["insecure"] is insecure


@pytest.mark.parametrize("notification", [
    SITE["notification"], {"type": "email", "host": "mail.example.org", "sender": "awx@example.org", "recipients": ["a@b.org"]}])
def test_awx_takes_the_notification_and_adds_nothing(notification):
    (made,) = content.objects(site(notification=notification))["controller_notifications"]
    kind, given = made["notification_type"], made["notification_configuration"]
    assert messages.checked_configuration(kind, given, None) == given
    assert messages.merged(messages.checked_messages(made["messages"], kind), {}) == made["messages"]
    text = json.dumps(made["messages"])
    assert "artifacts" not in text and "job_metadata" not in text and "{{ job.id }}" in text


def test_awx_takes_the_rule_of_the_schedule():
    (made,) = content.objects(site())["controller_schedules"]
    assert recurrence.checked(made["rrule"]) == "DTSTART;TZID=Europe/Madrid:20260101T043000 RRULE:FREQ=DAILY;INTERVAL=1"


def test_awx_takes_the_surveys_and_nothing_in_them_needs_an_answer():
    asked = 0
    for one in content.objects(site())["controller_templates"]:
        assert one["survey_enabled"] == bool(one["survey_spec"])
        if one["survey_spec"]:
            kept = rules.saved(one["survey_spec"], None)
            assert kept == one["survey_spec"]
            for question in kept["spec"]:
                asked += 1
                assert rules.problems(question, {}) == []
                assert rules.problems(question, {question["variable"]: question["default"]}) == []
    assert asked == len(survey.DEFAULTS)


@pytest.mark.parametrize("question", [
    {"type": "integer", "default": 3600}, {"type": "integer", "default": -5}, {"type": "float", "default": -0.5},
    {"type": "float", "default": 1e6, "min": 1}, {"type": "text", "default": "x" * 1025}, {"type": "integer", "default": -7, "max": -1},
    {"type": "multiplechoice", "default": "a", "choices": ["a", "b"]}, {"type": "integer", "default": 5, "min": 0, "max": 9}])
def test_awx_takes_every_default_that_is_not_refused(question):
    """As an answer and where none is given: AWX uses a default only when it is within the limits."""
    given = dict({"template": "verify", "variable": "share_proof_timeout", "question": "?"}, **question)
    spec = templates(content.objects(site(survey=[given])))["virtshare verify"]["survey_spec"]
    kept = rules.saved(spec, None)
    assert kept == spec
    (asked,) = kept["spec"]
    assert rules.problems(asked, {"share_proof_timeout": question["default"]}) == []
    assert {key: asked[key] for key in ("min", "max") if key in asked} == {
        key: question[key] for key in ("min", "max") if key in question}


# -- what is refused -----------------------------------------------------------------------------------------------------

QUESTION = {"template": "verify", "variable": "share_proof_timeout", "question": "Seconds?", "type": "integer", "default": 30}


@pytest.mark.parametrize("changed, words", [
    ({"variable": "virtshare_shares"}, "declared in the inventory's variables, never asked"),
    ({"variable": "virtshare_expected_hypervisors"}, "declared in the inventory's variables, never asked"),
    ({"variable": "flexvdi_storage_api_password"}, "comes from a credential"),
    ({"variable": "awx_job_id"}, "not free"), ({"variable": "a b"}, "cannot be the name of a variable"),
    ({"type": "boolean"}, "an integer from 0 to 1"), ({"type": "multiselect"}, "AWX does not pass its default"),
    ({"type": "textarea"}, "arrives as one text"), ({"type": "password"}, "belong in a credential"),
    ({"default": None}, "has no default"), ({"default": "30"}, "'30' does not fit the type integer"),
    ({"min": 40}, "is not between min and max"), ({"min": 9, "max": 3}, "min 9 is above max 3"),
    ({"required": True}, "wants an answer to it even from schedules"), ({"template": "site"}, "'site' is not known; write one of check"),
    ({"type": "multiplechoice", "default": "a", "choices": ["b"]}, "'a' is not among the choices"),
    ({"type": "multiplechoice", "default": "a", "choices": []}, "write a list of texts"),
])
def test_a_question_that_could_lie_is_refused(changed, words):
    with pytest.raises(Refusal) as refusal:
        content.objects(site(survey=[dict(QUESTION, **changed)]))
    assert words in str(refusal.value) and "survey[0]" in str(refusal.value)


def test_a_question_twice():
    with pytest.raises(Refusal, match="asked twice"):
        content.objects(site(survey=[QUESTION, QUESTION]))


@pytest.mark.parametrize("changed, words", [
    ({"organization": None}, "organization is missing"), ({"project": {}}, "project.url is missing"),
    ({"machine": {"ssh_key_data": "x"}}, "username and ssh_key_data"),
    ({"machine": {"credential": "a", "password": "b"}}, "take ssh_key_data and password away"),
    ({"organization": "a+b"}, "'a+b' has a character that AWX's named URLs cannot hold"),
    ({"teams": {"approve": ["a/b"]}}, "teams.approve: 'a/b'"),
    ({"schedule": {"time": 270, "time_zone": "Europe/Madrid"}}, 'write it in quotes, such as "04:30"'),
    ({"schedule": {"time": "25:00", "time_zone": "Europe/Madrid"}}, "is not a time of day"),
    ({"schedule": {"time": "04:30"}}, "write one such as Europe/Madrid"),
    ({"schedule": {"time": "04:30", "time_zone": "UTC", "start": "soon"}}, "write it as 2026-12-01"),
    ({"schedule": {"time": "04:30", "time_zone": "Europe/Madird"}}, "'Europe/Madird' is not a time zone; write Europe/Madrid"),
    ({"project": {"url": "https://git.example.org/x", "playbooks": {"verfy": "playbooks/site.yml"}}},
     "project.playbooks: 'verfy' is not known; write verify"),
    ({"project": {"url": "https://git.example.org/x", "playbooks": {"site": "playbooks/site.yml"}}},
     "'site' is not known; write one of check, guest_proof, mount, publish, verify"),
    ({"project": {"url": "https://git.example.org/x", "playbooks": {"verify": ["a.yml"]}}}, "is not the name of a file"),
    ({"project": {"url": "https://robot:word@git.example.org/x"}}, "project.url: there is a password in it"),
    ({"notification": {"type": "slack"}}, "neither webhook nor email"),
    ({"notification": {"type": "email", "host": "m"}}, "notification.sender is missing"),
    ({"opennebula": {"url": "https://one"}}, "opennebula.password is missing"),
])
def test_what_is_wrong_is_named_with_the_way_out(changed, words):
    with pytest.raises(Refusal) as refusal:
        content.objects(site(**changed))
    assert words in str(refusal.value)


def test_a_password_in_an_address_is_not_repeated_and_an_address_without_one_is_taken():
    with pytest.raises(Refusal) as refusal:
        content.objects(site(project={"url": "https://robot:hush@git.example.org/x"}))
    assert "hush" not in str(refusal.value)
    for url in ("git@git.example.org:x/y.git", "ssh://git@git.example.org:2222/x", "https://robot@git.example.org:8443/x@y",
                "https://git.example.org:8443/x@y"):
        assert content.objects(site(project={"url": url}))["controller_projects"][0]["scm_url"] == url


@pytest.mark.parametrize("known, zone, refused", [
    ({"Europe/Madrid", "US/Eastern"}, "Mars/Phobos", True), ({"Europe/Madrid"}, "US/Pacific", False), (set(), "Europe/Madird", False),
    ({"Europe/Madrid"}, "Europe/Madird", True), ({"Europe/Madrid", "US/Eastern"}, "Europe/Madrid", False)])
def test_a_time_zone_is_refused_where_it_can_be_known(monkeypatch, known, zone, refused):
    monkeypatch.setattr(content.zoneinfo, "available_timezones", lambda: known)
    assert bool(list(content._bad_zone(zone))) is refused


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(Refusal) as refusal:
        content.objects({"machine": {}, "schedule": {"time": "x"}})
    assert str(refusal.value).count(";") >= 5


# -- what is there -------------------------------------------------------------------------------------------------------


def there(description, **more):
    return [dict({"name": "virtshare check", "description": description}, **more)]


def test_what_others_made_is_neither_changed_nor_taken_away():
    for description in ("", "ours", None):
        judged = found.judged({"job_templates": there(description)}, site())
        assert "job template virtshare check already that this role did not make" in judged["problems"][0]
        assert judged["ours"] == {}
    judged = found.judged({"job_templates": there(content.MARK + " Predicts.")}, site())
    assert judged["problems"] == [] and judged["ours"] == {"job_templates": ["virtshare check"]}


def test_an_organization_of_others_needs_its_galaxy_credential():
    organization = [{"name": "racks", "description": "Ours"}]
    judged = found.judged({"organizations": organization, "galaxy_credentials": []}, site())
    assert "installs no collection" in judged["problems"][0] and "attach Ansible Galaxy to it" in judged["problems"][0]
    assert found.judged({"organizations": organization, "galaxy_credentials": [{"id": 2}]}, site())["problems"] == []


def test_a_smart_inventory_is_refused():
    judged = found.judged({"inventories": [{"name": "kvm", "description": "", "kind": "smart"}]}, site())
    assert "the inventory kvm is a smart one" in judged["problems"][0]


def test_an_inventory_that_holds_hosts_stays():
    inventory = {"name": "kvm", "description": content.MARK, "total_hosts": 0, "total_groups": 0, "total_inventory_sources": 0}
    assert found.removable({"inventories": [inventory]}, site()) == {"inventories": ["kvm"]}
    for field in ("total_hosts", "total_groups", "total_inventory_sources"):
        assert found.removable({"inventories": [dict(inventory, **{field: 1})]}, site()) == {}


def test_labels_go_with_the_templates_unless_jobs_have_them():
    template = {"id": 7, "name": "virtshare verify", "description": content.MARK, "summary_fields": {"recent_jobs": []}}
    assert found.removable({"job_templates": [template]}, site())["labels"] == ["virtshare"]
    ran = dict(template, summary_fields={"recent_jobs": [{"id": 1}]})
    assert "labels" not in found.removable({"job_templates": [ran]}, site())
    assert "labels" not in found.removable({"job_templates": [dict(template, description="")]}, site())


def test_a_node_that_somebody_deleted_is_missing_where_nodes_were_looked_up():
    nodes = [{"identifier": name} for name in content.PATH if name != "approve"]
    assert found.judged({"workflow_nodes": nodes}, site())["missing"]["workflow_nodes"] == ["approve"]
    assert "workflow_nodes" not in found.judged({}, site())["missing"]


def test_what_is_missing_is_told_by_name():
    missing = found.judged({}, site(flexvdi=None))["missing"]
    assert missing["organizations"] == ["racks"] and missing["teams"] == ["operators", "storage"]
    assert missing["credential_types"] == ["virtshare OpenNebula (racks)"]


# -- what is no longer declared ------------------------------------------------------------------------------------------


def dropped(found_there, **changed):
    return found.judged(found_there, site(**changed))["dropped"]


def test_a_schedule_is_dropped_only_where_none_is_declared_and_it_is_that_of_our_proof():
    def seen(**more):
        return {"job_templates": [{"id": 7, "name": "virtshare verify", "description": content.MARK}],
                "schedules": [dict({"id": 3, "name": "virtshare nightly proof", "description": content.MARK,
                                    "unified_job_template": 7}, **more)]}
    assert dropped(seen(), schedule=None)["schedules"] == ["3"]
    assert dropped(seen())["schedules"] == []
    assert dropped(seen(unified_job_template=8), schedule=None)["schedules"] == []
    assert dropped(seen(description="ours"), schedule=None)["schedules"] == []


def test_the_rights_that_the_role_gave_are_known_by_the_workflow():
    (workflow,) = content.objects(site(teams={"execute": ["a b.c", "May approve: d"], "approve": ["storage"]}))["controller_workflows"]
    there_now = {"workflow_job_templates": [{"name": workflow["name"], "description": workflow["description"]}]}
    assert dropped(there_now, teams={"execute": ["May approve: d"], "approve": ["storage", "more"]})["roles"] == [
        {"teams": ["a b.c"], "role": "execute", "workflows": ["virtshare shares"], "lookup_organization": "racks",
         "job_templates": ["virtshare check", "virtshare verify", "virtshare guest proof"]}]
    assert [one["teams"] for one in dropped(there_now, teams=None)["roles"]] == [["a b.c", "May approve: d"], ["storage"]]
    assert dropped(there_now, teams={"execute": ["May approve: d", "a b.c"], "approve": ["storage"]})["roles"] == []
    (bare,) = content.objects(site(teams=None))["controller_workflows"]
    assert dropped({"workflow_job_templates": [dict(bare, id=1)]}, teams=None)["roles"] == []


@pytest.mark.parametrize("kind, name, option", [
    ("projects", "virtshare", "project"), ("execution_environments", "virtshare (racks)", "execution_environment")])
def test_a_credential_is_dropped_where_none_is_declared(kind, name, option):
    one = {"name": name, "description": content.MARK, "credential": 5, "url": "/api/v2/x/1/",
           "summary_fields": {"credential": {"name": "git"}}}
    (gone,) = dropped({kind: [one]})["credentials"]
    assert (gone["name"], gone["credential"], gone["url"]) == (name, "git", "/api/v2/x/1/")
    assert dropped({kind: [one]}, **{option: dict(SITE[option], credential="git")})["credentials"] == []
    assert dropped({kind: [dict(one, credential=None)]})["credentials"] == []
    assert dropped({kind: [dict(one, description="")]})["credentials"] == []


def test_a_label_that_is_not_there_is_missing():
    """Else a run in check mode would look for one that it did not make."""
    assert found.judged({"labels": [{"name": "virtshare"}]}, site(labels=["virtshare", "racks"]))["missing"]["labels"] == ["racks"]
