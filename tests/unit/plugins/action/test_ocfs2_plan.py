# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts the plan of a cluster expects, from what is declared for them."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

from tests.support.action import work

SHARE = {"path": "/srv/x", "type": "ocfs2", "source": "LABEL=x"}
INFO = {
    "node": "hv1", "kernel": "6.12", "driver": True, "missing_programs": [], "address": "192.0.2.1",
    "service": {"exists": True, "enabled": True}, "cluster_conf": "", "settings_path": "/etc/default/o2cb",
    "settings": {}, "drop_in": "", "live": None, "devices": []}
HOST = {"name": "vms", "port": 7777, "removed_nodes": [], "number": None, "filesystems": [], "sources": [],
        "info": INFO, "settings": {
            "heartbeat_threshold": 31, "idle_timeout_ms": 30000, "keepalive_delay_ms": 2000, "reconnect_delay_ms": 2000}}


def plan(declared, **arguments):
    """The plan of a run for hv1, of all hosts that something is declared for."""
    variables = {host: dict(declared.get(host, {}), member=HOST if host == "hv1" else None)
                 for host in dict.fromkeys(["hv1", *declared])}
    return work("ocfs2_plan", variables, ["hv1"], members="member", hosts=list(variables), **arguments)


@pytest.mark.parametrize("declared", [
    {}, {"hv1": {"virtshare_shares": [SHARE]}, "hv2": {"virtshare_shares": []}}, {"hv2": {"virtshare_shares": None}},
    {"hv2": {"virtshare_shares": [dict(SHARE, type="nfs", source="nas1:/x")]}},
    {"hv2": {"virtshare_shares": [dict(SHARE, state="absent")]}},
    {"hv2": {"virtshare_shares": [SHARE], "ocfs2_cluster_shares": []}},
])
def test_hosts_that_declare_no_such_share_are_not_missed(declared):
    assert [node["name"] for node in plan(declared)["cluster"]["nodes"]] == ["hv1"]


@pytest.mark.parametrize("declared, arguments, missed", [
    ({"hv2": {"virtshare_shares": [SHARE]}}, {}, "hv2 was not read"),
    ({"hv2": {"virtshare_shares": [], "ocfs2_cluster_shares": [SHARE]}}, {}, "hv2 was not read"),
    ({"hv2": {"virtshare_shares": [], "ocfs2_cluster_filesystems": [{"label": "x"}]}}, {}, "hv2 was not read"),
    ({}, {"unknown_hosts": True}, "the hosts outside of --limit was not read"),
])
def test_hosts_that_should_have_been_read_are_missed(declared, arguments, missed):
    with pytest.raises(Refusal, match=missed):
        plan(declared, **arguments)


def test_a_host_of_the_play_that_was_not_read_is_left_out():
    variables = {"hv1": {"member": HOST}, "hv2": {}}
    assert [node["name"] for node in work("ocfs2_plan", variables, members="member")["cluster"]["nodes"]] == ["hv1"]
