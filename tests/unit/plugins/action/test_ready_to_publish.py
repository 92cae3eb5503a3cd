# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule for both platforms: only what is proven is published."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal

from tests.support.action import work

SHARE = "/srv/shares/projects"


def proof(path=SHARE, state="proven", proven=("hv1", "hv2")):
    return {"path": path, "state": state, "proven_hosts": list(proven), "expected_hosts": ["hv1", "hv2"]}


def problems(**arguments):
    try:
        return work("ready_to_publish", **arguments)
    except Refusal as refusal:
        return refusal.problems


@pytest.mark.parametrize("path", [SHARE, SHARE + "/", SHARE + "/drawings"])
def test_a_directory_of_a_proven_share_is_published(path):
    assert problems(proofs=[proof()], directories=[{"name": "x", "path": path}]) == {}


@pytest.mark.parametrize("path, proofs, check_mode, words", [
    (SHARE, [], False, ": it lies in no share that was looked at; those are: none"),
    (SHARE + "s", [proof()], False, "those are: " + SHARE),
    ("/srv/shares", [proof()], False, "lies in no share"),
    (SHARE + "/../media", [proof()], False, "write the path without . and .."),
    (SHARE + "//x", [proof()], False, "write the path without . and .."),
    (SHARE, [proof(state="partial", proven=["hv1"])], False, "every hypervisor; proven on: hv1"),
    (SHARE, [proof(state="failed", proven=[])], True, "every hypervisor; proven on: no host"),
    (SHARE, [proof(state="pending", proven=[])], False, "every hypervisor; proven on: no host"),
    # The innermost share counts.
    (SHARE + "/in", [proof(), proof(SHARE + "/in", "failed", [])], False, SHARE + "/in is not proven"),
    (None, [proof()], False, "x has no path"),
])
def test_anything_else_is_refused(path, proofs, check_mode, words):
    found, = problems(proofs=proofs, directories=[{"name": "x", "path": path}], check_mode=check_mode)
    assert words in found


def test_shares_that_are_not_proven_alike_are_one_problem():
    paths = ["/srv/shares/s%d" % number for number in range(1, 21)]
    found = problems(proofs=[proof(path, "failed", []) for path in paths],
                     directories=[{"name": "x%s" % path[-1], "path": path} for path in paths + [SHARE]])
    assert found[0] == "%s: each is not proven to be the same filesystem on every hypervisor; proven on: no host" % ", ".join(
        "%s (x%s)" % (path, path[-1]) for path in paths)
    assert len(found) == 2 and found[1].startswith(SHARE + " (x")


def test_what_the_same_run_would_prove_counts_in_check_mode():
    assert problems(proofs=[proof(state="pending", proven=[])], directories=[{"name": "x", "path": SHARE}],
                    check_mode=True) == {}


def test_what_leaves_needs_no_proof():
    assert problems(directories=[{"name": "x", "path": SHARE, "state": "absent"}],
                    external_volumes=[{"name": "x", "path": SHARE, "image_storage": "West", "state": "absent"}]) == {}


def test_both_platforms_are_refused_in_one_go():
    found = problems(proofs=[proof(proven=["hv1"], state="partial")], directories=[{"name": "x", "path": SHARE}],
                     external_volumes=[{"name": "NFS", "path": SHARE, "image_storage": "West"}],
                     image_storages=[{"name": "West", "hosts": ["hv2"]}], users=["qemu"])
    assert found == [
        SHARE + " (x): /srv/shares/projects is not proven to be the same filesystem on every hypervisor; proven on: hv1",
        SHARE + " (external volume NFS): /srv/shares/projects is not proven to be the same filesystem on hv2 of image "
        "storage West; proven on: hv1"]


def test_what_hosts_have_shown_is_read_from_their_facts():
    volumes = {"external_volumes": [{"name": "NFS", "path": SHARE, "image_storage": "West"}],
               "gluster_volumes": [{"name": "SSD", "brick_paths": ["/bricks/ssd/flexvdi"], "image_storage": "West"}],
               "image_storages": [{"name": "West", "hosts": ["node1"]}], "host_names": {"node1": "hv1"},
               "users": ["qemu"], "proofs": [proof()]}
    access = {"paths": [{"path": SHARE, "writers": {"qemu": {"writes": True}}}]}
    bricks = {"directories": [
        {"path": "/bricks/ssd/flexvdi", "is_directory": True, "parent_mount_point": "/bricks/ssd"}]}
    facts = {"share_access_result": access, "share_mounts_directories_result": bricks}
    assert problems(variables={"hv1": facts, "hv2": {}}, batch=["localhost"], **volumes) == {}
    assert problems(variables={"hv1": {"tried": access, "seen": bricks}}, access="tried", bricks="seen", **volumes) == {}
    # Of another host, and of one that failed.
    assert len(problems(variables={"hv1": {}, "hv2": facts}, **volumes)) == 2
    assert len(problems(variables={"hv1": dict.fromkeys(facts, {"failed": True})}, **volumes)) == 2
