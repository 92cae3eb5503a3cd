# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: which objects a query asks for, in which order, on which page."""

import urllib.parse

from .errors import Refused
from .kinds import KINDS, REFERENCES, TEMPLATES


def _same(value, text):
    if isinstance(value, bool):
        return text.lower() in (("true", "1") if value else ("false", "0"))
    return value is not None and str(value) == text


LOOKUPS = {
    "exact": _same, "iexact": lambda value, text: str(value).lower() == text.lower(),
    "contains": lambda value, text: text in str(value), "icontains": lambda value, text: text.lower() in str(value).lower(),
    "startswith": lambda value, text: str(value).startswith(text),
    "istartswith": lambda value, text: str(value).lower().startswith(text.lower()),
    "endswith": lambda value, text: str(value).endswith(text),
    "in": lambda value, text: any(_same(value, one) for one in text.split(",")),
    "isnull": lambda value, text: (value in (None, "")) == (text.lower() in ("true", "1")),
    "gt": lambda value, text: value is not None and value > int(text),
    "gte": lambda value, text: value is not None and value >= int(text),
    "lt": lambda value, text: value is not None and value < int(text),
}
NO_FILTERS = ("page", "page_size", "order_by", "format", "order", "no_truncate", "count_disabled", "limit", "validate")
PAGE_SIZE, LARGEST_PAGE = 25, 200


def filtered(world, found, query):
    """The objects of a list that fit all that the query says."""
    pairs = [(name, text) for name, texts in query.items() for text in texts if name not in NO_FILTERS]
    either = [(name[len("or__"):], text) for name, text in pairs if name.startswith("or__")]
    every = [(name, text) for name, text in pairs if not name.startswith("or__")]
    found = [one for one in found if all(_fits(world, one, *pair) for pair in every)]
    return [one for one in found if any(_fits(world, one, *pair) for pair in either)] if either else found


def _fits(world, one, name, text):
    wanted = True
    if name.startswith("not__"):
        name, wanted = name[len("not__"):], False
    if name == "type":
        return (one.kind in text.split(",")) == wanted
    if name == "search":
        return any(text.lower() in str(one.get(field) or "").lower() for field in ("name", "description"))
    parts = name.split("__")
    lookup = LOOKUPS[parts.pop()] if parts[-1] in LOOKUPS and len(parts) > 1 else LOOKUPS["exact"]
    at = one
    while len(parts) > 1:
        at = _across(world, at, parts.pop(0))
        if at is None:
            return not wanted
    values = _values(at, parts[0])
    return any(lookup(value, text) for value in values) == wanted


def _across(world, one, field):
    if field not in REFERENCES:
        raise _unknown(one, field)
    return world.refer(one, field)


def _values(one, field):
    if field in ("id", "pk"):
        return [one.id]
    if field in one.links or field.rstrip("s") + "s" in one.links:
        return one.links.get(field) or one.links[field.rstrip("s") + "s"]
    if field in ("created", "modified"):
        return [getattr(one, field)]
    kind = KINDS[one.kind]
    if one.kind in TEMPLATES and any(field in KINDS[other].shown for other in TEMPLATES):
        return [one.get(field)]
    if field not in one.values and field not in kind.shown and field not in kind.writable and field not in kind.related:
        raise _unknown(one, field)
    return [one.get(field)]


def _unknown(one, field):
    called = "".join(word.title() for word in one.kind.split("_"))
    return Refused(400, {"detail": "%s has no field named '%s'" % (called, field)})


def page(path, query, found, order):
    """(the objects of the page that is asked for, the rest of the list's document)."""
    asked = query.get("order_by", query.get("order", [order]))[-1]
    for field in reversed(asked.split(",")):
        name = field.lstrip("-")
        found = sorted(found, key=lambda one: _key(one.id if name == "id" else getattr(one, name, None) or one.get(name)),
                       reverse=field.startswith("-"))
    try:
        size = min(int(query.get("page_size", [PAGE_SIZE])[-1]), LARGEST_PAGE)
        number = int(query.get("page", ["1"])[-1])
    except ValueError:
        raise Refused(404, {"detail": "Invalid page."}) from None
    last = max(1, -(-len(found) // size))
    if not 1 <= number <= last:
        raise Refused(404, {"detail": "Invalid page."})

    def address(to):
        return "%s?%s" % (path, urllib.parse.urlencode({**query, "page": [to]}, doseq=True)) if 1 <= to <= last else None

    return found[(number - 1) * size:number * size], {
        "count": len(found), "next": address(number + 1), "previous": address(number - 1)}


def _key(value):
    return (value is None, str(value)) if not isinstance(value, (int, float)) else (False, "%020.6f" % value)
