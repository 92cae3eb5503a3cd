# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands: shown while they run, kept in a log, ended with everything they started when their time is up."""

import concurrent.futures
import contextlib
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
        self._whole_lines = threading.Lock()

    def say(self, text):
        with self._whole_lines:
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
    running = Running(log, command, seconds, cwd, env)
    try:
        return running.finish()
    except BaseException:
        running.end()
        raise


def run_together(log, commands, *, seconds):
    """Run {name: (command, environment, directory)} side by side; Failed names all that run() would have failed.

    Every line is shown after the name it belongs to. When this is interrupted, all end, with all their children.
    """
    running = {}
    with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
        try:
            for name, (command, env, cwd) in commands.items():
                running[name] = Running(log, command, seconds, cwd, env, f"{name}: ")
            ends = {name: pool.submit(one.finish) for name, one in running.items()}
            problems = [f"{name}: {end.exception()}" for name, end in ends.items() if end.exception() is not None]
        except BaseException:
            for one in running.values():
                one.end()
            raise
    if problems:
        raise Failed("; ".join(problems))


class Running:
    """A command that was started: shown line by line, stopped when its seconds are over.

    log: anything with say(text). It gets no input, and a session of its own.
    """

    def __init__(self, log, command, seconds, cwd, env, prefix=""):
        command = [str(word) for word in command]
        self._log, self._prefix, self._seconds = log, prefix, seconds
        self._program = pathlib.Path(command[0]).name
        self._say("$ " + " ".join(command))
        try:
            self._child = subprocess.Popen(
                command, cwd=cwd, env=env or environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
            )
        except FileNotFoundError as error:
            raise Failed(f"{command[0]} is missing") from error
        self._expired = threading.Event()
        self._clock = threading.Timer(seconds, self._expire)
        self._clock.start()

    def finish(self):
        """Wait for its end and return its output; Failed when it ends badly or was stopped."""
        lines = []
        try:
            for line in self._child.stdout or ():
                lines.append(line)
                self._say(line.rstrip("\n"))
            code = self._child.wait()
        finally:
            self._clock.cancel()
        if self._expired.is_set():
            raise Failed(f"{self._program} did not end within {self._seconds} s and was stopped")
        if code:
            raise Failed(f"{self._program} ended with {code}")
        return "".join(lines)

    def end(self):
        """Kill it and all it started, also what has a session of its own, as the workers of ansible-playbook have."""
        self._clock.cancel()
        started = _descendants(self._child.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: all that is left of it is root's
            os.killpg(self._child.pid, signal.SIGKILL)
        for pid in started:
            _kill(pid)

    def _expire(self):
        self._expired.set()
        self.end()

    def _say(self, line):
        self._log.say(self._prefix + line)


def end_all():
    """Kill every command that this process has started, with all that those have started."""
    for pid in _descendants(os.getpid()):
        _kill(pid)


def _kill(pid):
    """Kill a process, by sudo where it was started by sudo; one that has ended meanwhile is as good."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:
        subprocess.run(["sudo", "-n", "kill", "-KILL", str(pid)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _descendants(pid):
    """The numbers of all processes that a process has started, and that those have."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # ended meanwhile
            parent = int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, ahead = [], [pid]
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += below
    return found
