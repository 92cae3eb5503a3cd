# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twenty shares with one cause are one line, and nothing else is put together."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.gathered import alike, gathered, listed

PATHS = ["/srv/shares/s%02d" % number for number in range(1, 21)]


@pytest.mark.parametrize("start, together", [
    ("hv1: ", "hv1: "), ("", ""), ("share ", "shares "), ("hv1 and hv2: share ", "hv1 and hv2: shares ")])
def test_what_is_so_for_many_shares_is_one_sentence(start, together):
    said = ["%s%s: the user nosuch does not exist." % (start, path) for path in PATHS]
    assert gathered(said) == ["%s%s: the user nosuch does not exist." % (together, ", ".join(PATHS))]


def test_what_is_so_on_several_hosts_is_said_once():
    said = ["%s: %s: it is off." % (host, path) for host in ("hv1", "hv2", "hv3") for path in PATHS]
    assert gathered(said) == ["hv1, hv2 and hv3: %s: it is off." % ", ".join(PATHS)]
    assert gathered(said[:-1]) == ["hv1 and hv2: %s: it is off." % ", ".join(PATHS),
                                   "hv3: %s: it is off." % ", ".join(PATHS[:-1])]


@pytest.mark.parametrize("said", [
    [], ["a sentence", "another: one"], ["hv1: /srv/a: gone.", "hv1: /srv/b: full."], ["hv1: /srv/a: gone"],
    ["/srv/a: mount /srv/a again.", "/srv/b: mount /srv/b again."], ["hv1: hv1 is off.", "hv2: hv2 is off."],
    ["/srv/a (a) lies in none of these: /srv/b", "/srv/c (c) lies in none of these: /srv/b"],
    ["share /srv/a: gone"], ["hv1: /srv/a: gone\nand /srv/a: so", "hv2: /srv/a: gone"],
])
def test_all_else_stays_as_it_is(said):
    assert gathered(said) == said


def test_the_order_is_that_of_the_first():
    assert gathered(["/b: x", "one", "/a: y", "/a: x"]) == ["/b, /a: x", "one", "/a: y"]


def test_texts_of_several_lines_are_put_together_where_they_are_alike():
    lost = ["%s: NOT proven\n  hv1: %s: the source is gone" % (path, path) for path in PATHS]
    well = ["%s: proven" % path for path in ("/srv/a", "/srv/b")]
    own = "/srv/c: NOT proven\n  hv1: mount /srv/c"
    assert alike([well[0], *lost, own, well[1]]) == [
        "/srv/a: proven", "%s: NOT proven\n  hv1: the source is gone" % ", ".join(PATHS), own, "/srv/b: proven"]
    assert alike(lost[:1]) == lost[:1]


@pytest.mark.parametrize("words, text", [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_words_in_a_sentence(words, text):
    assert listed(words) == text
