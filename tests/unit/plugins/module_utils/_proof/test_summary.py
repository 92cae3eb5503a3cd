# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof in a few lines, which nothing acts on."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._proof import matrix
from ansible_collections.virtshare.storage.plugins.module_utils._proof.summary import PROBLEMS, summary

from tests.support.playbook import ROOT

IDENTITY = {"mounted": True, "source": "nas1:/a", "fstype": "nfs4", "root": "/", "device": "0:4", "inode": 2, "fsid": ""}


def phases(host, *others, problem=None, paths=("/srv/a",), check_mode=False):
    shares = [{"path": path, "identity": IDENTITY, "problem": problem, "nonce": host, "content": None, "read_only": False,
               "sees": {other: other for other in (host, *others)}} for path in paths]
    return dict.fromkeys(("write", "read"), {"check_mode": check_mode, "shares": shares})


def judged(results, expected=(), maintenance=(), paths=("/srv/a",)):
    return summary(matrix.judge(results, [{"path": path} for path in paths], expected, maintenance=maintenance))


def test_all_is_proven():
    assert judged({"hv1": phases("hv1", "hv2"), "hv2": phases("hv2", "hv1")}, maintenance=["hv3"]) == {
        "state": "proven", "paths": {"/srv/a": "proven"}, "hosts": {"hv1": "proven", "hv2": "proven", "hv3": "left_out"},
        "problems": []}


def test_who_took_no_part_is_a_problem():
    made = judged({"hv1": phases("hv1")}, ["hv1", "hv2"])
    assert (made["state"], made["hosts"]) == ("partial", {"hv1": "proven", "hv2": "missing"})
    (problem,) = made["problems"]
    assert problem.startswith("/srv/a: hv2: it took no part in this run")


def test_the_worst_counts():
    made = judged({"hv1": phases("hv1", "hv2"), "hv2": phases("hv2", problem="is nas1:/b, declared is nas1:/a")}, ["hv1", "hv2"])
    assert (made["state"], made["paths"]) == ("failed", {"/srv/a": "failed"})
    assert made["hosts"] == {"hv1": "unproven", "hv2": "failed"}
    (problem,) = made["problems"]
    assert problem.startswith("/srv/a: hv2: /srv/a is ") and problem.endswith("not the same filesystem")


def test_check_mode_and_nothing_declared():
    assert judged({"hv1": phases("hv1", check_mode=True)})["state"] == "pending"
    assert summary(matrix.judge({}, [])) == {"state": "nothing", "paths": {}, "hosts": {}, "problems": []}


def test_it_stays_small():
    paths = [f"/srv/{number}" for number in range(PROBLEMS + 9)]
    made = judged({"hv1": phases("hv1", paths=paths)}, ["hv1", "hv2"], paths=paths)
    assert len(made["problems"]) == PROBLEMS + 1 and made["problems"][-1] == "and 9 more"


@pytest.mark.parametrize("folder", ["playbooks", "roles", "plugins"])
def test_nothing_reads_it(folder):
    """AWX gives it to the next job of a workflow, where anybody may give another one."""
    allowed = {"roles/share_proof/tasks/main.yml", "roles/share_proof/meta/argument_specs.yml", "roles/share_proof/README.md",
               "plugins/action/checked_inventory.py"}
    found = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yml", ".j2", ".md")
             and "share_proof_summary" in path.read_text(encoding="utf-8")}
    assert found <= allowed
    assert (ROOT / "roles/share_proof/tasks/main.yml").read_text(encoding="utf-8").count("share_proof_summary") == 1
