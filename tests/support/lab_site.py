# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of a lab, and playbooks that are run on them."""

import json

import yaml

from tests.support.warm import run_playbook


class LabSite:
    """lab: a Lab that is up. directory: where inventory and playbook go. plays: of the playbook, if the site has one."""

    def __init__(self, lab, directory, plays=None):
        self.lab = lab
        self.directory = directory
        self.inventory = self.written("hosts.yml", self.hosts())
        self.playbook = None if plays is None else self.written("playbook.yml", plays)

    def hosts(self):
        """The inventory."""
        return yaml.safe_load(self.lab.inventory())

    def written(self, name, document):
        """The path of a file with this document."""
        path = self.directory / name
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return path

    def played(self, variables, *arguments, playbook=None, inventories=()):
        """The run of a playbook, the site's own unless another is given, with these variables."""
        run = run_playbook(playbook or self.playbook, inventories=[self.inventory, *inventories],
                           arguments=["--extra-vars", json.dumps(variables), *arguments])
        print(run.output)  # pytest shows it when the test fails
        return run
