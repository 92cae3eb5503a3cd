# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where to write and to look before volumes are created."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

from tests.support.action import work

SHARES = [{"path": "/srv/a", "type": "nfs", "source": "nas1:/a", "access": {"writers": ["oneadmin"]}},
          {"path": "/srv/b", "type": "nfs", "source": "nas1:/b", "state": "absent", "access": {"writers": ["oneadmin"]}}]


def test_volumes_in_directories_inside_shares_are_found():
    volumes = [{"name": "V", "path": "/srv/a/x"}, {"name": "W", "path": "/srv/a"}, {"name": "X", "path": "/srv/b/x"}]
    assert work("volume_directories", external_volumes=volumes, shares=SHARES, users=["oneadmin"]) == {
        "directories": [{"path": "/srv/a/x", "writers": ["oneadmin"]}], "bricks": []}


def test_bricks_of_volumes_that_stay_are_found_once():
    volumes = [{"name": "A", "brick_paths": ["/bricks/ssd/b/", "/bricks/ssd/a"]}, {"name": "B", "brick_paths": ["/bricks/ssd/a"]},
               {"name": "C", "brick_paths": ["/bricks/c"], "state": "absent"}, {"name": "D"}]
    assert work("volume_directories", gluster_volumes=volumes, shares=[], users=[])["bricks"] == [
        "/bricks/ssd/a", "/bricks/ssd/b"]


def test_a_wrong_declaration_is_refused():
    with pytest.raises(Refusal, match="/srv/a"):
        work("volume_directories", shares=[dict(SHARES[0], type="nsf")], users=["oneadmin"])
