# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernel and the users see what is bound, and what is only checked."""

import pytest

from tests.support.shares import ConvergedHosts, HostsOwnShare, ReadOnlyShare, WritableShare

OWNED = ("oneadmin", "kvm", 0o2770)


class TestLocal(ConvergedHosts):
    shares = [
        # The kernel shows a bind as the filesystem behind it; for NFS with the directory in its source.
        WritableShare(
            path="/srv/vendor", source="nas1:/export/vendor", filesystem="nfs4", options={"rw", "vers=4.2"},
            owner=("root", "root", 0o755), managed=False, writer="root", reader="root",
        ),
        WritableShare(
            path="/srv/shares/projects", source="nas1:/export/vendor/projects", filesystem="nfs4",
            options={"rw", "vers=4.2"}, owner=OWNED, entry="/srv/vendor/projects",
        ),
        ReadOnlyShare(
            path="/srv/shares/library", source="nas1:/export/vendor/library", filesystem="nfs4", options={"ro"},
            owner=("root", "root", 0o755), entry="/srv/vendor/library",
            content={"greeting": "to be read\n"},
        ),
        HostsOwnShare(
            path="/srv/shares/scratch", source="/dev/root", filesystem="ext4", options={"rw", "noatime"},
            owner=OWNED, entry="/var/lib/scratch",
        ),
    ]

    @pytest.mark.parametrize(("path", "origin"), [
        ("/srv/shares/projects", "/srv/vendor/projects"),
        ("/srv/shares/library", "/srv/vendor/library"),
        ("/srv/shares/scratch", "/var/lib/scratch"),
    ])
    def test_bind_is_of_the_declared_directory(self, host, path, origin):
        """Not only of the same filesystem."""
        first, second = host.run(f"stat --format '%d:%i' {path} {origin}").stdout.split()
        assert first == second
