# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole modules on Python 3.6, from the ansible-core that still supports it: what an EL 8 host would run.

Hosts are Debian 13 all the same: their kernel, systemd and tools are not those of EL 8. The tests share one lab and build
on each other's state, in the order written.
"""

import json
import sys

import pytest
import yaml

from tests.demo.__main__ import SHARE
from tests.gates import environments
from tests.gates.process import Log
from tests.lab import Lab
from tests.support import old_python
from tests.support.demo_site import DemoSite, assert_predicted
from tests.support.guard import until
from tests.support.playbook import ROOT, run_playbook

# The same way is gone on the hosts' own Python by test_site and test_share_guard.
pytestmark = pytest.mark.release

HYPERVISORS = ("hv1", "hv2")
LIBRARY = "/srv/shares/library"
GUARD = {"share_guard_interval": 6, "share_guard_timeout": 3, "share_guard_good_runs": 2, "share_guard_slow_seconds": 0}


class Site(DemoSite):
    """The demo's site, with a second share; its hosts and the publisher have Python 3.6."""

    def __init__(self, lab, directory, paths):
        super().__init__(lab, directory, paths)
        declared = yaml.safe_load((ROOT / "tests/demo/shares.yml").read_text(encoding="utf-8"))["all"]["vars"]["virtshare_shares"]
        self.shares = [*declared, {
            "path": LIBRARY, "type": "local", "source": "/srv/data/library", "proof": False,
            "access": {"owner": "oneadmin", "group": "oneadmin", "mode": "0770", "writers": ["oneadmin"]}}]
        self.directory = directory
        self.core = environments.core(Log(directory / "core.log", sys.stdout), "2.16") / "bin/python"
        (directory / "python.yml").write_text(json.dumps({"all": {"hosts": {"localhost": {
            "ansible_connection": "local", "ansible_python_interpreter": str(old_python.ours())}}}}), encoding="utf-8")
        self.inventories.append(directory / "python.yml")

    def run(self, playbook, *arguments, **variables):
        given = {"virtshare_shares": self.shares, **variables}
        # The hosts' variable is the lab's inventory's own; only an extra one is before it.
        given.update({"ansible_python_interpreter": "{{ publisher_python if inventory_hostname == 'localhost' else hosts_python }}",
                      "hosts_python": old_python.INTERPRETER, "publisher_python": str(old_python.ours())})
        run = run_playbook(playbook, inventories=self.inventories, python=self.core, environment=self.endpoint.environment,
                           arguments=[*arguments, "--extra-vars", json.dumps(given)])
        print(run.output)  # pytest shows it when the test fails
        return run

    def mounts(self, *arguments, **variables):
        """A run of the role share_mounts alone."""
        playbook = self.directory / "play.yml"
        playbook.write_text(json.dumps([{"name": "Mount", "hosts": "hypervisors", "gather_facts": False,
                                         "roles": ["virtshare.storage.share_mounts"]}]), encoding="utf-8")
        run = self.run(playbook, *arguments, **variables)
        assert run.code == 0, run.failure_text()
        return run


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if old_python.ours() is None:
        pytest.skip("there is no Python 3.6 on this machine, on PATH or under a pyenv root: pyenv install 3.6.15")
    with Lab.up("python-3-6", [*(f"{host}:hypervisor-ready" for host in HYPERVISORS), "nas1:storage"], fresh=True) as lab:
        for host in (*HYPERVISORS, "nas1"):
            old_python.install(lab, host)
        for host in HYPERVISORS:
            # One number for all, as over NFS only that counts.
            lab.ssh(host, "groupmod -g 970 kvm; mkdir -p /srv/data/library")
        with Site.prepared(lab, tmp_path_factory.mktemp("site"), [SHARE, LIBRARY]) as made:
            yield made


def test_site_is_predicted_and_goes_all_the_way(site):
    predicted = site.run("playbooks/site.yml", "--check", "--diff")
    assert predicted.code == 0, predicted.failure_text()
    assert site.writes() == []
    assert [site.ssh(host, "cat /etc/fstab | grep -c /srv/shares; true").strip() for host in HYPERVISORS] == ["0", "0"]
    done = site.main_job()
    assert_predicted(predicted, done)
    for host in HYPERVISORS:
        mounted = site.ssh(host, f"findmnt -no SOURCE,FSTYPE {SHARE}; findmnt -no FSTYPE {LIBRARY}").split()
        assert mounted == ["nas1:/export/projects", "nfs4", "ext4"]


def test_the_second_run_changes_nothing(site):
    written = site.writes()
    second = site.main_job()
    assert second.changes == set() and site.writes() == written
    proven = {share["path"]: share["proven_hosts"] for share in second.facts("share_proof_result")["hv1"]["shares"]}
    assert proven[SHARE] == list(HYPERVISORS)


def test_a_missing_mount_is_named_and_corrected(site):
    site.ssh("hv2", f"umount {SHARE}")
    verify = site.run("playbooks/verify.yml")
    assert verify.code != 0 and f"hv2: {SHARE}" in verify.failure_text() and "not mounted" in verify.failure_text()
    mended = site.run("playbooks/mount.yml")
    assert mended.code == 0 and {host for host, _task in mended.changes} == {"hv2"}


def test_the_guard_runs_on_it_sees_a_loss_and_goes(site):
    predicted = site.run("playbooks/guard.yml", "--check", **GUARD)
    done = site.run("playbooks/guard.yml", **GUARD)
    assert done.code == 0 and done.changes == predicted.changes != set(), done.failure_text()
    service = site.ssh("hv1", "systemctl cat virtshare-guard.service")
    assert f"ExecStart={old_python.INTERPRETER} " in service
    until(site.lab, {path: ("ok", "") for path in (SHARE, LIBRARY)}, 60)
    site.ssh("hv1", f"umount {SHARE}")
    until(site.lab, {SHARE: ("lost", "is not mounted")})
    site.ssh("hv1", f"mount {SHARE}")
    until(site.lab, {SHARE: ("ok", "")}, 120)
    assert site.run("playbooks/guard.yml", **GUARD).changes == set()
    assert site.ssh("hv1", "systemctl show -p Result --value virtshare-guard.service").strip() == "success"
    gone = site.run("playbooks/guard.yml", **GUARD, share_guard_state="absent")
    assert gone.code == 0, gone.failure_text()
    assert site.ssh("hv1", "ls /etc/systemd/system/virtshare-guard.* /run/virtshare 2>/dev/null; true") == ""


def test_shares_that_are_absent_leave_the_hosts(site):
    absent = {"virtshare_shares": [dict(share, state="absent") for share in site.shares]}
    predicted = site.mounts("--check", **absent)
    done = site.mounts(**absent)
    assert done.changes == predicted.changes != set()
    for host in HYPERVISORS:
        assert "/srv/shares" not in site.ssh(host, "cat /etc/fstab /proc/mounts")
    assert site.mounts(**absent).changes == set()
