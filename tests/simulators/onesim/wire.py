# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML-RPC as the server's library speaks it: it tells <int> from <i8>, and writes <i4>, <i8> and CR LF."""

from xml.sax import saxutils

from . import failures, xmltree
from .calls import Int64

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


def _value(node):
    typed = node.elements()
    if not typed:
        return node.content()
    kind = typed[0]
    content = kind.content()
    if kind.name == "string":
        return content
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
    """The response to a call that was answered, well or badly."""
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
