# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role virtiofsd takes what the same run has read already, where that is enough."""

import json
import sys

import pytest

from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

PLAY = [{"hosts": "hv1", "gather_facts": False, "roles": ["virtshare.storage.virtiofsd"]}]
FOUND = {"present": True, "path": "/usr/libexec/virtiofsd", "implementation": "rust", "version": "1.13.2", "reachable": True,
         "missing_packages": [], "missing_subordinate_ids": []}


@pytest.mark.parametrize("found, looks", [
    (FOUND, False),
    ({}, True),
    ({"present": False}, True),
    (dict(FOUND, reachable=False), True),
    (dict(FOUND, missing_packages=["virtiofsd"]), True),
    (dict(FOUND, missing_subordinate_ids=["subuid"]), True),
])
def test_a_host_that_has_all_it_needs_is_not_looked_at_again(tmp_path, found, looks):
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "virtiofsd_install": False,
                 "virtiofsd_user": "", "virtiofsd_found": found}
    (tmp_path / "play.json").write_text(json.dumps(PLAY), encoding="utf-8")
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"hv1": variables}}}), encoding="utf-8")
    run = run_playbook(tmp_path / "play.json", inventories=[tmp_path / "hosts.json"], arguments=["--check"])
    assert ("hv1" in run.of("virtiofsd_info")) is looks, run.output
    # This machine need not have a daemon, which is refused where somebody looks.
    if not looks:
        assert run.code == 0 and run.facts("virtiofsd_result") == {"hv1": FOUND}, run.output
