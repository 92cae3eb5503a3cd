# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recorded exchange with an AWX 24.6.1, replayed against the simulator started as its users start it."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.awx_replay import ADMINISTRATOR, FIXTURES, Replay

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "simulators" / "awx.py"
PATIENCE = 10
FILES = ("organizations", "credential_types", "credentials", "execution_environments", "projects", "inventories",
         "job_templates", "survey_spec", "launch", "workflow_job_templates", "schedules", "notification_templates")


@contextlib.contextmanager
def running(*arguments):
    """The program on a free port; gives a Replay that asks it."""
    command = [sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--credentials", ADMINISTRATOR, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/") as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            yield Replay(line.split()[-1])
        finally:
            process.terminate()
            assert process.wait(timeout=PATIENCE) == 0, "SIGTERM ends it cleanly"


def cases(name):
    return json.loads((FIXTURES / (name + ".json")).read_text(encoding="utf-8"))["cases"]


# What was done on the recorded server between the recorded requests, in its numbers.
SURVEY = [
    dict(variable="need", type="multiplechoice", required=True, default="a", choices=["a", "b"]),
    dict(variable="n", type="integer", required=False, default=3, min=1, max=9),
    dict(variable="pw", type="password", required=False, default="hush"),
    dict(variable="t", type="text", required=False, min=2, max=5),
    dict(variable="f", type="float", required=False), dict(variable="ms", type="multiselect", required=False, choices=["a", "b"]),
]


def before(replay, file, case):
    """Bring the server to where it was before a case."""
    if (file, case) == ("organizations", "name taken"):
        replay.made("POST", "/api/v2/organizations/", {"name": "virtshare"}, 4)
    elif (file, case) == ("credential_types", "change inputs of a type in use"):
        replay.made("POST", "/api/v2/credentials/", {
            "name": "uses it", "credential_type": 48, "organization": 4, "inputs": {}}, 11)
    elif (file, case) == ("inventories", "the script with hv3 disabled"):
        replay.made("PATCH", "/api/v2/hosts/13/", {"enabled": False})
    elif (file, case) == ("inventories", "the script of slice 1 of 2"):
        replay.made("PATCH", "/api/v2/hosts/13/", {"enabled": True})
    elif (file, case) == ("job_templates", "attach it again"):
        replay.made("POST", "/api/v2/credentials/", {
            "name": "two rec", "credential_type": 48, "organization": 4, "inputs": {"url": "u"}}, 15)
        replay.made("POST", "/api/v2/job_templates/41/credentials/", {"id": 12})
        replay.made("POST", "/api/v2/labels/", {"name": "virtshare", "organization": 4}, 2)
        replay.made("POST", "/api/v2/job_templates/41/labels/", {"id": 2})
    elif (file, case) == ("job_templates", "launch form"):
        replay.made("PATCH", "/api/v2/credential_types/48/", {"kind": "net"})
    elif (file, case) == ("workflow_job_templates", "a loop"):
        replay.made("POST", "/api/v2/workflow_job_template_nodes/4/success_nodes/", {"id": 5})
    elif (file, case) == ("launch", "the form"):
        replay.ask("POST", replay.path("/api/v2/job_templates/41/credentials/"),
                   {"id": replay.here("credentials", 12), "disassociate": True})
        replay.made("PATCH", "/api/v2/job_templates/41/", {"survey_enabled": True, "playbook": "hello.yml"})
        replay.made("POST", "/api/v2/job_templates/41/survey_spec/", {
            "name": "", "description": "", "spec": [{"question_name": "Q", **question} for question in SURVEY]})


@pytest.fixture(scope="module")
def played():
    """(case, recorded, here) of all cases, by file and number: they build on each other."""
    found = {}
    with running() as replay:
        for file in FILES:
            for number, case in enumerate(cases(file)):
                before(replay, file, case["case"])
                recorded = case["response"]
                status, document = replay.play(case["request"], recorded["body"])
                found[file, number] = (case["case"], (recorded["status"], replay.comparable(recorded["body"], True)),
                                       (status, replay.comparable(document, False)))
    return found


@pytest.mark.parametrize("file, number", [(file, number) for file in FILES for number in range(len(cases(file)))])
def test_recorded_case(played, file, number):
    case, recorded, here = played[file, number]
    assert here == recorded, case


RUNS = json.loads((FIXTURES / "runs.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ran():
    """(step, recorded, here) of the three runs of modules, one after the other."""
    found = {}
    with running() as replay:
        for run, steps in RUNS["runs"].items():
            for step in steps:
                answer = RUNS["answers"][step["answer"]]
                status, document = replay.play(step, answer)
                found.setdefault(run, []).append((step["method"] + " " + step["path"],
                                                  (step["status"], replay.comparable(answer, True)),
                                                  (status, replay.comparable(document, False))))
    return found


@pytest.mark.parametrize("run", RUNS["runs"])
def test_recorded_run_of_modules(ran, run):
    assert len(ran[run]) > 80
    for step, recorded, here in ran[run]:
        assert here == recorded, step


def test_every_recorded_file_is_replayed():
    assert {path.stem for path in FIXTURES.glob("*.json")} == {*FILES, "runs"}


def test_what_is_told_of_the_fields_has_every_field_that_is_shown():
    """OPTIONS is answered with what was recorded; an object has those fields, and no other."""
    made: dict[str, dict] = {
        "organizations": {"name": "o"}, "credential_types": {"name": "t", "kind": "net"},
        "labels": {"name": "l", "organization": 1}, "teams": {"name": "t", "organization": 1},
        "inventories": {"name": "i", "organization": 1}, "hosts": {"name": "h", "inventory": 1},
        "groups": {"name": "g", "inventory": 1}, "execution_environments": {"name": "e", "image": "a/b"},
        "credentials": {"name": "c", "organization": 1, "credential_type": 1},
        "inventory_sources": {"name": "s", "inventory": 1, "source": "ec2"}}
    with running() as replay:
        for path, body in made.items():
            status, told = replay.ask("OPTIONS", f"/api/v2/{path}/")
            assert status == 200 and told["actions"]["POST"]
            status, document = replay.ask("POST", f"/api/v2/{path}/", body)
            assert status == 201, document
            assert set(document) == set(told["actions"]["GET"]), path
            assert {field for field, one in told["actions"]["POST"].items() if one["required"]} <= set(body), path


def test_nobody_gets_in_without_the_right_password():
    with running() as replay:
        replay.authorization = "Basic bm9ib2R5Om5vdGhpbmc="
        assert replay.ask("GET", "/api/v2/organizations/") == (401, {"detail": "Invalid username/password."})
        replay.authorization = None
        assert replay.ask("GET", "/api/v2/organizations/")[0] == 401
        assert replay.ask("GET", "/api/v2/ping/")[1]["version"] == "24.6.1"
