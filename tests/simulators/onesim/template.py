# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates: attributes by name, single values or vectors, several of one name allowed."""

from . import template_grammar, text, xmltree


class TemplateError(Exception):
    """The given text is no template; the message is the server's."""


class Attribute:
    """A single attribute (value is a str) or a vector attribute (value is a dict of str)."""

    def __init__(self, name, value):
        self.name = _attribute_name(name)
        self.value = value

    @property
    def is_vector(self):
        return isinstance(self.value, dict)

    def trim(self):
        if self.is_vector:
            self.value = {key: text.trim(value) for key, value in self.value.items()}
        else:
            self.value = text.trim(self.value)

    def xml(self):
        if not self.is_vector:
            return text.element(self.name, text.cdata(self.value))
        pairs = sorted(self.value.items())
        return text.element(self.name, "".join(text.element(key, text.cdata(value)) for key, value in pairs if key))

    def copy(self):
        copied = Attribute.__new__(Attribute)
        copied.name = self.name
        copied.value = dict(self.value) if self.is_vector else self.value
        return copied


def _attribute_name(name):
    """Upper case, and made fit for an XML element where it begins with a digit, or with XML in capitals."""
    fixed = text.upper(name)
    first_fits = name[:1] == "_" or (name[:1].isascii() and name[:1].isalpha())
    if name and (not first_fits or name.startswith("XML")):
        fixed = "ONE_" + fixed
    return fixed


class Template:
    """Attributes sorted by name; those of one name in the order they came.

    unique: the kinds of object that keep only the last of several attributes of one name (images, users and
    clusters do, datastores and groups do not).
    """

    def __init__(self, attributes=(), unique=False):
        self._by_name = {}
        self.unique = unique
        for attribute in attributes:
            self.set(attribute)

    @classmethod
    def parse(cls, source, unique=False):
        """From what a caller sent, in string or XML form. Raises TemplateError."""
        if source.startswith("<"):
            try:
                template = cls.from_element(xmltree.parse(source), unique)
            except xmltree.Malformed as error:
                raise TemplateError("Parse error: XML Template malformed.") from error
        else:
            try:
                template = cls((Attribute(name, value) for name, value in template_grammar.parse(source)), unique)
            except template_grammar.ParseError as error:
                raise TemplateError("Parse error%s" % error) from error
        for attribute in template.attributes():
            attribute.trim()
        return template

    @classmethod
    def from_element(cls, root, unique=False):
        """From the children of an XML element. What is neither one text nor a vector vanishes: ``<A></A>`` does."""
        template = cls(unique=unique)
        for node in root.elements():
            if len(node.children) == 1 and node.children[0].is_text:
                template.set(Attribute(node.name, node.children[0].content))
                continue
            inner = node.elements()
            if inner:
                values = {}
                for child in inner:
                    if child.children and child.children[0].is_text:
                        values[child.name] = child.children[0].content
                template.set(Attribute(node.name, values))
        return template

    def copy(self):
        return Template((attribute.copy() for attribute in self.attributes()), self.unique)

    def attributes(self):
        return [attribute for name in sorted(self._by_name) for attribute in self._by_name[name]]

    def xml(self, root="TEMPLATE"):
        return text.element(root, "".join(attribute.xml() for attribute in self.attributes()))

    def set(self, attribute):
        """Add one more attribute of its name, or the only one."""
        if self.unique:
            self.erase(attribute.name)
        self._by_name.setdefault(attribute.name, []).append(attribute)

    def add(self, name, value):
        self.set(Attribute(name, str(value)))

    def replace(self, name, value):
        """Make this the only attribute of that name; True and False are written YES and NO."""
        if isinstance(value, bool):
            value = "YES" if value else "NO"
        self.erase(name)
        self.add(name, value)

    def erase(self, name):
        self._by_name.pop(name, None)

    def singles(self, name):
        return [attribute for attribute in self._by_name.get(name, ()) if not attribute.is_vector]

    def vectors(self, name):
        return [attribute for attribute in self._by_name.get(name, ()) if attribute.is_vector]

    def has(self, name):
        """Whether a single attribute of that name exists."""
        return bool(self.singles(name))

    def get(self, name):
        """The first single value of that name, or an empty string."""
        found = self.singles(name)
        return found[0].value if found else ""

    def take(self, name):
        """get() and erase()."""
        value = self.get(name)
        self.erase(name)
        return value

    def flag(self, name):
        """True for YES in any case, None where the attribute is missing."""
        found = self.singles(name)
        return text.same_word(found[0].value, "YES") if found else None

    def number(self, name):
        """The value where it is a whole number, else None."""
        found = self.singles(name)
        return text.number(found[0].value) if found else None

    def merge(self, other):
        """Every name of the other replaces all of that name here; an empty vector only removes them."""
        for name in other._by_name:
            self.erase(name)
        for attribute in other.attributes():
            if not attribute.is_vector or attribute.value:
                self.set(attribute.copy())
