# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of access and proof as templates use them: their names, their arguments, and what they refuse."""

import importlib

import pytest
from ansible.errors import AnsibleFilterError

SHARES = [
    {"path": "/srv/a", "type": "nfs", "source": "nas1:/a", "credentials": {"password": "secret"},
     "access": {"owner": "oneadmin", "writers": ["oneadmin"]}},
    {"path": "/srv/b", "type": "nfs", "source": "nas1:/b", "state": "absent"},
]


def apply(name, value, **arguments):
    """What {{ value | virtshare.storage.NAME(...) }} gives."""
    module = importlib.import_module("ansible_collections.virtshare.storage.plugins.filter." + name)
    return module.FilterModule().filters()[name](value, **arguments)


def test_inner_volume_paths():
    volumes = [{"name": "V", "path": "/srv/a/x"}, {"name": "W", "path": "/srv/a"}, {"name": "X", "path": "/srv/b/x"}]
    assert apply("inner_volume_paths", volumes, shares=SHARES, users=["oneadmin"]) == [
        {"path": "/srv/a/x", "writers": ["oneadmin"]}]


def test_proof_matrix():
    identity = {"mounted": True, "source": "nas1:/a", "fstype": "nfs4", "root": "/", "device": "0:4", "inode": 2,
                "fsid": ""}
    mine = {"path": "/srv/a", "identity": identity, "problem": None, "nonce": "n", "sees": {"hv1": "n"},
            "content": None, "read_only": False}
    phase = {"shares": [mine]}
    made = apply("proof_matrix", {"hv1": {"write": phase, "read": phase}},
                 shares=SHARES, expected_hosts=["hv1", "hv2"])
    assert made["proven"] is False
    (found,) = made["shares"]
    assert found["state"] == "partial"
    assert found["proven_hosts"] == ["hv1"]
    assert found["expected_hosts"] == ["hv1", "hv2"]


def test_proof_matrix_refuses_what_is_not_by_host():
    with pytest.raises(AnsibleFilterError) as error:
        apply("proof_matrix", ["hv1"])
    assert "takes a dictionary {host:" in str(error.value) and "not list" in str(error.value)
