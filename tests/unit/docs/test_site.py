# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The start page of the documentation site leads to every guide, and its pictures show what is there."""

import re

import pytest
import yaml

from tests.pictures import drawings
from tests.unit.docs import guides

START = guides.ROOT / "docs/site/index.rst"


def test_the_start_page_leads_to_every_guide_and_lists_it_in_the_same_order():
    text = START.read_text(encoding="utf-8")
    document = yaml.safe_load((guides.ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))
    listed = [name for section in document["sections"] for name in section["toctree"]]
    assert re.findall(r"(?m)^   collection/docsite/(\w+)$", text) == listed
    assert set(re.findall(r"ansible_collections\.virtshare\.storage\.docsite\.(\w+)", text)) == set(listed)


@pytest.mark.parametrize("name", drawings.drawings())
def test_a_kept_picture_is_the_one_that_is_drawn(name):
    """make docs-drawings draws them again."""
    kept = (guides.RST / "images" / name).read_text(encoding="utf-8")
    assert kept == drawings.drawings()[name]


def test_the_way_has_every_playbook_and_every_role_but_those_that_only_others_use():
    shown = set(re.findall(r">([\w.]+)</text>", drawings.way()))
    assert {guides.COLLECTION + name for name in drawings.WAY} <= shown
    assert {name for name in guides.ROLES if name not in shown} == {"awx_content", "guest_proof", "hypervisor_packages"}


def test_every_picture_is_shown_and_every_shown_one_is_there():
    shown = {name for page in [*guides.PAGES, START] for name in re.findall(
        r"\.\. image:: (?:collection/docsite/)?images/(\S+)", page.read_text(encoding="utf-8"))}
    assert shown == {path.name for path in (guides.RST / "images").iterdir()}
