# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables as AWX reads them: JSON first, then YAML."""

import json

import yaml

from .errors import BadValue


def parsed(text):
    """The mapping in a text of variables; empty when there is none that can be read."""
    try:
        return read(text)
    except BadValue:
        return {}


def read(text):
    """The mapping in a text of variables, or BadValue with both parsers' complaints."""
    if isinstance(text, dict):
        return text
    if text == '""':
        return {}
    try:
        return _mapping(json.loads(text))
    except (ValueError, TypeError, AssertionError) as as_json:
        try:
            found = yaml.safe_load(text)
            found = _mapping({} if found is None else found)
        except (yaml.YAMLError, TypeError, AttributeError, AssertionError) as as_yaml:
            raise BadValue("Cannot parse as JSON (error: %s) or YAML (error: %s)." % (as_json, as_yaml)) from None
        try:
            json.dumps(found)
        except (ValueError, TypeError) as error:
            raise BadValue("Variables not compatible with JSON standard (error: %s)" % error) from None
        return found


def checked_variables(value):
    """The value itself, if it can be read."""
    read(value)
    return value


def _mapping(found):
    if not isinstance(found, dict):
        raise AssertionError("Input type `%s` is not a dictionary" % type(found).__name__)
    return found
