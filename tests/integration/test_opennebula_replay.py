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
import xml.etree.ElementTree as ElementTree
import xmlrpc.client
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "simulators" / "opennebula.py"
SCENARIOS = sorted((ROOT / "tests" / "fixtures" / "opennebula").glob("*.json"))
ADMINISTRATOR = "oneadmin:recorded"
PATIENCE = 10

# What differs from run to run.
TIMES = {"REGTIME", "MODTIME", "TIME", "REQ_ID"}
DATE = re.compile(r"^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} : ")


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


def tree(element):
    """An element as (name, text, children), with what is a time masked."""
    content = (element.text or "").strip() if len(element) == 0 else ""
    if element.tag in TIMES:
        content = "a time"
    return element.tag, DATE.sub("a time : ", content), [tree(child) for child in element]


def comparable(response):
    """An answer with its documents as trees."""
    if isinstance(response, dict):
        return response
    value = response[1]
    if isinstance(value, str) and value.startswith("<"):
        value = tree(ElementTree.fromstring(value))
    return [response[0], value, *response[2:]]


def kept(response, like):
    """Of the answer to a question whose recording was trimmed: the sections that were recorded."""
    sections = {child.tag for child in ElementTree.fromstring(like[1])}
    root = ElementTree.fromstring(response[1])
    for child in list(root):
        if child.tag not in sections:
            root.remove(child)
    return [response[0], ElementTree.tostring(root, encoding="unicode"), *response[2:]]


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
            if "trimmed" in step:
                answer = kept(answer, step["response"])
            assert comparable(answer) == comparable(step["response"]), "step %d: %s" % (number, step["method"])


def test_there_are_scenarios():
    assert len(SCENARIOS) >= 8
