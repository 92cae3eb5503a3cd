# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A write of fstab that is killed at every single system call leaves the old or the new file, and the next one ends it."""

import os
import stat

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import fstab

from tests.support.killed import run_until

OLD = "# by hand \t\nUUID=1  / ext4 defaults 0 1\r\n" + "# a long file\n" * 1000
NEW = OLD + "nas1:/export/projects /srv/shares/projects nfs rw,vers=4.2,_netdev,nofail 0 0\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "etc" / "fstab"
    path.parent.mkdir()
    path.write_text(OLD, newline="")
    path.chmod(0o640)
    return path


def text(path):
    return path.read_bytes().decode()


def test_a_write_killed_at_every_system_call_is_done_or_not_done_and_the_next_one_ends_it(path):
    found = []
    while run_until(len(found), lambda: fstab.write(str(path), NEW)):
        found.append(text(path))
        assert found[-1] in (OLD, NEW), f"torn at stop {len(found) - 1}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        fstab.write(str(path), NEW)
        assert text(path) == NEW
        assert os.listdir(path.parent) == ["fstab"]
        path.write_text(OLD, newline="")
    assert len(found) > 20, "a write, a sync and a rename are that many"
    assert found == sorted(found, key=len), "once it is the new one it stays"
    assert {OLD, NEW} == set(found)


def test_a_rehearsal_killed_at_every_system_call_leaves_the_old_file(path):
    stop = 0
    while run_until(stop, lambda: fstab.rehearse(str(path), NEW)):
        assert text(path) == OLD
        stop += 1
    assert stop > 20
    fstab.write(str(path), NEW)
    assert text(path) == NEW
    assert os.listdir(path.parent) == ["fstab"]
