# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories with which nothing would be done are never green, on the oldest ansible-core and on the newest.

The messages of each playbook are held to their words in test_site_refusals.py.
"""

import json

import pytest

from tests.support.playbook import run_playbook
from tests.support.versions import COLLECTIONS, PYTHONS

pytestmark = pytest.mark.slow

HOSTS = {"hosts": {"hv1": {"ansible_connection": "local"}}}
SHARES = [{"path": "/srv/shares/projects", "type": "nfs", "source": "nas1:/export/projects"}]
INVENTORIES = {
    "missing group": {"all": {"vars": {"virtshare_shares": SHARES}}, "hypervisor": HOSTS},
    # It has neither groups nor variables of its own.
    "smart inventory": {"all": HOSTS},
    "nothing declared": {"hypervisors": HOSTS},
}
WORDS = {
    "missing group": "no host is in hypervisors, so that nothing would be done.",
    "smart inventory": "A smart inventory of AWX has no groups: use another kind.",
    "nothing declared": "nothing is declared for the hosts of hypervisors",
}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("kind", INVENTORIES)
def test_a_proof_of_nothing_fails(tmp_path, python, kind):
    (tmp_path / "hosts.json").write_text(json.dumps(INVENTORIES[kind]), encoding="utf-8")
    done = run_playbook("playbooks/verify.yml", inventories=[tmp_path / "hosts.json"], python=python,
                        environment={"ANSIBLE_COLLECTIONS_PATH": COLLECTIONS})
    assert done.code != 0 and WORDS[kind] in done.failure_text(), done.output
    assert done.changes == set() and done.executions == {}
