# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernel and the users see the four CIFS shares, and where their password is."""

import os
from pathlib import Path

import yaml

from tests.support.secrets import places_with
from tests.support.shares import ConvergedHosts, ReadOnlyShare, WritableShare

DECLARED = yaml.safe_load((Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "shares.yml").read_text(encoding="utf-8"))
PASSWORD = DECLARED["all"]["vars"]["virtshare_shares"][0]["credentials"]["password"]
FILES = [f"/etc/virtshare/credentials/srv-shares-{name}.cifs" for name in ("archive", "library", "projects")]


class TestCifs(ConvergedHosts):
    shares = [
        WritableShare(
            path="/srv/shares/projects", source="//nas1/projects", filesystem="cifs",
            options={"rw", "vers=3.1.1", "username=vm", "file_mode=0660", "dir_mode=02770"},
            owner=("oneadmin", "kvm", 0o2770),
        ),
        ReadOnlyShare(
            path="/srv/shares/library", source="//nas1/library", filesystem="cifs",
            options={"ro", "actimeo=30", "username=vm"}, owner=("root", "root", 0o755),
            content={"greeting": "library of nas1\n"},
        ),
        WritableShare(
            path="/srv/shares/archive", source="//nas1/archive", filesystem="cifs",
            options={"rw", "vers=3.0", "username=vm"}, owner=("oneadmin", "kvm", 0o2770), on_demand=True,
        ),
        WritableShare(
            path="/srv/shares/public", source="//nas1/public", filesystem="cifs",
            options={"rw", "nosuid", "sec=none", "cache=strict"}, owner=("oneadmin", "kvm", 0o770),
        ),
    ]

    def test_the_password_is_in_the_credentials_files_and_nowhere_else(self, host):
        found = places_with(host.check_output, [PASSWORD])
        assert found == FILES

    def test_only_root_reads_the_credentials(self, host):
        assert host.file("/etc/virtshare/credentials").mode == 0o700
        for name in FILES:
            file = host.file(name)
            assert (file.user, file.group, file.mode, file.is_file) == ("root", "root", 0o600, True)

    def test_the_trap_is_set_by_the_boot(self, host):
        assert host.run("systemctl is-enabled srv-shares-archive.automount").stdout.strip() == "generated"
        assert host.run("systemctl is-active srv-shares-archive.automount").stdout.strip() == "active"
