# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernel and the users see the three NFS shares."""

from tests.support.shares import ConvergedHosts, ReadOnlyShare, WritableShare


class TestNfs(ConvergedHosts):
    shares = [
        WritableShare(
            path="/srv/shares/projects", source="nas1:/export/projects", filesystem="nfs4",
            options={"rw", "hard", "vers=4.2"}, owner=("oneadmin", "kvm", 0o2770),
        ),
        WritableShare(
            path="/srv/shares/archive", source="nas1:/export/archive", filesystem="nfs",
            options={"rw", "hard", "vers=3", "timeo=300"}, owner=("oneadmin", "kvm", 0o2770),
            lacks=frozenset({"fallocate", "punch_hole", "xattr"}),
        ),
        ReadOnlyShare(
            path="/srv/shares/library", source="nas1:/export/library", filesystem="nfs4",
            options={"ro", "noatime", "vers=4.2"}, owner=("root", "root", 0o755),
            content={"greeting": "/export/library of nas1\n"},
        ),
    ]

    def test_a_shutdown_releases_the_locks_of_nfs_3_before_it_stops_their_daemon(self, host):
        """Else the kernel waits a minute for it, and the shutdown for the kernel."""
        after = host.run("systemctl show --property=After --value srv-shares-archive.mount")
        assert "rpc-statd.service" in after.stdout.split()
