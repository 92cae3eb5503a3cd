# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of credentials after the shares were declared absent: nothing."""

from tests.support.shares import AbsentShares


class TestCredentials(AbsentShares):
    paths = ["/srv/shares/archive"]

    def test_no_credentials_are_left(self, host):
        assert not host.file("/etc/virtshare").exists

    def test_systemd_waits_there_no_longer(self, host):
        assert host.run("systemctl is-active srv-shares-archive.automount").stdout.strip() == "inactive"
