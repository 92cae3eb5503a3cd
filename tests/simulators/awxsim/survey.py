# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surveys: how a specification is checked when it is saved, and answers when something is launched."""

import copy

from .errors import Refused

TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str, "integer": int,
    "float": (float, int)}
HIDDEN = "$encrypted$"


def _refuse(message):
    return Refused(400, {"error": message})


def saved(specification, old):
    """The specification as it is kept, or Refused."""
    wrong = None
    for field, expected, called in (("name", str, "string"), ("description", str, "string"), ("spec", list, "list of items")):
        if field not in specification:
            wrong = "Field '%s' is missing from survey spec." % field
        elif not isinstance(specification[field], expected):
            wrong = "Expected %s for field '%s', received %s type." % (called, field, type(specification[field]).__name__)
    if isinstance(specification.get("spec"), list) and not specification["spec"]:
        wrong = "'spec' doesn't contain any items."
    if wrong:
        raise _refuse(wrong)
    kept = copy.deepcopy(specification)
    seen = set()
    before = {one.get("variable"): one for one in (old or {}).get("spec", [])}
    for number, question in enumerate(kept["spec"]):
        _check_question(number, question, seen)
        _check_choices(number, question)
        _check_hidden(number, question, before)
    return kept


def _check_question(number, question, seen):
    if not isinstance(question, dict):
        raise _refuse("Survey question %s is not a json object." % (number,))
    for field in ("type", "question_name", "variable", "required"):
        if field not in question:
            raise _refuse("'%s' missing from survey question %s" % (field, number))
        expected, called = (bool, "boolean") if field == "required" else (str, "string")
        if not isinstance(question[field], expected):
            raise _refuse("'%s' in survey question %s expected to be %s." % (field, number, called))
    if question["variable"] in seen:
        raise _refuse("'variable' '%s' duplicated in survey question %s." % (question["variable"], number))
    seen.add(question["variable"])
    kind = question["type"]
    if kind not in TYPES:
        raise _refuse("'%s' in survey question %s is not one of '%s' allowed question types." % (
            kind, number, ", ".join(TYPES)))
    default = question.get("default", "")
    if default != "" and not isinstance(default, TYPES[kind]):
        called = kind if kind in ("integer", "float") else "string"
        raise _refuse("Default value %s in survey question %s expected to be %s." % (default, number, called))
    for field in ("min", "max"):
        if question.get(field) is not None and not isinstance(question[field], int):
            raise _refuse("The %s limit in survey question %s expected to be integer." % (field, number))


def _check_choices(number, question):
    if question["type"] not in ("multiselect", "multiplechoice"):
        return
    if "choices" not in question:
        raise _refuse("Survey question %s of type %s must specify choices." % (number, question["type"]))
    if isinstance(question["choices"], str):
        question["choices"] = _lines(question["choices"])
    if "default" not in question:
        return
    if isinstance(question["default"], str):
        question["default"] = _lines(question["default"])
        defaults = question["default"].splitlines()
    else:
        defaults = question["default"]
    if question["type"] == "multiplechoice" and len(defaults) > 1:
        raise _refuse("Multiple Choice (Single Select) can only have one default value.")
    if any(one not in question["choices"] for one in defaults):
        raise _refuse("Default choice must be answered from the choices listed.")


def _lines(text):
    return "\n".join(line for line in text.splitlines() if line.strip())


def _check_hidden(number, question, before):
    default = question.get("default")
    if not isinstance(default, str) or not default.startswith(HIDDEN):
        return
    if question["type"] != "password":
        raise _refuse("%s is a reserved keyword for password question defaults, survey question %s is type %s." % (
            HIDDEN, number, question["type"]))
    old = before.get(question["variable"], {})
    if old.get("type") != "password" and old.get("default") != "":
        raise _refuse("%s is a reserved keyword, may not be used for new default in position %s." % (HIDDEN, number))
    question["default"] = old["default"]


def shown(specification):
    """As it is read: the default of a password is hidden."""
    found = copy.deepcopy(specification or {})
    for question in found.get("spec", []):
        if question.get("type") == "password" and question.get("default"):
            question["default"] = HIDDEN
    return found


def passwords(specification):
    return [one["variable"] for one in (specification or {}).get("spec", []) if one.get("type") == "password"]


def problems(question, answers, required=True):
    """What is wrong with the answer to one question."""
    variable, kind = question["variable"], question["type"]
    if kind == "password" and answers.get(variable) == HIDDEN:
        missing = question.get("default") is None and question["required"] and required
        return ["'%s' value missing" % variable] if missing else []
    if variable not in answers:
        return ["'%s' value missing" % variable] if question["required"] and required else []
    return _CHECKS.get(kind, _text)(question, variable, answers[variable])


def _limit(question, which):
    return None if question.get(which) in ("", None) else question[which]


def _text(question, variable, value):
    if not isinstance(value, str):
        return ["Value %s for '%s' expected to be a string." % (value, variable)]
    found = []
    least, most = _limit(question, "min"), _limit(question, "max")
    if least is not None and len(value) < int(least):
        found.append("'%s' value %s is too small (length is %s must be at least %s)." % (variable, value, len(value), least))
    if most is not None and len(value) > int(most):
        found.append("'%s' value %s is too large (must be no more than %s)." % (variable, value, most))
    return found


def _number(types, called):
    def check(question, variable, value):
        if type(value) not in types:
            return ["Value %s for '%s' expected to be %s." % (value, variable, called)]
        found = []
        least, most = _limit(question, "min"), _limit(question, "max")
        if least is not None and value < least:
            found.append("'%s' value %s is too small (must be at least %s)." % (variable, value, least))
        if most is not None and value > most:
            found.append("'%s' value %s is too large (must be no more than %s)." % (variable, value, most))
        return found
    return check


def _choices(question):
    found = question["choices"]
    return [one for one in found.splitlines() if one.strip()] if isinstance(found, str) else list(found)


def _several(question, variable, value):
    if not isinstance(value, list):
        return ["'%s' value is expected to be a list." % variable]
    choices = _choices(question)
    return ["Value %s for '%s' expected to be one of %s." % (one, variable, choices) for one in value if one not in choices]


def _one_of(question, variable, value):
    choices = _choices(question)
    return [] if value in choices else ["Value %s for '%s' expected to be one of %s." % (value, variable, choices)]


_CHECKS = {"integer": _number((int,), "an integer"), "float": _number((float, int), "a numeric type"),
           "multiselect": _several, "multiplechoice": _one_of}
