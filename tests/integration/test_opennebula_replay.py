# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recorded scenario, replayed against the simulator started as its users start it."""

import contextlib
import json
import re
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "simulators" / "opennebula.py"
SCENARIOS = sorted((ROOT / "tests" / "fixtures" / "opennebula").glob("*.json"))
ADMINISTRATOR = "oneadmin:recorded"
PATIENCE = 10

# What differs from run to run: times, and the number of a request that took a lock.
TIMES = re.compile(r"<(REGTIME|MODTIME|TIME|REQ_ID)>\d+<")
DATE = re.compile(r"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} : ")


@contextlib.contextmanager
def running(scenario):
    """The program with the scenario's paths, on a free port; gives its address."""
    command = [sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--credentials", ADMINISTRATOR]
    for path in scenario["directories"]:
        command += ["--directory", path]
    for path in scenario["files"]:
        command += ["--file", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/") as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            yield line.split()[-1]
        finally:
            process.terminate()
            assert process.wait(timeout=PATIENCE) == 0, "SIGTERM ends it cleanly"


def comparable(response):
    """An answer with its times masked. The rest must be equal to the letter: order of elements, CDATA, no blanks."""
    if isinstance(response, dict) or not isinstance(response[1], str):
        return response
    return [response[0], DATE.sub("[a time : ", TIMES.sub(r"<\1>a time<", response[1])), *response[2:]]


def sections(response, kept):
    """An answer whose recording was trimmed, and so written anew: the trees of the sections that were kept."""
    children = [child for child in ElementTree.fromstring(response[1]) if child.tag in kept]
    return [response[0], [_tree(child) for child in children], *response[2:]]


def _tree(element):
    return element.tag, (element.text or "").strip(), [_tree(child) for child in element]


class Replay:
    """Plays steps; sessions of users made on the way are remembered."""

    def __init__(self, url):
        self._server = xmlrpc.client.ServerProxy(url)
        self._sessions = {None: ADMINISTRATOR, "nobody": "nobody:nothing"}

    def ask(self, step):
        try:
            answer = getattr(self._server, step["method"])(self._sessions[step.get("as")], *step["args"])
        except xmlrpc.client.Fault as fault:
            return {"fault": [fault.faultCode, fault.faultString]}
        if step["method"] == "one.user.allocate" and answer[0]:
            self._sessions[step["args"][0]] = "%s:%s" % tuple(step["args"][:2])
        return answer

    def answer(self, step):
        """The answer, or where the recording waited for one, the first that fits."""
        deadline = time.monotonic() + PATIENCE
        answer = self.ask(step)
        while "until" in step and not re.search(step["until"], answer[1]):
            assert time.monotonic() < deadline, "no answer matched %s" % step["until"]
            time.sleep(0.02)
            answer = self.ask(step)
        return answer


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_recorded_scenario(path):
    scenario = json.loads(path.read_text(encoding="utf-8"))
    with running(scenario) as url:
        replay = Replay(url)
        for number, step in enumerate(scenario["steps"], start=1):
            answer = replay.answer(step)
            recorded = step["response"]
            if "trimmed" in step:
                kept = {child.tag for child in ElementTree.fromstring(recorded[1])}
                answer, recorded = sections(answer, kept), sections(recorded, kept)
            assert comparable(answer) == comparable(recorded), "step %d: %s" % (number, step["method"])


def test_there_are_scenarios():
    assert len(SCENARIOS) >= 8
