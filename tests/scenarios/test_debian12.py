# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster in the middle of its upgrade: hv1 is Debian 12 with the C virtiofsd, hv2 is Debian 13 with the Rust one.

The main job from bare hosts to the second run, and a guest on Debian 12: libvirt 9.0, QEMU 7.2, and Debian 12's own
kernel, which has virtiofs as a module. The tests share one lab and build on each other's state, in the order written.
"""

import json

import pytest

from tests.demo.__main__ import SHARE
from tests.lab import Lab
from tests.support.demo_site import DemoSite, assert_predicted

HYPERVISORS = ("hv1", "hv2")
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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    hosts = ["hv1:hypervisor-debian12", "hv2", "nas1:storage"]
    with Lab.up("debian12", hosts, memory=["hv1=2G"], fresh=True) as lab:
        with DemoSite.prepared(lab, tmp_path_factory.mktemp("debian12")) as made:
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


def test_check_mode_predicts_what_the_run_does_on_both(site):
    predicted = site.run("playbooks/site.yml", "--check", "--diff")
    assert predicted.code == 0, predicted.failure_text()
    assert_predicted(predicted, site.main_job())


def test_the_second_run_changes_nothing_and_names_both_daemons(site):
    written = site.writes()
    second = site.main_job()
    assert second.changes == set() and site.writes() == written
    for host in HYPERVISORS:
        assert 0 < len(second.executions[host]) <= 5, second.executions[host]
    found = second.facts("virtiofsd_result")
    assert (found["hv1"]["implementation"], found["hv1"]["path"]) == ("c", "/usr/lib/qemu/virtiofsd")
    assert (found["hv2"]["implementation"], found["hv2"]["path"]) == ("rust", "/usr/libexec/virtiofsd")
    assert (found["hv1"]["live_migration"], found["hv2"]["live_migration"]) == (False, True)
    assert (found["hv1"]["runs_as"], found["hv2"]["runs_as"]) == ("root", "oneadmin")
    proven = second.facts("share_proof_result")["hv1"]["shares"]
    assert [(share["path"], share["proven_hosts"]) for share in proven] == [(SHARE, list(HYPERVISORS))]


def test_the_look_names_the_distribution_as_ansible_itself_does(site, tmp_path):
    playbook = tmp_path / "facts.yml"
    playbook.write_text(json.dumps([{"hosts": "hypervisors", "gather_facts": False, "tasks": [
        {"virtshare.storage.hypervisor_facts": {}},
        {"ansible.builtin.setup": {"gather_subset": ["!all", "!min", "distribution", "pkg_mgr"]}},
    ]}]), encoding="utf-8")
    run = site.run(str(playbook))
    assert run.code == 0, run.failure_text()
    for host in HYPERVISORS:
        looked = run.of("hypervisor_facts")[host]["ansible_facts"]
        assert set(looked) == {"distribution", "distribution_major_version", "os_family", "pkg_mgr"}
        gathered = run.of("setup")[host]["ansible_facts"]
        assert {f"ansible_{name}": value for name, value in looked.items()}.items() <= gathered.items()


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
    assert site.ssh("nas1", "ls -A /export/projects") == ""
