# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house's rules, held against every import: relative, downward, private, and a share type named in its file only."""

import ast

import pytest

from tests.gates import tree
from tests.support.playbook import ROOT

PLUGINS = ROOT / "plugins"
UTILS = PLUGINS / "module_utils"
# From the ground up. What stands in one line never imports another of its line.
LAYERS = (
    {"_host"},
    {"_plan"},
    {"_share"},
    {"_access", "_awx", "_flexvdi", "_guard", "_mounts", "_ocfs2", "_opennebula", "_proof", "_virtiofs"},
    {"_hypervisor"},
    {"plugin_utils"},
    {"action", "doc_fragments", "filter", "modules"},
)
PLATFORMS = {"_flexvdi", "_opennebula"}
# Whose own words some of the types' names are: OCFS2's cluster and heartbeat, OpenNebula's driver, flexVDI's volumes.
OWN_WORDS = {"_flexvdi", "_hypervisor", "_ocfs2", "_opennebula"}
TYPES = {path.stem for path in (UTILS / "_share/types").glob("[!_]*.py")} - {"base", "registry"}
FILES = sorted(path for path in PLUGINS.rglob("*.py") if path.name != "__init__.py")


def room_of(parts):
    """The room that a dotted name below plugins belongs to, such as _share or modules."""
    return parts[1] if parts[0] == "module_utils" else parts[0]


def entries(folder):
    """The names that can be imported from a folder: a checkout keeps the caches of folders that were moved away."""
    return {path.relative_to(folder).parts[0].partition(".")[0] for path in folder.rglob("*.py")} - {"__init__"}


def layer_of(room):
    return next(number for number, rooms in enumerate(LAYERS) if room in rooms)


def imports(path):
    """(how many dots, the parts of the name below plugins that an import of our own code means), one each."""
    package = list(path.relative_to(PLUGINS).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = node.module.split(".") if node.module else []
            if node.level:
                base = package[:len(package) - node.level + 1] + names
                for alias in node.names:
                    yield node.level, base if len(base) > 1 else [*base, alias.name]
            elif names[0] == "ansible_collections":
                yield 0, names[4:]


def test_every_room_has_its_layer():
    assert entries(UTILS) == set().union(*LAYERS[:-2])


@pytest.mark.parametrize("folder", ["module_utils", "plugin_utils", "doc_fragments"])
def test_plumbing_is_private(folder):
    assert [name for name in entries(PLUGINS / folder) if not name.startswith("_")] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_imports_are_relative_and_point_down(path):
    here = room_of(path.relative_to(PLUGINS).with_suffix("").parts)
    for level, parts in imports(path):
        there = room_of(parts)
        assert level, f"{'.'.join(parts)} is imported by its absolute name"
        assert there == here or layer_of(there) < layer_of(here), f"{here} imports {there}"
        if here in PLATFORMS:
            assert there in {here, "_host", "_plan"}, f"a platform imports {there}"


def named_types(path):
    """The types' names that a file has as texts, its documentation aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in tree.body if isinstance(node, ast.Assign)
                     and getattr(node.targets[0], "id", "") in ("DOCUMENTATION", "EXAMPLES", "RETURN")}
    return [(node.lineno, node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)
            and node.value in TYPES and id(node) not in documentation]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_no_type_is_named_outside_its_file(path):
    room = room_of(path.relative_to(PLUGINS).with_suffix("").parts)
    if path.parent.name != "types" and room not in OWN_WORDS and not path.stem.startswith("ocfs2_"):
        assert named_types(path) == []


@pytest.mark.parametrize("name", sorted(TYPES))
def test_no_type_knows_another(name):
    assert {text for _line, text in named_types(UTILS / f"_share/types/{name}.py")} <= {name}


def test_files_stay_short():
    """The modules' documentation aside, which is one text."""
    long = {str(path.relative_to(ROOT)): lines for path in FILES if path.parent.name != "modules"
            for lines in [len(path.read_text(encoding="utf-8").splitlines())] if lines > 400}
    assert long == {}


def test_a_name_in_a_file_would_be_found(tmp_path):
    (tmp_path / "x.py").write_text('"""nfs"""\nif share["type"] == "nfs":\n    pass\n', encoding="utf-8")
    assert named_types(tmp_path / "x.py") == [(1, "nfs"), (2, "nfs")]


def test_names_from_before_the_first_release_are_gone():
    """But for the changelog's table of what they are called now, a fragment until the release, and this list."""
    table = {"changelogs/fragments/old-names.yml", "changelogs/changelog.yaml", "CHANGELOG.rst"}
    words = [first + rest for first, rest in (
        ("shared", "_mount"), ("path", "_access"), ("qemu", "_access"), ("share", "_probe"), ("exact", "_prefix"),
        ("beyond", "_reach"), ("in", "_vain"), (" refuse", "_pieces"), ("surround", "ings"), ("SECOND", "_CHANCE"),
        ("words", ".py"), ("bound", "_to"), ("Pati", "ence"), ("hypervisor", "_facts"))]
    found = [name for name in sorted(tree.files()) if (ROOT / name).is_file() and name not in table
             and any(word in name or word.encode() in (ROOT / name).read_bytes() for word in words)]
    assert found == []
