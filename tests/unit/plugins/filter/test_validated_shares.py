# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter tells every problem in Ansible's own error."""

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtshare.storage.plugins.filter.validated_shares import FilterModule

GOOD = {"path": "/srv/x", "type": "nfs", "source": "nas1:/x"}


@pytest.fixture
def validated_shares():
    return FilterModule().filters()["validated_shares"]


def test_good_shares_come_back_whole(validated_shares):
    (share,) = validated_shares([GOOD])
    assert (share["path"], share["state"], share["access"]["writers"]) == ("/srv/x", "mounted", [])


def test_all_problems_are_in_the_error(validated_shares):
    with pytest.raises(AnsibleFilterError) as caught:
        validated_shares([dict(GOOD, path="srv/x"), dict(GOOD, type="zfs")])
    assert "2 problems" in str(caught.value)
    assert "srv/x" in str(caught.value) and "zfs" in str(caught.value)
