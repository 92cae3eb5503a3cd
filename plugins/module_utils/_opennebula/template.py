# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenNebula templates: encode without loss, decode, and the rules of names and values. No I/O.

Attributes are held as {NAME: [value, ...]}: a name can occur more than once, and a value is a str or, for a vector
attribute, a {KEY: str}. Rules read in OpenNebula's template parser (src/parsers, src/template, include/Attribute.h).
"""

import re
from xml.etree import ElementTree

from .._plan.plan import Refusal

# OpenNebula trims with C's isspace(), so blanks beyond ASCII stay.
BLANKS = " \t\n\v\f\r"
NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
# Characters XML 1.0 cannot hold (OpenNebula keeps every object as XML), and the carriage return, which XML readers
# turn into a newline so that it would never compare equal.
UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# OpenNebula's XML-RPC library takes no call with a character of more than 16 bits, and gives no answer with one.
BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")
WHY_NOT_BEYOND_BMP = ("OpenNebula's XML-RPC cannot carry, as it lies beyond the Basic Multilingual Plane (an emoji, "
                      "for one); leave it out")
NAME_LIMIT = 128
INVALID_NAME_CHARACTERS = "&|:\\\";/'#{}$<>\t\n\v\f\r"


def refuse_beyond_bmp(value, subject):
    """A Refusal where a text holds a character that OpenNebula's XML-RPC cannot carry.

    subject: phrase that starts the message, such as C(The name 'x' of datastore 1 of the list).
    """
    found = BEYOND_BMP.search(value)
    if found:
        raise Refusal("%s holds U+%04X, a character that %s."
                      % (subject, ord(found.group(0)), WHY_NOT_BEYOND_BMP))


def object_name(value, what):
    """The name of a datastore, image or such as OpenNebula keeps it (trimmed), or a Refusal.

    what: phrase that starts the message, such as C(datastore 1 of the list).
    """
    name = str(value).strip(BLANKS)
    if not name:
        raise Refusal("%s has an empty name; give it one of 1 to %d characters." % (what, NAME_LIMIT))
    bad = sorted(set(character for character in name if character in INVALID_NAME_CHARACTERS))
    if bad:
        raise Refusal("The name %r of %s holds %s, which OpenNebula does not allow; leave it out."
                      % (name, what, " ".join(repr(character) for character in bad)))
    if UNHOLDABLE.search(name):
        raise Refusal("The name %r of %s holds a control character; leave it out." % (name, what))
    refuse_beyond_bmp(name, "The name %r of %s" % (name, what))
    if len(name.encode("utf-8")) > NAME_LIMIT:
        raise Refusal("The name %r of %s is longer than %d bytes; shorten it." % (name, what, NAME_LIMIT))
    return name


def attribute_name(value, what):
    """The upper-case name of an attribute or of a key in a vector, or a Refusal."""
    name = str(value)
    if not NAME.match(name) or name.upper().startswith("XML"):
        raise Refusal("The attribute name %r of %s is not one OpenNebula keeps as written: use letters, digits and _, "
                      "starting with a letter or _ (and not with XML)." % (name, what))
    return name.upper()


def text(value, name, what):
    """A single value as OpenNebula keeps it: a trimmed str; numbers are written out, booleans become YES and NO."""
    if isinstance(value, bool):
        return "YES" if value else "NO"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise Refusal("The value of %s of %s is a %s; write a text or a number." % (name, what, type(value).__name__))
    value = value.strip(BLANKS)
    if "]]>" in value:
        raise Refusal("The value of %s of %s holds ]]>, which OpenNebula's templates cannot express; leave it out."
                      % (name, what))
    if UNHOLDABLE.search(value):
        raise Refusal("The value of %s of %s holds a control character or carriage return, which OpenNebula cannot "
                      "keep; leave it out (a plain newline is fine)." % (name, what))
    if BEYOND_BMP.search(value):
        # The value may be a secret: no character of it is shown.
        raise Refusal("The value of %s of %s holds a character that %s." % (name, what, WHY_NOT_BEYOND_BMP))
    return value


def clean(attributes, what, repeatable=True):
    """Attributes as a user writes them (YAML) -> ({NAME: [value, ...]}, [warning, ...]).

    A null (or an empty list) means: this attribute is to be absent, shown as an empty list of values.
    A dict is a vector attribute, a list a repeated one. Refusal names the attribute, why, and what to write instead.
    """
    cleaned = {}
    warnings = []
    for key in sorted(attributes, key=str):
        name = attribute_name(key, what)
        if name in cleaned:
            raise Refusal("The attribute %s of %s is given twice, in different case; OpenNebula writes all names in "
                          "upper case. Keep one." % (name, what))
        values = attributes[key]
        if values is None:
            values = []
        elif not isinstance(values, list):
            values = [values]
        if len(values) > 1 and not repeatable:
            raise Refusal("The attribute %s of %s is a list, but OpenNebula keeps only one value of a name here; "
                          "write one." % (name, what))
        cleaned[name] = [_clean_value(value, name, what, warnings) for value in values]
    return cleaned, warnings


def _clean_value(value, name, what, warnings):
    if not isinstance(value, dict):
        cleaned = text(value, name, what)
        if isinstance(value, str) and value != cleaned:
            warnings.append("Blanks around the value of %s of %s are left out, as OpenNebula trims every value."
                            % (name, what))
        return cleaned
    if not value:
        raise Refusal("The attribute %s of %s is an empty mapping, which OpenNebula takes for a deletion; "
                      "write null to have it deleted." % (name, what))
    vector = {}
    for key in sorted(value, key=str):
        inner = attribute_name(key, "%s of %s" % (name, what))
        if inner in vector:
            raise Refusal("The key %s in %s of %s is given twice, in different case; keep one." % (inner, name, what))
        if isinstance(value[key], (dict, list)) or value[key] is None:
            raise Refusal("The key %s in %s of %s is not a single value; OpenNebula's vector attributes hold plain "
                          "texts only." % (inner, name, what))
        vector[inner] = _clean_value(value[key], "%s/%s" % (name, inner), what, warnings)
    if _needs_xml(vector) and "" in vector.values():
        raise Refusal("The vector %s of %s holds both an empty value and one that ends in a backslash; OpenNebula has "
                      "no way to write both. Leave the empty key out." % (name, what))
    return vector


def encode(attributes):
    """{NAME: [value, ...]} -> the template documents, to be sent in this order; an empty list deletes the attribute.

    Mostly one, in the string form, which is the only one that keeps empty values. A value that ends in a backslash
    can be expressed in the XML form only; the attributes that hold one follow in a second document.
    """
    plain = {}
    backslashed = {}
    for name in attributes:
        target = backslashed if any(_needs_xml(value) for value in attributes[name]) else plain
        target[name] = attributes[name]
    documents = []
    if plain:
        documents.append("".join(_string_line(name, plain[name]) for name in _in_order(plain)))
    if backslashed:
        documents.append("<TEMPLATE>%s</TEMPLATE>" % "".join(
            _xml_element(name, value) for name in _in_order(backslashed) for value in backslashed[name]))
    return documents


def _in_order(attributes):
    """NAME first, for the reader of a log; the rest by name."""
    return sorted(attributes, key=lambda name: (name != "NAME", name))


def _needs_xml(value):
    values = value.values() if isinstance(value, dict) else [value]
    return any(single.endswith("\\") for single in values)


def _string_line(name, values):
    if not values:
        return "%s=[]\n" % name
    return "".join("%s=%s\n" % (name, _string_value(value)) for value in values)


def _string_value(value):
    if isinstance(value, dict):
        return "[%s]" % ",".join("%s=%s" % (key, _string_value(value[key])) for key in sorted(value))
    return '"%s"' % value.replace('"', '\\"')


def _xml_element(name, value):
    if isinstance(value, dict):
        inner = "".join(_xml_element(key, value[key]) for key in sorted(value))
    else:
        inner = "<![CDATA[%s]]>" % value
    return "<%s>%s</%s>" % (name, inner, name)


def parse(document):
    """The root element of an XML body that OpenNebula returned; ValueError when it is not XML."""
    try:
        return ElementTree.fromstring(document if isinstance(document, str) else "")
    except ElementTree.ParseError as error:
        raise ValueError("a body that is not XML (%s)" % error)


def decode(element):
    """A <TEMPLATE> element -> {NAME: [value, ...]} in the order of the server."""
    attributes = {}
    for child in ([] if element is None else element):
        if len(child):
            value = dict((grandchild.tag, (grandchild.text or "").strip(BLANKS)) for grandchild in child)
        else:
            value = (child.text or "").strip(BLANKS)
        attributes.setdefault(child.tag, []).append(value)
    return attributes


def friendly(attributes):
    """{NAME: [value, ...]} as people read it: a single value without the list around it."""
    return dict((name, values[0] if len(values) == 1 else values) for name, values in attributes.items())


def same(left, right):
    """Whether two lists of values mean the same: order of repeated ones aside, keys of vectors in any case."""
    return sorted(map(_comparable, left)) == sorted(map(_comparable, right))


def _comparable(value):
    if isinstance(value, dict):
        return "vector", sorted((key.upper(), value[key]) for key in value)
    return "single", [("", value)]
