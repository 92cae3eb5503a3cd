# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a launch, a schedule or a node of a workflow may say about a template, and what of it counts."""

import json

from . import survey
from .variables import parsed

_ASKED = ("credential", "diff_mode", "execution_environment", "forks", "instance_groups", "inventory", "job_slice_count",
          "job_type", "labels", "limit", "scm_branch", "skip_tags", "tags", "timeout", "variables", "verbosity")
FIELDS = {"credential": "credentials", "tags": "job_tags", "variables": "extra_vars"}
ASK = {
    "job_template": {FIELDS.get(one, one): "ask_%s_on_launch" % one for one in _ASKED},
    "workflow_job_template": {FIELDS.get(one, one): "ask_%s_on_launch" % one
                              for one in ("inventory", "labels", "limit", "scm_branch", "skip_tags", "tags", "variables")},
}
MODEL = {"job_template": "Job Template", "workflow_job_template": "Workflow Job Template"}


def weighed(template, given, saved, required=True):
    """(accepted, ignored, errors) of prompts.

    saved: they are kept for later, where nothing may be ignored. required: whether an answer may be missing no more.
    """
    accepted, ignored, errors = {}, {}, {}
    asking = ASK.get(template.kind)
    if asking is None:
        wrong = sorted(field for field, value in given.items() if value not in (None, {}, "") and field != "extra_vars")
        errors.update({field: ["Field is not allowed on launch."] for field in wrong})
        if given.get("extra_vars"):
            errors["extra_vars"] = ["Variables %s are not allowed on launch." % ", ".join(parsed(given["extra_vars"]))]
        return accepted, ignored, errors
    _weigh_variables(template, parsed(given.get("extra_vars", {})), saved, required, accepted, ignored, errors)
    for field, ask in asking.items():
        value = given.get(field)
        if field == "extra_vars" or value is None:
            continue
        old = template.linked(field) if field in ("credentials", "labels", "instance_groups") else template.get(field)
        if value == old or isinstance(value, list) and set(value) <= set(old):
            continue
        if template.get(ask):
            accepted[field] = value
        else:
            ignored[field] = value
            if saved:
                errors[field] = ["Field is not configured to prompt on launch."]
    return accepted, ignored, errors


def _weigh_variables(template, given, saved, required, accepted, ignored, errors):
    left, taken, refused = dict(given), {}, {}
    if template.get("survey_enabled") and template.hidden.get("survey"):
        problems = []
        for question in template.hidden["survey"].get("spec", []):
            variable = question["variable"]
            found = survey.problems(question, given, required)
            problems += found
            if variable in left:
                (refused if found else taken)[variable] = left.pop(variable)
        if problems:
            errors["variables_needed_to_start"] = problems
    if template.get("ask_variables_on_launch"):
        taken.update(left)
        left = {}
    own = parsed(template.get("extra_vars"))
    left = {key: value for key, value in left.items() if key not in own or own[key] != value}
    if left:
        refused.update(left)
        if saved:
            errors["extra_vars"] = [
                "Variables %s are not allowed on launch. Check the Prompt on Launch setting on the %s to include Extra "
                "Variables." % (", ".join(left), MODEL[template.kind])]
    if taken:
        accepted["extra_vars"] = taken
    if refused:
        ignored["extra_vars"] = refused


def variables_of_job(template, accepted):
    """The variables of a job as text: the template's own, the survey's defaults, the answers."""
    found = parsed(template.get("extra_vars"))
    specification = template.hidden.get("survey") if template.get("survey_enabled") else None
    for question in (specification or {}).get("spec", []):
        default = question.get("default")
        if default is not None and not survey.problems(question, {question["variable"]: default}):
            found[question["variable"]] = default
    given = {key: value for key, value in accepted.get("extra_vars", {}).items()
             if not (value == survey.HIDDEN and key in survey.passwords(specification))}
    found.update(given)
    for variable in survey.passwords(specification):
        if variable in found:
            found[variable] = survey.HIDDEN
    return json.dumps(found)
