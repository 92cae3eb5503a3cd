# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide from an empty AWX to a nightly proof as those read it who follow it: its dictionary, commands and playbook."""

from __future__ import annotations

import re

import yaml

from tests.unit.docs import guides

PAGE = guides.RST / "guide_awx.rst"
BLOCKS = [block for block in guides.blocks("yaml", "console", "text") if block.page == PAGE.name]
FILL = "Fill the inventory"


def block(words):
    """The text of the one block of the guide that holds these words."""
    (found,) = [each for each in BLOCKS if words in each.text]
    return found.text


def commands(words):
    """The arguments of the guide's ansible-playbook commands in a block, without the playbook's name."""
    found = re.findall(r"(?m)^\$ ansible-playbook virtshare\.storage\.awx (.*)$", block(words))
    assert found
    return [line.split() for line in found]


def declared():
    """The guide's dictionary."""
    return yaml.safe_load(block("awx_content_site:"))["awx_content_site"]
