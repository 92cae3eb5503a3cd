# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that jobs of AWX run in: what it is made of, and what is said where podman runs nothing."""

import pathlib

import pytest

from tests.lab import machine
from tests.lab.errors import LabError
from tests.support import execution_environment


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("VIRTSHARE_CACHE", str(tmp_path))


def test_where_podman_runs_no_container_its_own_words_are_told(monkeypatch, tmp_path):
    podman = tmp_path / "podman-that-fails/podman"
    podman.parent.mkdir()
    podman.write_text('#!/bin/sh\ntest "$1" != run || { echo "runc: cannot set rlimit" >&2; exit 126; }\n', encoding="utf-8")
    podman.chmod(0o755)
    monkeypatch.setenv("PATH", str(podman.parent), prepend=":")
    monkeypatch.setattr(machine, "missing_packages", lambda programs: [])
    monkeypatch.setattr(execution_environment, "_environment", lambda base, work: "localhost/virtshare-ee:1")
    monkeypatch.setattr(execution_environment, "_base", lambda work: "1")
    with pytest.raises(LabError, match="podman cannot run a container here:\nrunc: cannot set rlimit"):
        execution_environment.image()


def test_what_the_collection_asks_of_debian_is_installed():
    assert execution_environment._system_packages() == ["openssh-client"]


def test_podman_gets_settings_and_a_store_of_its_own(tmp_path):
    given = execution_environment.variables()
    assert set(given) == {"CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"}
    for path in given.values():
        assert path.startswith(str(tmp_path))
        text = pathlib.Path(path).read_text(encoding="utf-8")
        assert str(tmp_path / "podman") in text and "{" not in text
