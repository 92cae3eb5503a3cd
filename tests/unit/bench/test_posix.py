# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible.posix comes out of a package once, and nothing else of the package with it."""

import json
import subprocess
import types
import zipfile

import pytest

from tests.bench.mounts import posix
from tests.bench.results import BenchFailed

MANIFEST = posix.INSIDE + "MANIFEST.json"


def package(path, *names):
    with zipfile.ZipFile(path, "w") as opened:
        for name in names:
            opened.writestr(name, json.dumps({"collection_info": {"version": "9.8.7"}}))
    return path


def test_only_the_collection_is_unpacked_and_only_once(tmp_path, monkeypatch):
    asked = []

    def download(directory):
        asked.append(directory)
        return package(directory / "ansible.whl", MANIFEST, "ansible_collections/community/general/MANIFEST.json")

    monkeypatch.setattr(posix, "download", download)
    where = tmp_path / "kept"
    where.mkdir()
    (where / "left-by-a-killed-run").touch()
    assert posix.fetched(where) == (where, "9.8.7") == posix.fetched(where)
    assert len(asked) == 1 and not asked[0].exists()
    assert [path.name for path in where.rglob("*") if path.is_file()] == ["MANIFEST.json"]


def test_a_package_without_it_fails(tmp_path):
    with pytest.raises(BenchFailed, match="ansible.whl holds no"):
        posix.unpack(package(tmp_path / "ansible.whl", "ansible_collections/other"), tmp_path / "unpacked")


@pytest.mark.parametrize("code", [0, 1])
def test_a_download_that_brings_nothing_fails_with_what_pip_said(code, tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *dummy, **more: types.SimpleNamespace(
        returncode=code, stdout="no such version"))
    with pytest.raises(BenchFailed, match="ansible==.*could not be downloaded.*no such version"):
        posix.download(tmp_path)
