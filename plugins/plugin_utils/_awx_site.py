# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dictionary of an AWX in the types of the role's option, as filters are given it as it was written."""

import functools
import pathlib

import yaml
from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils._awx import content, survey
from ..module_utils._plan.plan import Refusal

NAME = "awx_content_site"
SPEC = pathlib.Path(__file__).parents[2] / "roles/awx_content/meta/argument_specs.yml"


@functools.lru_cache(None)
def _option():
    return yaml.safe_load(SPEC.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"][NAME]


def typed(site):
    """The dictionary with its defaults: a text 'false' is no truth, and one with commas no list of letters."""
    given = content.plain(site)
    problems = list(_no_dictionaries(given))
    if problems:
        raise survey.refused(problems)
    found = ArgumentSpecValidator({NAME: _option()}).validate({NAME: given})
    if found.error_messages:
        # What is not known it names without saying so.
        raise survey.refused(["%s%s" % ("unsupported: " if "Supported parameters include" in text else "", text)
                              for text in found.error_messages])
    return found.validated_parameters[NAME]


def _no_dictionaries(given):
    """Sentences about what has to be a dictionary and is something else, for which Ansible's own validator has but a traceback."""
    if not isinstance(given, dict):
        yield "it is not a dictionary"
        return
    for name, option in _option()["options"].items():
        value = given.get(name)
        if option["type"] == "dict" and not isinstance(value, (dict, type(None))):
            yield "%s is not a dictionary" % name
        if option.get("elements") == "dict" and not (
                value is None or isinstance(value, list) and all(isinstance(one, dict) for one in value)):
            yield "%s is not a list of dictionaries" % name


def on_a_site(work, site):
    """work(site) of a filter; what is wrong with the dictionary is an error of the filter."""
    try:
        return work(typed(site))
    except Refusal as refusal:
        raise AnsibleFilterError("%s" % refusal) from refusal
