# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a credential type may ask for and inject, and what a credential of it may hold."""

import re

import jsonschema
from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, sandbox
from jinja2.exceptions import SecurityError

from .errors import BadValue

HIDDEN = "$encrypted$"
NOT_IN_ENVIRONMENT = set(
    "VIRTUAL_ENV PATH PYTHONPATH JOB_ID INVENTORY_ID INVENTORY_SOURCE_ID INVENTORY_UPDATE_ID AD_HOC_COMMAND_ID REST_API_URL "
    "REST_API_TOKEN MAX_EVENT_RES CALLBACK_QUEUE CALLBACK_CONNECTION CACHE JOB_CALLBACK_DEBUG INVENTORY_HOSTVARS AWX_HOST "
    "PROJECT_REVISION SUPERVISOR_CONFIG_PATH".split())
VARIABLE = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"
_STRING = {"type": "string"}


def _only(**properties):
    return {"type": "object", "additionalProperties": False, "properties": properties}


INPUTS = _only(
    required={"type": "array", "items": _STRING},
    fields={"type": "array", "items": dict(
        _only(type={"enum": ["string", "boolean"]}, format={"enum": ["ssh_private_key", "url"]},
              choices={"type": "array", "minItems": 1, "items": _STRING, "uniqueItems": True},
              id={"type": "string", "pattern": VARIABLE, "error": "{instance} is an invalid variable name"},
              label=_STRING, help_text=_STRING, multiline={"type": "boolean"}, secret={"type": "boolean"},
              ask_at_runtime={"type": "boolean"}, default={}),
        required=["id", "label"])})


def _named(pattern, value):
    return {"type": "object", "patternProperties": {pattern: value}, "additionalProperties": False}


INJECTORS = _only(
    file=_named(r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$", _STRING),
    env=_named(VARIABLE, {"type": "string", "pattern": "^[\x00-\x7F]*$"}),
    extra_vars=_named(r"^[a-zA-Z_\{\}]+[a-zA-Z0-9_\{\}]*$", {"anyOf": [
        _STRING, {"type": "array"}, {"$ref": "#/properties/extra_vars"}]}))

_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("url", raises=ValueError)
def _is_url(value):
    match = re.match(r"([^:/?#]+)://([^/?#]*)", value)
    if not match or not match.group(2):
        raise ValueError("Invalid URL: Missing url scheme (http, https, etc.)" if not match else "Invalid URL: %s" % value)
    return True


@_FORMATS.checks("ssh_private_key", raises=ValueError)
def _is_key(value):
    if value and value != HIDDEN and not re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+-----END [A-Z ]*PRIVATE KEY-----",
                                                   value, re.DOTALL):
        raise ValueError("Invalid certificate or key: %s..." % value[:100])
    return True


def _check(schema, value):
    """BadValue with all that a schema says against a value, in AWX's words."""
    found = []
    for error in jsonschema.Draft4Validator(schema, format_checker=_FORMATS).iter_errors(value):
        path, message = list(error.path), error.message
        if error.validator == "pattern" and "error" in error.schema:
            message = error.schema["error"].format(instance=error.instance)
        elif error.validator == "type":
            expected = "dict" if error.validator_value == "object" else error.validator_value
            place = " in relative path %s" % path if path else ""
            message = "%s provided%s, expected %s" % (type(error.instance).__name__, place, expected)
        elif error.validator == "additionalProperties":
            message = "Schema validation error in relative path %s (%s)" % (path, message)
        found.append(message)
    if found:
        raise BadValue(*found)


def checked_inputs(inputs):
    """The inputs of a type, completed."""
    if isinstance(inputs, dict) and "dependencies" in inputs:
        raise BadValue("'dependencies' is not supported for custom credentials.")
    _check(INPUTS, inputs)
    seen = set()
    for field in inputs.get("fields", []):
        if field["id"] == "tower":
            raise BadValue('"tower" is a reserved field name')
        if field["id"] in seen:
            raise BadValue("field IDs must be unique (%s)" % field["id"])
        seen.add(field["id"])
        kind = field.setdefault("type", "string")
        if "default" in field and not isinstance(field["default"], {"string": str, "boolean": bool}[kind]):
            raise BadValue("%s is not a %s" % (field["default"], kind))
        for key in ("choices", "multiline", "format", "secret"):
            if key in field and kind != "string":
                raise BadValue("%s not allowed for %s type (%s)" % (key, kind, field["id"]))
    return inputs


class _Files:
    def __str__(self):
        raise UndefinedError("Must define unnamed file injector in order to reference `tower.filename`.")


# Shown to users when a file is used that is not made: the name is that of the real one.
_Files.__module__, _Files.__qualname__, _Files.__name__ = "awx.main.fields", "ExplodingNamespace", "ExplodingNamespace"


class _Tower:
    def __init__(self, filename):
        self.filename = filename

    def __str__(self):
        raise UndefinedError("Cannot directly reference reserved `tower` namespace container.")


def checked_injectors(injectors, inputs):
    """The injectors of a type whose inputs are right."""
    _check(INJECTORS, injectors)
    names = list(injectors.get("file", {}))
    files: str | _Files = _Files()
    if "template" in names:
        if len(names) > 1:
            raise BadValue("Must use multi-file syntax when injecting multiple files")
        files = "EXAMPLE_FILENAME"
    for name in names if "template" not in names else ():
        setattr(files, name.split(".")[1], "EXAMPLE_FILENAME")
    known: dict = dict.fromkeys((field["id"] for field in inputs.get("fields", [])), "EXAMPLE")
    known["tower"] = _Tower(files)
    for place, injector in injectors.items():
        if place == "env":
            for name in injector:
                _check_environment(name)
        _check_templates(place, None, injector, known)
    return injectors


def _check_environment(name):
    if name.startswith("ANSIBLE_"):
        raise BadValue("Environment variable %s may affect Ansible configuration so its use is not allowed in credentials."
                       % name)
    if name in NOT_IN_ENVIRONMENT:
        raise BadValue("Environment variable %s is not allowed to be used in credentials." % name)


def _check_templates(place, key, node, known):
    if isinstance(node, dict):
        for name, value in node.items():
            if place == "extra_vars":
                _render(place, key or "a key", name, known)
            _check_templates(place, name if key is None else "%s.%s" % (key, name), value, known)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            _check_templates(place, "%s[%d]" % (key, number), value, known)
    else:
        _render(place, key, node, known)


def _render(place, key, text, known):
    try:
        sandbox.ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(known)
    except UndefinedError as error:
        raise BadValue("%s uses an undefined field (%s)" % (key, error)) from None
    except SecurityError as error:
        raise BadValue("Encountered unsafe code execution: %s" % error) from None
    except TemplateSyntaxError as error:
        raise BadValue("Syntax error rendering template for %s inside of %s (%s)" % (key, place, error)) from None


def secrets(credential_type):
    return [field["id"] for field in credential_type.get("inputs").get("fields", []) if field.get("secret")]


def checked_values(values, credential_type, old):
    """The inputs of a credential; old: those it has, None for a new one. $encrypted$ stands for what is there."""
    if not isinstance(values, dict):
        raise BadValue("%s provided, expected dict" % type(values).__name__)
    hidden = secrets(credential_type)
    if old is None:
        for field in hidden:
            if values.get(field) == HIDDEN:
                raise BadValue("%s is a reserved keyword, and cannot be used for %s." % (HIDDEN, field))
    else:
        values = {key: old.get(key, value) if value == HIDDEN and key in hidden else value for key, value in values.items()}
    fields = {field["id"]: field for field in credential_type.get("inputs").get("fields", [])}
    schema = {"type": "object", "additionalProperties": False, "properties": {
        name: dict(field, enum=list(field["choices"])) if field.get("choices") else field for name, field in fields.items()}}
    # An empty value of a field with a default means the default.
    values = {key: fields[key]["default"] if not value and key in fields and fields[key].get("default") is not None
              and not isinstance(value, bool) else value for key, value in values.items()}
    wrong = {}
    for error in jsonschema.Draft4Validator(schema, format_checker=_FORMATS).iter_errors(values):
        if "id" not in error.schema:
            raise BadValue(error.message)
        wrong[error.schema["id"]] = [str(error.cause) if error.validator == "format" and error.cause else error.message]
    if wrong:
        raise WrongValues(wrong)
    return values


class WrongValues(BadValue):
    """Messages by the field of the inputs."""

    def __init__(self, by_field):
        super().__init__()
        self.messages = by_field


def shown(credential, credential_type):
    """The inputs as they are read."""
    hidden = secrets(credential_type)
    return {key: HIDDEN if key in hidden and value else value for key, value in (credential.get("inputs") or {}).items()}
