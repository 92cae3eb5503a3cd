# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AppArmor for real: Debian's own kernel confines a guest of libvirt's, which is denied, allowed, and denied again.

The tests share one lab and build on each other's state, in the order written.
"""

import subprocess
import sys

import pytest

from tests.lab import Lab
from tests.support.confined_guest import ConfiningHost, denied
from tests.support.playbook import ROOT

# What is written is in tests/integration/test_access_confined.py as well; a kernel that confines is emulated here.
pytestmark = pytest.mark.release

PROJECTS, LIBRARY = "/srv/shares/projects", "/srv/shares/library"
ABSTRACTION = "/etc/apparmor.d/local/abstractions/libvirt-qemu"
FOREIGN = "# an administrator's own line"
SHARES: list[dict] = [
    {"path": PROJECTS, "type": "local", "source": "/srv/data/projects",
     "access": {"owner": "libvirt-qemu", "group": "libvirt-qemu", "mode": "0770", "writers": ["libvirt-qemu"]}},
    {"path": LIBRARY, "type": "local", "source": "/srv/data/library", "read_only": True},
]
# Files that each mode bit lets QEMU's user open, so that nothing but AppArmor can deny it.
PREPARE = f"""
set -e
mkdir -p /srv/data/projects /srv/data/library /srv/elsewhere $(dirname {ABSTRACTION})
for file in /srv/data/projects/disk /srv/data/library/disk /srv/elsewhere/disk; do truncate -s 1M $file; chmod 666 $file; done
echo "{FOREIGN}" > {ABSTRACTION}
"""


class Host(ConfiningHost):
    label, seconds = "(enforce)", 180

    def rules(self):
        return self.ssh(f"cat {ABSTRACTION}").splitlines()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    subprocess.run([sys.executable, "-m", "tests.lab", "prerequisites", "--install", "--engine", "qemu"],
                   cwd=ROOT, timeout=900, check=True)
    with Lab.up("apparmor", ["hv1:hypervisor-full"], needs="stock-kernel", fresh=True) as lab:
        made = Host(lab, tmp_path_factory.mktemp("apparmor"))
        made.ssh(PREPARE, timeout=600)
        yield made


def test_a_confined_guest_is_denied_what_its_domain_does_not_name(host):
    host.run(SHARES, share_access_confinement=False)
    assert host.rules() == [FOREIGN]
    assert host.opened((f"{PROJECTS}/disk", False)) == [denied(f"{PROJECTS}/disk")]


def test_the_rules_are_predicted_written_once_and_left_alone(host):
    predicted = host.run(SHARES, "--check", "--diff")
    assert host.rules() == [FOREIGN]
    first = host.run(SHARES, "--diff")
    assert len(first.changes) == 1 and predicted.changes == first.changes
    assert host.rules()[0] == FOREIGN and f'"{PROJECTS}/**" rwk,' in host.rules() and f'"{LIBRARY}/**" rk,' in host.rules()
    assert host.run(SHARES).changes == set()


def test_the_next_guest_may_what_the_shares_allow_and_no_more(host):
    """Also under the kernel's and AppArmor's own reading of the file: a mistake in it would keep guests from starting."""
    assert host.opened((f"{PROJECTS}/disk", False), (f"{LIBRARY}/disk", True), ("/srv/elsewhere/disk", True)) == [
        "", "", denied("/srv/elsewhere/disk")]


def test_a_share_that_left_is_closed_to_the_next_guest(host):
    host.run([dict(SHARES[0], state="absent"), SHARES[1]])
    assert not [line for line in host.rules() if PROJECTS in line]
    host.ssh(f"mkdir -p {PROJECTS} && mount --bind /srv/data/projects {PROJECTS}")
    assert host.opened((f"{PROJECTS}/disk", False), (f"{LIBRARY}/disk", True)) == [denied(f"{PROJECTS}/disk"), ""]
