# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small tree of an XML document that keeps text and CDATA nodes apart, as the server's XML library does.

That difference decides which attributes of an XML template exist at all (see template.py).
"""

from xml.parsers import expat

TEXT, CDATA, OTHER = "text", "cdata", "other"


class Malformed(Exception):
    """The document is not well-formed."""


class Leaf:
    """A text, CDATA, comment or processing instruction node."""

    def __init__(self, kind, content=""):
        self.kind = kind
        self.content = content

    @property
    def is_text(self):
        return self.kind in (TEXT, CDATA)


class Element:
    """An element with its children in document order."""

    is_text = False

    def __init__(self, name):
        self.name = name
        self.children = []

    def elements(self):
        return [child for child in self.children if isinstance(child, Element)]

    def find(self, name):
        """The first child element of that name, or None."""
        for child in self.children:
            if isinstance(child, Element) and child.name == name:
                return child
        return None

    def text(self, name, default=""):
        """The content of the first child element of that name."""
        child = self.find(name)
        return default if child is None else child.content()

    def number(self, name, default=-1):
        value = self.text(name, None)
        return default if value is None or value == "" else int(value)

    def content(self):
        return "".join(child.content for child in self.children if isinstance(child, Leaf) and child.is_text)

    def ids(self, name):
        """The set of ids in a collection such as <CLUSTERS><ID>0</ID></CLUSTERS>."""
        collection = self.find(name)
        return set() if collection is None else {int(child.content()) for child in collection.elements()}


class _Builder:
    def __init__(self):
        self.root = None
        self._open = []
        self._in_cdata = False

    def start(self, name, dummy_attributes):
        node = Element(name)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, dummy_name):
        self._open.pop()

    def characters(self, data):
        if not self._open:
            return
        children = self._open[-1].children
        kind = CDATA if self._in_cdata else TEXT
        if children and isinstance(children[-1], Leaf) and children[-1].kind == kind:
            children[-1].content += data
        else:
            children.append(Leaf(kind, data))

    def start_cdata(self):
        # An empty section is a node too; two adjoining sections become one node.
        self._in_cdata = True
        self.characters("")

    def end_cdata(self):
        self._in_cdata = False

    def other(self, *dummy):
        if self._open:
            self._open[-1].children.append(Leaf(OTHER))


def parse(document):
    """The root element of a document given as str. Raises Malformed."""
    try:
        return parse_bytes(document.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise Malformed(str(error)) from error


def parse_bytes(document):
    """The same of a document as it came over the wire."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    builder = _Builder()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartCdataSectionHandler = builder.start_cdata
    parser.EndCdataSectionHandler = builder.end_cdata
    parser.CommentHandler = builder.other
    parser.ProcessingInstructionHandler = builder.other
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise Malformed(str(error)) from error
    return builder.root
