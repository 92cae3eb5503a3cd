# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which map a host's guests get: its own, its cluster's, or OpenNebula's default."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import idmaps

CLUSTERS = [{"id": 0, "name": "default", "cluster_id": -1, "disk": {}},
            {"id": 100, "name": "east", "cluster_id": -1, "disk": {"UID_MAP": "300000", "GID_MAP": "310000"}}]


def host(cluster=0, **disk):
    return {"id": 4, "name": "hv1", "cluster_id": cluster, "disk": disk}


@pytest.mark.parametrize("one, users, groups, origins", [
    (host(), "0:100000:65536", "0:100000:65536", ("OpenNebula's default", "OpenNebula's default")),
    (host(100), "0:300000:65536", "0:310000:65536", ("DISK of the cluster east", "DISK of the cluster east")),
    (host(100, UID_MAP="200000"), "0:200000:65536", "0:310000:65536",
     ("DISK of the host hv1", "DISK of the cluster east")),
    (host(7), "0:100000:65536", "0:100000:65536", ("OpenNebula's default", "OpenNebula's default")),
])
def test_the_host_comes_before_its_cluster(one, users, groups, origins):
    found, problems = idmaps.maps([one], CLUSTERS)
    assert problems == []
    (mapped,) = found
    assert (mapped["name"], mapped["uid_map"], mapped["gid_map"]) == ("hv1", users, groups)
    assert (mapped["uid_from"], mapped["gid_from"]) == origins


@pytest.mark.parametrize("word", ["100000:65536", "many", "-1", "4294967295"])
def test_what_is_no_number_is_named_with_its_owner(word):
    problems = idmaps.maps([host(UID_MAP=word)], CLUSTERS)[1]
    assert len(problems) == 1 and "UID_MAP %r of DISK of the host hv1" % word in problems[0]
