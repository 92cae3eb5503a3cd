# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML-RPC as the server's library speaks it: it tells <int> from <i8>, and writes <i4>, <i8> and CR LF."""

from xml.sax import saxutils

from . import failures, text, xmltree
from .calls import Int64, unfinished

_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\r\n'


def parse_call(document):
    """(method name, parameters) of a call given as bytes. Raises Fault."""
    try:
        root = xmltree.parse_bytes(document)
        if root.name != "methodCall":
            raise ValueError("XML-RPC call should be a <methodCall> element. Instead, we have a <%s>" % root.name)
        parameters = root.find("params")
        values = []
        if parameters is not None:
            values = [_value(parameter.find("value")) for parameter in parameters.elements()]
        return root.find("methodName").content(), values
    except (xmltree.Malformed, ValueError, AttributeError) as error:
        raise failures.Fault(
            failures.FAULT_PARSE, "Call XML not a proper XML-RPC call.  %s" % error
        ) from error


def beyond_bmp(value):
    """What the server's library says of text with a character it cannot hold, or None."""
    found = next((character for character in value if ord(character) > 0xFFFF), None)
    if found is None:
        return None
    # It shows the byte as a signed number.
    return (
        "%d-byte supposed UTF-8 string is not valid UTF-8.  UTF-8 string contains a character not in the Basic"
        " Multilingual Plane (first byte 0xffffff%02x)" % (text.size(value), found.encode("utf-8")[0])
    )


def _text(node):
    value = node.content()
    problem = beyond_bmp(value)
    if problem:
        raise ValueError(problem)
    return value


def _value(node):
    typed = node.elements()
    if not typed:
        return _text(node)
    kind = typed[0]
    if kind.name == "string":
        return _text(kind)
    content = kind.content()
    if kind.name in ("int", "i4"):
        return int(content)
    if kind.name in ("i8", "ex.i8", "i1", "i2"):
        return Int64(int(content))
    if kind.name == "boolean":
        return {"0": False, "1": True}[content.strip()]
    if kind.name == "array":
        return [_value(item) for item in kind.find("data").elements()]
    if kind.name == "double":
        return float(content)
    if kind.name == "nil":
        return None
    return {"a value of another type": kind.name}


def answer_document(answer):
    """The response to a call that was answered, well or badly. Raises Fault where the answer cannot be written."""
    problem = beyond_bmp(answer.value) if isinstance(answer.value, str) else None
    if problem:
        raise unfinished(problem)
    parts = [_boolean(answer.ok), _scalar(answer.value), _integer(answer.code)]
    if not answer.ok:
        parts += [_integer(answer.object_id), "<value><i8>-1</i8></value>"]
    data = "".join(part + "\r\n" for part in parts)
    return (
        _PROLOGUE
        + "<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n"
        + data
        + "</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n"
    )


def fault_document(fault):
    return (
        _PROLOGUE
        + "<methodResponse>\r\n<fault>\r\n<value><struct>\r\n<member><name>faultCode</name>\r\n"
        + _integer(fault.code)
        + "</member>\r\n<member><name>faultString</name>\r\n"
        + _string(fault.message)
        + "</member>\r\n</struct></value>\r\n</fault>\r\n</methodResponse>\r\n"
    )


def _scalar(value):
    return _integer(value) if isinstance(value, int) else _string(value)


def _integer(value):
    return "<value><i4>%d</i4></value>" % value


def _boolean(value):
    return "<value><boolean>%d</boolean></value>" % value


def _string(value):
    return "<value><string>%s</string></value>" % saxutils.escape(value, {"\r": "&#x0d;"})
