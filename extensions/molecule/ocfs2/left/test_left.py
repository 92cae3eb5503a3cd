# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of the cluster after the hosts were taken out of it: the volumes, which nobody was told to remove."""

import pytest

from tests.support.shares import Hosts


class TestLeft(Hosts):
    def test_no_cluster_runs(self, host):
        assert host.run("ls /sys/kernel/config/cluster").stdout == ""

    def test_none_starts_at_boot(self, host):
        assert not host.service("o2cb").is_enabled
        assert "O2CB_ENABLED=false" in host.file("/etc/default/o2cb").content_string.splitlines()

    def test_the_file_of_members_is_gone(self, host):
        assert not host.file("/etc/ocfs2/cluster.conf").exists

    @pytest.mark.parametrize("label", ["vmstore", "archive"])
    def test_the_volumes_are_still_there(self, host, label):
        assert host.run(f"blkid -L {label}").rc == 0
