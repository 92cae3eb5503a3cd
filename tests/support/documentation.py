# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's documentation says, with the fragments it is made of."""

import ast
import importlib
import re

import yaml

from tests.support.playbook import ROOT

COLLECTION = "virtshare.storage."
_FRAGMENTS = "ansible_collections.virtshare.storage.plugins.doc_fragments."


def block(module, name="DOCUMENTATION", kind="modules"):
    """A documentation block of a module's file, parsed. kind: C(filter) for that of a filter."""
    for node in ast.parse((ROOT / "plugins" / kind / (module + ".py")).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module} has no {name}")


def readme_example():
    """The inventory that the README shows, as text."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n(# inventory.yml\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    return shown


def fragment(name):
    """The parsed fragment of a name such as _flexvdi or _flexvdi.tasks."""
    file, _dot, part = name.partition(".")
    made = importlib.import_module(_FRAGMENTS + file).ModuleDocFragment
    return yaml.safe_load(getattr(made, part.upper() or "DOCUMENTATION"))


def options(module):
    """The options of a module, with those of the fragments it names; nothing may be documented twice."""
    result = {}
    for part in _parts(module, "options"):
        assert not set(part) & set(result), "documented twice"
        result.update(part)
    return result


def attributes(module):
    """The names of a module's attributes, with those of the fragments it names, which it may say more of."""
    return set().union(*_parts(module, "attributes"))


def _parts(module, key):
    own = block(module)
    fragments = [fragment(name[len(COLLECTION):]) for name in own.get("extends_documentation_fragment", ())]
    return [documented.get(key) or {} for documented in (own, *fragments)]
