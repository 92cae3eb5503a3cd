# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node numbers: kept forever, read from everywhere, and never given twice."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2.cluster_conf import Cluster, Node
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2.node_numbers import Member, Source, merged
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal


def member(number, declared=None, address=None, node=None):
    return Member("hv%d" % number, node or "hv%d" % number, declared, address or "192.0.2.%d" % number, 7777)


def node(number, given, address=None):
    return Node("hv%d" % number, given, address or "192.0.2.%d" % number, 7777)


def source(*nodes, words="cluster.conf of hv1", live=False, reserved=None, mode="local"):
    return Source(words, Cluster("vms", list(nodes), reserved or {}, mode, []), live)


def numbers(members, sources=(), removed=(), missing=()):
    found = merged("vms", members, list(sources), list(removed), list(missing))
    return {each.name: each.number for each in found.nodes}, found.reserved


def refused(*arguments, **changes):
    with pytest.raises(Refusal) as caught:
        numbers(*arguments, **changes)
    return str(caught.value)


def test_a_new_cluster_counts_from_zero_in_the_inventorys_order():
    assert numbers([member(2), member(1)]) == ({"hv2": 0, "hv1": 1}, {})


def test_declared_numbers_are_taken_and_left_to_their_owners():
    assert numbers([member(1), member(2, 0), member(3)]) == ({"hv1": 1, "hv2": 0, "hv3": 2}, {})


def test_a_host_added_in_front_renumbers_nobody():
    known = source(node(1, 0), node(2, 1))
    assert numbers([member(3), member(1), member(2)], [known])[0] == {"hv1": 0, "hv2": 1, "hv3": 2}


def test_a_host_that_left_the_inventory_stays_a_node():
    assert numbers([member(2), member(3)], [source(node(1, 0), node(2, 1))])[0] == {"hv1": 0, "hv2": 1, "hv3": 2}


def test_a_removed_node_leaves_a_gap_that_is_remembered():
    first = numbers([member(2)], [source(node(1, 0), node(2, 1))], ["hv1"])
    assert first == ({"hv2": 1}, {0: "hv1"})
    later = source(node(2, 1), reserved={0: "hv1"})
    assert numbers([member(2), member(3)], [later], ["hv1"]) == ({"hv2": 1, "hv3": 2}, {0: "hv1"})
    assert numbers([member(2), member(3)], [later]) == ({"hv2": 1, "hv3": 2}, {0: "hv1"})


def test_a_removed_node_that_comes_back_gets_its_number_again():
    assert numbers([member(1), member(2)], [source(node(2, 1), reserved={0: "hv1"})]) == ({"hv1": 0, "hv2": 1}, {})


def test_a_lost_file_is_made_up_for_by_the_others():
    assert numbers([member(1), member(2)], [source(node(1, 4), node(2, 9))])[0] == {"hv1": 4, "hv2": 9}


def test_what_a_kernel_runs_mends_an_edited_file():
    running = source(node(1, 0), node(2, 1), words="the kernel of hv1", live=True)
    edited = source(node(1, 7), node(2, 0), words="cluster.conf of hv2")
    assert numbers([member(1), member(2)], [edited, running]) == ({"hv1": 0, "hv2": 1}, {})


def test_files_that_disagree_are_refused_naming_both():
    words = refused([member(1), member(2)], [source(node(1, 0)), source(node(1, 1), words="cluster.conf of hv2")])
    assert "node hv1 has number 0 in cluster.conf of hv1 and 1 in cluster.conf of hv2" in words
    words = refused([member(1), member(2)], [source(node(1, 0)), source(node(2, 0), words="cluster.conf of hv2")])
    assert "number 0 is hv1 in cluster.conf of hv1 and hv2 in cluster.conf of hv2" in words
    words = refused([member(1), member(2)], [
        source(node(1, 0)), source(reserved={0: "hv9"}, words="cluster.conf of hv2")])
    assert "was that of the removed hv9" in words


@pytest.mark.parametrize("members, sources, removed, words", [
    ([member(1, 3)], [source(node(1, 0))], [], "number 3 is declared, and node hv1 has number 0"),
    ([member(1, 0)], [source(node(2, 0))], [], "number 0 is declared, and it is that of hv2"),
    ([member(1, 0)], [source(reserved={0: "hv9"})], [], "that of the removed node hv9"),
    ([member(1, 255)], [], [], "o2cb knows 0 to 254"),
    ([member(1), member(2, node="hv1")], [], [], "hosts hv1 and hv2 both call themselves hv1"),
    ([member(1), member(2, address="192.0.2.1")], [], [], "both have the address 192.0.2.1"),
    ([member(1)], [source(node(1, 0))], ["hv1"], "host hv1 of this run is that node"),
    ([member(1)], [source(node(1, 0), mode="global")], [], "ocfs2_cluster_state: unmanaged"),
])
def test_what_cannot_be_is_refused(members, sources, removed, words):
    assert words in refused(members, sources, removed)


def test_a_run_for_some_of_the_hosts_changes_nothing_that_all_must_know():
    known = source(node(1, 0), node(2, 1))
    assert numbers([member(1)], [known], missing=["hv2"])[0] == {"hv1": 0, "hv2": 1}
    assert "has no number in the cluster yet" in refused([member(3)], [], missing=["hv1", "hv2"])
    assert "hv1, hv2 were not read" in refused([member(3)], [], missing=["hv1", "hv2"])
    assert "node hv1 changed" in refused([member(1, address="192.0.2.99")], [known], missing=["hv2"])
    assert "node hv9 changed" in refused([member(1)], [source(node(1, 0), node(9, 1))], ["hv9"], ["hv2"])


def test_a_removed_node_that_kernels_still_know_is_no_change():
    running = source(node(1, 0), node(9, 1), words="the kernel of hv1", live=True)
    written = source(node(1, 0), reserved={1: "hv9"})
    assert numbers([member(1)], [running, written], ["hv9"], ["hv2"]) == ({"hv1": 0}, {1: "hv9"})


def test_all_numbers_taken():
    full = source(*[Node("n%d" % number, number, "192.0.2.1%d" % number, 7777) for number in range(255)])
    assert "all numbers from 0 to 254 are taken" in refused([member(1)], [full])
