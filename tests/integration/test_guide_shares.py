# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The general guide's play that shows what a mounted share can do, on a hypervisor that is a namespace of this machine."""

import re

import pytest

from tests.support.privileged import run_as_root
from tests.unit.docs import guides

pytestmark = pytest.mark.slow

SCRIPT = """
from pathlib import Path
from tests.support.rooms import Rooms
from tests.support.warm import run_playbook

Path("/srv/show.yml").write_text(%r)
with Rooms.open(["hv1"], ["projects"]) as rooms:
    def play():
        return run_playbook("/srv/show.yml", inventories=["/srv/rooms/hosts.json"], environment=rooms.endpoint.environment)

    mounted, show = rooms.run("mount"), play()
    # The role would set that right.
    rooms.sh("hv1", "chmod 2777 /srv/shares/projects")
    other = play()
    result = {"codes": [mounted["code"], show.code], "output": mounted["output"] + show.output, "changes": len(show.changes),
              "rows": show.facts("share_access_result").get("hv1", {}).get("paths"), "other": other.output,
              "mode": rooms.sh("hv1", "stat -c %%a /srv/shares/projects").strip()}
"""


@pytest.mark.release
def test_the_play_shows_what_each_writer_can_do_and_sets_nothing(tmp_path):
    page = guides.RST / "guide_shares.rst"
    (play,) = [block for block in guides.blocks("yaml") if block.page == page.name and "share_access_result.paths" in block.text]
    (named,) = re.findall(r"The rows (``fallocate``.*?) are ``supported`` or ``not_supported``", guides.prose(page))
    made = run_as_root(tmp_path, SCRIPT % play.text, seconds=300)
    assert made["codes"] == [0, 0] and made["changes"] == 0, made["output"]
    assert made["mode"] == "2777" and "mode is 2777, not 2770" in made["other"]
    (row,) = made["rows"]
    for writer in ("oneadmin", "libvirt-qemu"):
        assert row["writers"][writer]["writes"] is True
    shown = str(row)
    for name in re.findall(r"\w+", named):
        assert name == "and" or f"'{name}'" in shown, name
