# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares that systemd mounts when they are used: set, sprung, changed, rebooted, in use, with a dead server, gone.

The tests share one host and one server and build on each other's state, in the order written; each leaves the share as
declared, waiting.
"""

import time

import pytest

from tests.lab import Lab
from tests.support.lab_site import LabSite

PATH = "/srv/shares/projects"
UNIT = "srv-shares-projects.automount"
IDLE = {"x-systemd.automount": True, "x-systemd.idle-timeout": "5min"}
SHARE: dict = {
    "path": PATH, "type": "nfs", "source": "nas1:/export/projects", "options": dict(IDLE, vers="4.2"),
    "access": {"owner": "root", "group": "root", "mode": "0750", "writers": ["root"]}}
TIMEOUT = 15
MARGIN = 25  # seconds that Ansible and a host on a busy machine take for themselves
EXPORTS = "".join(f"/export/{name} *(rw,sync,no_subtree_check,no_root_squash)\n" for name in ("projects", "other"))

PLAYBOOK = [{
    "name": "Mount, and use what was mounted",
    "hosts": "hypervisors",
    "gather_facts": False,
    "tasks": [
        {"ansible.builtin.include_role": {"name": "virtshare.storage.share_mounts"}, "name": "Mount"},
        {"ansible.builtin.include_role": {"name": "virtshare.storage.share_access"}, "name": "Write", "when": "use"},
        {"ansible.builtin.include_role": {"name": "virtshare.storage.share_proof"}, "name": "Prove", "when": "use"},
    ],
}]


class Site(LabSite):
    """One hypervisor and its storage server."""

    def __init__(self, lab, directory):
        super().__init__(lab, directory, PLAYBOOK)

    def play(self, share, *arguments, use=False):
        variables = {"virtshare_shares": [share], "share_mounts_timeout": TIMEOUT, "use": use}
        return self.played(variables, *arguments)

    def mounts(self, share, *arguments):
        """The module's result, and the operations in it."""
        result = self.play(share, *arguments).of("share_mounts")["hv1"]
        assert "operations" in result, result
        return result, [each["operation"] for each in result["operations"]]

    def ssh(self, command, host="hv1"):
        return self.lab.ssh(host, command).stdout

    def layers(self):
        """What lies on each other at the path, the lowest first; looking at the list springs nothing."""
        return [line.split(" - ")[1].split(" ")[0] for line in self.ssh("cat /proc/self/mountinfo").splitlines()
                if line.split(" ")[4] == PATH]

    def spring(self):
        self.ssh(f"ls {PATH}/.")
        assert self.layers() == ["autofs", "nfs4"]

    def rest(self):
        self.ssh(f"umount {PATH}")
        assert self.layers() == ["autofs"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Lab.up("automounts", ["hv1:hypervisor-client", "nas1:storage"], fresh=True) as lab:
        lab.ssh("nas1", "cat > /etc/exports && mkdir -p /export/projects /export/other && exportfs -ra", stdin=EXPORTS)
        yield Site(lab, tmp_path_factory.mktemp("automounts"))


def test_a_first_run_tries_the_mount_and_leaves_it_waiting(site):
    first = site.play(SHARE)
    assert first.code == 0, first.failure_text()
    assert site.layers() == ["autofs"]
    result = first.of("share_mounts")["hv1"]
    assert (result["mounts"][0]["mounted"], result["mounts"][0]["on_demand"]) == (False, True)
    assert [each["operation"] for each in result["operations"]] == [
        "directory", "fstab", "systemd_reload", "mount", "automount_start"]
    for arguments in (["--check", "--diff"], []):
        assert site.mounts(SHARE, *arguments)[1] == []
    assert site.layers() == ["autofs"], "a second run springs no trap"


def test_access_and_proof_use_it_and_so_mount_it(site):
    used = site.play(SHARE, use=True)
    assert used.code == 0, used.failure_text()
    assert used.facts("share_proof_result")["hv1"]["proven"] is True
    assert site.layers() == ["autofs", "nfs4"]
    assert site.play(SHARE, use=True).changes == set()
    site.rest()


@pytest.mark.parametrize("sprung", [False, pytest.param(True, marks=pytest.mark.release)])
def test_changes_reach_the_mount_and_the_trap(site, sprung):
    if sprung:
        site.spring()
    changed = dict(SHARE, options=dict(SHARE["options"], **{"x-systemd.idle-timeout": "7min", "soft": True}))
    _result, planned = site.mounts(changed, "--check")
    _result, done = site.mounts(changed)
    assert planned == done == ["unmount"] * sprung + [
        "automount_stop", "fstab", "systemd_reload", "mount", "automount_start"]
    assert "timeout=420" in site.ssh("grep autofs /proc/mounts | grep /srv/shares")
    site.spring()
    assert "soft" in site.ssh("grep nfs4 /proc/mounts")
    assert site.mounts(changed)[1] == []
    plain = dict(SHARE, options={"vers": "4.2"})
    _result, done = site.mounts(plain)
    assert done == ["unmount", "automount_stop", "fstab", "systemd_reload", "mount"]
    assert site.layers() == ["nfs4"]
    assert site.mounts(plain)[1] == []
    assert site.mounts(SHARE)[1] == ["unmount", "fstab", "systemd_reload", "mount", "automount_start"]
    assert site.layers() == ["autofs"]


def test_a_boot_sets_the_trap_again(site):
    site.lab.reboot("hv1")
    state = site.lab.ssh("hv1", "timeout 100 systemctl is-system-running --wait", check=False).stdout.strip()
    assert state in ("running", "degraded")
    assert site.layers() == ["autofs"]
    assert site.mounts(SHARE)[1] == []
    site.spring()
    assert site.mounts(SHARE)[1] == []
    site.rest()


def test_it_is_mended_when_somebody_took_the_trap_away(site):
    site.ssh(f"systemctl stop {UNIT}")
    assert site.mounts(SHARE)[1] == ["mount", "automount_start"]
    site.spring()
    site.ssh(f"umount {PATH} && mount -t nfs -o vers=4.2 nas1:/export/other {PATH}")
    assert site.mounts(SHARE)[1] == ["unmount", "automount_stop", "mount", "automount_start"]
    assert site.layers() == ["autofs"]


def test_a_share_in_use_keeps_its_trap(site):
    site.ssh(f"systemd-run --quiet --unit holder --property Type=exec --property WorkingDirectory={PATH} sleep 600")
    assert site.layers() == ["autofs", "nfs4"]
    result, done = site.mounts(dict(SHARE, options={"vers": "4.2"}))
    assert done == [] and "sleep (process" in result["msg"] and "x-systemd.automount is not declared" in result["msg"]
    assert site.layers() == ["autofs", "nfs4"]
    site.ssh("systemctl stop holder")
    site.rest()


def test_what_cannot_be_mounted_is_said_at_once(site):
    result, done = site.mounts(dict(SHARE, source="nas1:/export/nothing"))
    assert "No such file or directory" in result["msg"] and "exportfs" in result["msg"]
    assert done == [] and site.layers() == ["autofs"], "what was there is kept"
    assert site.mounts(SHARE)[1] == []


@pytest.mark.release
def test_nothing_hangs_on_the_trap_of_a_dead_server(site):
    site.lab.power_off("nas1")
    try:
        for states in (["mounted"], ["unmounted", "absent"]):
            for state in states:
                begun = time.monotonic()
                result, done = site.mounts(dict(SHARE, state=state))
                assert time.monotonic() - begun < TIMEOUT + MARGIN
                if state == "mounted":
                    assert done == [] and "nas1" in result["msg"] and "port 2049" in result["msg"]
        assert site.layers() == [] and site.ssh("cat /etc/fstab").count("nas1") == 0
    finally:
        site.lab.power_on("nas1")
    assert site.mounts(SHARE)[1] == ["directory", "fstab", "systemd_reload", "mount", "automount_start"]


def test_unmounted_and_absent_ones_have_no_trap(site):
    site.spring()
    assert site.mounts(dict(SHARE, state="unmounted"))[1] == ["unmount", "automount_stop", "fstab", "systemd_reload"]
    assert site.layers() == []
    assert site.mounts(dict(SHARE, state="unmounted"))[1] == []
    assert site.mounts(SHARE)[1] == ["fstab", "systemd_reload", "mount", "automount_start"]
    assert site.mounts(dict(SHARE, state="absent"))[1] == [
        "automount_stop", "remove_directory", "fstab", "systemd_reload"]
    site.ssh(f"test ! -e {PATH} && ! grep -q nas1 /etc/fstab")
    assert site.mounts(dict(SHARE, state="absent"))[1] == []
