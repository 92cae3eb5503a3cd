# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interpreters of this machine, by version."""

import functools
import os
import pathlib
import re
import subprocess
import sys

_NAME = re.compile(r"^python3?(\.\d+)?$")
_ASK = (
    "import sys; print('%d.%d' % sys.version_info[:2]); print(getattr(sys, '_base_executable', '') or sys.executable)"
)


@functools.cache
def found():
    """{(3, 11): Path} of every CPython on PATH and under a pyenv root; the operating system's own one wins.

    What is returned is the interpreter itself: pyenv's shims change their meaning with the directory and break
    ansible-test, and a virtual environment's interpreter cannot make further ones.
    """
    answers = {}
    for candidate in _candidates():
        answer = _ask(candidate)
        if answer is not None:
            version, path = answer
            answers.setdefault(version, path)
    return dict(sorted(answers.items()))


def own():
    """The interpreter this program runs on; inside a virtual environment the one it was made from."""
    return _ask(pathlib.Path(sys.executable))[1]


def between(lowest, highest):
    """(version, path) of an interpreter between two versions, both included, or None; the one in use goes first."""
    fitting = {version: path for version, path in found().items() if lowest <= version <= highest}
    if not fitting:
        return None
    version = sys.version_info[:2] if sys.version_info[:2] in fitting else max(fitting)
    return version, fitting[version]


def _candidates():
    yield pathlib.Path(sys.executable)
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    directories = [pathlib.Path("/usr/bin"), pathlib.Path("/usr/local/bin")]
    directories += [pathlib.Path(name) for name in os.environ.get("PATH", "").split(os.pathsep) if name]
    directories += sorted(pyenv.glob("versions/*/bin"))
    seen, seen_files = set(), set()
    for directory in directories:
        if directory in seen or directory == pyenv / "shims" or not directory.is_dir():
            continue
        seen.add(directory)
        # Most of them are names of the same file, and asking each takes time.
        files = {path.resolve() for path in directory.iterdir() if _NAME.match(path.name) and os.access(path, os.X_OK)}
        yield from sorted(files - seen_files)
        seen_files |= files


def _ask(path):
    try:
        answer = subprocess.run([str(path), "-c", _ASK], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.split("\n")
    if answer.returncode or len(lines) < 2:
        return None
    major, minor = lines[0].split(".")
    return (int(major), int(minor)), pathlib.Path(lines[1])
