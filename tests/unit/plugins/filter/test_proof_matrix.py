# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that judges the proof as templates use it: its arguments, and what it refuses."""

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtshare.storage.plugins.filter.proof_matrix import FilterModule

SHARES = [
    {"path": "/srv/a", "type": "nfs", "source": "nas1:/a", "credentials": {"password": "secret"},
     "access": {"owner": "oneadmin", "writers": ["oneadmin"]}},
    {"path": "/srv/b", "type": "nfs", "source": "nas1:/b", "state": "absent"},
]


def apply(value, **arguments):
    """What {{ value | virtshare.storage.proof_matrix(...) }} gives."""
    return FilterModule().filters()["proof_matrix"](value, **arguments)


def test_proof_matrix():
    identity = {"mounted": True, "source": "nas1:/a", "fstype": "nfs4", "root": "/", "device": "0:4", "inode": 2,
                "fsid": ""}
    mine = {"path": "/srv/a", "identity": identity, "problem": None, "nonce": "n", "sees": {"hv1": "n"},
            "content": None, "read_only": False}
    phase = {"shares": [mine]}
    made = apply({"hv1": {"write": phase, "read": phase}},
                 shares=SHARES, expected_hosts=["hv1", "hv2"])
    assert made["proven"] is False
    (found,) = made["shares"]
    assert found["state"] == "partial"
    assert found["proven_hosts"] == ["hv1"]
    assert found["expected_hosts"] == ["hv1", "hv2"]


def test_proof_matrix_refuses_what_is_not_by_host():
    with pytest.raises(AnsibleFilterError) as error:
        apply(["hv1"])
    assert "takes a dictionary {host:" in str(error.value) and "not list" in str(error.value)
