# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts must have shown before flexVDI is told of a volume."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._flexvdi.readiness import (
    brick_paths,
    inside,
    inventory_names,
    unready,
)

WEST = [{"name": "West", "hosts": ["hv1", "hv2"]}]
NFS = {"name": "NFS", "image_storage": "West", "path": "/srv/shares/projects"}
SSD = {"name": "SSD", "image_storage": "West", "brick_paths": ["/bricks/ssd/flexvdi"]}
BRICK = {"path": "/bricks/ssd/flexvdi", "is_directory": True, "parent_mount_point": "/bricks/ssd"}


def proof(path="/srv/shares/projects", proven=("hv1", "hv2"), state="proven"):
    return {"path": path, "state": state, "proven_hosts": list(proven), "expected_hosts": ["hv1", "hv2"]}


def access(path="/srv/shares/projects", **writers):
    return [{"path": path, "writers": {name.replace("_", "-"): {"writes": works} for name, works in writers.items()}}]


WRITABLE = {"hv1": access(qemu=True), "hv2": access(libvirt_qemu=True)}


def external(volume=None, storages=None, proofs=None, tested=None, **more):
    return unready([volume or NFS], [], WEST if storages is None else storages,
                   [proof()] if proofs is None else proofs, WRITABLE if tested is None else tested, {},
                   users=["qemu", "libvirt-qemu"], **more)


@pytest.mark.parametrize("path", ["/srv/shares/projects", "/srv/shares/projects/"])
def test_proven_and_written_everywhere_is_ready(path):
    assert external(dict(NFS, path=path)) == []


INNER = "/srv/shares/projects/inside"


def test_a_directory_inside_a_share_is_written_in_itself():
    wanted = dict(NFS, path=INNER + "/")
    assert external(wanted) == [
        "%s (external volume NFS): nobody tried whether qemu or libvirt-qemu can write in %s on %s" % (
            INNER, INNER, host) for host in ("hv1", "hv2")]
    written = dict((host, WRITABLE[host] + access(INNER, qemu=True)) for host in WRITABLE)
    assert external(wanted, tested=written) == []
    written["hv2"] = WRITABLE["hv2"] + access(INNER, qemu=False)
    assert external(wanted, tested=written) == [
        "%s (external volume NFS): qemu cannot write in %s on hv2" % (INNER, INNER)]


def test_another_mount_at_a_directory_inside_a_share_is_not_what_is_proven():
    mount = {"source": "/dev/sdb1", "fstype": "ext4"}
    written = dict((host, access(INNER, qemu=True)) for host in WRITABLE)
    written["hv2"][0]["mount"] = mount
    problems = external(dict(NFS, path=INNER), tested=written)
    assert len(problems) == 1
    assert "on hv2 the ext4 mount of /dev/sdb1 is at that path, and the proof of /srv/shares/projects" in problems[0]
    # The share itself is a mount, of course.
    assert external(tested=dict(WRITABLE, hv1=[dict(WRITABLE["hv1"][0], mount=mount)])) == []


SHARES = [{"path": "/srv/shares/projects", "access": {"writers": ["oneadmin", "qemu"]}},
          {"path": "/srv/shares/projects/deep", "access": {"writers": ["libvirt-qemu"]}},
          {"path": "/srv/shares/gone", "state": "absent", "access": {"writers": ["qemu"]}}, {"path": "/srv/bare"}]


@pytest.mark.parametrize("path, writers", [
    ("/srv/shares/projects", None), ("/srv/shares/projects/", None), ("/elsewhere", None), ("/srv/shares/gone/x", None),
    ("/srv/shares/projectsinside", None), (None, None),
    (INNER, ["qemu"]), (INNER + "/", ["qemu"]), ("/srv/shares/projects/deep/x", ["libvirt-qemu"]), ("/srv/bare/x", []),
])
def test_where_to_write_for_volumes_inside_shares(path, writers):
    found = inside([dict(NFS, path=path)], SHARES, ["qemu", "libvirt-qemu"])
    assert found == ([] if writers is None else [{"path": path.rstrip("/"), "writers": writers}])
    assert inside([dict(NFS, path=path, state="absent")], SHARES, ["qemu"]) == []


def test_a_directory_of_two_volumes_is_tried_once():
    assert len(inside([dict(NFS, path=INNER), dict(NFS, name="again", path=INNER)], SHARES, ["qemu"])) == 1


@pytest.mark.parametrize("given, words", [
    ({"proofs": []}, ": it lies in no share that was looked at; those are: none"),
    ({"proofs": [proof("/srv/shares/proj")]}, ": it lies in no share that was looked at; those are: /srv/shares/proj"),
    ({"proofs": [proof(proven=["hv1"], state="partial")]},
     "is not proven to be the same filesystem on hv2 of image storage West; proven on: hv1"),
    ({"proofs": [proof(proven=[], state="failed")]}, "on hv1, hv2 of image storage West; proven on: no host"),
    ({"proofs": [proof(proven=[], state="pending")]}, "proven on: no host"),
    ({"tested": {"hv1": access(qemu=True)}},
     "nobody tried whether qemu or libvirt-qemu can write in /srv/shares/projects on hv2"),
    ({"tested": dict(WRITABLE, hv2=access(oneadmin=True))}, "declare the one that runs the guests there"),
    ({"tested": dict(WRITABLE, hv2=access(qemu=False))}, "qemu cannot write in /srv/shares/projects on hv2"),
    ({"storages": []}, "the hosts of image storage West are not known"),
    ({"volume": dict(NFS, path="/srv/shares/projects/../other")}, "write the path without . and .."),
])
def test_what_is_not_shown_is_named(given, words):
    problems = external(**given)
    assert len(problems) == 1 and words in problems[0] and "external volume NFS" in problems[0]


def test_the_hosts_of_the_image_storage_count_and_no_others():
    only = [{"name": "West", "hosts": ["hv1"]}]
    assert external(storages=only, proofs=[proof(proven=["hv1"], state="partial")],
                    tested={"hv1": access(qemu=True)}) == []


def test_the_innermost_share_counts():
    shares = [proof(), proof("/srv/shares/projects/inside", proven=["hv1"], state="partial")]
    problems = external(dict(NFS, path="/srv/shares/projects/inside/x"), proofs=shares)
    assert "/srv/shares/projects/inside is not proven" in problems[0]


def test_hosts_may_have_other_names_in_the_inventory():
    storages = [{"name": "West", "hosts": ["node1", "hv2"]}]
    assert external(storages=storages, host_names={"node1": "hv1"}) == []
    problems = external(storages=storages, host_names={"node1": "hv9"})
    assert "on node1 (hv9 in the inventory) of image storage West" in problems[0]


@pytest.mark.parametrize("hosts", [[1, 2], ["1", 2], "1,2", " 1, 2", (1, 2)])
@pytest.mark.parametrize("names", [{1: "hv1", 2: "hv2"}, {"1": "hv1", "2": "hv2", "3": None}])
def test_ids_may_be_numbers_and_hosts_a_text_with_commas(hosts, names):
    storages = [{"name": "West", "hosts": hosts}]
    assert external(storages=storages, host_names=names) == []
    assert inventory_names(storages, names) == ["hv1", "hv2"]
    found = external(storages=storages, host_names={1: "hv1"})
    assert len(found) == 1 and "on 2 of image storage West" in found[0]


def test_names_may_be_numbers():
    for volume, name in ((7, "7"), ("7", 7), (7, 7)):
        assert external(dict(NFS, name=3, image_storage=volume), storages=[{"name": name, "hosts": ["hv1", "hv2"]}]) == []
    # A host may be called by a number in the inventory, too: there it is a text.
    assert external(storages=[{"name": "West", "hosts": [1]}], host_names={1: 12}, proofs=[proof(proven=["12"])],
                    tested={"12": access(qemu=True)}) == []
    assert "on 5 of image" in external(storages=[{"name": "West", "hosts": 5}])[0]


@pytest.mark.parametrize("hosts", [None, [], "", [""]])
def test_hosts_that_are_not_given_are_those_that_the_manager_shows(hosts):
    assert external(storages=WEST + [{"name": "West", "hosts": hosts}]) == external(storages=WEST) == []
    assert "the hosts of image storage West are not known" in external(storages=[{"name": "West", "hosts": hosts}])[0]


def test_bricks_may_be_a_text_with_commas():
    volume = dict(SSD, brick_paths="/bricks/ssd/flexvdi, /bricks/b/x/")
    assert brick_paths([volume, dict(SSD, brick_paths=None), dict(volume, state="absent")]) == [
        "/bricks/b/x", "/bricks/ssd/flexvdi"]
    found = unready([], [volume], WEST, [], {}, {"hv1": [BRICK], "hv2": [BRICK]})
    assert found == ["Gluster volume SSD: nobody looked at the brick /bricks/b/x on %s" % host for host in ("hv1", "hv2")]


def test_check_mode_takes_what_the_same_run_would_prove():
    pending = [proof(proven=[], state="pending")]
    assert external(proofs=pending, tested={}, check_mode=True) == []
    assert external(proofs=[proof(proven=["hv1"], state="failed")], tested={}, check_mode=True) != []


def test_absent_volumes_need_nothing():
    assert unready([dict(NFS, state="absent")], [dict(SSD, state="absent")], [], [], {}, {}) == []


@pytest.mark.parametrize("seen, words", [
    ([BRICK], None),
    ([dict(BRICK, path=BRICK["path"] + "/")], None),
    ([dict(BRICK, is_directory=False)], "the brick /bricks/ssd/flexvdi is not a directory on hv2"),
    ([dict(BRICK, parent_mount_point="/")],
     "the parent of the brick /bricks/ssd/flexvdi is not a mount point of its own on hv2"),
    ([dict(BRICK, parent_mount_point=None)],
     "the parent of the brick /bricks/ssd/flexvdi is not a mount point of its own on hv2"),
    ([dict(BRICK, path="/bricks/ssd/other")], "nobody looked at the brick /bricks/ssd/flexvdi on hv2"),
    (None, "nobody looked at the bricks on hv2"),
])
def test_bricks_are_directories_on_mounts_of_their_own(seen, words):
    bricks = {"hv1": [BRICK]}
    if seen is not None:
        bricks["hv2"] = seen
    problems = unready([], [SSD], WEST, [], {}, bricks)
    assert [words in problem for problem in problems] == [True] * (words is not None)


def test_the_root_directory_is_no_mount_of_its_own():
    seen = [{"path": "/bricks", "is_directory": True, "parent_mount_point": "/"}]
    problems = unready([], [dict(SSD, brick_paths=["/bricks"])], WEST, [], {}, {"hv1": seen, "hv2": seen})
    assert ["the parent of the brick /bricks is not a mount point of its own" in problem for problem in problems] == [
        True, True]
