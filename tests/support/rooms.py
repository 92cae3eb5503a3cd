# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisors that are a mount namespace each on this machine: own shares, own /etc, and one directory they all have.

To be used in a script of tests.support.privileged, whose mounts end with it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

from tests.support.endpoint import Endpoint
from tests.support.playbook import ROOT
from tests.support.warm import run_playbook

EXPORT = Path("/srv/export")  # the directory that all of them have
SHARES = "/srv/shares"
START = """
set -e
mount -t tmpfs none {shares}
mount -t tmpfs none /run
mount -t tmpfs none /var/lib/virtshare
cp -a /etc {own}/etc
mount --bind {own}/etc /etc
mkdir -p /etc/qemu/vhost-user
: > /etc/fstab
echo oneadmin:100000:65536 > /etc/subuid
cp /etc/subuid /etc/subgid
mount -t tmpfs none /usr/libexec -o mode=0755
printf '#!/bin/sh\\necho virtiofsd 1.13.2\\n' > /usr/libexec/virtiofsd
chmod 0755 /usr/libexec/virtiofsd
echo '{{"description": "virtiofsd", "type": "fs", "binary": "/usr/libexec/virtiofsd"}}' > /etc/qemu/vhost-user/50.json
echo ready
exec sleep infinity
"""
OFF = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_args": "-F none -o BatchMode=yes"}
ACCESS = {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"]}


class Rooms:
    """variables: those of the inventory's group hypervisors. hosts: {name: its variables}, to be changed between runs."""

    def __init__(self, names, shares, own_processes=False, **variables):
        """shares: names of local shares that all hosts have.

        own_processes: each host sees its own processes only. Without, what is mounted on all of them counts as used there.
        """
        EXPORT.mkdir()
        Path(SHARES).mkdir()
        self._directory = Path("/srv/rooms")
        self._directory.mkdir()
        for name in shares:
            (EXPORT / name).mkdir()
        self._own_processes = own_processes
        self._processes = {name: self._start(name) for name in names}
        self.hosts = {name: {"ansible_connection": "local", "ansible_python_interpreter": str(self._directory / name / "python")}
                      for name in names}
        self.variables = {
            "virtiofsd_install": False, "share_proof_allow_same_machine": True, "ansible_become": False,
            "virtshare_shares": [share(name) for name in shares],
            "opennebula_storage_datastores": [
                {"name": name, "type": "image", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": [SHARES]}
                for name in shares],
            "opennebula_storage_filesystems": [
                {"name": name, "datastore": name, "path": f"{SHARES}/{name}", "mount_tag": name} for name in shares],
            **variables}
        self.endpoint = Endpoint(self._directory, directories=[f"{SHARES}/{name}" for name in shares])

    def _start(self, name):
        own = self._directory / name
        own.mkdir()
        alone = ["--pid", "--fork", "--kill-child", "--mount-proc"] if self._own_processes else []
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", *alone, "sh", "-c", START.format(shares=SHARES, own=own)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n", name
        python = own / "python"
        python.write_text(f'#!/bin/sh\nexec {" ".join(self._entering(process))} {sys.executable} "$@"\n')
        python.chmod(0o755)
        return process

    def _entering(self, process):
        """The command that runs another one on a host."""
        own = [f"--pid=/proc/{process.pid}/ns/pid_for_children"] if self._own_processes else []
        return ["nsenter", "--target", str(process.pid), "--mount", *own, "--wd=/"]

    def sh(self, name, command):
        """What a command writes on a host."""
        return subprocess.run([*self._entering(self._processes[name]), "sh", "-c", command],
                              check=True, stdout=subprocess.PIPE, text=True).stdout

    def run(self, playbook, *arguments, only=None, extra=None):
        """What a run comes to, as JSON can hold it. only: the hosts that the inventory has; extra: lines of extra vars."""
        inventory, given = self._directory / "hosts.json", self._directory / "extravars"
        inventory.write_text(json.dumps({
            "all": {"vars": self.variables, "children": {"hypervisors": {
                "hosts": {name: host for name, host in self.hosts.items() if only is None or name in only}}}}}))
        given.write_text(extra or "{}")
        before = len(self.endpoint.calls())
        run = run_playbook(ROOT / f"playbooks/{playbook}.yml", inventories=[inventory],
                           arguments=["--extra-vars", f"@{given}", *arguments], environment=self.endpoint.environment)
        return {
            "code": run.code, "output": run.output, "messages": run.failure_text(), "changes": sorted(map(list, run.changes)),
            "operations": {host: result.get("operations") for host, result in run.of("share_mounts").items()},
            "calls": [call["method"] for call in self.endpoint.calls()[before:]],
            "writes": [call["method"] for call in self.endpoint.calls()[before:] if call["write"]],
            "guards": {host: json.dumps(result.get("diff")) for host, result in run.of("share_guard").items()},
            "proof": next(iter(run.facts("share_proof_result").values()), None),
            "published": next((result.get("filesystems") for result in run.of("one_filesystem_images").values()), None),
        }

    @classmethod
    @contextlib.contextmanager
    def open(cls, *given, **variables):
        made = cls(*given, **variables)
        try:
            yield made
        finally:
            made.endpoint.stop()
            for process in made._processes.values():
                process.kill()


def share(name):
    return {"path": f"{SHARES}/{name}", "type": "local", "source": str(EXPORT / name), "access": ACCESS}


def as_awx_writes(**variables):
    """Extra vars as AWX writes those of a job."""
    return "".join(f"!unsafe '{name}': !unsafe '{text}'\n" for name, text in variables.items())


SLICE = as_awx_writes(awx_job_id="104", awx_job_template_name="virtshare site", awx_workflow_job_name="virtshare site")
JOB = as_awx_writes(awx_job_id="104", awx_job_template_name="virtshare site")
