# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection ansible.posix, which users write their loops with, out of the package `ansible` of a fixed version.

The package is an archive of collections: nothing of it is installed, only this one is unpacked, into .cache.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.bench.results import BenchFailed
from tests.support.playbook import ROOT

PACKAGE = "ansible==12.3.0"
INSIDE = "ansible_collections/ansible/posix/"
DIRECTORY = ROOT / ".cache/bench" / PACKAGE.replace("==", "-")


def fetched(directory: Path = DIRECTORY) -> tuple[Path, str]:
    """What ANSIBLE_COLLECTIONS_PATH has to name, and the collection's version; downloaded when it is not there yet."""
    manifest = directory / INSIDE / "MANIFEST.json"
    if not manifest.exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent) as work:
            unpack(download(Path(work)), Path(work) / "unpacked")
            # What a killed run left half done is in the way of the whole.
            shutil.rmtree(directory, ignore_errors=True)
            (Path(work) / "unpacked").rename(directory)
    return directory, json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]


def download(directory: Path) -> Path:
    """The package as a file in the directory."""
    print(f"  fetching {PACKAGE} for its collection ansible.posix", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps",
         "--only-binary", ":all:", "--dest", directory, PACKAGE],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    found = list(directory.glob("*.whl"))
    if done.returncode or not found:
        raise BenchFailed(f"the rows mounts-* are measured beside ansible.posix, and the package {PACKAGE}, which holds "
                          f"it, could not be downloaded. pip said: {done.stdout.strip() or 'nothing'}")
    return found[0]


def unpack(package: Path, directory: Path):
    """Unpack the collection, and nothing else of the package."""
    with zipfile.ZipFile(package) as opened:
        names = [name for name in opened.namelist() if name.startswith(INSIDE)]
        if not names:
            raise BenchFailed(f"{package.name} holds no {INSIDE}")
        opened.extractall(directory, names)
