# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real guest under a real libvirt: it reads over virtiofs, and NFS, what another host wrote, and answers.

The lab's kernel cannot boot as a guest, so the guest has Debian's own, unpacked without being installed. Nothing here
has KVM: the guest is emulated. The tests share one lab, and the first guest pays for what libvirt asks QEMU only once.
"""

import json

import pytest
from ansible_collections.virtshare.storage.plugins.filter.libvirt_filesystem import libvirt_filesystem
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import domain

from tests.lab import Lab
from tests.support.lab_site import LabSite

# tests/scenarios/test_site.py boots a guest, too; what it may and may not is here, where each takes minutes.
pytestmark = pytest.mark.release

PATH = "/srv/shares/projects"
EXPORT = "/export/projects"
HYPERVISORS = ("hv1", "hv2")
MOUNT = f"mount -t nfs -o vers=4.2 nas1:{EXPORT} {PATH}"
KERNEL = "/root/vmlinuz"
VARIABLES = {
    "virtshare_shares": [{
        "path": PATH, "type": "nfs", "source": f"nas1:{EXPORT}", "options": {"vers": "4.2"},
        "access": {"owner": "oneadmin", "group": "kvm", "mode": "2770", "writers": ["oneadmin"]},
    }],
    "guest_proof_hosts": ["hv1"],
    "guest_proof_kernel": KERNEL,
    "guest_proof_timeout": 420,
}
FETCH_KERNEL = r"""
set -e
apt-get -qq update
package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
cd /root && apt-get -qq -o APT::Sandbox::User=root download "$package"
dpkg-deb --fsys-tarfile linux-image-*.deb | tar -xO --wildcards './boot/vmlinuz-*' > vmlinuz
rm linux-image-*.deb
"""
WRONG_NONCE = {
    "name": "A guest that is to find another nonce", "hosts": "hv1", "gather_facts": False,
    "tasks": [{
        "name": "Boot it",
        "virtshare.storage.guest_proof": {
            "host": "hv1", "kernel": KERNEL,
            "shares": [{"path": PATH, "mount_tag": "projects", "read": "nonce", "content": "what hv2 wrote",
                        "written_by": "hv2", "write": "answer"}],
        },
    }],
}


class Site(LabSite):
    """The lab, and playbooks run on it."""

    def run(self, playbook, *arguments, **variables):
        return self.played({**VARIABLES, **variables}, *arguments, playbook=playbook)

    def play(self, play):
        return self.run(self.written("play.yml", [play]))

    def ssh(self, host, command, **more):
        return self.lab.ssh(host, command, **more).stdout

    def left(self):
        """What is left of a guest on hv1 and in the share."""
        of_the_guest = self.ssh("hv1", "virsh --quiet list --all --name; ls -d /var/lib/libvirt/*virtshare-proof*"
                                       " /var/log/libvirt/qemu/*virtshare-proof* 2>/dev/null; pgrep -l virtiofsd; true")
        return of_the_guest.split() + self.ssh("nas1", f"find {EXPORT} -mindepth 1").split()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    hosts = [*(f"{host}:hypervisor-client" for host in HYPERVISORS), "nas1:storage"]
    with Lab.up("guest", hosts, memory=["hv1=2G"], fresh=True) as lab:
        made = Site(lab, tmp_path_factory.mktemp("guest"))
        made.ssh("nas1", f"mkdir -p {EXPORT} && echo '{EXPORT} *(rw,sync,no_subtree_check,no_root_squash)'"
                         f" > /etc/exports && exportfs -ra && chown 9869:993 {EXPORT} && chmod 2770 {EXPORT}")
        for host in HYPERVISORS:
            made.ssh(host, "{ getent group kvm >/dev/null || groupadd -g 993 kvm; } && groupmod -g 993 kvm"
                           " && groupadd -g 9869 oneadmin && useradd -M -u 9869 -g oneadmin -G kvm oneadmin"
                           f" && mkdir -p {PATH} && {MOUNT}")
        made.ssh("hv1", FETCH_KERNEL, timeout=300)
        yield made


def test_check_mode_boots_nothing_and_installs_nothing(site):
    predicted = site.run("playbooks/guest_proof.yml", "--check")
    assert predicted.code == 0, predicted.failure_text()
    assert site.ssh("hv1", "command -v virsh || echo none").strip() == "none"
    assert site.ssh("nas1", f"find {EXPORT} -mindepth 1") == ""


def test_a_host_without_virtiofsd_is_told_how_to_get_it(site):
    """The role installs what the guest needs, and not what is to be proven."""
    run = site.run("playbooks/guest_proof.yml")
    assert run.code != 0
    assert "there is no virtiofsd here: none of /usr/libexec/virtiofsd" in run.failure_text()
    assert "Install the package that has it (virtiofsd on Debian 13" in run.failure_text()
    assert site.left() == []


@pytest.mark.parametrize("share, settings", [
    ({"path": PATH}, {}),
    ({"path": PATH, "read_only": True}, {"mount_tag": "a&'b\"<c>", "cache": "none", "sandbox": "chroot", "xattr": False}),
    ({"path": "/srv/with a blank & more"}, {"mount_tag": "t", "binary": "/opt/it's/virtiofsd", "idmap": "0:100000:65536",
                                            "queue": 512}),
], ids=["defaults", "read-only", "all"])
def test_the_filters_elements_are_valid_by_libvirts_own_schema(site, share, settings):
    elements = libvirt_filesystem(share, **settings)["filesystem"]
    text = domain.xml("virtshare", "x86_64", True, 256, "/kernel", "/initrd", "/console", [elements])
    said = site.lab.ssh("hv1", "cat > /root/domain.xml && virt-xml-validate /root/domain.xml domain", stdin=text)
    assert "validates" in said.stdout + said.stderr


def test_a_server_that_manages_groups_denies_the_guest_that_its_group_would_let_in(site):
    """The host's write test as oneadmin passes here; only a guest, whose root is the user 100000, finds this out."""
    site.ssh("hv1", "apt-get install -qy virtiofsd uidmap >/dev/null", timeout=300)
    assert site.ssh("nas1", "grep '^manage-gids' /etc/nfs.conf").strip() == "manage-gids=y"
    site.ssh("hv1", f"runuser -u oneadmin -- sh -c 'touch {PATH}/t && rm {PATH}/t'")
    run = site.run("playbooks/guest_proof.yml")
    assert run.code != 0
    words = run.failure_text()
    assert f"hv1: {PATH} denies the guest: it belongs to 9869:993 with mode 2770; virtiofsd runs as oneadmin" in words
    assert "is done as uid 100000 with the groups of oneadmin (kvm 993, oneadmin 9869)" in words
    assert "an NFS server with manage-gids, as Debian's is by default" in words
    assert site.left() == []


def test_a_guest_reads_what_another_host_wrote_and_answers(site):
    # A boot, and without clients: Linux 7.2 may not answer any more after its daemons alone were restarted, and a client
    # that asks while the server begins anew gets its answer a minute and a half later.
    for host in HYPERVISORS:
        site.ssh(host, f"umount {PATH}")
    site.ssh("nas1", "sed -i 's/^manage-gids=y/manage-gids=n/' /etc/nfs.conf && sync")
    site.lab.reboot("nas1")
    site.ssh("nas1", f"install -d -o 100000 -g 100000 -m 0770 {EXPORT}/web")
    for host in HYPERVISORS:
        site.ssh(host, MOUNT)
    run = site.run("playbooks/guest_proof.yml", guest_proof_directories=[f"{PATH}/web"])
    assert run.code == 0, run.failure_text()
    assert run.changes == set()
    (result,) = [value for value in run.facts("guest_proof_result").values() if value.get("shares")]
    print(json.dumps(result, indent=1))
    share, directory = result["shares"]
    assert share["path"] == PATH and share["read"] and share["wrote"]
    assert directory["path"] == f"{PATH}/web" and directory["read"] and directory["wrote"]
    assert 0 < result["boot_seconds"] < 200 and 0 <= share["mount_seconds"] < 30
    assert result["daemon"]["user"] == "oneadmin" and result["daemon"]["idmap"] == "0:100000:65536"
    assert f"hv1: {PATH}: mounted in {share['mount_seconds']} s, read what hv2 wrote, and wrote an answer" in run.output
    for seen in run.of("share_proof")["hv2"]["shares"]:  # the last phase: tidied
        assert seen["problem"] is None
    site.ssh("nas1", f"rmdir {EXPORT}/web")
    assert site.left() == []


def test_another_nonce_is_not_the_same_filesystem(site):
    site.ssh("hv2", f"runuser -u oneadmin -- sh -c 'echo what hv3 wrote > {PATH}/nonce'")
    run = site.play(WRONG_NONCE)
    assert run.code != 0
    assert f"hv1: the guest read 'what hv3 wrote' at {PATH}, but hv2 wrote 'what hv2 wrote' there" in run.failure_text()
    assert "they do not have the same filesystem" in run.failure_text()
    owner = site.ssh("nas1", f"stat -c '%u' {EXPORT}/answer").strip()
    assert owner == "100000", "the guest's root, as OpenNebula maps it"
