# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether anything that a gate depends on has changed since it passed, so that it need not run again.

Only for gates whose outcome follows from the tree and this machine's programs. Those of the lab always run.
"""

import fnmatch
import hashlib
import json
import os
import pathlib
import platform
import stat
import sys
import time
import typing

from tests.gates import interpreters, tree
from tests.gates.process import CACHE, ROOT

PASSED = CACHE / "passed"
WHOLE_TREE = ("*",)
# Whatever a gate judges, these decide how.
_ALWAYS = ("tests/gates/*", "requirements/*", ".gitignore", "Makefile")


class Inputs(typing.NamedTuple):
    """What a gate depends on. patterns: of paths, * matches / too; within: a gate that runs the same, and more."""

    patterns: tuple = WHOLE_TREE
    within: str | None = None


# Narrow only where the tools plainly read nothing else; the unit tests, for one, read pages, roles and the Makefile.
GATES = {
    "lint": Inputs(),
    "lint-changed": Inputs(within="lint"),
    "unit": Inputs(),
    "target": Inputs(("plugins/*", "tests/unit/*", "tests/support/*", "tests/__init__.py", "pytest.ini")),
    "integration": Inputs(),
    "simulators": Inputs(within="integration"),
    "changelog": Inputs(("changelogs/*", "galaxy.yml", "plugins/*", "roles/*", "playbooks/*")),
    "docs": Inputs(),
    "artifact": Inputs(),
    "sanity": Inputs(),
}


class Memory:
    """The digests of what the gates passed with, one small file each.

    directory: for the files; root and listed: the tree, and a function that returns its relative paths.
    """

    def __init__(self, directory=PASSED, root=ROOT, listed=tree.files):
        self._directory, self._root, self._listed = directory, root, listed

    def digest(self, name):
        """What a gate depends on, in one word; None where it always runs."""
        if name not in GATES:
            return None
        wanted = GATES[name].patterns
        wanted = wanted if wanted == WHOLE_TREE else wanted + _ALWAYS
        digest = hashlib.sha256(repr(_machine()).encode())
        for path in sorted(self._listed()):
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in wanted):
                digest.update(repr((path, _content(self._root / path))).encode())
        return digest.hexdigest()

    def passed(self, name, digest):
        """When the gate, or one that holds it, passed with this digest: C(2026-01-31 12:00); None if it did not."""
        within = GATES[name].within if name in GATES else None
        for gate, wanted in ((name, digest), (within, digest and within and self.digest(within))):
            if wanted is not None:
                kept = self._read(gate)
                if kept.get("digest") == wanted:
                    return kept["date"]
        return None

    def keep(self, name, digest):
        """Note that the gate has passed, unless what it depends on has changed since the digest was taken."""
        if digest is not None and digest == self.digest(name):
            self._directory.mkdir(parents=True, exist_ok=True)
            kept = {"digest": digest, "date": time.strftime("%Y-%m-%d %H:%M")}
            self._file(name).write_text(json.dumps(kept), encoding="utf-8")

    def forget(self, name):
        """Note that the gate has not passed; what passed with less or more of it proves nothing about it either."""
        related = {name, *(gate for gate, its in GATES.items() if its.within == name)}
        if name in GATES and GATES[name].within:
            related.add(GATES[name].within)
        for gate in related:
            self._file(gate).unlink(missing_ok=True)

    def _file(self, name):
        return self._directory / f"{name}.json"

    def _read(self, name):
        try:
            return json.loads(self._file(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # never passed, or its writer was killed
            return {}


def may_skip():
    """False in CI, where every gate runs, and where a user asks for the same with FRESH=1."""
    return not os.environ.get("CI") and not os.environ.get("FRESH")


def _machine():
    """What decides of an outcome beside the tree: interpreters, the system, and who runs it."""
    release = pathlib.Path("/etc/os-release")
    return (
        sys.version, sorted((version, str(path)) for version, path in interpreters.found().items()), platform.uname(),
        release.read_text(encoding="utf-8") if release.exists() else None, os.geteuid(), str(ROOT),
    )


def _content(path):
    """What counts of a file: its bytes and whether it can be run, or where it points."""
    if path.is_symlink():
        return os.readlink(path)
    if not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest(), bool(path.stat().st_mode & stat.S_IXUSR)
