# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates survive the way to the server and back; what cannot survive is refused."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import template
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.onesim import text as servers_text
from tests.simulators.onesim import wire
from tests.simulators.onesim.template import Template as ServersTemplate
from tests.support.nasty import HARMLESS_IN_NAMES, IN_NAMES, Nasty, expressible

# The characters that matter to the server's two parsers, mixed with any others it can keep.
NASTY = st.text(alphabet='"\\#=[],\n\t <>&;\'/{}$x]', max_size=12)
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0xFFFD), max_size=12)
VALUES = st.one_of(NASTY, ANY).filter(lambda value: "]]>" not in value)
NAMES = st.from_regex(r"\A[A-WYZ_][A-Z0-9_]{0,8}\Z")
VECTORS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=3)
ATTRIBUTES = st.dictionaries(NAMES, st.lists(st.one_of(VALUES, VECTORS), min_size=1, max_size=3), max_size=4)


def through_the_server(documents):
    """What the server shows after these documents were appended one after the other."""
    kept = ServersTemplate()
    for document in documents:
        sent = ServersTemplate.parse(document)
        for name in {attribute.name for attribute in sent.attributes()}:
            kept.erase(name)
        for attribute in sent.attributes():
            if not attribute.is_vector or attribute.value:
                kept.set(attribute)
    return template.decode(template.parse("<DATASTORE>%s</DATASTORE>" % kept.xml()).find("TEMPLATE"))


@settings(max_examples=40, deadline=None)
@given(ATTRIBUTES.filter(expressible))
def test_attributes_survive_the_round_trip(attributes):
    check_round_trip(attributes)


@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_templates_survive_the_round_trip(seed):
    """Drawn by hand, a hundred times as fast as the property test above, which is there to shrink what fails."""
    nasty = Nasty(seed)
    for _number in range(1000):
        check_round_trip(nasty.attributes())


def check_round_trip(attributes):
    cleaned, _warnings = template.clean(attributes, "datastore 'x'")
    back = through_the_server(template.encode(cleaned))
    assert set(back) == set(cleaned)
    for name, values in cleaned.items():
        assert template.same(back[name], values), name
        # Cleaning what was read back changes nothing: a second run sees no difference.
        assert template.clean({name: back[name]}, "x")[0][name] == back[name]


@pytest.mark.parametrize("seed", range(5))
def test_five_thousand_names_are_kept_or_refused_as_the_server_would(seed):
    nasty = Nasty(seed)
    # Every other one of harmless characters, or hardly a long one would be kept.
    kept = sum(check_name(nasty.name(alphabet)) for alphabet in (IN_NAMES, HARMLESS_IN_NAMES) * 500)
    assert 200 < kept < 800


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=140))
def test_a_name_is_kept_or_refused(name):
    check_name(name)


def check_name(name):
    """Whether a name is kept, which must be what the server says of it once its blanks are trimmed."""
    trimmed = servers_text.trim(name)
    # The server asks no more, but keeps objects as XML, which has no place for these.
    accepted = servers_text.name_problem(trimmed) is None and not template.UNHOLDABLE.search(trimmed)
    # Its XML-RPC library does not take some at all.
    accepted = accepted and wire.beyond_bmp(trimmed) is None
    try:
        kept = template.object_name(name, "datastore 1")
    except Refusal:
        assert not accepted
        return False
    assert accepted and kept == trimmed
    assert through_the_server(template.encode({"NAME": [kept]})) == {"NAME": [kept]}
    return True


@pytest.mark.parametrize("value", ["a]]>b", "bell\x07", "carriage\rreturn", "\ufffe", "smile \U0001f600"])
def test_what_a_template_cannot_hold_is_refused(value):
    with pytest.raises(Refusal, match="NOTE of datastore 'x'.*leave it out"):
        template.clean({"note": value}, "datastore 'x'")


@pytest.mark.parametrize("name", ["a/b", "a&b", "a|b", "a:b", 'a"b', "a;b", "a'b", "a#b", "a{b", "a}b", "a$b", "a<b",
                                  "a>b", "a\\b", "a\tb", "", "  ", "x" * 129, "ä" * 65])
def test_names_the_server_would_refuse_are_refused_before(name):
    with pytest.raises(Refusal):
        template.object_name(name, "datastore 1")


@pytest.mark.parametrize("name", ["12", " padded ", "with blank", "ünïcode", "x" * 128, "a.b-c_d", "a=b", "[a],b"])
def test_names_the_server_accepts_are_accepted(name):
    assert template.object_name(name, "datastore 1") == name.strip()


@pytest.mark.parametrize("name", ["1st", "with blank", "a-b", "XML_FOO", "xmlns", "ä", ""])
def test_attribute_names_the_server_would_change_are_refused(name):
    with pytest.raises(Refusal, match="starting with a letter"):
        template.clean({name: "x"}, "datastore 'x'")


def test_yaml_values_become_what_the_server_keeps():
    cleaned, warnings = template.clean(
        {"flag": True, "off": False, "count": 3, "share": 1.5, "gone": None, "none": [], "many": ["a", "b"],
         "vector": {"key": 1, "Other": "x"}}, "datastore 'x'")
    assert cleaned == {"FLAG": ["YES"], "OFF": ["NO"], "COUNT": ["3"], "SHARE": ["1.5"], "GONE": [], "NONE": [],
                       "MANY": ["a", "b"], "VECTOR": [{"KEY": "1", "OTHER": "x"}]}
    assert warnings == []


def test_blanks_around_a_value_are_left_out_with_a_word():
    cleaned, warnings = template.clean({"note": "  padded\n", "vector": {"k": " v "}}, "datastore 'x'")
    assert cleaned == {"NOTE": ["padded"], "VECTOR": [{"K": "v"}]}
    assert len(warnings) == 2 and "NOTE of datastore 'x'" in warnings[0] and "VECTOR/K" in warnings[1]


@pytest.mark.parametrize("attributes, words", [
    ({"note": "a", "NOTE": "b"}, "given twice"),
    ({"v": {}}, "write null"),
    ({"v": {"a": "1", "A": "2"}}, "given twice"),
    ({"v": {"a": {"b": "c"}}}, "plain texts only"),
    ({"v": {"a": "", "b": "x\\"}}, "no way to write both"),
    ({"v": [["nested"]]}, "write a text or a number"),
])
def test_attributes_that_mean_something_else_to_the_server_are_refused(attributes, words):
    with pytest.raises(Refusal, match=words):
        template.clean(attributes, "datastore 'x'")


def test_repeated_attributes_are_refused_where_the_server_keeps_one():
    assert template.clean({"a": ["1"]}, "image 'x'", repeatable=False)[0] == {"A": ["1"]}
    with pytest.raises(Refusal, match="only one value"):
        template.clean({"a": ["1", "2"]}, "image 'x'", repeatable=False)


def test_the_string_form_is_used_wherever_it_can_be():
    attributes = {"B": ['say "x"'], "NAME": ["n"], "GONE": [], "E": [""], "V": [{"K2": "b", "K1": "a#"}]}
    assert template.encode(attributes) == [
        'NAME="n"\nB="say \\"x\\""\nE=""\nGONE=[]\nV=[K1="a#",K2="b"]\n']


def test_a_trailing_backslash_goes_by_xml():
    assert template.encode({"NAME": ["n"], "WINDOWS": ["C:\\"]}) == [
        'NAME="n"\n', "<TEMPLATE><WINDOWS><![CDATA[C:\\]]></WINDOWS></TEMPLATE>"]


def test_a_body_that_is_not_xml_is_a_sentence():
    with pytest.raises(ValueError, match="not XML"):
        template.parse("<DATASTORE>")
