# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide from an empty AWX to a nightly proof, followed on the hosts of the Molecule scenario awx.

AWX is a simulated one, and so is OpenNebula. What a job is started with (playbook, image, inventory, extra vars with the
survey's defaults, credentials, limit, slice) is what the role has stored there; it runs in its container.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from unittest import mock

import yaml
from ansible_collections.virtshare.storage.plugins.module_utils._awx import content

from tests.support import awx_job, execution_environment, guide_awx
from tests.support.awx import awx
from tests.support.endpoint import Endpoint
from tests.support.shares import connect

PATH = "/srv/shares/projects"
PROVEN = {"state": "proven", "paths": {PATH: "proven"}, "hosts": {"hv1": "proven", "hv2": "proven"}, "problems": []}
# Of the workflow, in its order; its first node updates the project.
STEPS = ["update", "check", "approve", "mount", "publish", "verify"]


class Site:
    """controller: the simulated AWX; opennebula: its Endpoint; image: what jobs run in."""

    def __init__(self, controller, opennebula, image, directory):
        self.controller, self.opennebula, self.image, self._directory = controller, opennebula, image, directory
        self._inventory = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "hosts.yml"

    @classmethod
    @contextlib.contextmanager
    def open(cls, directory):
        """What steps 1 to 3 of the guide lead to, for a with block. directory: for all that is written."""
        image = execution_environment.image()
        opennebula = Endpoint(directory, directories=[PATH])
        try:
            with (mock.patch.dict(os.environ, execution_environment.variables()),
                  awx(playbooks=sorted(content.PLAYBOOKS.values())) as controller):
                made = cls(controller, opennebula, image, directory)
                made.set_up()
                yield made
        finally:
            opennebula.stop()

    def set_up(self):
        """Steps 1 to 3 of the guide, with the lab's addresses, key and image."""
        lab = yaml.safe_load(self._inventory.read_text(encoding="utf-8"))["all"]["children"]
        (given,) = (group for name, group in lab.items() if name.startswith("lab_"))
        login = self.opennebula.environment
        site = guide_awx.declared()
        site["execution_environment"] = {"image": self.image, "pull": "never"}
        site["opennebula"].update(url=login["ONE_URL"], username=login["ONE_USERNAME"])
        self._write("site.yml", yaml.safe_dump({"awx_content_site": site}))
        key = Path(given["vars"]["ansible_ssh_private_key_file"]).read_text(encoding="utf-8")
        guide_awx.keep_secrets(self._directory, vault_ssh_key=key, vault_one_password=login["ONE_PASSWORD"])
        *_predicted, command = guide_awx.commands("--check")
        self.command(command)
        run, _requests = self.controller.run(self._write("fill.yml", guide_awx.block(guide_awx.FILL)))
        assert run.code == 0, run.output
        # No name service knows the lab's hosts.
        world = self.controller.world
        assert self.controller.names("host") == sorted(lab["hypervisors"]["hosts"])
        for host in world.all("host"):
            world.change(host, {"variables": json.dumps(given["hosts"][host.get("name")])})

    def command(self, arguments):
        """Run virtshare.storage.awx with the arguments that it has in a command of the guide."""
        run, _requests = self.controller.run("playbooks/awx.yml", *guide_awx.beside(self._directory, arguments))
        assert run.code == 0, run.output

    def workflow(self):
        """{node: what job() says} of the workflow, approved. As in AWX, a job follows one that was successful."""
        steps = awx_job.workflow(self.controller, "virtshare shares")
        assert [node for node, _runs in steps] == STEPS
        done = {}
        for node, runs in steps:
            if node not in ("update", "approve"):
                done[node] = self.job(runs)
                assert done[node][0].status == "successful", done[node][0].output
        return done

    def mounted(self, name):
        """What the kernel of a host has at the share's path: source and type, nothing without a mount."""
        host = connect(name, str(self._inventory))
        return host.run(f"findmnt --noheadings --output SOURCE,FSTYPE --mountpoint {PATH}").stdout.split()

    def _write(self, name, text):
        path = self._directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def job(self, name, **more):
        """(the job, the hosts that it changed, what it asked OpenNebula to change)."""
        before = len(self.opennebula.calls())
        done = awx_job.launch(self.controller, self._directory, name, contained=True, **more)
        print(name, more, done.status, done.output)
        assert self.opennebula.environment["ONE_PASSWORD"] not in done.output
        return done, {host for host, _task in done.changes}, [
            call["method"] for call in self.opennebula.calls()[before:] if call["write"]]

    def extra_vars(self):
        """Those of the last job, as AWX writes them."""
        last = max(self._directory.glob("awx_*"), key=lambda path: int(path.name.removeprefix("awx_")))
        return (last / "env/extravars").read_text(encoding="utf-8")
