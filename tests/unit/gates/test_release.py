# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be released when, and what a release says of itself. The rest is done by the gate `artifact`, in a copy."""

import io
import json
import subprocess
import tarfile

import pytest

from tests.gates import artifact, release, tree
from tests.gates.process import Failed, Log
from tests.support.playbook import ROOT

FINE = {"version": "1.2.0", "named": "1.1.3", "last": "1.1.3", "sections": {"release_summary", "bugfixes", "minor_changes"},
        "branch": "main", "changed": set(), "tags": ["1.1.2", "1.1.3"]}
ME = {"user.name": "t", "user.email": "t@example.com"}


@pytest.mark.parametrize("other", [
    {}, {"version": "1.1.4", "sections": {"release_summary", "bugfixes"}},
    {"version": "1.1.4", "sections": {"release_summary", "security_fixes", "known_issues"}},
    {"version": "2.0.0", "sections": {"release_summary", "removed_features"}},
    {"version": "1.0.0", "last": None, "named": "1.0.0-dev", "sections": {"release_summary", "breaking_changes"}, "tags": []},
    {"version": "1.10.0", "last": "1.9.0"}, {"named": "1.2.0-dev"},
    {"version": "1.1.4", "named": "1.1.4-dev", "sections": {"release_summary", "bugfixes"}},
])
def test_what_may_be_released(other):
    assert release.problems(**dict(FINE, **other)) == []


@pytest.mark.parametrize("other, said", [
    ({"version": ""}, "'' is no version of a release: make release VERSION=1.2.3"),
    ({"version": "1.2"}, "'1.2' is no version"),
    ({"version": "1.2.0-dev"}, "'1.2.0-dev' is no version"),
    ({"version": "01.2.0"}, "'01.2.0' is no version"),
    ({"branch": "topic"}, "the branch is topic"),
    ({"changed": {"b", "a"}}, "not committed yet: a, b"),
    ({"tags": ["1.2.0"]}, "there is a tag 1.2.0 already"),
    ({"sections": set()}, "nothing to release"),
    ({"sections": {"bugfixes"}}, "no fragment in changelogs/fragments has a release_summary"),
    ({"version": "1.1.3", "tags": []}, "1.1.3 is not after 1.1.3"),
    ({"version": "1.9.0", "last": "1.10.0"}, "1.9.0 is not after 1.10.0"),
    ({"version": "1.1.4"}, "minor_changes need another minor version than that of 1.1.3"),
    ({"version": "1.1.4", "sections": {"release_summary", "add object.playbook"}},
     "add object.playbook need another minor version than that of 1.1.3"),
    ({"sections": {"release_summary", "removed_features"}}, "removed_features need another major version than that of 1.1.3"),
    ({"version": "1.4.0"}, "after 1.1.3 comes 1.1.4 or 1.2.0 or 2.0.0"),
    ({"version": "1.1.5", "sections": {"release_summary", "bugfixes"}}, "after 1.1.3 comes 1.1.4 or 1.2.0 or 2.0.0"),
    ({"version": "1.2.1"}, "after 1.1.3 comes 1.1.4 or 1.2.0 or 2.0.0"),
    ({"named": "2.0.0-dev"}, "galaxy.yml names 2.0.0-dev, so the next release is 2.0.0; for another, write 1.2.0-dev there"),
    ({"version": "2.0.0", "last": None, "named": "1.0.0-dev", "tags": []}, "the next release is 1.0.0; for another"),
])
def test_what_may_not_be_released(other, said):
    (problem,) = release.problems(**dict(FINE, **other))
    assert said in problem


def test_all_problems_are_named_at_once():
    found = release.problems("1.0.0", "1.0.0", "1.0.0", set(), "topic", {"a"}, ["1.0.0"])
    assert len(found) == 5


def test_a_tag_says_what_the_release_brings():
    changes = {"release_summary": "The second one.\n", "bugfixes": ["a", "b"], "minor_changes": ["c"]}
    assert release.tag_message("1.1.0", changes) == (
        "virtshare.storage 1.1.0\n\nThe second one.\n\nCHANGELOG.rst has minor changes: 1, bugfixes: 2.\n")


def test_a_rehearsal_after_a_release_has_nothing_to_say_yet():
    releases = {"1.0.0": {"changes": {"bugfixes": ["x"]}}, "2.0.0": {"release_date": "2026-12-01"}}
    assert release.changes_of(releases, "1.0.0") == {"bugfixes": ["x"]}
    assert release.tag_message("2.0.0", release.changes_of(releases, "2.0.0")) == "virtshare.storage 2.0.0\n"


@pytest.mark.parametrize("named, last, sections, wanted", [
    ("1.0.0-dev", None, {"bugfixes"}, ("1.0.0", False)),
    ("1.1.0-dev", "1.0.0", set(), ("1.1.0", False)),
    ("2.0.0-dev", "1.9.0", {"removed_features"}, ("2.0.0", False)),
    ("1.0.0", "1.0.0", set(), ("1.0.0", True)),
])
def test_a_tree_is_rehearsed_as_what_it_names_and_a_release_is_taken_as_it_is(named, last, sections, wanted):
    assert release.rehearsed(named, last, sections) == wanted


@pytest.mark.parametrize("named, sections", [("1.9.0", {"bugfixes"}), ("1.9.0-dev", set()), ("1.8.0-dev", set())])
def test_a_tree_after_a_release_that_does_not_name_the_next_one_is_refused(named, sections):
    with pytest.raises(Failed, match="1.9.0 is released, and galaxy.yml names .*: write 1.10.0-dev there"):
        release.rehearsed(named, "1.9.0", sections)


def test_fragments_of_both_extensions_count(tmp_path):
    for name, section in {"a.yml": "bugfixes", "b.yaml": "minor_changes", "c.txt": "removed_features", ".d.yml": "x"}.items():
        (tmp_path / name).write_text(f"{section}:\n  - text\n", encoding="utf-8")
    assert release._sections(tmp_path) == {"bugfixes", "minor_changes"}
    assert release._sections(tmp_path / "no such directory") == set()


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "log", io.StringIO())


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def git(root, *words):
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def trees(tmp_path):
    """(a repository before its first release, a copy of it in which the release is made)"""
    root, copy = tmp_path / "root", tmp_path / "copy"
    before = {"galaxy.yml": "name: storage\nversion: 1.0.0-dev\n", artifact.GUARD: 'import x\n\nVERSION = "1.0.0-dev"\n',
              "changelogs/fragments/a.yml": "bugfixes: [a]\n", "changelogs/config.yaml": "x: 1\n", "README.md": "# x\n",
              "tests/unit/public_names.txt": "# There is no release yet\n"}
    write(root, before)
    git(root, "init", "--quiet", "--initial-branch=main")
    for name, value in ME.items():
        git(root, "config", name, value)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=first")
    made = dict(before, **{"CHANGELOG.rst": "1.0.0\n", "changelogs/changelog.yaml": "releases: {}\n", "README.md": "# not this\n",
                           "changelogs/.plugin-cache.yaml": "x\n"})
    del made["changelogs/fragments/a.yml"]
    write(copy, made)
    (copy / "changelogs/fragments").mkdir()
    release.name_version(copy, "1.0.0")
    return root, copy


def hook(root, text):
    path = root / ".git/hooks/pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_every_file_that_names_the_version_is_written(trees):
    root, copy = trees
    assert (copy / "galaxy.yml").read_text(encoding="utf-8") == "name: storage\nversion: 1.0.0\n"
    assert (copy / artifact.GUARD).read_text(encoding="utf-8") == 'import x\n\nVERSION = "1.0.0"\n'
    for text in ("name: storage\n", "version: 1\nversion: 2\n"):
        (copy / "galaxy.yml").write_text(text, encoding="utf-8")
        with pytest.raises(Failed, match="galaxy.yml has not exactly one line with the version"):
            release.name_version(copy, "1.0.0")


def test_the_files_of_the_tree_name_their_version_once(tmp_path):
    write(tmp_path, {name: (ROOT / name).read_text(encoding="utf-8") for name in release._NAMING})
    release.name_version(tmp_path, "7.8.9")
    assert [(tmp_path / name).read_text(encoding="utf-8").count("7.8.9") for name in release._NAMING] == [1, 1]


def test_an_artifact_says_which_versions_it_names(tmp_path):
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        for name, text in {"MANIFEST.json": json.dumps({"collection_info": {"version": "1.0.0"}, "format": 1}, indent=1),
                           artifact.GUARD: 'VERSION = "1.0.0-dev"\n'}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    assert artifact.named_versions(tmp_path / "x.tar.gz") == {"MANIFEST.json": "1.0.0", artifact.GUARD: "1.0.0-dev"}


def test_a_release_is_a_commit_with_a_tag_and_main_goes_on_as_the_next_version(trees, log, tmp_path):
    root, copy = trees
    (tmp_path / "message").write_text("virtshare.storage 1.0.0\n\n# a heading\n", encoding="utf-8")
    released = release.commit(log, copy, "1.0.0", root)
    release.tag(log, "1.0.0", released, tmp_path / "message", root)
    assert git(root, "log", "--format=%s").splitlines() == ["Name 1.1.0-dev, which comes after 1.0.0", "Release 1.0.0", "first"]
    assert sorted(git(root, "show", "--format=", "--name-only", "--no-renames", released).splitlines()) == sorted([
        "galaxy.yml", artifact.GUARD, "CHANGELOG.rst", "changelogs/changelog.yaml", "changelogs/fragments/a.yml"])
    for commit, version in (("1.0.0", "1.0.0"), ("HEAD", "1.1.0-dev")):
        assert f"version: {version}\n" in git(root, "show", f"{commit}:galaxy.yml")
        assert f'VERSION = "{version}"\n' in git(root, "show", f"{commit}:{artifact.GUARD}")
    assert git(root, "tag", "--list", "--format=%(objecttype) %(contents)") == "tag virtshare.storage 1.0.0\n\n# a heading\n\n"
    assert tree.uncommitted(root) == set()


@pytest.mark.parametrize("program", ["exit 1", "git log --format=%s | grep -q '^Release' && exit 1; exit 0"],
                         ids=["the first", "the second"])
def test_when_a_commit_fails_the_tree_is_as_it_was(trees, log, program):
    root, copy = trees
    hook(root, program)
    before = git(root, "rev-parse", "HEAD")
    with pytest.raises(Failed):
        release.commit(log, copy, "1.0.0", root)
    assert git(root, "rev-parse", "HEAD") == before
    assert tree.uncommitted(root) == set()
    assert (root / "changelogs/fragments/a.yml").is_file() and not (root / "CHANGELOG.rst").exists()


def test_only_what_a_release_writes_is_committed_or_taken_back(trees, log):
    root, copy = trees
    write(root, {"README.md": "# being written\n", "new": ""})
    hook(root, "exit 1")
    with pytest.raises(Failed):
        release.commit(log, copy, "1.0.0", root)
    assert tree.uncommitted(root) == {"README.md", "new"}
    hook(root, "exit 0")
    release.commit(log, copy, "1.0.0", root)
    assert tree.uncommitted(root) == {"README.md", "new"}


def test_when_the_tag_fails_the_command_for_it_is_named(trees, log, tmp_path):
    root, copy = trees
    released = release.commit(log, copy, "1.0.0", root)
    message = tmp_path / "message"
    with pytest.raises(Failed) as failure:
        release.tag(log, "1.0.0", released, message, root)
    command = f"git tag --annotate --cleanup=whitespace --file={message} 1.0.0 {released}"
    assert str(failure.value).endswith(command)
    message.write_text("virtshare.storage 1.0.0\n", encoding="utf-8")
    git(root, *command.split()[1:])
    assert git(root, "rev-parse", "1.0.0^{commit}").strip() == released


def test_a_release_leaves_what_the_changelog_says_of_those_before_it():
    """antsibull-changelog, told to refresh, takes out what came by fragments and not by documentation: the playbooks."""
    assert "always_refresh: none\n" in (ROOT / "changelogs/config.yaml").read_text(encoding="utf-8")
