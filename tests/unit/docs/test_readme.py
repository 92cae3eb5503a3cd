# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README, which Galaxy and Automation Hub show outside the repository, and the pages beside it."""

import re

import pytest
import yaml

from tests.support import documentation
from tests.unit.docs.guides import PLAYBOOKS, ROLES, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
HERE = "https://github.com/virtshare/virtshare.storage/blob/main/"
BESIDE = ("CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "MAINTAINERS.md", "SECURITY.md")
MADE_BY_A_RELEASE = {"CHANGELOG.rst"}


def links(text):
    """The targets of all links of a page in Markdown, by themselves or in a definition."""
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^\]]+\]: (\S+)$", text, re.MULTILINE)


def headings(text):
    """The anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in found}


def test_the_sections_are_those_of_automation_hubs_template():
    found = re.findall(r"^## (.+)$", README, re.MULTILINE)
    wanted = ["Description", "Requirements", "Installation", "Use Cases", "Testing", "Contributing", "Support", "Release Notes",
              "Related Information", "License Information"]
    assert [name for name in found if name in wanted] == wanted
    assert found[1] == "See it work: two commands"


def test_links_work_wherever_the_readme_is_shown():
    assert [link for link in links(README) if not link.startswith(("https://", "#"))] == []
    assert {link[1:] for link in links(README) if link.startswith("#")} <= headings(README)
    named = re.findall(r"\]\[([^\]]+)\]", README)
    defined = re.findall(r"^\[([^\]]+)\]: ", README, re.MULTILINE)
    assert set(named) == set(defined) and len(defined) == len(set(defined))


def test_links_into_the_repository_lead_to_files_and_headings():
    for link in links(README):
        if link.startswith(HERE) and link.removeprefix(HERE) not in MADE_BY_A_RELEASE:
            path, _hash, anchor = link.removeprefix(HERE).partition("#")
            assert (ROOT / path).is_file(), link
            assert not anchor or anchor in headings((ROOT / path).read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", BESIDE)
def test_links_of_the_pages_beside_it_lead_to_files_and_headings(name):
    local = [link for link in links((ROOT / name).read_text(encoding="utf-8")) if not link.startswith("https://")]
    for link in local:
        path, _hash, anchor = link.partition("#")
        assert (ROOT / path).is_file(), link
        assert not anchor or anchor in headings((ROOT / path).read_text(encoding="utf-8")), link


def test_it_says_what_ansible_asks_of_it():
    assert "https://semver.org/" in README
    assert "https://forum.ansible.com/c/help/6" in README and "https://forum.ansible.com/tag/" in README
    assert "code_of_conduct.html" in README
    assert re.search(r"pip3? install", README) is None


def test_it_names_all_playbooks_and_roles():
    rows = re.findall(r"^\| `(?:virtshare\.storage\.)?(\w+)` \|", README.partition("### What it refuses")[0],
                      re.MULTILINE)
    assert sorted(rows) == sorted([*PLAYBOOKS, *ROLES])


def test_its_example_is_the_demos_inventory():
    demo = yaml.safe_load((ROOT / "tests/demo/shares.yml").read_text(encoding="utf-8"))
    assert yaml.safe_load(documentation.readme_example())["all"]["vars"] == demo["all"]["vars"]
