# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to day two, followed: its inventories and commands, on hypervisors that are namespaces of this machine.

What the guide takes from NFS servers are directories that all of them have.
"""

import pytest

from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

SCRIPT = """
import re
import shlex
import yaml
from tests.support.rooms import OFF, Rooms
from tests.unit.docs import guides

BLOCKS = [block for block in guides.blocks("yaml", "console") if block.page == "guide_day_two.rst"]
# With these, each run of the playbook guard whose hosts or variables do not keep it from that asks OpenNebula about its hosts.
TOLD = {"opennebula_guard_hosts": "{{ groups['hypervisors'] }}", "opennebula_guard_probe": False}
SERVERS = {"nas1:/export/": "/srv/export/", "nas2:/export/": "/srv/export/"}

def part(heading):
    \"\"\"The inventories and the commands below a heading, in their order: dictionaries, and lists of words.\"\"\"
    text = (guides.RST / "guide_day_two.rst").read_text(encoding="utf-8").splitlines()
    first = text.index(heading) + 1
    last = next((number for number in range(first + 1, len(text) - 1) if set(text[number + 1]) == {"-"}), len(text))
    for block in BLOCKS:
        if first < block.line <= last:
            if block.language == "yaml":
                yield from guides.load(block.text)
            else:
                for line in re.findall(r"ansible-playbook -i inventory.yml virtshare\\.storage\\.(.*)", block.text):
                    yield shlex.split(line)

def take(rooms, declared):
    \"\"\"Take over what an inventory or a part of one declares; the hosts that it has.\"\"\"
    group = declared.get("all", {}).get("children", {}).get("hypervisors", {}).get("hosts", {})
    for name, own in group.items():
        rooms.hosts[name].update(translated(own or {}))
    rooms.variables.update(translated(declared["all"].get("vars", {}) if "all" in declared else declared))
    return sorted(group) or None

def translated(variables):
    for share in variables.get("virtshare_shares", ()):
        if "source" in share:
            server = next(name for name in SERVERS if share["source"].startswith(name))
            share.update(type="local", source=share["source"].replace(server, SERVERS[server]))
    return variables

def go(rooms, playbook, *arguments, only):
    \"\"\"Run a playbook. A guard is not installed for real, as that takes a systemd of the host's own.\"\"\"
    if playbook != "guard":
        return rooms.run(playbook, *arguments, only=only)
    names = only or sorted(rooms.hosts)
    for name in names:
        rooms.sh(name, "mkdir -p /run/systemd/system")
    done = rooms.run(playbook, *arguments, "--check", only=only)
    for name in names:
        rooms.sh(name, "rm -r /run/systemd")
    return done

def follow(rooms, heading, only):
    \"\"\"(what each run came to, the hosts of the inventory) after a part of the guide.\"\"\"
    done = []
    for each in part(heading):
        if isinstance(each, dict):
            only = take(rooms, each) or only
        else:
            playbook, *arguments = each
            done.append(go(rooms, playbook, *arguments, only=only))
    return done, only

with Rooms.open(["hv1", "hv2", "hv3"], ["projects", "moved"], own_processes=True) as rooms:
    only = take(rooms, guides.load(BLOCKS[0].text)[0])
    first = rooms.run("site", only=only)
    {body}
"""


def follow(tmp_path, body):
    """{name: list of runs} of what the body puts into result."""
    made = run_as_root(tmp_path, SCRIPT.replace("{body}", body.strip().replace("\n", "\n    ")), seconds=590)
    for runs in made.values():
        for run in runs:
            print(run["output"])
            assert run["code"] == 0, run["messages"]
    return made


def changed(run):
    return {host for host, _task in run["changes"]}


def expected(run):
    """The hosts that the proof of the share was held to."""
    (share,) = run["proof"]["shares"]
    assert share["state"] == "proven"
    return share["expected_hosts"]


@pytest.mark.release
def test_a_host_joins_rests_in_maintenance_and_leaves(tmp_path):
    made = follow(tmp_path, """
joined, only = follow(rooms, "A host joins", only)
on = dict(rooms.hosts["hv3"])
rooms.hosts["hv3"].update(OFF)
steps = list(part("A host is in maintenance"))
take(rooms, steps[0])
resting = go(rooms, *steps[1], only=only)
rooms.hosts["hv3"] = on
take(rooms, steps[2])
back, watched = (go(rooms, *words, only=only) for words in steps[3:])
rooms.variables.update(TOLD)
left, only = follow(rooms, "A host leaves", only)
rooms.variables["virtshare_expected_hypervisors"] = ["hv1", "hv2"]
without = rooms.run("site", only=["hv1", "hv2"])
result = {"first": [first], "joined": joined, "maintenance": [resting, back, watched], "left": left,
          "without": [without]}
""")
    predicted, joined, watched = made["joined"]
    assert set(watched["guards"]) == {"hv1", "hv2", "hv3"} and all("/srv/export/projects" in each for each in watched["guards"].values())
    assert changed(predicted) == changed(joined) == {"hv3"}
    assert predicted["writes"] == joined["writes"] == []
    assert expected(joined) == ["hv1", "hv2", "hv3"]
    resting, back, watched = made["maintenance"]
    assert set(watched["guards"]) == {"hv1", "hv2", "hv3"}
    assert "left out on purpose (virtshare_maintenance): hv3" in resting["output"]
    assert resting["proof"]["maintenance"] == ["hv3"] and back["proof"]["maintenance"] == []
    assert back["changes"] == [] and back["writes"] == []
    unwatched, left = made["left"]
    # None is here, so that nothing is to be removed. OpenNebula is not asked.
    assert list(unwatched["guards"]) == ["hv3"] and unwatched["calls"] == []
    assert changed(left) == {"hv3"} and "hv1" not in left["operations"]
    assert made["without"][0]["changes"] == [] and expected(made["without"][0]) == ["hv1", "hv2"]


@pytest.mark.release
def test_a_share_moves_and_goes(tmp_path):
    made = follow(tmp_path, """
rooms.sh("hv1", "cp -a /srv/export/projects/. /srv/export/moved/ && touch /srv/export/moved/here")
look = "cat /srv/shares/projects/.virtshare-identity; ls /srv/shares/projects"
before = rooms.sh("hv2", look)
rooms.variables.update(TOLD)
moved, only = follow(rooms, "A share moves to another server", only)
moved[0]["seen"] = [before, rooms.sh("hv2", look)]
again = rooms.run("site", only=only)
gone, only = follow(rooms, "A share goes", only)
gone[1]["seen"] = [rooms.sh("hv1", "findmnt /srv/shares/projects || true"), rooms.sh("hv1", "ls /srv/export/moved")]
result = {"first": [first], "moved": moved, "again": [again], "gone": gone}
""")
    moved, watched = made["moved"]
    assert set(watched["guards"]) == {"hv1", "hv2"} and all("/srv/export/moved" in each for each in watched["guards"].values())
    # No host is disabled by what OpenNebula knew before.
    assert watched["calls"] == []
    assert changed(moved) == {"hv1", "hv2"} and moved["writes"] == []
    # The new directory, and the same share.
    before, after = moved["seen"]
    assert before and after == before + "here\n"
    assert made["again"][0]["changes"] == []
    published, unmounted, watched = made["gone"]
    assert set(watched["guards"]) == {"hv1", "hv2"} and not any("/srv/shares" in each for each in watched["guards"].values())
    assert watched["calls"] == []
    assert published["writes"] == ["one.image.delete", "one.datastore.delete"]
    assert changed(unmounted) == {"hv1", "hv2"} and unmounted["writes"] == []
    assert unmounted["seen"] == ["", "here\n"]
