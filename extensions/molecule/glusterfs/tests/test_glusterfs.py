# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernel, the users and the volume's processes see the three shares."""

import pytest

from tests.support.shares import ConvergedHosts, ReadOnlyShare, WritableShare

OWNED = ("oneadmin", "kvm", 0o2770)


class TestGlusterFs(ConvergedHosts):
    shares = [
        WritableShare(
            path="/srv/shares/scratch", source="nas1:/scratch", filesystem="fuse.glusterfs", options={"rw", "allow_other"},
            owner=OWNED,
        ),
        WritableShare(
            path="/srv/shares/archive", source="nas1:/files/archive", filesystem="fuse.glusterfs",
            options={"rw", "allow_other"}, owner=OWNED,
        ),
        ReadOnlyShare(
            path="/srv/shares/library", source="nas1:/files/library", filesystem="fuse.glusterfs",
            options={"ro", "noatime"}, owner=("root", "root", 0o755), content={"greeting": "to be read\n"},
        ),
    ]

    @pytest.mark.parametrize(("place", "told"), [
        ("/srv/shares/scratch", []),
        ("/srv/shares/archive", ["--log-level=WARNING", "--subdir-mount=/archive"]),
        ("/srv/shares/library", ["--read-only", "--subdir-mount=/library"]),
    ])
    def test_process_was_told_both_servers_and_the_options(self, host, place, told):
        """The kernel knows nothing of them."""
        lines = host.check_output("ps -C glusterfs -o args=").splitlines()
        (words,) = [line.split() for line in lines if line.endswith(" " + place)]
        assert [word for word in words if word.startswith("--volfile-server=")] == [
            "--volfile-server=nas1", "--volfile-server=nas2"]
        assert set(told) <= set(words)
