# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where to write before volumes are created in directories inside shares."""

from tests.support.action import work


def test_volumes_in_directories_inside_shares_are_found():
    volumes = [{"name": "V", "path": "/srv/a/x"}, {"name": "W", "path": "/srv/a"}, {"name": "X", "path": "/srv/b/x"}]
    shares = [{"path": "/srv/a", "state": "mounted", "access": {"writers": ["oneadmin"]}},
              {"path": "/srv/b", "state": "absent", "access": {"writers": ["oneadmin"]}}]
    assert work("volume_directories", volumes=volumes, shares=shares, users=["oneadmin"]) == {
        "directories": [{"path": "/srv/a/x", "writers": ["oneadmin"]}]}
