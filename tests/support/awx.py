# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWX in this process, and what AWX's own people publish, of fixed versions, unpacked into .cache.

The collection awx.awx is in the package `ansible`, an archive of collections: nothing of it is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.simulators.awxsim import start
from tests.support.playbook import ROOT
from tests.support.warm import run_playbook

DIRECTORY = ROOT / ".cache/collections"
# The collection, and AWX's own code that injects credentials into a job.
COLLECTION = ("ansible==12.3.0", "ansible_collections/awx/awx/")
INJECTORS = ("awx-plugins-interfaces==0.0.1a5", "awx_plugins/interfaces/")
USER, PASSWORD = "admin", "controller-word"


def unpacked(package: str, inside: str) -> Path:
    """A part of a package of PyPI, in a directory; downloaded when it is not there yet, once for all processes."""
    directory = DIRECTORY / package.replace("==", "-")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with open(directory.parent / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / inside).is_dir():
            with tempfile.TemporaryDirectory(dir=directory.parent) as work:
                with zipfile.ZipFile(_downloaded(package, Path(work))) as wheel:
                    wheel.extractall(Path(work) / "unpacked", [one for one in wheel.namelist() if one.startswith(inside)])
                # What a killed run left half done is in the way of the whole.
                shutil.rmtree(directory, ignore_errors=True)
                (Path(work) / "unpacked").rename(directory)
    return directory


def _downloaded(package: str, directory: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps",
         "--only-binary", ":all:", "--dest", directory, package],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = list(directory.glob("*.whl"))
    assert not done.returncode and found, f"the package {package} could not be downloaded: {done.stdout}"
    return found[0]


class Awx:
    """endpoint: the running simulator; world: its state."""

    def __init__(self, endpoint):
        self.endpoint, self.world = endpoint, endpoint.world

    @property
    def environment(self):
        return {"CONTROLLER_HOST": self.endpoint.url, "CONTROLLER_USERNAME": USER, "CONTROLLER_PASSWORD": PASSWORD,
                "ANSIBLE_COLLECTIONS_PATH": str(unpacked(*COLLECTION))}

    def run(self, playbook, *arguments, environment=None, **settings):
        """(run, requests) of a playbook; each request as "GET /api/v2/…". environment: what it has beside the login."""
        before = len(self.endpoint.log.entries)
        run = run_playbook(playbook, inventories=[], arguments=arguments, timeout=600,
                           environment=dict(self.environment, **(environment or {})), **settings)
        assert PASSWORD not in run.output
        return run, ["%s %s" % (one["method"], one["path"]) for one in self.endpoint.log.entries[before:]]

    def names(self, kind):
        return sorted(one.get("name") or one.get("identifier") for one in self.world.all(kind) if not one.get("managed"))


@contextlib.contextmanager
def awx(**settings):
    """A fresh AWX for a with block; settings: those of the simulator's start()."""
    with start("%s:%s" % (USER, PASSWORD), **settings) as endpoint:
        yield Awx(endpoint)
