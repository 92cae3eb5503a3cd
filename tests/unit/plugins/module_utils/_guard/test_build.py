# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program is one file of this collection's own modules, always the same, and needs nothing but Python."""

import ast
import io
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._guard import build, main

ROOT = Path(__file__).resolve().parents[5]


def test_it_holds_the_modules_as_they_are():
    archive = zipfile.ZipFile(io.BytesIO(build.program("/usr/bin/python3")[0]))
    inside = {name[len("virtshare_guard/"):]: archive.read(name).decode() for name in archive.namelist() if "/" in name}
    holding = {name: text for name, text in inside.items() if text}
    assert {"_guard/main.py", "_share/types/registry.py", "_host/bounded.py"} <= set(holding)
    assert [name for name, text in holding.items()
            if text != (ROOT / "plugins/module_utils" / name).read_text(encoding="utf-8")] == []
    # What only installs it stays out.
    assert not {"_guard/build.py", "_guard/config.py", "_share/declaration.py"} & set(inside)


def test_it_needs_nothing_but_the_standard_library():
    archive = zipfile.ZipFile(io.BytesIO(build.program("/usr/bin/python3")[0]))
    wanted = set()
    for name in archive.namelist():
        for node in ast.walk(ast.parse(archive.read(name))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                wanted.add(node.module.split(".")[0])
    if sys.version_info >= (3, 10):
        assert wanted - {"virtshare_guard"} <= set(sys.stdlib_module_names)
    assert "ansible" not in wanted


def test_the_same_modules_give_the_same_bytes():
    first, digest = build.program("/usr/bin/python3")
    assert (first, digest) == build.program("/usr/bin/python3")
    assert first.startswith(b"#!/usr/bin/python3 -I\nPK")
    other, same = build.program("/usr/libexec/platform-python")
    assert other != first and same == digest


def test_a_change_is_another_digest():
    assert build.digest_of({"a": "1", "b": "2"}) != build.digest_of({"a": "1", "b": "3"})
    assert build.digest_of({"a": "1b", "b": ""}) != build.digest_of({"a": "1", "bb": ""})


def test_its_version_is_the_collections():
    version = [line.split()[1] for line in (ROOT / "galaxy.yml").read_text(encoding="utf-8").splitlines()
               if line.startswith("version:")]
    assert version == [main.VERSION]


def test_it_says_its_version_by_itself(capsys):
    with pytest.raises(SystemExit):
        main.main(["--version"], digest="abc")
    assert capsys.readouterr().out == "%s abc\n" % main.VERSION
