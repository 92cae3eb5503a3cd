# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ocfs2_cluster by ansible-playbook, in check mode: this machine is not made a member of anything."""

import json
import socket

import pytest

from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

PLAYBOOK = """---
- name: Have a cluster
  hosts: hypervisors
  gather_facts: false
  roles:
    - role: virtshare.storage.ocfs2_cluster
"""
SHARE = {"path": "/srv/shares/vmstore", "type": "ocfs2", "source": "LABEL=vmstore"}
HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ocfs2_cluster_install": False}


def own_address():
    """By which this machine would talk to the documentation's network; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.connect(("192.0.2.1", 9))
        return connection.getsockname()[0]


@pytest.fixture
def role(tmp_path):
    (tmp_path / "play.yml").write_text(PLAYBOOK, encoding="utf-8")

    def run(*hosts, arguments=(), **variables):
        here = dict(HERE, ocfs2_cluster_address=own_address())
        inventory = {"hypervisors": {"hosts": dict.fromkeys(hosts, here), "vars": variables}}
        (tmp_path / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        return run_playbook(
            tmp_path / "play.yml", inventories=[tmp_path / "hosts.json"], arguments=["--check", *arguments])
    return run


def test_a_host_without_such_shares_is_not_even_asked(role):
    share = {"path": "/srv/x", "type": "nfs", "source": "nas1:/x"}
    run = role("hv1", virtshare_shares=[share, dict(SHARE, state="absent")])
    assert run.code == 0, run.output
    assert run.of("ocfs2_cluster_info") == run.of("ocfs2_cluster") == run.of("ocfs2_filesystem") == {}
    run = role("hv1", virtshare_shares=[SHARE], ocfs2_cluster_state="unmanaged")
    assert run.code == 0 and run.of("ocfs2_cluster_info") == {}


def test_a_host_is_told_what_it_lacks_or_what_would_be_done(role):
    run = role("hv1", virtshare_shares=[SHARE], ocfs2_cluster_name="vms")
    found = run.of("ocfs2_cluster_info")["hv1"]
    assert found["devices"][0]["problem"] == "there is no device LABEL=vmstore"
    if found["driver"]:
        assert "cluster_conf" in [each["operation"] for each in run.of("ocfs2_cluster")["hv1"]["operations"]]
    else:
        assert run.of("ocfs2_cluster") == {}
        assert f"hv1: its kernel {found['kernel']} has no OCFS2" in run.failure_text()


def test_what_the_hosts_must_agree_on_stops_all_of_them(role):
    run = role("hv1", "hv2", virtshare_shares=[SHARE])
    assert run.code != 0 and "hosts hv1 and hv2 both call themselves" in run.failure_text()
    assert set(run.of("ocfs2_cluster_info")) == {"hv1", "hv2"} and run.of("ocfs2_cluster") == {}


@pytest.mark.parametrize("variable", ["virtshare_shares", "ocfs2_cluster_shares"])
def test_a_new_host_alone_is_given_no_number(role, variable):
    run = role("hv1", "hv2", arguments=["--limit", "hv1"], **{variable: [SHARE]})
    assert run.code != 0
    assert "hv1: it has no number in the cluster yet" in run.failure_text()
    assert "hv2 was not read" in run.failure_text()
