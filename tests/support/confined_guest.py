# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest of libvirt's that a kernel confines, and what it is denied.

The guest never runs: a paused one is a QEMU under what libvirt confines it with, and its monitor opens files.
"""

from __future__ import annotations

import json

from tests.support.lab_site import LabSite

DOMAIN = """\
<domain type='qemu'><name>confined</name><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>
"""
PLAYBOOK = [{
    "name": "Mount and give", "hosts": "hypervisors", "gather_facts": False,
    "roles": ["virtshare.storage.share_mounts", "virtshare.storage.share_access"],
}]


class ConfiningHost(LabSite):
    """The hypervisor hv1 of a lab, the roles that are run on it, and its guest.

    label: a part of the label that a confined QEMU has. seconds: that the guest's start may take.
    """

    label: str
    seconds: int

    def __init__(self, lab, directory):
        super().__init__(lab, directory, PLAYBOOK)

    def run(self, shares, *arguments, **variables):
        run = self.played({"virtshare_shares": shares, **variables}, *arguments)
        assert run.code == 0, run.failure_text()
        return run

    def ssh(self, command, **more):
        return self.lab.ssh("hv1", command, **more).stdout

    def opened(self, *files):
        """What a new guest says about opening files that its domain does not name: "" or QEMU's error, one each.

        files: (path, whether it is only read).
        """
        self.ssh("virsh --quiet create --paused /dev/stdin", stdin=DOMAIN, timeout=self.seconds)
        try:
            assert self.label in self.ssh("ps -C qemu-system-x86_64 -o label=")
            return [self._opened(number, *file) for number, file in enumerate(files)]
        finally:
            self.ssh("virsh --quiet destroy confined")

    def _opened(self, number, path, read_only):
        command = json.dumps({"execute": "blockdev-add", "arguments": {
            "driver": "file", "node-name": f"late{number}", "filename": path, "read-only": read_only}})
        answer = json.loads(self.ssh(f"virsh --quiet qemu-monitor-command confined '{command}'"))
        return answer.get("error", {}).get("desc", "")


def denied(path):
    """What QEMU says of a file that it may not open."""
    return f"Could not open '{path}': Permission denied"
