# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows that are measured at several sizes, and what their hosts are declared to have."""

import pytest

from tests.bench import datastores_scale, site_scale
from tests.bench.fit import fitted, medians
from tests.bench.results import BenchFailed
from tests.bench.site_scale import hosts, inside


def test_the_line_of_least_squares():
    assert fitted([(0, 1), (10, 21)])(5) == pytest.approx(11)
    assert fitted([(0, 0), (1, 2), (2, 1)])(1) == pytest.approx(1)


def test_the_median_of_each_part():
    assert medians({8: [{"a": 1, "b": 5}, {"a": 9, "b": 5}, {"a": 2, "b": 5}]}, ["a"]) == {8: {"a": 2}}


def sites(cost):
    return {size: [{"whole_s": cost(size), "memory_mib": 60 + size / 8}] for size in site_scale.SIZES}


def test_a_site_that_grows_with_its_hosts_is_what_the_line_foretells():
    row = site_scale.row(sites(lambda size: 5 + size / 2))
    assert row.ratio == pytest.approx(1) and not row.missed and row.ours == [37]
    assert row.more["points"][0] == {"hosts": 8, "whole_s": 9, "memory_mib": 61, "line_s": pytest.approx(9)}
    assert site_scale.row(sites(lambda size: size ** 2)).missed


def platforms(seconds, calls=lambda _size: 3):
    return {size: [{f"{play}{part}": value(size) for play in datastores_scale.PLAYS
                    for part, value in (("seconds", seconds), ("calls", calls))}] for size in datastores_scale.SIZES}


def test_a_thousand_datastores_have_a_limit_and_each_size_its_place_on_the_line():
    row = datastores_scale.row(platforms(lambda size: 1.5 + size / 1000))
    assert (row.ours, row.theirs, row.missed) == ([2.5], [datastores_scale.LIMIT], False)
    assert [point["line_s"] for point in row.more["points"]] == pytest.approx([1.51, 1.6, 2.5])
    assert datastores_scale.row(platforms(lambda size: 1.5 + size / 200)).missed


def test_reads_that_depend_on_the_number_fail_the_bench():
    with pytest.raises(BenchFailed, match="number of reads depends"):
        datastores_scale.row(platforms(lambda size: 1, calls=lambda size: size))


def test_each_host_has_an_address_of_its_own():
    assert len({hosts.address(number) for number in range(1000)}) == 1000
    assert hosts.address(0) != hosts.BRIDGE.partition("/")[0]


def test_what_is_published_lies_in_the_shares():
    declared = inside.declared(["a", "b"])
    paths = [share["path"] for share in declared["virtshare_shares"]]
    assert [image["path"] for image in declared["opennebula_storage_filesystems"]] == paths
    assert all(share["source"].startswith(f"{hosts.SHARED}/") for share in declared["virtshare_shares"])
