# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dictionary of an AWX as users write it, and as extra variables bring it: in other types, with odd names, or wrong."""

import copy
import random

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtshare.storage.plugins.filter.awx_judged import awx_judged
from ansible_collections.virtshare.storage.plugins.filter.awx_names import awx_names
from ansible_collections.virtshare.storage.plugins.filter.awx_objects import awx_objects

from tests.unit.plugins.module_utils._awx.test_content import QUESTION, SITE

FULL = dict(SITE, survey=[dict(QUESTION, min=1, max=100, choices=["a"])], labels=["a"], prefix="p", forks=5, approval_timeout=10,
            update_secrets=True)
JUNK = (None, "", 0, 5, True, False, 1.5, [], {}, "x", "\u00b2", ["x"], [None], [1], {"a": 1}, "false", "a,b", "a+b", [{}], "\n")


def changed(path, value):
    site = copy.deepcopy(FULL)
    at = site
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return site


def credential(made, name):
    return next(one["inputs"] for one in made["controller_credentials"] if one["name"] == "p %s" % name)


@pytest.mark.parametrize("path, text, value, seen", [
    (["update_secrets"], "false", False, lambda made: {one["update_secrets"] for one in made["controller_credentials"]}),
    (["opennebula", "validate_certs"], "false", False, lambda made: credential(made, "OpenNebula")),
    (["teams", "execute"], "one,two", ["one", "two"], lambda made: (made["aap_teams"], made["controller_roles"])),
    (["labels"], "one,two", ["one", "two"], lambda made: made["controller_labels"]),
    (["forks"], "7", 7, lambda made: {one["forks"] for one in made["controller_templates"]}),
    (["approval_timeout"], "60", 60, lambda made: made["controller_workflows"]),
    (["survey", 0, "min"], "2", 2, lambda made: made["controller_templates"]),
    (["prefix"], 12, "12", lambda made: made["controller_projects"]),
    (["notification"], {"type": "email", "host": "m", "sender": "a@b", "recipients": "x@y,z@y", "port": "26"},
     {"type": "email", "host": "m", "sender": "a@b", "recipients": ["x@y", "z@y"], "port": 26},
     lambda made: made["controller_notifications"]),
])
def test_a_text_means_what_the_role_takes_it_for(path, text, value, seen):
    made = seen(awx_objects(changed(path, text)))
    assert made == seen(awx_objects(changed(path, value))) and made != seen(awx_objects(FULL))


@pytest.mark.parametrize("path, value, words", [
    (["opennebula", "insecure"], True, "unsupported: .*insecure. Supported"), (["forks"], "many", "forks"),
    (["teams"], True, "teams is not a dictionary"),
    (["schedule"], "04:30", "schedule is not a dictionary"), (["survey"], {"a": 1}, "survey is not a list of dictionaries"),
    (["survey"], [5], "survey is not a list"),
    (["survey", 0, "max"], "x", "max"),
    (["organization"], "racks ", "has blanks around it"), (["prefix"], " p", "write 'p'"), (["inventory"], "a\tb", "rename it without '\\\\t'"),
    (["labels"], ["a", ""], "labels: a name is empty"), (["schedule", "time"], "04:30\n", "is not a time of day"),
    (["schedule", "time_zone"], "UTC\n", "is not a time zone"), (["schedule", "start"], "2026-02-30", "is not a date"),
    (["survey", 0, "variable"], "share_proof_timeout\n", "cannot be the name of a variable"),
])
def test_what_is_wrong_is_refused_with_where_it_stands(path, value, words):
    with pytest.raises(AnsibleFilterError, match="(?s)^awx_content_site: .*" + words):
        awx_objects(changed(path, value))


def paths(value, start=()):
    """All places in a dictionary."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield [*start, key]
        yield from paths(one, (*start, key))


@pytest.mark.parametrize("path", list(paths(FULL)), ids=str)
def test_whatever_stands_somewhere_it_is_taken_or_refused(path):
    for value in random.Random(str(path)).sample(JUNK, 12):
        for work in (awx_objects, awx_names, lambda site: awx_judged({}, site)):
            try:
                work(changed(path, value))
            except AnsibleFilterError as error:
                assert str(error).startswith("awx_content_site: ")
