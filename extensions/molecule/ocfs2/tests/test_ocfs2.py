# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernels see the two volumes and their cluster."""

import pytest

from tests.support.shares import ConvergedHosts, DeviceShare

CLUSTER = "/sys/kernel/config/cluster/vms"
NUMBERS = {"hv1": "0", "hv2": "1"}


class TestOcfs2(ConvergedHosts):
    shares = [
        DeviceShare(
            path="/srv/shares/vmstore", source="/dev/disk/by-id/virtshare-lab-shared0", filesystem="ocfs2",
            options={"rw", "noatime", "heartbeat=local", "errors=remount-ro"}, owner=("oneadmin", "kvm", 0o2770),
            entry="LABEL=vmstore",
        ),
        DeviceShare(
            path="/srv/shares/archive", source="/dev/disk/by-id/virtshare-lab-shared1", filesystem="ocfs2",
            options={"rw", "heartbeat=local", "commit=30"}, owner=("oneadmin", "kvm", 0o2770),
        ),
    ]

    def test_every_kernel_has_the_same_numbers(self, host):
        seen = host.run(f"cd {CLUSTER}/node && grep . */num */ipv4_address */ipv4_port")
        assert seen.rc == 0
        values = dict(line.split(":") for line in seen.stdout.split())
        assert {name: values[f"{name}/num"] for name in NUMBERS} == NUMBERS
        assert len(values) == 3 * len(NUMBERS)
        assert all(values[f"{name}/ipv4_address"] == host.run(f"getent ahostsv4 {name}").stdout.split()[0]
                   for name in NUMBERS)

    def test_every_host_knows_itself(self, host, hypervisor):
        found = host.run(f"grep -l 1 {CLUSTER}/node/*/local")
        assert found.stdout.split() == [f"{CLUSTER}/node/{hypervisor}/local"]

    def test_the_files_are_the_same_on_all_hosts(self, hosts):
        texts = {host.file("/etc/ocfs2/cluster.conf").content_string for host in hosts}
        assert len(texts) == 1
        assert "\tnumber = 1\n\tname = hv2\n\tcluster = vms\n" in texts.pop()

    @pytest.mark.parametrize("attribute, value", [
        ("heartbeat/dead_threshold", "61"), ("idle_timeout_ms", "60000"), ("keepalive_delay_ms", "2000"),
        ("reconnect_delay_ms", "2000")])
    def test_timeouts_are_live_and_come_back_after_a_boot(self, host, attribute, value):
        assert host.file(f"{CLUSTER}/{attribute}").content_string.strip() == value
        variable = attribute.rpartition("/")[2].replace("dead_threshold", "heartbeat_threshold").upper()
        assert f"O2CB_{variable}={value}" in host.file("/etc/default/o2cb").content_string.splitlines()
        assert host.service("o2cb").is_enabled

    def test_both_hosts_are_on_one_volume(self, hosts, share):
        listed = [host.run(f"mounted.ocfs2 -f {share.source}") for host in hosts]
        assert [each.rc for each in listed] == [0, 0]
        for each in listed:
            assert {name.strip() for name in each.stdout.splitlines()[-1].split(None, 3)[3].split(",")} == set(NUMBERS)

    def test_a_volume_was_made_once_for_this_cluster(self, host, share):
        described = host.run(f"tunefs.ocfs2 -Q '%V %N\\n' {share.source}; mounted.ocfs2 -d {share.source}").stdout
        label, slots = ("vmstore", "4") if "vmstore" in share.path else ("archive", "2")
        assert f"{label} {slots}" in described
        assert "vms" in described.split() and "o2cb" in described.split()
