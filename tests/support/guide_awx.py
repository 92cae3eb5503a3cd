# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide from an empty AWX to a nightly proof as those read it who follow it: its dictionary, commands and playbook."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

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


def keep_secrets(directory: Path, **secrets: str) -> None:
    """What the guide's ansible-vault command makes in a directory, its password in a file beside it.

    secrets: values for all that the guide names there.
    """
    (command,) = re.findall(r"(?m)^\$ (ansible-vault create \S+)$", block("ansible-vault create"))
    assert set(yaml.safe_load(block("vault_ssh_key: |"))) == set(secrets)
    _program, _create, name = shlex.split(command)
    (directory / name).write_text(yaml.safe_dump(secrets), encoding="utf-8")
    (directory / "vault-password").write_text("word of the vault\n", encoding="utf-8")
    # With create it would be an editor that writes the file.
    subprocess.run([Path(sys.executable).with_name("ansible-vault"), "encrypt", "--vault-password-file", "vault-password", name],
                   cwd=directory, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def beside(directory: Path, arguments: list[str]) -> list[str]:
    """The arguments of a command of the guide for who has its files in a directory, and nobody to ask for the vault's password."""
    assert "--ask-vault-pass" in arguments, "without it nothing reads the vault"
    given = [re.sub(r"^@", f"@{directory}/", word) for word in arguments if word != "--ask-vault-pass"]
    return [*given, "--vault-password-file", str(directory / "vault-password")]


def declared():
    """The guide's dictionary."""
    return yaml.safe_load(block("awx_content_site:"))["awx_content_site"]
