# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices, disabled hosts and hosts in maintenance: nothing is published that not all who count have proven."""

import pytest
import yaml

from tests.support import guide_awx
from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

SCRIPT = """
from tests.support.rooms import JOB, OFF, SLICE, Rooms
names = ["hv1", "hv2", "hv3"]
with Rooms.open(names, ["projects"]) as rooms:
    {body}
"""
PATH = "/srv/shares/projects"


def on_rooms(tmp_path, body):
    made = run_as_root(tmp_path, SCRIPT.format(body=body.replace("\n", "\n    ")), seconds=550)
    for run in made if isinstance(made, list) else [made]:
        print(run["output"])
        assert "Traceback" not in run["output"]
    return made


@pytest.mark.parametrize("slices", [2, pytest.param(3, marks=pytest.mark.release)])
def test_slices_publish_nothing_and_name_the_host_with_another_filesystem(tmp_path, slices):
    """One after the other, as AWX runs them side by side: each has every so-manieth host, and no other at all."""
    parts = [["hv1", "hv2", "hv3"][number::slices] for number in range(slices)]
    undeclared, *made = on_rooms(tmp_path, f"""
rooms.sh("hv3", "mount -t tmpfs other /srv/export/projects")
parts = {parts}
result = [rooms.run("site", only=parts[0], extra=SLICE)]
rooms.variables["virtshare_expected_hypervisors"] = names
result += [rooms.run("site", only=part, extra=SLICE) for part in parts]
result.append(rooms.run("site"))
""")
    assert undeclared["code"] != 0 and undeclared["changes"] == []
    assert f"This job is one slice of {len(parts[0])} host" in undeclared["messages"]
    assert "Write the names of all hypervisors as virtshare_expected_hypervisors" in undeclared["messages"]
    *of_slices, whole = made
    for part, run in zip(parts, of_slices):
        assert run["code"] != 0 and run["writes"] == []
        # It mounts and gives access.
        assert set(run["operations"]) == set(part) and all("mount" in str(each) for each in run["operations"].values())
        for host in {"hv1", "hv2", "hv3"} - set(part):
            assert f"{host}: {PATH} is not proven: it took no part in this run: it is in another slice of this job" in run["output"]
    assert whole["code"] != 0 and not any("image" in call for call in whole["writes"])
    assert f"hv3: {PATH} is " in whole["messages"] and "not the same filesystem" in whole["messages"]


def test_slices_mount_and_give_access_and_end_well(tmp_path):
    """Each on its own hosts; a host that fails in its slice ends that slice red, and no other one."""
    *made, broken, other = on_rooms(tmp_path, """
rooms.variables["virtshare_expected_hypervisors"] = names
result = [rooms.run("mount", only=part, extra=SLICE) for part in (["hv1", "hv3"], ["hv2"], ["hv1", "hv3"])]
rooms.hosts["hv3"] = OFF
result += [rooms.run("mount", only=part, extra=SLICE) for part in (["hv1", "hv3"], ["hv2"])]
""")
    assert [run["code"] for run in made] == [0, 0, 0], [run["messages"] for run in made]
    assert [sorted(run["operations"]) for run in made] == [["hv1", "hv3"], ["hv2"], ["hv1", "hv3"]]
    assert all("mount" in str(each) for run in made[:2] for each in run["operations"].values()) and made[2]["changes"] == []
    assert broken["code"] != 0 and "hv3 did not go all the way: it is unreachable" in broken["messages"]
    assert "slice" not in broken["messages"] and other["code"] == 0, other["messages"]


@pytest.mark.release
def test_a_slice_that_may_prove_a_part_publishes_nothing_all_the_same(tmp_path):
    run = on_rooms(tmp_path, """
rooms.variables.update(virtshare_expected_hypervisors=names, share_proof_allow_partial=True)
result = rooms.run("site", only=["hv1", "hv3"], extra=SLICE)
""")
    assert run["code"] != 0 and run["writes"] == []
    assert "but this job is one slice of 'virtshare site', and no slice knows what the others find." in run["messages"]
    assert f"{PATH}: proven for 2 of 3 hosts (hv1 and hv3)" in run["output"]


def test_a_disabled_host_is_missing_by_name_and_maintenance_leaves_one_out(tmp_path):
    """The lists are those of the AWX guide."""
    lists = yaml.safe_load(guide_awx.block("virtshare_maintenance: [hv3]"))
    missing, left_out, off = on_rooms(tmp_path, f"""
rooms.variables["virtshare_expected_hypervisors"] = names
result = [rooms.run("site", only=["hv1", "hv2"], extra=JOB)]
rooms.variables.update({lists})
result.append(rooms.run("site", only=["hv1", "hv2"], extra=JOB))
rooms.hosts["hv3"] = OFF
result.append(rooms.run("site"))
""")
    assert missing["code"] != 0 and not any("image" in call for call in missing["writes"])
    assert "hv3 did not go all the way: it is not in the inventory of this job" in missing["messages"]
    assert f"without it nothing can be published of {PATH}" in missing["messages"]
    assert left_out["code"] == 0 and "one.image.allocate" in left_out["writes"], left_out["messages"]
    assert "left out on purpose (virtshare_maintenance): hv3" in left_out["output"]
    assert left_out["proof"]["maintenance"] == ["hv3"]
    # One that is off is not even asked.
    assert off["code"] == 0 and off["changes"] == [] and "left out on purpose" in off["output"]


@pytest.mark.parametrize("limit, code", [
    ("hypervisors", 2), pytest.param("hv1,hv2,hv3", 2, marks=pytest.mark.release),
    pytest.param("hypervisors,localhost", 0, marks=pytest.mark.release)])
def test_a_limit_without_the_publisher_is_no_success(tmp_path, limit, code):
    run = on_rooms(tmp_path, f"result = rooms.run('site', '--limit', {limit!r})")
    assert run["code"] == code and bool(run["writes"]) == (code == 0), run["messages"]
    assert (f"but --limit {limit} leaves out localhost, which publishes. Write --limit '{limit},localhost'"
            in run["messages"]) == (code != 0)
