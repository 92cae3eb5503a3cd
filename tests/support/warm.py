# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-playbook in a fork of a process that has imported Ansible already, which saves most of its start.

What is run is the same as that of tests.support.playbook, which a test holds it to.
"""

from __future__ import annotations

import collections
import contextlib
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import typing
import warnings

from tests.support.playbook import ROOT, Run, recorded

# What Ansible reads of the environment while it is imported: for each set of these, a process of its own.
READ_AT_IMPORT = ("ANSIBLE_", "HOME", "LANG", "LC_", "PATH", "PYTHON")


def run_playbook(*playbooks, inventories, arguments=(), environment=None, timeout=1800) -> Run:
    """As run_playbook() of tests.support.playbook; the screen is not shown while it happens."""
    def execute(command, variables):
        with _warm(variables) as warm:
            return warm.run(command, variables, timeout)

    return recorded(execute, playbooks, inventories, arguments, environment)


class Warm:
    """A process with Ansible imported, which forks for one run at a time. It ends with the process that started it."""

    def __init__(self, variables):
        """variables: its environment."""
        self._process: typing.Any = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm"], cwd=ROOT, env=variables, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )

    def run(self, command, variables, timeout):
        """(exit code, output) of a command line of ansible-playbook."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
            request = {"command": command, "variables": variables, "output": output.name}
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            child = int(self._process.stdout.readline())
            expired = threading.Event()

            def expire():
                expired.set()
                os.kill(child, 9)

            clock = threading.Timer(timeout, expire)
            clock.start()
            try:
                code = int(self._process.stdout.readline())
            finally:
                clock.cancel()
            if expired.is_set():
                raise subprocess.TimeoutExpired(command, timeout)
            return code, output.read()


# Those that wait for work. Runs side by side have one each.
_idle: dict[frozenset, list[Warm]] = collections.defaultdict(list)


@contextlib.contextmanager
def _warm(variables):
    waiting = _idle[frozenset(item for item in variables.items() if item[0].startswith(READ_AT_IMPORT))]
    try:
        warm = waiting.pop()
    except IndexError:
        warm = Warm(variables)
    try:
        yield warm
    finally:
        waiting.append(warm)


def serve():
    """Fork for each request on stdin; print the child's number, and when it has ended, its exit code."""
    from ansible import constants
    from ansible.cli.playbook import PlaybookCLI

    # A run that waits asks a thousand times a second whether a task has ended, which takes a twentieth of a processor.
    constants.DEFAULT_INTERNAL_POLL_INTERVAL = 0.01
    _load_plugins()
    # Ansible packs a module with all that it imports, which takes a third of a second: once for all runs here.
    packed, server = tempfile.mkdtemp(prefix="virtshare-modules-"), os.getpid()
    try:
        for line in sys.stdin:
            _run(json.loads(line), packed, constants.DEFAULT_LOCAL_TMP, PlaybookCLI)
    finally:
        if os.getpid() == server:
            shutil.rmtree(packed)


def _load_plugins():
    """Load and read the documentation of what each run, and each of its tasks in a process of its own, loads else."""
    import ansible.executor.module_common  # noqa: F401  what packs modules
    import ansible.executor.playbook_executor  # noqa: F401
    from ansible.plugins import loader

    loader.init_plugin_loader()
    # A run does the same, which changes nothing any more and would be said on the screen.
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    for kind in ("action", "callback", "connection", "become", "shell", "strategy", "vars", "inventory", "filter", "test"):
        for _plugin in getattr(loader, f"{kind}_loader").all(class_only=True):
            pass
    for kind in ("action", "filter"):
        for path in (ROOT / "plugins" / kind).glob("[!_]*.py"):
            getattr(loader, f"{kind}_loader").get(f"virtshare.storage.{path.stem}", class_only=True)
    # What lies in memory now stays there: the forks need not copy it to look through it.
    gc.freeze()


def _run(request, packed, scratch, command_line):
    child = os.fork()
    if not child:
        os.environ.clear()
        os.environ.update(request["variables"])
        for name, flags, number in ((os.devnull, os.O_RDONLY, 0), (request["output"], os.O_WRONLY, 1)):
            os.dup2(os.open(name, flags), number)
        os.dup2(1, 2)
        # Made when Ansible is imported, removed by the end of whoever has imported it: the one before this one.
        os.makedirs(scratch, mode=0o700, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # of a run that was killed
            os.symlink(packed, os.path.join(scratch, "ansiballz_cache"))
        command_line.cli_executor(request["command"])  # ends in SystemExit
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
