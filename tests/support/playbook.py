# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-playbook as a user does, and read what every task reported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import typing
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLBACKS = Path(__file__).resolve().parent / "callbacks"

# Done by Ansible itself on the controller: no host is asked for these.
ON_THE_CONTROLLER = {
    # Of this collection those whose module has nothing but documentation.
    *(path.stem for path in (ROOT / "plugins/action").glob("*.py")
      if "def main(" not in (ROOT / "plugins/modules" / path.name).read_text(encoding="utf-8")),
    "add_host", "assert", "debug", "fail", "group_by", "import_playbook", "import_role", "import_tasks", "include_role",
    "include_tasks", "include_vars", "meta", "set_fact", "set_stats", "validate_argument_spec",
}


@dataclass
class Run:
    """One finished ansible-playbook: its exit code, its screen, and every task's result."""

    code: int
    output: str
    results: list[dict] = field(default_factory=list)

    @property
    def changes(self) -> set[tuple[str, str]]:
        """(host, task) of everything reported as changed."""
        return {(line["host"], line["task"]) for line in self.results if line["changed"]}

    @property
    def failures(self) -> list[dict]:
        return [line for line in self.results if line["outcome"] in ("failed", "unreachable")]

    def failure_text(self) -> str:
        """Every failure's message, one a line, as "host: message", with the problems that it does not name itself."""
        return "\n".join(
            f"{line['host']}: {text}" for line in self.failures
            for message in [str(line["result"].get("msg", line["result"]))]
            for text in [message, *(each for each in line["result"].get("problems") or [] if each not in message)])

    def of(self, module: str) -> dict[str, dict]:
        """host -> the last result of a module of this collection, by its short name."""
        names = (module, f"virtshare.storage.{module}", f"ansible.builtin.{module}")
        return {line["host"]: line["result"] for line in self.results if line["action"] in names}

    @property
    def executions(self) -> dict[str, list[str]]:
        """host -> the tasks that ran a module there, one entry an execution.

        A loop counts each item, a retried task each attempt, a delegated one where it ran.
        """
        found: dict[str, list[str]] = {}
        for line in self.results:
            if line["action"].rpartition(".")[2] not in ON_THE_CONTROLLER:
                items = line["result"]["results"] if line["loop"] else [line["result"]]
                times = sum(item.get("attempts", 1) for item in items if not item.get("skipped"))
                found.setdefault(line["delegated_to"] or line["host"], []).extend([line["task"]] * times)
        return found

    def facts(self, name: str) -> dict[str, typing.Any]:
        """host -> the last value set for a fact."""
        return {
            line["host"]: line["result"]["ansible_facts"][name]
            for line in self.results
            if name in (line["result"].get("ansible_facts") or {})
        }


def run_playbook(*playbooks, inventories, arguments=(), environment=None, stream=None, timeout=1800,
                 python=sys.executable, cwd=ROOT) -> Run:
    """Run playbooks in one ansible-playbook; the screen goes to stream (a text file) while it happens, if given.

    playbooks, inventories: paths, relative to the repository's root or absolute.
    timeout: seconds after which the run is killed and subprocess.TimeoutExpired raised.
    python: the interpreter of the environment whose ansible-playbook runs. cwd: where it runs, and finds its ansible.cfg.
    """
    def execute(command, variables):
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output = _follow(process, stream, timeout)
        return process.returncode, output

    colour = stream is not None and stream.isatty()
    return recorded(execute, playbooks, inventories, arguments, environment, colour, python)


def recorded(execute, playbooks, inventories, arguments, environment, colour=False, python=sys.executable) -> Run:
    """The Run of what execute(command line, environment) does; it returns (exit code, output)."""
    with tempfile.TemporaryDirectory(prefix="virtshare-run-") as directory:
        record = Path(directory) / "record"
        record.touch(mode=0o600)
        command = [str(Path(python).with_name("ansible-playbook")), *map(str, playbooks), *map(str, arguments)]
        for inventory in inventories:
            command += ["--inventory", str(inventory)]
        code, output = execute(command, _environment(record, environment, colour))
        results = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
        return Run(code, output, results)


def _environment(record: Path, extra: dict | None, colour: bool) -> dict:
    return {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "record,checkout",
        # The checkout is linked there. A copy installed in the user's home would win otherwise.
        "ANSIBLE_COLLECTIONS_PATH": sysconfig.get_path("purelib"),
        "ANSIBLE_FORCE_COLOR": "1" if colour else "0",
        "ANSIBLE_NOCOLOR": "0" if colour else "1",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "VIRTSHARE_RECORD": str(record),
        **(extra or {}),
    }


def _follow(process: subprocess.Popen, stream, timeout: float) -> str:
    if stream is None:
        try:
            return process.communicate(timeout=timeout)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        stream.write(line)
        stream.flush()
    process.wait(timeout=timeout)
    return "".join(lines)
