# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts the filter expects, from what is declared for them."""

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtshare.storage.plugins.filter.ocfs2_plan import FilterModule

SHARE = {"path": "/srv/x", "type": "ocfs2", "source": "LABEL=x"}
INFO = {
    "node": "hv1", "kernel": "6.12", "driver": True, "tools": [], "address": "192.0.2.1",
    "service": {"exists": True, "enabled": True}, "cluster_conf": "", "settings_path": "/etc/default/o2cb",
    "settings": {}, "drop_in": "", "live": None, "devices": []}
HOST = {"name": "vms", "port": 7777, "removed_nodes": [], "number": None, "filesystems": [], "sources": [],
        "info": INFO, "settings": {
            "heartbeat_threshold": 31, "idle_timeout_ms": 30000, "keepalive_delay_ms": 2000, "reconnect_delay_ms": 2000}}


@pytest.fixture
def ocfs2_plan():
    return FilterModule().filters()["ocfs2_plan"]


@pytest.mark.parametrize("declared", [
    {}, {"shares": {"hv1": [SHARE], "hv2": []}}, {"shares": {"hv1": [SHARE], "hv2": [dict(SHARE, type="nfs")]}},
    {"shares": {"hv1": [SHARE], "hv2": [dict(SHARE, state="absent")]}},
])
def test_hosts_that_declare_no_such_share_are_not_missed(ocfs2_plan, declared):
    assert [node["name"] for node in ocfs2_plan({"hv1": HOST, "hv2": None}, **declared)["cluster"]["nodes"]] == ["hv1"]


@pytest.mark.parametrize("declared, missed", [
    ({"shares": {"hv1": [SHARE], "hv2": [SHARE]}}, "hv2 was not read"),
    ({"shares": {"hv2": []}, "filesystems": {"hv2": [{"label": "x"}]}}, "hv2 was not read"),
    ({"beyond": "the hosts outside of --limit"}, "the hosts outside of --limit was not read"),
])
def test_hosts_that_should_have_been_read_are_missed(ocfs2_plan, declared, missed):
    with pytest.raises(AnsibleFilterError, match=missed):
        ocfs2_plan({"hv1": HOST, "hv2": None}, **declared)
