# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests, demo and bench run the checkout, whatever copy of the collection the user has installed."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.support import playbook, warm
from tests.support.playbook import ROOT

pytestmark = pytest.mark.slow

PLAY = [{"hosts": "localhost", "gather_facts": False, "tasks": [
    {"name": "Show", "ansible.builtin.debug": {
        "msg": "{{ {'path': '/srv/a', 'type': 'local', 'source': '/a'} | virtshare.storage.libvirt_filesystem }}"}}]}]


@pytest.fixture(name="home")
def home_with_an_installed_copy(tmp_path):
    """A home whose installed copy of the collection says "installed" where the checkout gives XML."""
    copy = tmp_path / ".ansible/collections/ansible_collections/virtshare/storage"
    (copy / "plugins/filter").mkdir(parents=True)
    for name in ("galaxy.yml", "meta/runtime.yml"):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    (copy / "plugins/filter/libvirt_filesystem.py").write_text(
        "class FilterModule:\n    def filters(self):\n        return {'libvirt_filesystem': lambda share: 'installed'}\n",
        encoding="utf-8")
    (tmp_path / "play.json").write_text(json.dumps(PLAY), encoding="utf-8")
    (tmp_path / "hosts").write_text("", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("way", [playbook, warm], ids=["ansible-playbook", "warm"])
def test_an_installed_copy_does_not_stand_before_the_checkout(home, monkeypatch, way):
    monkeypatch.delenv("ANSIBLE_COLLECTIONS_PATH", raising=False)
    run = way.run_playbook(home / "play.json", inventories=[home / "hosts"], environment={"HOME": str(home)})
    assert run.code == 0 and "<filesystem" in run.results[0]["result"]["msg"]["filesystem"], run.output


def test_ansible_in_the_checkout_takes_the_checkout(home):
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([sys.executable, "-m", "ansible.cli.playbook", "-i", home / "hosts", home / "play.json"], cwd=ROOT,
                          env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "<filesystem" in done.stdout, done.stdout + done.stderr


def test_a_run_with_another_copy_is_ended(home):
    path = str(home / ".ansible/collections")
    run = playbook.run_playbook(home / "play.json", inventories=[home / "hosts"],
                                environment={"ANSIBLE_COLLECTIONS_PATH": path})
    assert run.code and not run.results
    assert f"Ansible takes virtshare.storage from {path}" in " ".join(run.output.split())
