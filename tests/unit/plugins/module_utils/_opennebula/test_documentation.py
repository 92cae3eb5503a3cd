# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The single and the list form of a module are one: the same spec, and the same words about it."""

import pytest
import yaml
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import datastore, image
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula.client import CONNECTION_SPEC

from tests.support import documentation

PAIRS = [
    ("one_datastore", "one_datastores", "datastores", datastore.argument_spec()),
    ("one_filesystem_image", "one_filesystem_images", "filesystems", image.argument_spec()),
]


@pytest.mark.parametrize("single, plural, option, spec", PAIRS)
def test_both_forms_say_the_same(single, plural, option, spec):
    one = documentation.options(single)
    many = documentation.options(plural)[option]["suboptions"]
    many = yaml.safe_load(yaml.safe_dump(many, width=1000000).replace("O(%s[]." % option, "O("))
    assert many == {name: one[name] for name in many}
    assert set(one) - set(many) <= {"wait", "wait_timeout", "register_timeout", *CONNECTION_SPEC}
    assert set(many) == set(spec)


@pytest.mark.parametrize("single, plural, option, spec", PAIRS)
def test_the_words_agree_with_the_spec(single, plural, option, spec):
    options = documentation.options(single)
    for name, declared in spec.items():
        for key in ("type", "default", "choices", "elements"):
            assert options[name].get(key) == declared.get(key), (name, key)


def test_the_connection_is_documented_once():
    options = documentation.fragment("_opennebula")["options"]
    assert set(options) == set(CONNECTION_SPEC)
    for name, declared in CONNECTION_SPEC.items():
        for key in ("type", "default"):
            assert options[name].get(key) == declared.get(key), (name, key)
        for variable in declared.get("fallback", (None, []))[1]:
            assert "E(%s)" % variable in str(options[name]["description"])


@pytest.mark.parametrize("module, kind", [
    ("one_datastore", "datastore"), ("one_datastores", "datastore"), ("one_filesystem_image", "image"), ("one_filesystem_images", "image"),
])
def test_a_sample_of_operations_is_of_what_the_module_changes(module, kind):
    for operation in documentation.block(module, "RETURN")["operations"]["sample"]:
        assert operation["operation"].startswith("one.%s." % kind)
