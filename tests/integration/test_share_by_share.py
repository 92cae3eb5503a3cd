# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails ends its own share on its own host; everything else goes the whole way to the platform in the same run."""

import pytest

from tests.support.privileged import run_as_root

SCRIPT = """
from tests.support.rooms import OFF, Rooms
names, shares = ["hv1", "hv2", "hv3"], ["a", "b", "c", "d", "gone", "full"]
with Rooms.open(names, shares) as rooms:
    on = rooms.hosts["hv3"]
    {body}
"""


def on_rooms(tmp_path, body):
    made = run_as_root(tmp_path, SCRIPT.format(body=body.replace("\n", "\n    ")), seconds=590)
    for run in made:
        print(run["output"])
        assert "Traceback" not in run["output"]
    return made


@pytest.mark.slow
def test_four_shares_are_published_and_the_others_named(tmp_path):
    """On real hosts, with a server that is off, and run once more: tests/scenarios/test_share_by_share.py."""
    first, second = on_rooms(tmp_path, """
# One share is full, the source of another is gone, and one hypervisor is off.
rooms.sh("hv1", "mount -t tmpfs none /srv/export/full -o size=32k; dd if=/dev/zero of=/srv/export/full/all bs=4k || true")
rooms.sh("hv1", "rmdir /srv/export/gone")
rooms.hosts["hv3"] = OFF
rooms.variables["virtshare_maintenance"] = ["hv3"]
result = [rooms.run("site")]
rooms.sh("hv1", "umount /srv/shares/full; umount /srv/export/full")
rooms.sh("hv1", "mkdir /srv/export/gone")
rooms.hosts["hv3"] = on
rooms.variables["virtshare_maintenance"] = []
result.append(rooms.run("site"))
""")
    paths = {name: f"/srv/shares/{name}" for name in ("a", "b", "c", "d", "gone", "full")}
    assert first["code"] != 0
    assert first["writes"].count("one.image.allocate") == 4, first["messages"]
    for name in ("gone", "full"):
        assert paths[name] in first["messages"]
    # What its users could not do, and no proof was tried where they could not.
    (full,) = (share for share in first["proof"]["shares"] if share["path"] == paths["full"])
    assert full["state"] == "failed" and all("oneadmin" in problem for problem in full["problems"]), full["problems"]
    for name in ("a", "b", "c", "d"):
        assert f"{paths[name]}: proven" in first["output"] and f"hv1: {paths[name]}" not in first["messages"]
    assert second["code"] == 0, second["messages"]
    assert second["writes"].count("one.image.allocate") == 2
    assert not any(host == "hv2" and operation["target"] == paths["a"]
                   for host, operations in second["operations"].items() for operation in operations or ())
