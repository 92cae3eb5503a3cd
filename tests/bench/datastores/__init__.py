# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""50 datastores and 50 filesystem images in OpenNebula: two calls of ours against three ways users go.

All on one simulated server (tests/simulators), taken in turns: each side begins with none of them there, runs twice,
and must leave what the others leave; its second run must change nothing.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import statistics
import sys
import tempfile
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.bench.playbooks import Timed, timed
from tests.bench.results import BenchFailed, Row
from tests.bench.sides import measure as measure_sides
from tests.support.endpoint import PASSWORD, USER, Endpoint

HERE = Path(__file__).resolve().parent
OURS = "ours"
# side -> (its playbook, how many times faster ours has to be on a converged run)
THEIRS = {
    "per-item": ("per_item.yml", 20),
    "command-loop": ("command_loop.yml", 20),
    "list-once": ("list_once.yml", None),
}
ROWS = tuple(f"datastores-{phase}-vs-{side}" for phase in ("converged", "first") for side in THEIRS)
ITEMS = 50
SHARES = "/srv/shares"
SETTLING = 60  # seconds the server may take to register or delete what it was told to

# What the server adds by itself and what differs from one creation to the next.
_OWN = ("ID", "REGTIME", "MODTIME", "DATASTORE_ID", "BASE_PATH", "IMAGES", "LOCK")


@dataclass
class Outcome:
    """One side's two runs, with the calls each made to the server, and what the server holds after them."""

    first: Timed
    second: Timed
    first_calls: int
    second_calls: int
    state: dict


def measure(runs: int, _asked=ROWS, items: int = ITEMS) -> list[Row]:
    """The rows; BenchFailed when a side leaves something else than ours, or its second run changes something."""
    with tempfile.TemporaryDirectory(prefix="virtshare-bench-") as directory:
        server = Server(Path(directory), items)
        try:
            outcomes = measure_sides([OURS, *THEIRS], runs, server.measure)
        finally:
            server.stop()
    for side in THEIRS:
        for outcome in outcomes[side]:
            require_same(outcomes[OURS][0].state, outcome.state, side)
    return rows(outcomes)


def rows(outcomes: dict[str, list[Outcome]]) -> list[Row]:
    found = []
    for phase, seconds, calls in (
        ("converged", lambda one: one.second.seconds, lambda one: one.second_calls),
        ("first", lambda one: one.first.seconds, lambda one: one.first_calls),
    ):
        for side, (_playbook, target) in THEIRS.items():
            ours, theirs = outcomes[OURS], outcomes[side]
            found.append(Row(
                f"datastores-{phase}-vs-{side}",
                [seconds(one) for one in ours],
                [seconds(one) for one in theirs],
                target if phase == "converged" else None,
                {
                    "ours_calls": statistics.median_low([calls(one) for one in ours]),
                    "theirs_calls": statistics.median_low([calls(one) for one in theirs]),
                },
            ))
    return found


def require_same(ours: dict, theirs: dict, side: str):
    """BenchFailed with the first difference between what two sides left on the server."""
    for key in sorted(set(ours) | set(theirs)):
        if ours.get(key) != theirs.get(key):
            raise BenchFailed(
                f"{side} does not leave what ours leaves: {key} is {theirs.get(key)} instead of {ours.get(key)}"
            )


def declared(items: int) -> dict:
    """The variables of all playbooks: the same things in the words of each side. A playbook gets those that it names."""
    names = [f"share{number:03}" for number in range(items)]
    return {
        "datastores": [
            {"name": name, "type": "image", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": [SHARES],
             "restricted_dirs": ["/"]}
            for name in names
        ],
        "filesystems": [
            {"name": name, "datastore": name, "path": f"{SHARES}/{name}", "mount_tag": name, "persistent": True,
             "attributes": {"DESCRIPTION": f"The directory {name}"}}
            for name in names
        ],
        "datastore_templates": [
            {"name": name, "template": {
                "TYPE": "IMAGE_DS", "DS_MAD": "virtiofs", "TM_MAD": "local", "DISK_TYPE": "FILESYSTEM",
                "SAFE_DIRS": SHARES, "RESTRICTED_DIRS": "/",
            }}
            for name in names
        ],
        # What OpenNebula shows in the template of an image is compared; the rest is said once, when it is made.
        "image_templates": [
            {"name": name, "datastore": name,
             "template": {"MOUNT_TAG": name, "DESCRIPTION": f"The directory {name}"},
             "fixed": {"TYPE": "FILESYSTEM", "PATH": f"{SHARES}/{name}", "PERSISTENT": "YES"}}
            for name in names
        ],
    }


class Server:
    """The simulated front end, and this machine as the host the playbooks run on."""

    def __init__(self, directory: Path, items: int):
        variables = declared(items)
        self._items = items
        self._playbooks = {OURS: HERE / "ours.yml", **{side: HERE / playbook for side, (playbook, _target) in THEIRS.items()}}
        self._variables = {}
        for side, playbook in self._playbooks.items():
            self._variables[side] = directory / f"{side}.json"
            words = re.findall(r"\w+", playbook.read_text(encoding="utf-8"))
            self._variables[side].write_text(
                json.dumps({name: value for name, value in variables.items() if name in words}), encoding="utf-8")
        self.inventory = directory / "hosts.json"
        self.inventory.write_text(json.dumps({"all": {"hosts": {"frontend": {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
        }}}}), encoding="utf-8")
        programs = command_line_programs(directory)
        self._endpoint = Endpoint(directory, directories=[image["path"] for image in variables["filesystems"]])
        self._proxy = xmlrpc.client.ServerProxy(self._endpoint.url)
        login = directory / "one_auth"
        login.touch(mode=0o600)
        login.write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
        self.environment = {
            **self._endpoint.environment, "ONE_XMLRPC": self._endpoint.url, "ONE_AUTH": str(login),
            "BENCH_COMMANDS": str(programs),
        }

    def stop(self):
        self._endpoint.stop()

    def measure(self, side: str) -> Outcome:
        """Both runs of a side on an empty server."""
        self.empty()
        first, first_calls = self.play(side)
        self.require_complete(side)
        second, second_calls = self.play(side)
        writes = [call["method"] for call in second_calls if call["write"]]
        if second.run.changes or writes:
            raise BenchFailed(f"the second run of {side} is not without change: {second.run.changes or writes}")
        return Outcome(first, second, len(first_calls), len(second_calls), self.state())

    def play(self, side: str, *arguments: str) -> tuple[Timed, list[dict]]:
        """One run, with further arguments of ansible-playbook, and the calls the server got during it."""
        before = len(self._endpoint.calls())
        run = timed(
            self._playbooks[side], inventories=[self.inventory],
            arguments=["--extra-vars", f"@{self._variables[side]}", *arguments], environment=self.environment,
        )
        return run, self._endpoint.calls()[before:]

    # -- the server by hand ------------------------------------------------------------------------------------------

    def _ask(self, method: str, *arguments):
        answer = getattr(self._proxy, method)(f"{USER}:{PASSWORD}", *arguments)
        if not answer[0]:
            raise BenchFailed(f"the server refuses {method}: {answer[1]}")
        return answer[1]

    def _images(self) -> list:
        return ElementTree.fromstring(self._ask("one.imagepool.info", -2, -1, -1)).findall("IMAGE")

    def _datastores(self) -> list:
        """Those that the server did not have from the start."""
        pool = ElementTree.fromstring(self._ask("one.datastorepool.info")).findall("DATASTORE")
        return [element for element in pool if int(element.findtext("ID", "")) >= 100]

    def _until(self, condition, complaint: str):
        deadline = time.monotonic() + SETTLING
        while not condition():
            if time.monotonic() > deadline:
                raise BenchFailed(f"{complaint} within {SETTLING} s")
            time.sleep(0.05)

    def empty(self):
        for element in self._images():
            self._ask("one.image.delete", int(element.findtext("ID")))
        self._until(lambda: not self._images(), "the server has not deleted the images")
        for element in self._datastores():
            self._ask("one.datastore.delete", int(element.findtext("ID")))

    def require_complete(self, side: str):
        """Wait until the server has registered the images; all there, and none refused."""
        ready = {"1"}
        self._until(lambda: all(element.findtext("STATE") != "4" for element in self._images()),
                    f"the server has not registered the images of {side}")
        found = len(self._datastores()), len([one for one in self._images() if one.findtext("STATE") in ready])
        if found != (self._items, self._items):
            raise BenchFailed(f"{side} leaves {found[0]} datastores and {found[1]} ready images of {self._items} each")

    def state(self) -> dict:
        """(kind, name) -> everything about it that a user can have meant."""
        return {
            (element.tag, element.findtext("NAME")): plain(element) for element in self._datastores() + self._images()
        }


def plain(element) -> dict:
    """An object of the server as nested dicts, without what is the server's own."""
    found = {}
    for child in element:
        if child.tag not in _OWN:
            found.setdefault(child.tag, []).append(plain(child) if len(child) else child.text or "")
    return found


def command_line_programs(directory: Path) -> Path:
    """A directory with onedatastore and oneimage, to be put on PATH."""
    ruby = shutil.which("ruby")
    if ruby is None:
        raise BenchFailed("Ruby is missing, in which OpenNebula's commands are written; `make bench` installs it")
    programs = directory / "bin"
    programs.mkdir()
    for name in ("onedatastore", "oneimage"):
        program = programs / name
        command = shlex.join([ruby, str(HERE / "command_line.rb"), name])
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return programs
