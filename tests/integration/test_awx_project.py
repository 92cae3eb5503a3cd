# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This repository as a project of AWX: it installs its own collection, and the playbooks run with that copy."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._awx import content

from tests.gates import tree
from tests.support.playbook import ROOT

pytestmark = pytest.mark.slow

BIN = pathlib.Path(sys.executable).parent
# AWX 24.6.1, awx/main/utils/ansible.py: valid_playbook_re and skip_directory().
LISTED = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):\s*?.*?$")
PASSED_OVER = {"roles", "tasks", "group_vars", "host_vars"}
STEPS = {"check", "mount", "verify", "publish", "guest_proof", "site", "guard", "opennebula_guard"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """(a checkout, the environment of a job in it): the collection is installed as AWX does it, and nowhere else."""
    directory = tmp_path_factory.mktemp("project")
    checkout = directory / "checkout"
    for name in tree.files():
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, checkout / name)
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(directory), "ANSIBLE_HOME": str(directory / "ansible"),
                   "ANSIBLE_COLLECTIONS_PATH": str(directory / "installed"), "LC_ALL": "C.UTF-8",
                   # Not the checkout, which is linked into the environment of the tests.
                   "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    subprocess.run(["ansible-galaxy", "collection", "install", "-r", "collections/requirements.yml", "-p",
                    str(directory / "installed")], cwd=checkout, env=environment, check=True)
    return checkout, environment


def playbooks_as_awx_lists_them(checkout):
    for path in sorted(path for path in checkout.rglob("*") if path.suffix in (".yml", ".yaml")):
        folders = path.relative_to(checkout).parent.parts
        if PASSED_OVER.isdisjoint(folders) and not any(folder.startswith(".") for folder in folders):
            if any(map(LISTED.match, path.read_text(encoding="utf-8").splitlines())):
                yield str(path.relative_to(checkout))


def test_awx_lists_the_playbooks_of_the_steps_and_no_other(project):
    """Others have their keys in quotes, see extensions/molecule/README.md."""
    checkout, _environment = project
    listed = list(playbooks_as_awx_lists_them(checkout))
    assert listed == sorted(f"playbooks/{step}.yml" for step in STEPS) and set(content.PLAYBOOKS.values()) <= set(listed)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "playbooks").glob("*.yml") if path.name != "awx.yml"))
def test_each_playbook_finds_the_collection_that_the_project_installs(project, name):
    checkout, environment = project
    checked = subprocess.run(["ansible-playbook", "--syntax-check", "--inventory", "hv1,", f"playbooks/{name}"], cwd=checkout,
                             env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_job_runs_what_the_project_installed(project):
    """With an inventory without hypervisors: the refusal is the collection's own, from the installed copy."""
    checkout, environment = project
    run = subprocess.run(["ansible-playbook", "--inventory", "hv1,", "playbooks/verify.yml"], cwd=checkout, env=environment,
                         capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "hypervisors" in run.stdout and "couldn't resolve" not in run.stdout + run.stderr
    installed = pathlib.Path(environment["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections/virtshare/storage"
    assert (installed / "plugins/modules/share_proof.py").is_file() and not (installed / "collections").exists()
