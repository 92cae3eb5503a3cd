# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that a user does not have to know: none of them is in a message, a task's name or the documentation."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
AVOIDED = re.compile(
    r"in words\b|\bfor people\b|(?<!by )\bhand(s|ed)? (it |them )?on\b|\b[Mm]end(s|ed|ing)?\b|\banew\b|\bby data\b|\bfor ever\b"
    r"|\bin no time\b|' is none\b|%s is none\b|, that is none\b")
PAGES = sorted(path for folder in ("docs", "roles", "playbooks") for path in (ROOT / folder).rglob("*")
               if path.suffix in (".md", ".rst", ".yml", ".j2")) + [ROOT / "README.md"]
SOURCES = sorted((ROOT / "plugins").rglob("*.py"))


def texts(path):
    """(line, text) of every text of a source but those that only say what the source is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explaining = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explaining:
            yield node.lineno, node.value


def test_something_is_read():
    assert len(PAGES) > 100 and len(SOURCES) > 150
    assert any("Nothing was changed" in text for path in SOURCES for _line, text in texts(path))


@pytest.mark.parametrize("text, found", [
    ("start o2cb anew", True), ("the device 'sdb' is none", True), ("is None", False), ("amendment", False),
    ("it hangs for ever", True), ("passes it on", False), ("hands it on", True),
])
def test_the_words_are_recognised(text, found):
    assert (AVOIDED.search(text) is not None) == found


def test_messages_and_documentation_of_plugins():
    assert [f"{path.relative_to(ROOT)}:{line}: {match[0]}" for path in SOURCES for line, text in texts(path)
            for match in AVOIDED.finditer(text)] == []


def test_pages_roles_and_playbooks():
    assert [f"{path.relative_to(ROOT)}: {match[0]}" for path in PAGES
            for match in AVOIDED.finditer(path.read_text(encoding="utf-8"))] == []
