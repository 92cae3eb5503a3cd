# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's site on the hosts of a lab: its shares, its platform, and the playbooks run on them."""

from __future__ import annotations

import contextlib
import json

from tests.demo.__main__ import SHARE
from tests.support.endpoint import Endpoint
from tests.support.playbook import ROOT
from tests.support.warm import run_playbook


class DemoSite:
    """The lab's hosts, the platform's endpoint, and the playbooks run on them."""

    def __init__(self, lab, directory, shares=(SHARE,)):
        self.lab = lab
        self.endpoint = Endpoint(directory, directories=shares)
        hosts = directory / "hosts.yml"
        hosts.write_text(lab.inventory(), encoding="utf-8")
        self.inventories = [hosts, ROOT / "tests" / "demo" / "shares.yml"]

    @classmethod
    @contextlib.contextmanager
    def prepared(cls, lab, directory, shares=(SHARE,)):
        """A site whose hosts have what a site has before this collection comes; its endpoint stops at the end.

        shares: the paths that exist on the platform's front end.
        """
        made = cls(lab, directory, shares)
        try:
            assert made.run("tests/demo/prepare.yml").code == 0
            yield made
        finally:
            made.endpoint.stop()

    def run(self, playbook, *arguments, **variables):
        if variables:
            arguments = (*arguments, "--extra-vars", json.dumps(variables))
        run = run_playbook(
            playbook, inventories=self.inventories, arguments=arguments, environment=self.endpoint.environment
        )
        print(run.output)  # pytest shows it when the test fails
        return run

    def main_job(self):
        run = self.run("playbooks/site.yml")
        assert run.code == 0, run.failure_text()
        return run

    def writes(self):
        return [call["method"] for call in self.endpoint.calls() if call["write"]]

    def ssh(self, host, command, **more):
        return self.lab.ssh(host, command, **more).stdout


def assert_predicted(predicted, done):
    """The run in check mode told of the changes of the real one, task by task and operation by operation."""
    assert done.changes, "the first run of a new site has something to do"
    assert predicted.changes == done.changes
    for module in ("share_mounts", "share_access", "one_datastores", "one_filesystem_images"):
        assert operations(predicted, module) == operations(done, module), module


def operations(run, module):
    return {host: result["operations"] for host, result in run.of(module).items()}
