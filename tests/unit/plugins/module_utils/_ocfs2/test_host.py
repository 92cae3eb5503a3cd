# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a host: its files and its kernel, from a tree that looks like one, and its address."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2 import address
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2.host import Host
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

CONFIGFS = "sys/kernel/config/cluster/vms/"


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_bare_host(tmp_path):
    found = Host(str(tmp_path)).read()
    assert found["live"] is None and found["cluster_conf"] == "" and found["settings"] == {}
    assert found["missing_programs"] == ["o2cb", "mount.ocfs2", "mkfs.ocfs2", "mounted.ocfs2"]
    assert found["driver"] is False and found["service"] == {"exists": False, "enabled": False}
    assert found["settings_path"] == "/etc/default/o2cb"


@pytest.mark.parametrize("files, path", [
    ({"etc/default/o2cb": ""}, "/etc/default/o2cb"),
    ({"etc/sysconfig/o2cb": "", "etc/default/o2cb": ""}, "/etc/sysconfig/o2cb"),
    ({"etc/sysconfig/other": ""}, "/etc/sysconfig/o2cb"),
])
def test_the_file_that_the_service_reads(tmp_path, files, path):
    write(tmp_path, files)
    assert Host(str(tmp_path)).settings_path() == path


@pytest.mark.parametrize("files", [
    {"usr/lib/systemd/system/o2cb.service": "", "etc/systemd/system/multi-user.target.wants/o2cb.service": ""},
    {"etc/init.d/o2cb": "", "etc/rc2.d/S01o2cb": ""},
], ids=["Debian 13", "Debian 12"])
def test_a_service_that_starts_at_boot(tmp_path, files):
    write(tmp_path, files)
    assert Host(str(tmp_path)).service() == {"exists": True, "enabled": True}
    os.unlink(str(tmp_path / sorted(files)[1 if "etc/init.d/o2cb" in files else 0]))
    assert Host(str(tmp_path)).service() == {"exists": True, "enabled": False}


@pytest.mark.parametrize("files, there", [
    ({"modules.dep": "kernel/fs/ocfs2/ocfs2.ko.xz: a\nkernel/fs/ocfs2/ocfs2_stack_o2cb.ko.xz: b\n"}, True),
    ({"modules.dep": "kernel/fs/ocfs2/ocfs2.ko:\n", "modules.builtin": "kernel/fs/ocfs2/ocfs2_stack_o2cb.ko\n"}, True),
    ({"modules.dep": "kernel/fs/ocfs2/ocfs2.ko.xz: a\n"}, False),
    ({"modules.dep": "kernel/fs/ocfs2/ocfs2_dlm.ko:\n"}, False),
])
def test_whether_the_kernel_has_it(tmp_path, files, there):
    write(tmp_path / "lib/modules" / os.uname()[2], files)
    assert Host(str(tmp_path)).has_driver() is there


def test_what_the_kernel_runs(tmp_path):
    write(tmp_path, {
        CONFIGFS + "node/hv2/num": "1\n", CONFIGFS + "node/hv2/ipv4_address": "192.0.2.12\n",
        CONFIGFS + "node/hv2/ipv4_port": "7777\n", CONFIGFS + "node/hv2/local": "0\n",
        CONFIGFS + "node/hv1/num": "0\n", CONFIGFS + "node/hv1/ipv4_address": "192.0.2.11\n",
        CONFIGFS + "node/hv1/ipv4_port": "7777\n", CONFIGFS + "node/hv1/local": "1\n",
        CONFIGFS + "heartbeat/dead_threshold": "61\n", CONFIGFS + "heartbeat/mode": "local\n",
        CONFIGFS + "heartbeat/7D0E2B16F7BE4F62B60FE8F694FBA91A/pid": "7\n", CONFIGFS + "idle_timeout_ms": "60000\n",
    })
    assert Host(str(tmp_path)).running() == {
        "name": "vms", "nodes": [
            {"name": "hv1", "number": 0, "address": "192.0.2.11", "port": 7777, "local": True},
            {"name": "hv2", "number": 1, "address": "192.0.2.12", "port": 7777, "local": False}],
        "settings": {"heartbeat_threshold": 61, "idle_timeout_ms": 60000, "keepalive_delay_ms": None,
                     "reconnect_delay_ms": None},
        "regions": ["7d0e2b16-f7be-4f62-b60f-e8f694fba91a"], "heartbeat_mode": "local"}


OWN = ["10.0.2.15", "192.0.2.11"]


@pytest.mark.parametrize("declared, network, recorded, candidates, expected", [
    ("192.0.2.11", "", [], [], "192.0.2.11"),
    ("", "192.0.2.0/24", ["10.0.2.15"], [], "192.0.2.11"),
    ("", "", ["192.0.2.11"], ["10.0.2.15"], "192.0.2.11"),
    ("", "", ["192.0.2.99"], ["127.0.1.1", "192.0.2.11"], "192.0.2.11"),
])
def test_the_address_of_a_host(declared, network, recorded, candidates, expected):
    assert address.chosen("hv1", OWN, declared, network, recorded, candidates) == expected
    assert address.chosen("hv1", OWN[:1], "", "", [], []) == OWN[0]


@pytest.mark.parametrize("declared, network, words", [
    ("192.0.2.99", "", "address 192.0.2.99 is declared for host hv1, which has 10.0.2.15, 192.0.2.11"),
    ("", "198.51.100.0/24", "has no address in the network"),
    ("", "0.0.0.0/0", "has the addresses 10.0.2.15, 192.0.2.11 in the network"),
    ("", "nonsense", "network nonsense is not valid"),
    ("", "", "cannot be told"),
])
def test_an_address_that_cannot_be_told_is_asked_for(declared, network, words):
    with pytest.raises(Refusal, match=words):
        address.chosen("hv1", OWN, declared, network, [], [])


def test_names_that_stand_for_nothing_are_passed_over():
    assert address.resolved(["127.0.0.1", "no-such-host.invalid"]) == ["127.0.0.1"]
