# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks that differ are said, with how much and of whom; what a slow way to a host looks like is not."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._proof import clocks
from hypothesis import given, settings
from hypothesis import strategies as st


def clock(ahead=0.0, before=1.0, work=2.0, after=0.5, sent=1000.0):
    """Of a host so many seconds ahead, whose way there and back takes a while."""
    begun = sent + before
    ended = begun + work
    return {"sent": sent, "received": ended + after, "begun": begun + ahead, "ended": ended + ahead}


def warned(**ahead):
    return clocks.warnings({host: [clock(seconds)] for host, seconds in ahead.items()})


@pytest.mark.parametrize("seconds, words", [
    (12, "12 seconds ahead of"), (-12, "12 seconds behind"), (600, "10 minutes ahead of"), (-600, "10 minutes behind"),
    (3600, "1 hour ahead of"), (-3600, "1 hour behind"), (86400, "1 day ahead of"), (-86400, "1 day behind"),
    (9000, "2.5 hours ahead of"), (1e9, "11574.1 days ahead of")])
def test_the_odd_one_out_is_named(seconds, words):
    (sentence,) = warned(hv1=0, hv2=seconds, hv3=0.5)
    assert sentence.startswith("hv2: its clock is %s that of hv1 and hv3. The proof does not depend on clocks" % words)


def test_of_two_the_one_that_is_ahead():
    assert warned(hv1=3600, hv2=0)[0].startswith("hv1: its clock is 1 hour ahead of that of hv2.")
    assert warned(hv1=-600, hv2=0)[0].startswith("hv2: its clock is 10 minutes ahead of that of hv1.")


def test_a_controller_that_is_wrong_itself_is_no_difference_between_hosts():
    assert warned(hv1=7200, hv2=7200, hv3=7201) == []


def test_few_seconds_and_nothing_to_compare_are_not_worth_a_word():
    assert warned(hv1=0, hv2=4) == warned(hv1=3600) == clocks.warnings({}) == []
    assert clocks.warnings({"hv1": [{"begun": 1.0, "ended": 2.0}], "hv2": [clock(3600)]}) == []


def test_the_narrowest_of_a_hosts_measurements_counts():
    slow = clock(30, after=60)
    assert clocks.warnings({"hv1": [clock()], "hv2": [slow]}) == []
    assert len(clocks.warnings({"hv1": [clock()], "hv2": [slow, clock(30)]})) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90), st.floats(0, 90), st.floats(0, 9)), min_size=2, max_size=9))
def test_no_slow_way_makes_a_difference(ways):
    """Of hosts whose clocks agree none is named, however long connecting, work and answering take."""
    assert clocks.warnings({"h%d" % number: [clock(0, *way[:3], sent=1000.0 + way[3])] for number, way in enumerate(ways)}) == []
