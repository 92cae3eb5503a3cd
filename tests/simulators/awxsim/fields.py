# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One field's value after its description in OPTIONS: type, choices, limits, and what null and the empty text mean."""

import re

from .errors import BadValue
from .kinds import REFERENCES
from .variables import checked_variables

TRUE = ("t", "T", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "1", 1, True)
FALSE = ("f", "F", "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", "0", 0, 0.0, False)
# Texts of variables, which are looked into; a mapping is no text.
VARIABLES = ("extra_vars", "variables", "source_vars")
# References that may be empty in the database, but not in a request.
NEVER_BLANK = {("inventory", "organization"), ("notification_template", "organization"), ("team", "organization"),
               ("constructed_inventory", "organization")}
# The kinds of a credential type beside those that its field knows.
_RULED_KINDS = ("ssh", "vault", "scm", "token", "registry", "insights", "external", "kubernetes", "galaxy", "cryptography")


def checked(world, kind, description, data, partial):
    """(values, errors) of the fields that a request has; partial: what is missing is left alone."""
    values, errors = {}, {}
    for name, field in description.items():
        if name not in data:
            if field["required"] and not partial:
                errors[name] = ["This field is required."]
            continue
        try:
            values[name] = value_of(world, kind, name, field, data[name])
        except BadValue as bad:
            errors[name] = bad.messages
    return values, errors


def value_of(world, kind, name, field, value):
    # What is asked at launch may be left open: null there is null.
    if value is None and "default" in field and field["default"] is None:
        return None
    reader = {"string": _text, "choice": _choice, "integer": _integer, "boolean": _boolean, "id": _reference,
              "json": _json, "list_of_ids": _references}.get(field["type"])
    if reader is None:
        return value
    return reader(world, kind, name, field, value)


def _text(world, kind, name, field, value):
    if value is not None and (isinstance(value, bool) or not isinstance(value, (str, int, float))):
        raise BadValue("Not a valid string.")
    if value is None:
        if field["required"]:
            raise BadValue("This field cannot be blank.")
        # A filter of hosts is the one text that may be null.
        return None if name == "host_filter" else ""
    text = str(value).strip()
    if not text and field["required"]:
        raise BadValue("This field may not be blank.")
    if "max_length" in field and len(text) > field["max_length"]:
        raise BadValue("Ensure this field has no more than %d characters." % field["max_length"])
    if "\x00" in text:
        raise BadValue("Null characters are not allowed.")
    return text


def _choice(world, kind, name, field, value):
    choices = {str(choice): choice for choice, _label in field["choices"]}
    if value is None and "" not in choices:
        raise BadValue("This field may not be null.")
    if value is None or value == "":
        if "" in choices or not field["required"] and "default" in field and field["default"] == "":
            return ""
        raise BadValue('"" is not a valid choice.')
    # Which kinds a credential type may have is told by a rule of its own, not by the field.
    if (kind, name) == ("credential_type", "kind") and value in _RULED_KINDS:
        return value
    if isinstance(value, (dict, list)) or str(value) not in choices:
        raise BadValue('"%s" is not a valid choice.' % (value,))
    return choices[str(value)]


def _integer(world, kind, name, field, value):
    if value is None:
        if (kind, name) == ("inventory_source", "credential"):
            return None
        raise BadValue("This field may not be null.")
    match = re.fullmatch(r"\s*(-?\d+)(\.0*)?\s*", str(value))
    if isinstance(value, bool) or not match:
        raise BadValue("A valid integer is required.")
    number = int(match.group(1))
    if number > field.get("max_value", number):
        raise BadValue("Ensure this value is less than or equal to %d." % field["max_value"])
    if number < field.get("min_value", number):
        raise BadValue("Ensure this value is greater than or equal to %d." % field["min_value"])
    return number


def _boolean(world, kind, name, field, value):
    if value is None or value == "":
        return False
    if not isinstance(value, (dict, list)):
        if value in TRUE:
            return True
        if value in FALSE:
            return False
    raise BadValue("Must be a valid boolean.")


def _reference(world, kind, name, field, value):
    if value is None or value == "":
        if (kind, name) in NEVER_BLANK:
            raise BadValue("This field cannot be blank.")
        if field["required"]:
            raise BadValue("This field may not be null.")
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not re.fullmatch(r"-?\d+", str(value)):
        raise BadValue("Incorrect type. Expected pk value, received %s." % type(value).__name__)
    if world.find(REFERENCES[name], int(value)) is None:
        raise BadValue('Invalid pk "%s" - object does not exist.' % value)
    return int(value)


def _references(world, kind, name, field, value):
    if not isinstance(value, list):
        raise BadValue('Expected a list of items but got type "%s".' % type(value).__name__)
    return [_reference(world, kind, name.rstrip("s"), field, one) for one in value]


def _json(world, kind, name, field, value):
    if name in VARIABLES:
        if kind == "launch":
            return checked_variables(value)
        return checked_variables(_text(world, kind, name, field, value))
    if name == "extra_data":
        return checked_variables({} if value is None else value)
    return value
