# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux for real: a host that boots enforcing Debian's policy, and a guest of libvirt's that is denied, then allowed.

The tests share one lab and build on each other's state, in the order written.
"""

import pytest

from tests.lab import Lab
from tests.support.confined_guest import ConfiningHost, denied

# What is written is in tests/integration/test_access_confined.py as well.
pytestmark = pytest.mark.release

PROJECTS, LIBRARY = "/srv/shares/projects", "/srv/shares/library"
SOURCE = "/srv/data/library"
ACCESS = {"owner": "libvirt-qemu", "group": "libvirt-qemu", "mode": "0770", "writers": ["libvirt-qemu"]}
SHARES = [
    {"path": PROJECTS, "type": "nfs", "source": "nas1:/export/projects", "options": {"vers": "4.2"}, "access": ACCESS},
    {"path": LIBRARY, "type": "local", "source": SOURCE, "access": ACCESS},
]
BOOLEANS = ("virt_use_nfs", "virt_use_samba", "virt_use_fusefs")
# The lab's own scripts are programs, and what its seed brought has the labels of who unpacked it.
ENFORCE = """
set -e
semanage fcontext -a -t bin_t '/usr/lib/virtshare-lab(/.*)?'
restorecon -RF /etc /root /usr/lib/virtshare-lab
sed -i s/^SELINUX=.*/SELINUX=enforcing/ /etc/selinux/config
# Debian's policy does not let libvirt take mounts out of a guest's own mount namespace, and no guest would start.
echo 'namespaces = []' >> /etc/libvirt/qemu.conf
"""
EXPORT = """
set -e
mkdir -p /export/projects
echo '/export/projects *(rw,sync,no_subtree_check,no_root_squash,fsid=11)' > /etc/exports
exportfs -ra
"""


class Host(ConfiningHost):
    label, seconds = ":svirt", 300

    def booleans(self):
        return {name: self.ssh(f"cat /sys/fs/selinux/booleans/{name}").split()[0] for name in BOOLEANS}


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with Lab.up("selinux", ["hv1:hypervisor-selinux", "nas1:storage"], memory=["hv1=1536M"], fresh=True) as lab:
        lab.ssh("nas1", EXPORT)
        lab.ssh("hv1", ENFORCE)
        lab.reboot("hv1")
        made = Host(lab, tmp_path_factory.mktemp("selinux"))
        made.ssh(f"mkdir -p {SOURCE}")
        yield made


def test_it_boots_enforcing_and_its_services_run_in_their_domains(host):
    assert host.ssh("getenforce").strip() == "Enforcing"
    assert host.ssh("systemctl --failed --no-legend") == ""
    for program, domain in (("auditd", "auditd_t"), ("rpcbind", "rpcbind_t")):
        assert f":{domain}:" in host.ssh(f"ps -C {program} -o label=")


def test_a_guest_is_denied_what_no_boolean_and_no_label_allows(host):
    host.run(SHARES, share_access_confinement=False)
    assert host.booleans() == dict.fromkeys(BOOLEANS, "0")
    host.ssh(f"for path in {PROJECTS} {LIBRARY}; do truncate -s 1M $path/before; chmod 666 $path/before; done")
    assert host.opened((f"{PROJECTS}/before", False), (f"{LIBRARY}/before", False)) == [
        denied(f"{PROJECTS}/before"), denied(f"{LIBRARY}/before")]
    audited = host.ssh("grep -h 'avc:  denied' /var/log/audit/audit.log | grep svirt_t")
    assert "tcontext=system_u:object_r:nfs_t" in audited and "permissive=0" in audited


def test_boolean_and_label_are_predicted_set_once_and_left_alone(host):
    predicted = host.run(SHARES, "--check", "--diff")
    assert host.booleans() == dict.fromkeys(BOOLEANS, "0")
    first = host.run(SHARES, "--diff")
    operations = first.of("share_access")["hv1"]["operations"]
    assert predicted.of("share_access")["hv1"]["operations"] == operations
    assert [each["operation"] for each in operations] == ["selinux.booleans", "selinux.fcontext", "selinux.label"]
    assert host.booleans() == {"virt_use_nfs": "1", "virt_use_samba": "0", "virt_use_fusefs": "0"}
    assert "virt_use_nfs=1" in host.ssh("cat /var/lib/selinux/default/active/booleans.local")
    assert f"{SOURCE}(/.*)?" in host.ssh("semanage fcontext -l -C")
    assert host.run(SHARES).changes == set()


def test_the_label_holds_when_the_system_relabels(host):
    assert ":svirt_image_t:" in host.ssh(f"ls -Zd {SOURCE}")
    assert host.ssh(f"restorecon -nv {SOURCE}") == ""


def test_the_next_guest_may_open_what_is_made_in_the_shares(host):
    """A file of before keeps its label where files have one; over NFS none has."""
    host.ssh(f"truncate -s 1M {LIBRARY}/after; chmod 666 {LIBRARY}/after")
    assert host.opened((f"{PROJECTS}/before", False), (f"{LIBRARY}/after", False), (f"{LIBRARY}/before", False)) == [
        "", "", denied(f"{LIBRARY}/before")]
