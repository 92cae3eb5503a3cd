# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recorded scenario, replayed against the simulator started as its users start it."""

import contextlib
import json
import re
import signal
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
TIMES = re.compile(r"<(REGTIME|MODTIME|TIME|TIMESTAMP|REQ_ID)>\d+<")
# A record for each time that a host was looked at, equal but for their times.
PROBES = re.compile(r"(<MONITORING><TIMESTAMP>a time<.*?</MONITORING>)\1+")
DATE = re.compile(r"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} : ")
# What differs from server to server: random secrets, and what is encrypted with a key of the installation.
RANDOM = re.compile(r"(<TOKEN_PASSWORD><!\[CDATA\[)[0-9a-f]{63,64}\]")
CIPHERTEXT = re.compile(
    r"(<(?:RESTIC_PASSWORD|NETAPP_PASS|PUREFA_API_TOKEN)><!\[CDATA\[)(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2,3}={1,2}\]"
)
# What stands between two steps in a note; the rest of the notes describe, and ask for nothing.
CRASH = "after a kill -9"
DATASTORE = ("TYPE=IMAGE_DS\nDS_MAD=virtiofs\nTM_MAD=local\nDISK_TYPE=FILESYSTEM\n"
             "SAFE_DIRS=/srv/shares\nRESTRICTED_DIRS=/\n")
IMAGE = "TYPE=FILESYSTEM\nPATH=/srv/shares/projects/web\nMOUNT_TAG=web\nMOUNT_POINT=/srv/web\n"
MACHINE = 'CPU=0.4\nVCPU=1\nMEMORY=256\nDISK=[IMAGE_ID="0"]\n'
# Calls that a recording does not show: (scenario, number of the step they come before): [step, ...].
UNRECORDED: dict[tuple[str, int], list[dict]] = {
    # The first of the three directories was registered while the second was looked through.
    ("images-after-a-crash", 11): [{"method": "one.image.info", "args": [4], "until": "<STATE>1<"}],
    # This one begins with a directory that two machines use, one of them running on the fifth host.
    ("running-vm-limits", 1): [
        {"method": "one.datastore.allocate", "args": ['NAME="projects"\n' + DATASTORE, -1]},
        {"method": "one.image.allocate", "args": ['NAME="web"\n' + IMAGE, 100]},
        {"method": "one.image.info", "args": [0], "until": "<STATE>1<"},
        *({"method": "one.host.allocate", "args": [name, "kvm", "qemu", -1]}
          for name in ("hv-a", "hv-b", "hv-c", "hv-d", "hv1", "hv2")),
        {"method": "one.vm.allocate", "args": ['NAME="web1-0"\n' + MACHINE]},
        {"method": "one.vm.allocate", "args": ['NAME="web2-1"\n' + MACHINE, True]},
        {"method": "one.vm.deploy", "args": [0, 4, False, 0, ""]},
        {"method": "one.vm.info", "args": [0], "until": "<LCM_STATE>3<"},
    ],
}
# Seconds between two probes of a host where the recording has a monitoring.
PROBED = dict.fromkeys(("host-lifecycle", "host-rights", "hostpool"), 0.3)
# Seconds until a driver answers: a crash has to come before that.
SLOW = {"images-after-a-crash": 1}


@contextlib.contextmanager
def running(scenario, delay=0.25, period=0):
    """The program with the scenario's paths, on a free port; gives its address, and what crashes it."""
    command = [sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--credentials", ADMINISTRATOR]
    command += ["--image-delay", str(delay), "--monitor-period", str(period)]
    for path in scenario["directories"]:
        command += ["--directory", path]
    for path in scenario["files"]:
        command += ["--file", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/") as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            yield line.split()[-1], lambda: process.send_signal(signal.SIGUSR1)
        finally:
            process.terminate()
            assert process.wait(timeout=PATIENCE) == 0, "SIGTERM ends it cleanly"


def comparable(response):
    """An answer with its times masked. The rest must be equal to the letter: order of elements, CDATA, no blanks."""
    if isinstance(response, dict) or not isinstance(response[1], str):
        return response
    body = PROBES.sub(r"\1", DATE.sub("[a time : ", TIMES.sub(r"<\1>a time<", response[1])))
    return [response[0], CIPHERTEXT.sub(r"\1ciphertext]", RANDOM.sub(r"\1random]", body)), *response[2:]]


def sections(response, kept):
    """An answer whose recording was trimmed, and so rewritten: the trees of the sections that were kept."""
    children = [child for child in ElementTree.fromstring(response[1]) if child.tag in kept]
    return [response[0], [_tree(child) for child in children], *response[2:]]


def machines(response):
    """What the collection reads of each virtual machine in an answer; a recording holds hypervisors' figures too."""
    root = ElementTree.fromstring(response[1])
    found = []
    for machine in [root] if root.tag == "VM" else root.findall("VM"):
        disks = [[disk.findtext(name) for name in ("IMAGE_ID", "SOURCE", "MOUNT_TAG", "READONLY")]
                 for disk in machine.findall("TEMPLATE/DISK")]
        hosts = [record.findtext("HOSTNAME") for record in machine.findall("HISTORY_RECORDS/HISTORY")]
        found.append([machine.findtext(name) for name in ("ID", "NAME", "STATE", "LCM_STATE", "UNAME")]
                     + [disks, hosts[-1:]])
    return [response[0], found, *response[2:]]


def _tree(element):
    return element.tag, (element.text or "").strip(), [_tree(child) for child in element]


def both(answer, step):
    """What is compared of an answer and of the one that was recorded."""
    recorded = step["response"]
    if "trimmed" in step:
        kept = {child.tag for child in ElementTree.fromstring(recorded[1])}
        return sections(answer, kept), sections(recorded, kept)
    if step["method"].startswith(("one.vm.info", "one.vmpool.info")) and answer[0] is recorded[0] is True:
        return machines(answer), machines(recorded)
    return comparable(answer), comparable(recorded)


class Replay:
    """Plays steps; sessions of users made on the way are remembered."""

    def __init__(self, url, crash):
        self._server = xmlrpc.client.ServerProxy(url)
        self._crash = crash
        self._sessions = {None: ADMINISTRATOR, "nobody": "nobody:nothing"}

    def ask(self, step):
        try:
            answer = getattr(self._server, step["method"])(self._sessions[step.get("as")], *step["args"])
        except xmlrpc.client.Fault as fault:
            return {"fault": [fault.faultCode, fault.faultString]}
        if step["method"] == "one.user.allocate" and answer[0]:
            self._sessions[step["args"][0]] = "%s:%s" % tuple(step["args"][:2])
        return answer

    def wait(self, step):
        deadline = time.monotonic() + PATIENCE
        while not re.search(step.get("until", ""), str(self.ask(step)[1])):
            assert time.monotonic() < deadline, "no answer matched %s" % step["until"]
            time.sleep(0.02)

    def play(self, step):
        """(answer, recorded answer), comparable. Whoever recorded waited before some of the reading calls: where
        the answer is another one, they are asked again until a driver must have done what it had to.
        """
        if step.get("note", "").startswith(CRASH):
            self._crash()
        deadline = time.monotonic() + PATIENCE
        answer, recorded = both(self.ask(step), step)
        while answer != recorded and step["method"].endswith((".info", ".monitoring")) and time.monotonic() < deadline:
            time.sleep(0.02)
            answer, recorded = both(self.ask(step), step)
        return answer, recorded


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_recorded_scenario(path):
    scenario = json.loads(path.read_text(encoding="utf-8"))
    with running(scenario, SLOW.get(path.stem, 0.25), PROBED.get(path.stem, 0)) as (url, crash):
        replay = Replay(url, crash)
        for number, step in enumerate(scenario["steps"], start=1):
            for unrecorded in UNRECORDED.get((path.stem, number), ()):
                replay.wait(unrecorded)
            answer, recorded = replay.play(step)
            assert answer == recorded, "step %d: %s" % (number, step["method"])


def test_there_are_scenarios():
    assert len(SCENARIOS) >= 21
