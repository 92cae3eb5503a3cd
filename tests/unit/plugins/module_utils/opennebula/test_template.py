# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates survive the way to the server and back; what cannot survive is refused."""

import random

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils.opennebula import template
from ansible_collections.virtshare.storage.plugins.module_utils.plan import Refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.onesim.template import Template as ServersTemplate

# The characters that matter to the server's two parsers, mixed with any others it can keep.
NASTY = st.text(alphabet='"\\#=[],\n\t <>&;\'/{}$x]', max_size=12)
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12)
VALUES = st.one_of(NASTY, ANY).filter(lambda value: "]]>" not in value)
NAMES = st.from_regex(r"\A[A-WYZ_][A-Z0-9_]{0,8}\Z")
VECTORS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=3)


def expressible(attributes):
    """Without the one case that is refused: a vector with an empty value and one that ends in a backslash."""
    for values in attributes.values():
        for value in values:
            if isinstance(value, dict):
                inner = [single.strip(template.BLANKS) for single in value.values()]
                if "" in inner and any(single.endswith("\\") for single in inner):
                    return False
    return True


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


@settings(max_examples=150, deadline=None)
@given(ATTRIBUTES.filter(expressible))
def test_attributes_survive_the_round_trip(attributes):
    check_round_trip(attributes)


@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_templates_survive_the_round_trip(seed):
    """Drawn by hand, a hundred times as fast as the property test above, which is there to shrink what fails."""
    chance = random.Random(seed)
    alphabet = '"\\#=[],\n\t <>&;\'/{}$x]aÄ€\U0001f600'

    def value():
        return "".join(chance.choice(alphabet) for _position in range(chance.randrange(10))).replace("]]>", "<>")

    def vector():
        return {chance.choice("KLM") + str(number): value() for number in range(chance.randrange(1, 4))}

    tried = 0
    while tried < 1000:
        attributes = {
            "N%d" % number: [vector() if chance.random() < 0.3 else value() for _each in range(chance.randrange(1, 4))]
            for number in range(chance.randrange(1, 4))
        }
        if expressible(attributes):
            check_round_trip(attributes)
            tried += 1


def check_round_trip(attributes):
    cleaned, _warnings = template.clean(attributes, "datastore 'x'")
    back = through_the_server(template.encode(cleaned))
    assert set(back) == set(cleaned)
    for name, values in cleaned.items():
        assert template.same(back[name], values), name
        # Cleaning what was read back changes nothing: a second run sees no difference.
        assert template.clean({name: back[name]}, "x")[0][name] == back[name]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=140))
def test_a_name_is_kept_or_refused(name):
    try:
        kept = template.object_name(name, "datastore 1")
    except Refusal:
        return
    back = through_the_server(template.encode({"NAME": [kept]}))
    assert back == {"NAME": [kept]}
    assert len(kept.encode("utf-8")) <= 128


@pytest.mark.parametrize("value", ["a]]>b", "bell\x07", "carriage\rreturn", "\ufffe"])
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
