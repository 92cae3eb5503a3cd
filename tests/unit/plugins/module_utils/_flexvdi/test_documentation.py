# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words about the flexVDI modules agree with their specs, and every name of the table is where a user looks."""

import pathlib

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._flexvdi import fields
from ansible_collections.virtshare.storage.plugins.module_utils._flexvdi.client import CONNECTION_SPEC
from ansible_collections.virtshare.storage.plugins.module_utils._flexvdi.tasks import SPEC as TASKS_SPEC

from tests.simulators.flexsim import names
from tests.support import documentation
from tests.support.documentation import fragment
from tests.unit.docs import guides

ROOT = pathlib.Path(__file__).resolve().parents[5]
MODULES = [name for name in guides.MODULES if name.startswith("flexvdi_")]


def agree(options, spec):
    assert set(options) == set(spec)
    for name, declared in spec.items():
        for key in ("type", "default", "choices", "elements"):
            assert options[name].get(key) == declared.get(key), (name, key)
        assert bool(options[name].get("required")) == bool(declared.get("required")), name


@pytest.mark.parametrize("module", MODULES)
def test_the_words_agree_with_the_spec(module):
    agree(documentation.options(module), guides.module_spec(module)["argument_spec"])


@pytest.mark.parametrize("module", MODULES)
def test_every_example_is_a_task_that_the_module_takes(module):
    for task in documentation.block(module, "EXAMPLES"):
        for action, parameters in task.items():
            if action.startswith("virtshare.storage."):
                assert guides.module_errors(action.rpartition(".")[2], parameters or {}) == []


def test_the_connection_is_documented_once():
    options = fragment("_flexvdi")["options"]
    agree(options, dict(CONNECTION_SPEC, **fields.SPEC))
    for name, declared in CONNECTION_SPEC.items():
        for variable in declared.get("fallback", (None, []))[1]:
            assert "E(%s)" % variable in str(options[name]["description"])
    agree(fragment("_flexvdi.tasks")["options"], TASKS_SPEC)


def test_every_name_is_documented_with_what_is_known_of_it():
    words = fragment("_flexvdi")["options"]["fields"]["description"][1:]
    assert words == ["C(%s), default C(%s), %s: %s." % row for row in fields.TABLE]


def test_the_page_shows_the_whole_table():
    """Whoever checks a Manager looks there: every name, what is known of it, and no other."""
    page = ROOT / "docs/docsite/rst/flexvdi_verified.rst"
    table = [rows for rows in guides.tables(page) if rows[0][0] == "Key"][0]
    assert [tuple(row) for row in table[1:]] == [
        ("``%s``" % key, "``%s``" % name, status, words) for key, name, status, words in fields.TABLE]


def test_the_simulator_can_rename_everything_and_begins_with_the_same_names():
    assert set(names.ALL) == set(fields.DEFAULTS)
    for key, name in dict(names.REQUESTS, **names.ANSWERS, **names.PATHS).items():
        assert fields.DEFAULTS[key] == name
    for key, message in names.MESSAGES.items():
        assert fields.Fields().says(key, message)
