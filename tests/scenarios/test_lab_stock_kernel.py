# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's second engine: a host with Debian's own kernel, resumed, changed, and booted from its own disk."""

import subprocess
import sys

import pytest

from tests.lab import Lab
from tests.lab.lab import REPOSITORY

# The engine of the scenarios that need such a kernel, and those are marked release as well.
pytestmark = pytest.mark.release

NAME = "test-lab-stock"


@pytest.fixture(scope="module")
def lab():
    subprocess.run([sys.executable, "-m", "tests.lab", "prerequisites", "--install", "--engine", "qemu"],
                   cwd=REPOSITORY, timeout=900, check=True)
    try:
        yield Lab.up(NAME, ["hv1:hypervisor-full"], disks=["hv1=32M"], needs="stock-kernel", fresh=True)
    finally:
        Lab(NAME).down()


def test_the_kernel_is_debians_own_and_has_what_clusters_need(lab):
    assert "+deb13" in lab.ssh("hv1", "uname -r").stdout
    assert lab.ssh("hv1", "modprobe ocfs2_stack_o2cb && modprobe ocfs2").returncode == 0


def test_the_host_is_itself_though_it_was_resumed(lab):
    assert lab.ssh("hv1", "hostname").stdout == "hv1\n"
    assert lab.ssh("hv1", "cat /etc/machine-id").stdout.strip() == lab.host("hv1")["machine_id"]
    assert f"{lab.host('hv1')['address']}/24" in lab.ssh("hv1", "ip -o address").stdout
    assert len(lab.ssh("hv1", "cat /root/.ssh/authorized_keys").stdout.splitlines()) == 1
    assert lab.ssh("hv1", "systemctl --failed --no-legend").stdout == ""


def test_nobody_beyond_the_machine_can_reach_it(lab):
    address, port = lab.engine.endpoint(lab.host("hv1"))
    assert address == "127.0.0.1"
    listening = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert [line.split()[3] for line in listening.splitlines()] == [f"127.0.0.1:{port}"]


def test_a_cut_network_and_back(lab):
    lab.cut("hv1")
    assert lab.status()["hv1"]["network"] == "cut"
    lab.reconnect("hv1")
    assert lab.ssh("hv1", "true").returncode == 0


def test_a_reboot_keeps_the_disks(lab):
    device = "/dev/disk/by-id/virtshare-lab-data0"
    lab.ssh("hv1", f"printf %-512s kept | dd of={device} bs=512 oflag=direct status=none; echo kept > /root/file")
    lab.reboot("hv1")
    assert lab.ssh("hv1", f"dd if={device} bs=512 count=1 iflag=direct status=none").stdout.strip() == "kept"
    assert lab.ssh("hv1", "cat /root/file").stdout == "kept\n"
    assert lab.ssh("hv1", "hostname").stdout == "hv1\n"
