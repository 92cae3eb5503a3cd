# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCFS2 on two hosts that lose the network between them: one of the two fences itself, and the guards tell it.

Both write to the volume at each look, so each needs locks that the other one holds.
"""

import time

import pytest

from tests.lab import Lab, LabError
from tests.support.guard import deploy, shares, until

pytestmark = pytest.mark.release

PATH = "/srv/shares/projects"
SHARE = {"path": PATH, "type": "ocfs2", "source": "LABEL=projects", "access": {"mode": "1777", "writers": ["nobody"]}}
FILESYSTEM = {"label": "projects", "device": "/dev/disk/by-id/virtshare-lab-shared0", "slots": 2, "format": True}
WELL = {PATH: ("ok", "")}
# o2cb waits this long before it takes a connection for dead, then as long again for the other's heartbeat to end.
IDLE = 30
# Until it has decided who fences itself and the other has taken over; on a machine without KVM hosts are slow.
DECIDED = 300


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    hosts = ["hv1:hypervisor-full", "hv2:hypervisor-full"]
    with Lab.up("test-guard-ocfs2", hosts, shared_disks=["hv1,hv2=256M"], needs="cluster-kernel", fresh=True) as up:
        for host in hosts:
            up.ssh(host.partition(":")[0], "mkdir -p /var/lib/prometheus/node-exporter")
        run = deploy(up, tmp_path_factory.mktemp("guard"), ("ocfs2_cluster", "share_mounts", "share_access", "share_proof", "share_guard"),
                     virtshare_shares=[SHARE], share_mounts_timeout=120, share_access_timeout=60, share_proof_timeout=60,
                     ocfs2_cluster_name="vms", ocfs2_cluster_idle_timeout_ms=1000 * IDLE, ocfs2_cluster_filesystems=[FILESYSTEM],
                     share_guard_timeout=5)
        assert run.code == 0, run.output
        yield up


def boot_of(lab, host):
    """What tells one boot of a host from another; '' while it does not answer."""
    try:
        return lab.ssh(host, "cat /proc/sys/kernel/random/boot_id", check=False, timeout=20).stdout.strip()
    except LabError:
        return ""


def until_gone(lab, host):
    """Wait until a host does not answer any more."""
    begun = time.monotonic()
    while boot_of(lab, host):
        assert time.monotonic() - begun < DECIDED, f"{host} has not fenced itself"
        time.sleep(1)


def test_the_host_that_fences_itself_comes_back_well_and_the_other_keeps_its_share(lab):
    for host in ("hv1", "hv2"):
        until(lab, WELL, 120, host)
    boot = boot_of(lab, "hv1")
    address = lab.ssh("hv2", "getent ahostsv4 hv1 | awk '{ print $1; exit }'").stdout.strip()
    begun = time.monotonic()
    lab.ssh("hv2", f"ip route add blackhole {address}/32")
    found, noticed = until(lab, {PATH: ("unknown", "gives no answer")}, begun={PATH: begun})
    print(f"noticed after {noticed[PATH]:.1f} s: {found[PATH]['why']}")
    # The one with the higher number goes. The other has its share as soon as the locks are its own.
    until_gone(lab, "hv2")
    print(f"hv2 fenced itself after {time.monotonic() - begun:.0f} s")
    _found, back = until(lab, WELL, DECIDED, begun={PATH: begun})
    print(f"hv1 is well after {back[PATH]:.1f} s")
    assert boot_of(lab, "hv1") == boot and shares(lab)[PATH]["stuck"] is None
    # Hosts of some engines come back from a restart of their own without a network; from power they have one.
    lab.power_off("hv2")
    lab.power_on("hv2")
    until(lab, WELL, 120, "hv2")
    until(lab, WELL, 10)
