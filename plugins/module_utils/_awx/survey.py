# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of a survey that cannot lie: AWX keeps nearly everything it is given, and what it keeps is asked at night."""

import keyword
import re

from .._plan.plan import Refusal, quoted

TEMPLATES = ("check", "mount", "verify", "publish", "guest_proof")
TYPES = {"text": str, "multiplechoice": str, "integer": int, "float": (int, float)}
INSTEAD = {
    "boolean": "AWX has no such question, and a text 'false' counts as true on older versions of Ansible; ask for an "
               "integer from 0 to 1",
    "multiselect": "AWX does not pass its default; ask one question for each choice, an integer from 0 to 1",
    "password": "secrets belong in a credential",
    "textarea": "what is written there arrives as one text; lists and mappings belong in the inventory's variables",
}
# What the inventory declares, and what credentials inject.
DECLARED = re.compile(r"(^|_)(shares|datastores|filesystems|storages|volumes|proofs|expected_hosts|expected_hypervisors|"
                      r"hypervisors|publisher|proven_paths|pending_paths)$")
SECRET = re.compile(r"password|passphrase|secret|token|credential|api_url|api_username|ca_path|validate_certs|private_key")
RESERVED = re.compile(r"^(ansible|awx|tower)_")
DEFAULTS = [
    {"template": "mount", "variable": "share_mounts_timeout", "question": "Seconds that one step for one share may take",
     "type": "integer", "default": 30, "min": 5, "max": 600},
    {"template": "verify", "variable": "share_proof_timeout", "question": "Seconds that one share may take on a host",
     "type": "integer", "default": 30, "min": 5, "max": 600},
    {"template": "guest_proof", "variable": "guest_proof_timeout", "question": "Seconds that the guest may take on a host",
     "type": "integer", "default": 300, "min": 60, "max": 3600},
]


def specification(questions, template):
    """What AWX keeps as the survey of a template; empty without a question."""
    asked = [_question(one) for one in questions if one["template"] == template]
    return {"name": "", "description": "", "spec": asked} if asked else {}


def _question(one):
    asked = {"question_name": one["question"], "question_description": one.get("description") or "", "required": False,
             "type": one["type"], "variable": one["variable"], "default": one["default"], "choices": one.get("choices") or ""}
    # A limit that nobody wrote is left out: AWX passes over a default that is not within, in silence.
    asked.update((limit, one[limit]) for limit in ("min", "max") if one.get(limit) is not None)
    return asked


def problems(questions):
    """What is wrong with declared questions, a sentence each."""
    found, seen = [], set()
    for number, one in enumerate(questions):
        where = "survey[%d]" % number
        for key in ("template", "variable", "question", "type", "default"):
            if one.get(key) in (None, ""):
                found.append("%s has no %s: every question needs one, since schedules and workflows answer with the default"
                             % (where, key) if key == "default" else "%s has no %s" % (where, key))
        if any(one.get(key) in (None, "") for key in ("template", "variable", "question", "type", "default")):
            continue
        found += ["%s (%s): %s" % (where, one["variable"], text) for text in _against(one)]
        if (one["template"], one["variable"]) in seen:
            found.append("%s: %s is asked twice" % (where, one["variable"]))
        seen.add((one["template"], one["variable"]))
    return found


def _against(one):
    name = one["variable"]
    if one["template"] not in TEMPLATES:
        yield "template: %s is not known; write one of %s" % (quoted(one["template"]), ", ".join(TEMPLATES))
    if not re.match(r"[A-Za-z_][A-Za-z0-9_]*\Z", name) or keyword.iskeyword(name):
        yield "variable: %s cannot be the name of a variable; write letters, digits and _" % quoted(name)
    elif RESERVED.search(name):
        yield "variable: names that begin with ansible_, awx_ and tower_ are not free"
    elif DECLARED.search(name):
        yield "variable: what is shared, and with which hosts, is declared in the inventory's variables, never asked"
    elif SECRET.search(name):
        yield "variable: this comes from a credential"
    if one.get("required"):
        yield "required: AWX wants an answer to it even from schedules and workflows; leave it out"
    kind = one["type"]
    if kind not in TYPES:
        yield "type: %s: %s" % (quoted(kind), INSTEAD.get(kind, "write one of %s" % ", ".join(sorted(TYPES))))
        return
    default = one["default"]
    if isinstance(default, bool) or not isinstance(default, TYPES[kind]):
        yield "default: %s does not fit the type %s" % (quoted(default), kind)
        return
    yield from _limits(one, kind, default)


def _limits(one, kind, default):
    low, high = one.get("min"), one.get("max")
    if low is not None and high is not None and low > high:
        yield "min %s is above max %s" % (low, high)
    elif kind in ("integer", "float", "text"):
        size = len(default) if kind == "text" else default
        if low is not None and size < low or high is not None and size > high:
            yield "default: %s is not between min and max" % quoted(default)
    if kind == "multiplechoice":
        choices = one.get("choices") or []
        if not choices or not all(isinstance(choice, str) and choice for choice in choices):
            yield "choices: write a list of texts, each in quotes"
        elif default not in choices:
            yield "default: %s is not among the choices" % quoted(default)


def refused(found):
    """The Refusal of all problems at once."""
    return Refusal("awx_content_site: " + "; ".join(found))
