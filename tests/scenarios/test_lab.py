# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab itself, with real hosts: two labs side by side, what breaks and mends, and what is left afterwards."""

import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.lab import Lab, LabError
from tests.lab.lab import REPOSITORY
from tests.lab.processes import Recorded, children, recorded

pytestmark = pytest.mark.release

ANSIBLE = pathlib.Path(sys.executable).parent / "ansible"


def forwarding():
    return pathlib.Path("/proc/sys/net/ipv4/ip_forward").read_text()


def mounts():
    return pathlib.Path("/proc/self/mounts").read_text()


def processes_of(lab):
    """Every process of the lab, written down."""
    found, ahead = [], [lab.description["processes"][0]["pid"]]
    while ahead:
        pid = ahead.pop()
        found.append(Recorded(**recorded(pid)))
        ahead.extend(children(pid))
    return found


def until(condition, seconds, what):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def reaches(lab, host, address):
    """Whether `host` can open a connection to port 22 of `address`."""
    code = f"import socket; socket.create_connection(('{address}', 22), 5)"
    return lab.ssh(host, f'python3 -c "{code}"', check=False).returncode == 0


@pytest.fixture(scope="module")
def before():
    return {"forwarding": forwarding(), "mounts": mounts()}


@pytest.fixture(scope="module")
def labs(before):
    """Two labs at once: one of two hypervisors with a shared disk, one of a storage server."""
    wanted: dict[str, dict] = {
        "test-lab-a": {"hosts": ["hv1", "hv2"], "disks": ["hv1=16M"], "shared_disks": ["hv1,hv2=16M"]},
        "test-lab-b": {"hosts": ["nas1:storage"], "memory": ["512M"]},
    }
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            up = [pool.submit(Lab.up, name, fresh=True, **words) for name, words in wanted.items()]
            yield tuple(future.result() for future in up)
    finally:
        for name in wanted:
            Lab(name).down()


@pytest.fixture
def a(labs):
    return labs[0]


@pytest.fixture
def b(labs):
    return labs[1]


def test_hosts_have_kernels_of_their_own(a):
    kernels = {host: a.ssh(host, "uname -n; cat /proc/sys/kernel/random/boot_id").stdout.split() for host in
               ("hv1", "hv2")}
    assert [kernels[host][0] for host in kernels] == ["hv1", "hv2"]
    assert len({kernels[host][1] for host in kernels}) == 2
    assert a.ssh("hv1", "systemctl is-system-running", check=False).stdout.strip() in ("running", "starting")
    assert a.ssh("hv1", "systemctl --failed --no-legend").stdout == ""


def test_hosts_of_a_lab_know_each_other_and_nobody_else(a, b, before):
    assert reaches(a, "hv1", "hv2")
    assert not reaches(a, "hv1", b.host("nas1")["address"])
    assert "default" not in a.ssh("hv1", "ip route").stdout
    assert forwarding() == before["forwarding"]


def test_a_lab_that_came_second_to_a_network_leaves_the_first_ones_link_alone(a, tmp_path):
    second = type(a.engine)(tmp_path, a.description)
    with pytest.raises(LabError, match="File exists"):
        second.attach(os.getpid())
    second.detach()
    assert reaches(a, "hv1", "hv2") and a.ssh("hv1", "true").returncode == 0


def test_a_hypervisor_has_nothing_that_the_collection_installs(a):
    state = a.ssh("hv1", "for p in nfs-common virtiofsd qemu-system-common libvirt-daemon-driver-qemu; do"
                         " dpkg-query -W -f '${Package} ${db:Status-Status}\\n' $p 2>/dev/null; done; true").stdout
    assert " installed" not in state
    assert a.ssh("hv1", "getent passwd libvirt-qemu oneadmin", check=False).returncode == 2
    assert "Candidate: 1:" in a.ssh("hv1", "apt-cache policy nfs-common").stdout


def test_a_staged_package_installs_without_the_network(a):
    assert "Need to get 0 B" in a.ssh("hv2", "apt-get -y install acl").stdout
    assert a.ssh("hv2", "getfacl --version").stdout.startswith("getfacl")


def test_a_hosts_apt_reaches_the_mirror(b):
    assert "Reading package lists" in b.ssh("nas1", "apt-get update").stdout


def test_a_storage_server_serves(b):
    assert b.ssh("nas1", "systemctl is-active nfs-server").stdout.strip() == "active"


def test_ansible_reaches_the_hosts_of_both_labs(a, b, tmp_path):
    arguments = []
    for lab in (a, b):
        path = tmp_path / f"{lab.name}.yml"
        path.write_text(lab.inventory())
        arguments += ["-i", str(path)]
    done = subprocess.run([ANSIBLE, *arguments, "-m", "ansible.builtin.ping", "hypervisors:storage"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count('"ping": "pong"') == 3


def test_a_shared_disk_is_one_disk(a):
    assert a.ssh("hv1", "ls /dev/disk/by-id").stdout.split() == ["virtshare-lab-data0", "virtshare-lab-shared0"]
    a.ssh("hv1", "printf %-512s shared | dd of=/dev/disk/by-id/virtshare-lab-shared0 bs=512 oflag=direct status=none")
    read = a.ssh("hv2", "dd if=/dev/disk/by-id/virtshare-lab-shared0 bs=512 count=1 iflag=direct status=none")
    assert read.stdout.strip() == "shared"


def test_a_power_cut_and_back(a):
    a.ssh("hv1", "mkfs.ext4 -q /dev/disk/by-id/virtshare-lab-data0 && mount /dev/disk/by-id/virtshare-lab-data0 /mnt"
                 " && echo kept > /mnt/file && echo kept > /root/file && sync && echo lost > /dev/shm/file")
    a.power_off("hv1")
    assert a.status()["hv1"]["power"] == "off"
    assert a.status()["hv2"]["power"] == "on"
    a.power_on("hv1")
    assert a.ssh("hv1", "mount /dev/disk/by-id/virtshare-lab-data0 /mnt && cat /mnt/file /root/file").stdout == (
        "kept\nkept\n")
    assert a.ssh("hv1", "cat /dev/shm/file", check=False).returncode == 1


def test_a_power_cut_at_once_after_the_first_boot_leaves_a_host_that_boots(b):
    b.power_off("nas1")
    b.power_on("nas1")
    assert b.ssh("nas1", "systemctl is-active nfs-server").stdout.strip() == "active"


def test_a_reboot_keeps_the_disk_and_the_networks_speed(a):
    before = a.ssh("hv2", "cat /proc/sys/kernel/random/boot_id; echo kept > /root/file").stdout
    a.reboot("hv2")
    assert a.ssh("hv2", "cat /root/file").stdout == "kept\n"
    assert a.ssh("hv2", "cat /proc/sys/kernel/random/boot_id").stdout != before
    # With offloads on this takes minutes, in either direction.
    megabytes = "x" * (4 << 20)
    assert a.ssh("hv2", "wc -c", stdin=megabytes, timeout=30).stdout.strip() == str(4 << 20)
    assert a.ssh("hv2", "head -c 4194304 /dev/zero | tr '\\0' x", timeout=30).stdout == megabytes


def test_a_host_that_switches_itself_off_is_off(b):
    b.ssh("nas1", "systemctl poweroff", check=False)
    until(lambda: b.status()["nas1"]["power"] == "off", 60, "nas1 switched itself off")
    with pytest.raises(LabError, match="nas1 switched itself off"):
        b.wait("nas1")
    b.power_on("nas1")


def test_a_cut_network_and_back(a):
    a.ssh("hv1", "(sleep 5; echo alive > /root/during) > /dev/null 2>&1 &")
    a.cut("hv1")
    assert a.status()["hv1"] == {**a.status()["hv1"], "power": "on", "network": "cut"}
    assert not reaches(a, "hv2", "hv1")
    a.reconnect("hv1")
    assert reaches(a, "hv2", "hv1")
    until(lambda: a.ssh("hv1", "cat /root/during", check=False).stdout == "alive\n", 30, "it ran on while cut off")


def test_a_lab_that_is_up_is_not_replaced_unasked(b):
    with pytest.raises(LabError, match="is up already"):
        Lab.up("test-lab-b", ["nas1:storage"])
    assert b.ssh("nas1", "true").returncode == 0


def test_a_killed_launcher_takes_its_lab_along_and_the_next_start_is_clean(b):
    processes, network = processes_of(b), b.description["network"]
    assert len(processes) > 4
    os.kill(b.description["processes"][0]["pid"], signal.SIGKILL)
    until(lambda: not any(process.alive() for process in processes), 20, "everything of the lab ended")
    until(lambda: not os.path.exists(f"/sys/class/net/vslab{network}"), 20, "the uplink went")
    assert not Lab("test-lab-b").is_up()
    again = Lab.up("test-lab-b", ["nas1:storage"])
    assert again.ssh("nas1", "hostname").stdout == "nas1\n"


def test_an_up_killed_in_the_middle_does_not_block_the_next():
    command = [sys.executable, "-m", "tests.lab", "up", "--name", "test-lab-c", "hv1"]
    try:
        with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as first:
            assert first.stderr is not None
            assert any("booting hv1" in line for line in first.stderr)
            first.kill()
        killed = Lab("test-lab-c")
        assert not killed.is_up()
        processes = processes_of(killed)
        subprocess.run(command, cwd=REPOSITORY, timeout=300, check=True)
        assert not any(process.alive() for process in processes)
        assert Lab("test-lab-c").is_up()
    finally:
        Lab("test-lab-c").down()


def test_down_leaves_nothing_and_spares_the_other_lab(labs, before):
    lab, other = Lab("test-lab-b"), labs[0]
    processes, network = processes_of(lab), lab.description["network"]
    lab.ssh("nas1", "true")
    lab.down()
    assert not any(process.alive() for process in processes)
    assert not os.path.exists(f"/sys/class/net/vslab{network}")
    assert f"10.213.{network}." not in pathlib.Path("/proc/net/fib_trie").read_text()
    assert not lab.directory.exists()
    assert not lab.runtime.exists()
    assert mounts() == before["mounts"]
    lab.down()
    assert other.ssh("hv1", "hostname").stdout == "hv1\n"
