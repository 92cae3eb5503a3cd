# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands: shown while they run, kept in a log, ended with everything they started when their time is up."""

import os
import pathlib
import signal
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"


class Failed(Exception):
    """A gate did not pass, or something it needs is missing; the text says what and what to do."""


class Log:
    """What a stage says, to the terminal and to a file.

    path: the file, emptied first; stream: where people read it.
    """

    def __init__(self, path, stream):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self._stream = stream

    def say(self, text):
        for target in (self._file, self._stream):
            target.write(text + "\n")
            target.flush()

    def close(self):
        self._file.close()


def environment(venv=None, **extra):
    """The environment of a gate's command: the project's own tools first, none of the user's Ansible settings.

    venv: the virtual environment whose programs come first on PATH and whose collections are used, or None.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    # Ansible wants UTF-8, and a fresh machine has no other such locale.
    kept.update(LC_ALL="C.UTF-8", PYTHONUNBUFFERED="1", ANSIBLE_NOCOWS="1")
    for name in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"):
        kept.pop(name, None)
    if venv is not None:
        kept["PATH"] = os.pathsep.join([str(venv / "bin"), kept.get("PATH", os.defpath)])
        # A stale copy in the home's collections must not shadow this one.
        kept["ANSIBLE_COLLECTIONS_PATH"] = str(site_packages(venv))
    kept.update(extra)
    return kept


def site_packages(venv):
    """The directory of a virtual environment that holds its packages."""
    return next(iter((venv / "lib").glob("python*/site-packages")))


def run(log, command, *, seconds, cwd=ROOT, env=None):
    """Run a command to its end and return its output; Failed when it ends badly or takes longer than its bound.

    The command gets no input, and a session of its own, so that it ends together with all its children.
    """
    command = [str(word) for word in command]
    log.say("$ " + " ".join(command))
    try:
        child = subprocess.Popen(
            command, cwd=cwd, env=env or environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Failed(f"{command[0]} is missing") from error
    expired = threading.Event()

    def expire():
        expired.set()
        _end(child)

    clock = threading.Timer(seconds, expire)
    clock.start()
    lines = []
    try:
        for line in child.stdout:
            lines.append(line)
            log.say(line.rstrip("\n"))
        code = child.wait()
    except BaseException:
        _end(child)
        raise
    finally:
        clock.cancel()
    if expired.is_set():
        raise Failed(f"{pathlib.Path(command[0]).name} did not end within {seconds} s and was stopped")
    if code:
        raise Failed(f"{pathlib.Path(command[0]).name} ended with {code}")
    return "".join(lines)


def _end(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
