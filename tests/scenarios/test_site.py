# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on real hosts: predicted, done, repeated, broken in the ways that happen, and mended.

The cluster is in the middle of an upgrade: hv1 is Debian 12 with the virtiofsd in C, hv2 is Debian 13 with the one in
Rust. A guest on Debian 12 (libvirt 9.0, QEMU 7.2) has Debian 12's own kernel, which has virtiofs as a module.

The tests share one lab and build on each other's state, in the order written: a host that was prepared once is the
normal case, and each test that breaks something corrects it by running the main job.
"""

import json
import sys

import pytest
import yaml

from tests.demo.__main__ import SHARE
from tests.gates import artifact, environments
from tests.gates.process import Log
from tests.lab import Lab
from tests.support import documentation
from tests.support.demo_site import DemoSite, assert_predicted
from tests.support.mounts import until_answered
from tests.support.playbook import run_playbook

# Everything that lies on a host's disk, but for what any login and any running system writes.
SNAPSHOT = (
    r"find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log"
    r" -o -path /root/.ansible -o -path /var/lib/systemd -o -path /var/cache/apt/pkgcache.bin"
    r" -o -path /var/cache/apt/srcpkgcache.bin \) -prune -o ! -type d -printf '%p %m %U:%G %s %T@\n' | sort;"
    r" find /srv /etc -xdev -type d -printf '%p %m %U:%G\n' | sort; cat /proc/mounts | sort; getent passwd; getent group"
)
HOSTS = ["hv1:hypervisor-debian12", "hv2", "nas1:storage"]
HYPERVISORS = ("hv1", "hv2")
MARGIN = 10  # seconds for the way to a host and Ansible's own work, on top of a module's own bound
KVM = 970  # a group id that is free on both
# The host's own kernel is User Mode Linux, which cannot boot as a guest: Debian 12's, unpacked without being installed.
UNPACK_KERNEL = r"""
set -e
apt-get -qq update
package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
cd /root && apt-get -qq -o APT::Sandbox::User=root download "$package"
dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x --no-same-owner --keep-directory-symlink -C / --wildcards \
    './boot/vmlinuz-*' './lib/modules/*/modules.*' './lib/modules/*/kernel/fs/fuse/*' './lib/modules/*/kernel/drivers/virtio/*'
rm linux-image-*.deb
depmod "${package#linux-image-}"
echo "/boot/vmlinuz-${package#linux-image-}"
"""


class Site(DemoSite):
    def mounted_source(self, host):
        """What the kernel of a host has at the share's path; empty when nothing is mounted."""
        return self.ssh(host, f"awk '$2 == \"{SHARE}\" {{print $1}}' /proc/mounts").strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Lab.up("site", HOSTS, memory=["hv1=2G"], fresh=True) as lab:
        with Site.prepared(lab, tmp_path_factory.mktemp("site")) as made:
            yield made


def test_groups_that_differ_between_the_two_debians_are_foretold(site):
    """Debian gives kvm whatever number is free, so that two releases do not agree; over NFS only the number counts."""
    numbers = {host: site.ssh(host, "getent group kvm | cut -d: -f3").strip() for host in HYPERVISORS}
    assert numbers["hv1"] != numbers["hv2"]
    run = site.run("playbooks/site.yml", "--check")
    assert run.code != 0
    assert (f"{SHARE}: group kvm is gid {numbers['hv1']} on hv1; gid {numbers['hv2']} on hv2: a shared filesystem knows "
            "numbers, not names") in run.failure_text()
    for host in HYPERVISORS:
        site.ssh(host, f"groupmod -g {KVM} kvm")


def test_check_mode_predicts_the_first_run_and_touches_nothing(site):
    before = {host: site.ssh(host, SNAPSHOT) for host in ("hv1", "hv2", "nas1")}
    predicted = site.run("playbooks/site.yml", "--check", "--diff")
    assert predicted.code == 0, predicted.failure_text()
    assert site.writes() == []
    for host, state in before.items():
        assert site.ssh(host, SNAPSHOT).splitlines() == state.splitlines()

    assert_predicted(predicted, site.main_job())


def test_the_second_run_changes_nothing_makes_no_write_call_and_names_both_daemons(site):
    written = site.writes()
    second = site.main_job()
    assert second.changes == set()
    assert site.writes() == written
    assert_at_most_five_executions(second)
    found = second.facts("virtiofsd_result")
    assert (found["hv1"]["implementation"], found["hv1"]["path"]) == ("c", "/usr/lib/qemu/virtiofsd")
    assert (found["hv2"]["implementation"], found["hv2"]["path"]) == ("rust", "/usr/libexec/virtiofsd")
    assert (found["hv1"]["live_migration"], found["hv2"]["live_migration"]) == (False, True)
    assert (found["hv1"]["runs_as"], found["hv2"]["runs_as"]) == ("root", "oneadmin")
    proven = second.facts("share_proof_result")["hv1"]["shares"]
    assert [(share["path"], share["proven_hosts"]) for share in proven] == [(SHARE, list(HYPERVISORS))]


def test_a_converged_run_in_check_mode_executes_no_more(site):
    written = site.writes()
    predicted = site.run("playbooks/site.yml", "--check")
    assert predicted.code == 0 and predicted.changes == set()
    assert site.writes() == written
    assert_at_most_five_executions(predicted)


def test_the_proof_alone_executes_two_modules_a_host(site):
    verified = site.run("playbooks/verify.yml")
    assert verified.code == 0 and verified.changes == set()
    assert {host: len(tasks) for host, tasks in verified.executions.items()} == {"hv1": 2, "hv2": 2}


def assert_at_most_five_executions(run):
    for host in HYPERVISORS:
        assert 0 < len(run.executions[host]) <= 5, run.executions[host]


@pytest.mark.parametrize("count", [3, pytest.param(10, marks=pytest.mark.release)])
def test_a_converged_run_executes_at_most_five_modules_a_host_however_many_shares(site, count):
    """With shares of three kinds, and one that only hv2 has: it sets the owner of that, and verifies the others'."""
    names = [f"s{number:02}" for number in range(count)]
    # Directories alone would not tell what is read there from the same of another server.
    site.ssh("nas1", "mkdir -p " + " ".join(f"/export/other/{name}" for name in [*names, "own"])
             + " && touch /export/other/greeting")
    declared, (own,) = ([{
        "path": f"/srv/shares/{name}", "type": "nfs", "source": f"nas1:/export/other/{name}", "options": {"vers": "4.2"},
        "access": {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin", "libvirt-qemu"]},
    } for name in some] for some in (names, ["own"]))
    more: list[dict] = [
        {"path": "/srv/shares/reading", "type": "nfs", "source": "nas1:/export/other", "options": {"vers": "4.2"},
         "read_only": True},
        {"path": "/srv/shares/bound", "type": "local", "source": SHARE}]
    declared += more
    demo = yaml.safe_load(site.inventories[1].read_text(encoding="utf-8"))["all"]["vars"]["virtshare_shares"]
    variables = {"many": [*demo, *declared], "own": own,
                 "virtshare_shares": "{{ many + ([own] if inventory_hostname == 'hv2' else []) }}"}
    many = ["--extra-vars", json.dumps(variables)]
    assert site.run("playbooks/site.yml", *many).code == 0
    converged = site.run("playbooks/site.yml", *many)
    assert converged.code == 0 and converged.changes == set()
    assert len(converged.facts("share_proof_result")["hv1"]["shares"]) == len(demo) + len(declared) + 1
    assert_at_most_five_executions(converged)
    predicted = site.run("playbooks/site.yml", "--check", *many)
    assert predicted.code == 0 and predicted.changes == set()
    assert_at_most_five_executions(predicted)
    gone = site.run("playbooks/site.yml", "--extra-vars", json.dumps(
        {"share_mounts_purge": True, "share_mounts_purge_below": "/srv/shares"}))
    assert gone.code == 0 and site.ssh("hv2", "ls -A /srv/shares").split() == ["projects"]


def test_a_guest_on_debian_12_reads_what_debian_13_wrote(site):
    kernel = site.ssh("hv1", UNPACK_KERNEL, timeout=300).splitlines()[-1]
    run = site.run("playbooks/guest_proof.yml", guest_proof_hosts=["hv1"], guest_proof_kernel=kernel,
                   guest_proof_timeout=420)
    assert run.code == 0, run.failure_text()
    (result,) = [value for value in run.facts("guest_proof_result").values() if value.get("shares")]
    (share,) = result["shares"]
    assert share["path"] == SHARE and share["read"] and share["wrote"]
    assert (result["daemon"]["implementation"], result["daemon"]["user"]) == ("c", "root")
    assert f"hv1: {SHARE}: mounted in {share['mount_seconds']} s, read what hv2 wrote, and wrote an answer" in run.output
    assert site.ssh("nas1", "ls -A /export/projects").split() == [".virtshare-identity"]


def test_every_host_sees_what_another_wrote(site):
    site.ssh("hv1", f"runuser -u oneadmin -- sh -c 'echo from-hv1 > {SHARE}/greeting'")
    assert site.ssh("hv2", f"runuser -u libvirt-qemu -- cat {SHARE}/greeting").strip() == "from-hv1"
    assert site.ssh("nas1", "cat /export/projects/greeting").strip() == "from-hv1"
    assert ".virtshare-proof" not in site.ssh("nas1", "ls -A /export/projects")


@pytest.mark.release
def test_a_swapped_export_fails_the_proof_and_nothing_is_published(site):
    site.ssh("hv2", f"umount {SHARE} && mount -t nfs -o vers=4.2 nas1:/export/other {SHARE}")
    written = site.writes()
    verify = site.run("playbooks/verify.yml")
    assert verify.code != 0
    for word in ("hv1", "hv2", SHARE, "nas1:/export/projects", "nas1:/export/other"):
        assert word in verify.failure_text()
    assert site.run("playbooks/publish.yml").code != 0
    assert site.writes() == written

    mended = site.main_job()
    assert {host for host, _task in mended.changes} == {"hv2"}
    assert site.mounted_source("hv2") == "nas1:/export/projects"


@pytest.mark.release
def test_a_missing_mount_fails_the_proof(site):
    site.ssh("hv2", f"umount {SHARE}")
    verify = site.run("playbooks/verify.yml")
    assert verify.code != 0
    for word in ("hv1", "hv2", SHARE, "nas1:/export/projects", "not mounted"):
        assert word in verify.failure_text()

    mended = site.main_job()
    assert {host for host, _task in mended.changes} == {"hv2"}
    assert site.run("playbooks/verify.yml").code == 0


def test_a_host_left_out_makes_the_proof_partial(site):
    verify = site.run("playbooks/verify.yml", "--limit", "hv1")
    assert verify.code != 0
    assert "1 of 2" in verify.failure_text()


@pytest.mark.release
def test_a_dead_server_ends_every_task_in_time_naming_it(site):
    bounds = "share_mounts_timeout=20 share_access_timeout=20 share_proof_timeout=20"
    site.lab.power_off("nas1")
    try:
        runs = [site.run(playbook, "--extra-vars", bounds) for playbook in ("playbooks/verify.yml", "playbooks/site.yml")]
    finally:
        site.lab.power_on("nas1")
    # The proof alone ends on each host. The whole way goes on, and one task at its end names what is left, and of which hosts.
    assert [{line["host"] for line in run.failures} for run in runs] == [{"hv1", "hv2"}, {"hv1"}]
    assert f"hv1 and hv2: {SHARE}: server nas1" in runs[1].failure_text()
    for run in runs:
        assert run.code != 0
        assert "nas1" in run.failure_text() and SHARE in run.failure_text()
        slow = [line for line in run.results if line["seconds"] is not None and line["seconds"] > 20 + MARGIN]
        assert not slow, [(line["host"], line["task"], line["seconds"]) for line in slow]
    until_answered(site.lab, ("hv1", "hv2"), SHARE)
    assert site.main_job().changes == set()


@pytest.mark.release
@pytest.mark.parametrize("core", ["2.16", environments.newest_core()])
def test_the_installed_artifact_does_the_readmes_example_without_the_repository(site, tmp_path_factory, core):
    directory = tmp_path_factory.mktemp("a")
    log = Log(directory / "log", sys.stdout)
    python, environment = artifact.installed(log, artifact.build(log, directory / "artifact"), core, directory / "home")
    (directory / "home/inventory.yml").write_text(documentation.readme_example(), encoding="utf-8")

    def run(playbook, *arguments):
        done = run_playbook(
            playbook, arguments=arguments, inventories=[site.inventories[0], "inventory.yml"], python=python,
            cwd=directory / "home", environment={**environment, **site.endpoint.environment, "ANSIBLE_CALLBACKS_ENABLED": "record"})
        print(done.output)
        assert done.code == 0, done.failure_text()
        return done

    site.ssh("hv2", f"umount -q {SHARE}; sed -i '\\#{SHARE}#d' /etc/fstab; systemctl daemon-reload")
    predicted = run("virtshare.storage.site", "--check", "--diff")
    assert_predicted(predicted, run("virtshare.storage.site"))
    assert site.mounted_source("hv2") == "nas1:/export/projects"
    written = site.writes()
    assert run("virtshare.storage.site").changes == set() and site.writes() == written
    assert run("virtshare.storage.verify").changes == set()
