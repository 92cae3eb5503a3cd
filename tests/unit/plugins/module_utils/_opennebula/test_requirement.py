# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SCHED_REQUIREMENTS: what is there stays, what is added counts, and nothing is added twice."""

import fnmatch
import itertools
import re

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import requirement
from hypothesis import assume, given
from hypothesis import strategies as st

A, B = "VIRTSHARE_A", "VIRTSHARE_B"


class Reader:
    """expr_bool.y on a host's attributes: & and | of one rank from left to right, ! before the rest of its side."""

    def __init__(self, text, host):
        self.tokens = re.findall(r'"[^"]*"|[A-Za-z]\w*|-?\d+|[()&|!=<>]', text)
        self.host = host

    def value(self):
        result = self.expression()
        assert self.tokens == []
        return result

    def expression(self):
        found = self.operand()
        while self.tokens and self.tokens[0] in "&|":
            joined, other = self.tokens.pop(0), self.operand()
            found = found and other if joined == "&" else found or other
        return found

    def operand(self):
        token = self.tokens.pop(0)
        if token == "!":
            return not self.operand()
        if token == "(":
            found = self.expression()
            assert self.tokens.pop(0) == ")"
            return found
        negated = self.tokens[0] == "!"
        if negated:
            self.tokens.pop(0)
        assert self.tokens.pop(0) == "="
        known, pattern = self.host.get(token.strip('"')), self.tokens.pop(0).strip('"')
        return known is not None and fnmatch.fnmatchcase(known, pattern) is not negated


def meets(text, host):
    return Reader(text, host).value() if text.strip() else True


HOSTS = [{name: value for name, value in zip((A, B, "X"), values) if value}
         for values in itertools.product(("ok", "lost", None), ("ok", "lost", None), ("1", "2", None))]
comparisons = st.tuples(st.sampled_from([A, B, "X", '"X"']), st.sampled_from(["=", "!=", " = ", " != "]),
                        st.sampled_from(['"ok"', '"o*"', '"1"', '"(&|"'])).map("".join)
texts = st.recursive(comparisons, lambda inner: st.one_of(
    st.tuples(inner, st.sampled_from([" & ", " | ", "&", "|"]), inner).map("".join), inner.map("({})".format),
    inner.map("!({})".format), inner.map("( {} )".format)), max_leaves=6) | st.just("")


@given(texts)
def test_what_is_added_counts_and_what_was_there_counts_as_before(text):
    after = requirement.asking_for(text, A)
    assert requirement.asks_for(after, A)
    for host in HOSTS:
        assert meets(after, host) == (meets(text, host) and host.get(A) == "ok"), host


BROKEN = ['(A="x"', 'A="x', 'A="x")', ') A="x" (', 'A="x" &', '& A="x"', 'A="x" & & B="y"', 'A="x" | ', '()', 'A="x" & ()', '!',
          'A', '"x"', 'A=', '="x"', 'A=="x"', 'A="x" B="y"', 'A="x" (B="y")', '(A="x") !(B="y")', 'A>="3"', 'A>"x"', 'A>=3', '3=3',
          'A/B="x"', 'A+1=2', 'NAME=host1.example.org', ';', 'A="x" and B="y"', '(VIRTSHARE_A="ok"', 'VIRTSHARE_A="ok" &']


@pytest.mark.parametrize("text", BROKEN)
def test_what_the_grammar_does_not_allow_is_told_and_asks_for_nothing(text):
    assert requirement.problem(text)
    assert not requirement.asks_for(text, A) and requirement.not_asking_for(text, A) == text


@pytest.mark.parametrize("text", ['', ' \n', 'A=x', "A='x'", 'A="x";', '"A/B"="x"', 'A = 3', 'A=-3', 'A != 0.5', 'A > 3', 'A<0.5', 'A @> "x"',
                                  '! A="x"', '!!(A="x")', '((A="x"))', 'A=""', 'A="(&|!"', 'A="x"\n&\nB="y"', '! A ! = "x" | (B=1&C=2)'])
def test_what_the_grammar_allows_is_well(text):
    assert requirement.problem(text) is None


@given(texts, st.sampled_from(["(", ")", '"', "&", "|", "!", "A"]), st.integers(0, 200))
def test_a_sign_more_or_less_makes_it_another_text_or_a_broken_one(text, sign, position):
    """Whatever becomes of it: what is added to one without a problem has none, and is found again."""
    assert requirement.problem(text) is None
    for changed in (text[:position] + sign + text[position:], text[:position] + text[position + 1:]):
        if requirement.problem(changed) is None:
            after = requirement.asking_for(changed, A)
            assert requirement.problem(after) is None and requirement.asks_for(after, A)
            assert requirement.problem(requirement.not_asking_for(after, A)) is None


@pytest.mark.parametrize("text, there", [('(VIRTSHARE_A="ok"', True), ('X="VIRTSHARE_A', True), ('VIRTSHARE_AB="ok" &', False), ("", False)])
def test_a_name_is_seen_in_what_cannot_be_read(text, there):
    assert requirement.mentions(text, A) is there


@given(texts)
def test_what_is_said_to_be_asked_for_is(text):
    if requirement.asks_for(text, A):
        assert not any(meets(text, host) for host in HOSTS if host.get(A) != "ok")


@given(texts)
def test_what_was_added_goes_again_and_nothing_else(text):
    assume(not requirement.asks_for(text, A) and not requirement.asks_for(text, B))
    first = requirement.asking_for(text, A)
    back = requirement.not_asking_for(requirement.asking_for(first, B), B)
    gone = requirement.not_asking_for(back, A)
    for host in HOSTS:
        assert meets(back, host) == meets(first, host) and meets(gone, host) == meets(text, host), host


@pytest.mark.parametrize("before, after", [
    ("", 'VIRTSHARE_A="ok"'),
    ('CLUSTER_ID="0"', '(CLUSTER_ID="0") & (VIRTSHARE_A="ok")'),
    ('(CLUSTER_ID="0") & (ARCH="x86_64")', '(CLUSTER_ID="0") & (ARCH="x86_64") & (VIRTSHARE_A="ok")'),
    ('ID="1" | ID="2"', '(ID="1" | ID="2") & (VIRTSHARE_A="ok")'),
    ('!(ID="1") & X="2"', '(!(ID="1") & X="2") & (VIRTSHARE_A="ok")'),
    ('NAME != "a & b"', '(NAME != "a & b") & (VIRTSHARE_A="ok")'),
])
def test_the_text_is_what_a_person_would_write(before, after):
    assert requirement.asking_for(before, A) == after
    assert not requirement.asks_for(before, A)
    assert requirement.not_asking_for(after, A) == before


@pytest.mark.parametrize("text", ['VIRTSHARE_A="ok"', 'VIRTSHARE_A = ok', '( VIRTSHARE_A = "ok" ) & X="1"', '"VIRTSHARE_A"="ok"',
                                  '((X="1") & (VIRTSHARE_A="ok"))'])
def test_it_is_found_however_it_is_written(text):
    assert requirement.asks_for(text, A)


@pytest.mark.parametrize("text", ['VIRTSHARE_A!="ok"', 'VIRTSHARE_A="ok" | X="1"', '!(VIRTSHARE_A="ok")', 'VIRTSHARE_AB="ok"',
                                  'VIRTSHARE_A="lost"', 'X="VIRTSHARE_A=ok"', '((VIRTSHARE_A="ok")', 'VIRTSHARE_A="ok" &'])
def test_what_does_not_ask_for_it_is_not_taken_for_it(text):
    assert not requirement.asks_for(text, A)
