# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster.conf and o2cb's settings: read as o2cb reads them, written without touching what is not ours."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2 import cluster_conf, settings
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2.cluster_conf import Cluster, Node
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

# The example of Debian's README, with blanks instead of tabs as it has them, and a second cluster.
DEBIAN = """\
# kept by hand
cluster:
        node_count = 2
        name = ocfs2

node:
        number = 1
        cluster = ocfs2
        ip_port = 7777
        ip_address = 192.0.2.1
        name = node1

node:
\tnumber = 2
\tcluster = ocfs2
\tip_port = 7777
\tip_address = 192.0.2.2
\tname = node2

cluster:
\tnode_count = 0
\theartbeat_mode = global
\tname = other

heartbeat:
\tregion = 77D95EF51C0149D2823674FCC162CF8B
\tcluster = other
"""
VMS = Cluster("vms", [Node("hv2", 1, "192.0.2.12", 7777), Node("hv1", 0, "192.0.2.11", 7778)], {5: "hv9"}, "local", [])


def test_what_o2cb_reads_is_read():
    found = cluster_conf.parse(DEBIAN, "it")
    assert found["ocfs2"].nodes == [Node("node1", 1, "192.0.2.1", 7777), Node("node2", 2, "192.0.2.2", 7777)]
    assert (found["ocfs2"].heartbeat_mode, found["other"].heartbeat_mode) == ("local", "global")
    assert found["other"].regions == ["77D95EF51C0149D2823674FCC162CF8B"]


@pytest.mark.parametrize("before", ["", DEBIAN, DEBIAN + "\n\n# the end\n"], ids=["none", "others", "comment"])
def test_what_is_written_is_read_again_and_the_rest_stays(before):
    text = cluster_conf.with_cluster(before, VMS)
    found = cluster_conf.parse(text, "it")
    assert found["vms"]._replace(nodes=sorted(found["vms"].nodes)) == VMS._replace(nodes=sorted(VMS.nodes))
    assert {name: found[name] for name in found if name != "vms"} == cluster_conf.parse(before, "it")
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith("#") and "reserved" not in line]
    assert cluster_conf.with_cluster(text, VMS) == text
    assert "\tnumber = 0\n\tname = hv1\n\tcluster = vms\n" in text and "\tnode_count = 2\n" in text


def test_a_cluster_goes_with_all_that_is_its():
    text = cluster_conf.with_cluster(DEBIAN, VMS)
    assert cluster_conf.parse(cluster_conf.without_cluster(text, "vms"), "it") == cluster_conf.parse(DEBIAN, "it")
    assert "hv9" not in cluster_conf.without_cluster(text, "vms")
    assert cluster_conf.without_cluster(cluster_conf.with_cluster("# mine\n", VMS), "vms") == ""


@pytest.mark.parametrize("line, word", [("number = 1", "no number"), ("ip_address = 192.0.2.1", "no ip_address")])
def test_a_file_that_o2cb_could_not_read_is_refused(line, word):
    with pytest.raises(Refusal, match="cluster.conf of hv1: the node node1 has %s" % word):
        cluster_conf.parse(DEBIAN.replace(line + "\n", "\n", 1), "cluster.conf of hv1")


def test_a_number_that_is_none_is_refused():
    with pytest.raises(Refusal, match="number = one, which is not a number"):
        cluster_conf.parse(DEBIAN.replace("number = 1", "number = one"), "it")


DEFAULT_FILE = """\
# Please use dpkg-reconfigure.
O2CB_ENABLED=false

# O2CB_BOOTCLUSTER: If not empty, the name of a cluster to start.
O2CB_BOOTCLUSTER="ocfs2"
 export O2CB_HEARTBEAT_THRESHOLD='31' # of two seconds
O2CB_IDLE_TIMEOUT_MS=
"""
VALUES = {"heartbeat_threshold": 61, "idle_timeout_ms": 60000, "keepalive_delay_ms": 2000, "reconnect_delay_ms": 2000}


def test_settings_are_read_as_a_shell_reads_them():
    assert settings.parse(DEFAULT_FILE) == {
        "O2CB_ENABLED": "false", "O2CB_BOOTCLUSTER": "ocfs2", "O2CB_HEARTBEAT_THRESHOLD": "31",
        "O2CB_IDLE_TIMEOUT_MS": ""}
    assert settings.parse("A=1\nA=2\n") == {"A": "2"}


def test_settings_are_set_once_and_other_lines_stay():
    pairs = settings.variables("vms", VALUES)
    text = settings.with_variables("A=1\n" + DEFAULT_FILE + "O2CB_ENABLED=false\n", pairs)
    found = settings.parse(text)
    assert {name: found[name] for name, dummy in pairs} == dict(pairs)
    assert text.count("O2CB_ENABLED=") == 1
    assert text.startswith("A=1\n# Please use dpkg-reconfigure.\nO2CB_ENABLED=true\n")
    assert settings.with_variables(text, pairs) == text


@pytest.mark.parametrize("change, words", [
    ({"heartbeat_threshold": 6}, "heartbeat_threshold is 6, and o2cb takes no less than 7"),
    ({"idle_timeout_ms": 4999}, "no less than 5000"),
    ({"idle_timeout_ms": 5000, "keepalive_delay_ms": 5000}, "before its first keepalive"),
])
def test_settings_that_o2cb_would_not_take_are_refused(change, words):
    with pytest.raises(Refusal, match=words):
        settings.checked(dict(VALUES, **change))


def test_only_what_the_kernel_shows_can_differ():
    live = dict(VALUES, heartbeat_threshold=31, idle_timeout_ms=None)
    assert [(each[0].name, each[1], each[2]) for each in settings.differences(live, VALUES)] == [
        ("heartbeat_threshold", 31, 61)]
