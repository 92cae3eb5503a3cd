# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names of variables are meant as ours, and that every name which is ours is known."""

import re

import pytest
from ansible_collections.virtshare.storage.plugins.action.checked_inventory import PLAYBOOK_VARIABLES, misspelt

from tests.support.playbook import ROOT

OPTIONS = {"share_mounts": {"share_mounts_purge": "bool", "share_mounts_shares": "list"}}


@pytest.mark.parametrize("given, problems, warnings", [
    (["virtshare_shares", "share_mounts_purge", "share_mounts_result", "own", "virtiofsd_accounts"], [], []),
    (["virtshare_share"], ["the variable virtshare_share is not known here. Write virtshare_shares."], []),
    (["share_mounts_purg"], ["the variable share_mounts_purg is not known here. Write share_mounts_purge."], []),
    (["virtshare_share", "virtshare_shares"], [],
     ["the variable virtshare_share is not known here and has no effect; virtshare_shares is, and is set too."]),
    (["virtshare_nas_of_mine"], [],
     ["the variable virtshare_nas_of_mine is not known here and has no effect. Give variables of your own another "
      "beginning than those of this collection."]),
])
def test_names_that_look_like_ours(given, problems, warnings):
    assert misspelt(given, OPTIONS) == (problems, warnings)


def test_every_variable_of_the_playbooks_is_known():
    used = set()
    for folder in ("playbooks", "roles"):
        for path in (ROOT / folder).rglob("*.yml"):
            used |= set(re.findall(r"\bvirtshare_\w+", path.read_text(encoding="utf-8")))
    # A group that check.yml makes.
    assert used - {"virtshare_left_out"} == set(PLAYBOOK_VARIABLES)
