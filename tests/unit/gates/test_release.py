# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be released when, and what a release says of itself. The rest is done by the gate `artifact`, in a copy."""

import pytest

from tests.gates import release

FINE = {"version": "1.2.0", "last": "1.1.3", "sections": {"bugfixes", "minor_changes"}, "branch": "main", "changed": set(),
        "tags": ["1.1.2", "1.1.3"]}


@pytest.mark.parametrize("other", [
    {}, {"version": "1.1.4", "sections": {"bugfixes"}}, {"version": "1.1.4", "sections": {"security_fixes", "known_issues"}},
    {"version": "2.0.0", "sections": {"removed_features"}},
    {"version": "1.0.0", "last": None, "sections": {"breaking_changes"}, "tags": []},
    {"version": "1.10.0", "last": "1.9.0"},
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
    ({"version": "1.1.3", "tags": []}, "1.1.3 is not after 1.1.3"),
    ({"version": "1.9.0", "last": "1.10.0"}, "1.9.0 is not after 1.10.0"),
    ({"version": "1.1.4"}, "minor_changes need another minor version than that of 1.1.3"),
    ({"sections": {"removed_features"}}, "removed_features need another major version than that of 1.1.3"),
])
def test_what_may_not_be_released(other, said):
    (problem,) = release.problems(**dict(FINE, **other))
    assert said in problem


def test_all_problems_are_named_at_once():
    found = release.problems("1.0.0", "1.0.0", set(), "topic", {"a"}, ["1.0.0"])
    assert len(found) == 5


def test_a_tag_says_what_the_release_brings():
    changes = {"release_summary": "The second one.\n", "bugfixes": ["a", "b"], "minor_changes": ["c"]}
    assert release.tag_message("1.1.0", changes) == (
        "virtshare.storage 1.1.0\n\nThe second one.\n\n1 minor changes, 2 bugfixes: see CHANGELOG.rst\n")


def test_a_rehearsal_after_a_release_has_nothing_to_say_yet():
    releases = {"1.0.0": {"changes": {"bugfixes": ["x"]}}, "2.0.0": {"release_date": "2026-12-01"}}
    assert release.changes_of(releases, "1.0.0") == {"bugfixes": ["x"]}
    assert release.tag_message("2.0.0", release.changes_of(releases, "2.0.0")) == "virtshare.storage 2.0.0\n"
