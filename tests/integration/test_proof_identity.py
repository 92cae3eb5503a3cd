# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lasting identity of a share on real mounts: written once, known again, and missed. Hosts are names with a memory each."""

import pytest

from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

PREPARE = """
from ansible_collections.virtshare.storage.plugins.module_utils._proof import matrix
from ansible_collections.virtshare.storage.plugins.module_utils._share import leftovers, marker
leftovers.MEMORY, marker.MEMORY = "/srv/leftovers.json", "/srv/memory"
share = "/srv/shares/projects"
os.makedirs(share)
sh("mount -t tmpfs first " + share)
runs = []

def proof(*hosts, check=False, keep=True, declared=None, **more):
    "Both phases on all hosts, and what is made of them."
    runs.append("run%08d" % len(runs))
    results, peers = {host: {} for host in hosts}, {}
    for phase in ("write", "read"):
        for host in hosts:
            marker.MEMORY = "/srv/memory-" + host
            results[host][phase] = run_module("share_proof", dict(
                phase=phase, run_id=runs[-1], host=host, hosts=list(hosts), keep_identity=keep,
                shares=[dict({"path": share, "type": "local"}, **(declared or {}))], **more), check)
    judged, = matrix.judge(results, [{"path": share}], hosts, allow_same_machine=True)["shares"]
    return {"state": judged["state"], "problems": judged["problems"], "id": judged["id"],
            "changed": [host for host in hosts if results[host]["read"]["changed"]],
            "markers": {host: results[host]["read"]["shares"][0]["marker"] for host in hosts},
            "diff": results[hosts[0]]["read"]["diff"], "there": sorted(os.listdir(share))}
"""
ACCEPT = "accept_new_identity=[share]"


def proofs(tmp_path, script):
    return run_as_root(tmp_path, PREPARE + script)


def test_the_first_proof_writes_it_and_every_later_one_knows_it_again(tmp_path):
    predicted, first, second, joined, mode = proofs(tmp_path, """
result = [proof("hv1", "hv2", check=True), proof("hv1", "hv2"), proof("hv1", "hv2"), proof("hv1", "hv2", "hv3"),
          oct(os.stat(share + "/.virtshare-identity").st_mode & 0o7777)]
""")
    assert (predicted["state"], predicted["there"]) == ("pending", [])
    assert first["state"] == "proven" and len(first["id"]) == 32
    assert predicted["changed"] == first["changed"] == ["hv1", "hv2"] and predicted["diff"] == first["diff"]
    assert [found["state"] for found in first["markers"].values()] == ["written", "adopted"]
    assert (second["state"], second["changed"], second["id"]) == ("proven", [], first["id"])
    assert (joined["state"], joined["changed"], joined["id"]) == ("proven", ["hv3"], first["id"])
    assert mode == "0o644"
    for run in (first, second, joined):
        assert run["there"] == [".virtshare-identity"]


def test_a_share_that_was_exchanged_is_refused_until_it_is_accepted(tmp_path):
    checked, refused, again, joined, accepted, after = proofs(tmp_path, f"""
first = proof("hv1", "hv2")
sh("umount " + share + " && mount -t tmpfs second " + share)
result = [proof("hv1", "hv2", check=True), proof("hv1", "hv2"), proof("hv1", "hv2"), proof("hv3", "hv1"),
          proof("hv1", "hv2", {ACCEPT}), proof("hv1", "hv2")]
assert result[-1]["id"] != first["id"]
""")
    for run in (checked, refused, again):
        assert run["state"] == "failed" and run["changed"] == [] and run["there"] == []
        (problem,) = run["problems"]
        assert problem.startswith("hv1 and hv2: /srv/shares/projects: its marker .virtshare-identity (id ")
        assert "share_proof_accept_new_identity: [/srv/shares/projects]" in problem
    assert joined["state"] == "failed" and joined["changed"] == [] and joined["there"] == []
    assert accepted["state"] == after["state"] == "proven"
    assert accepted["changed"] == ["hv1", "hv2"] and after["changed"] == []


def test_another_share_with_a_marker_of_its_own(tmp_path):
    refused, accepted, after = proofs(tmp_path, """
other = "/srv/other"
os.mkdir(other)
sh("mount -t tmpfs second " + other)
proof("hv1")
open(other + "/.virtshare-identity", "w").write(marker.text_of(marker.Marker("f" * 32, "/srv/other", "2026-01-01")))
sh("umount " + share + " && mount --bind " + other + " " + share)
result = [proof("hv1"), proof("hv1", accept_new_identity=["true"]), proof("hv1")]
""")
    assert refused["state"] == "failed"
    assert "has the id " + "f" * 32 + " (/srv/other, of 2026-01-01), and remembered is " in refused["problems"][0]
    assert (accepted["state"], accepted["id"], accepted["changed"]) == ("proven", "f" * 32, ["hv1"])
    assert (after["state"], after["id"], after["changed"]) == ("proven", "f" * 32, [])


def test_a_marker_that_was_damaged_or_removed(tmp_path):
    damaged, mended, removed = proofs(tmp_path, f"""
proof("hv1", "hv2")
open(share + "/.virtshare-identity", "w").close()
result = [proof("hv1", "hv2"), proof("hv1", "hv2", {ACCEPT})]
os.unlink(share + "/.virtshare-identity")
result.append(proof("hv1", "hv2"))
""")
    assert damaged["state"] == "failed" and "is damaged: there is a file that holds no identity" in damaged["problems"][0]
    assert mended["state"] == "proven" and mended["changed"] == ["hv1", "hv2"]
    assert removed["state"] == "failed" and mended["id"] in removed["problems"][0]


def test_a_read_only_share_is_never_written_to_and_known_by_the_marker_that_it_has(tmp_path):
    bare, marked, exchanged = proofs(tmp_path, """
open(share + "/film", "w").close()
readonly = {"read_only": True}
sh("mount -o remount,ro " + share)
result = [proof("hv1", "hv2", declared=readonly)]
sh("mount -o remount,rw " + share)
proof("hv3")
sh("mount -o remount,ro " + share)
result.append(proof("hv1", "hv2", declared=readonly))
sh("umount " + share + " && mount -t tmpfs second " + share)
open(share + "/film", "w").close()
result.append(proof("hv1", "hv2", declared=readonly))
""")
    assert (bare["state"], bare["changed"], bare["there"]) == ("proven", [], ["film"])
    assert (marked["state"], marked["changed"]) == ("proven", ["hv1", "hv2"])
    assert exchanged["state"] == "failed" and "is gone" in exchanged["problems"][0]


def test_what_only_some_hosts_prove_is_not_remembered(tmp_path):
    part, first, refused = proofs(tmp_path, """
result = [proof("hv1", keep=False), proof("hv1", "hv2")]
os.unlink(share + "/.virtshare-identity")
result.append(proof("hv1", keep=False))
""")
    assert (part["state"], part["changed"], part["there"]) == ("proven", [], [])
    assert first["changed"] == ["hv1", "hv2"]
    assert refused["state"] == "failed", "yesterday counts all the same"


def test_hosts_that_do_not_see_each_other_write_none(tmp_path):
    found, there = proofs(tmp_path, """
other = "/srv/other"
os.mkdir(other)
sh("mount -t tmpfs second " + other)
found = []
for phase in ("write", "read"):
    for host, root in (("hv1", share), ("hv2", other)):
        marker.MEMORY = "/srv/memory-" + host
        found.append(run_module("share_proof", dict(
            phase=phase, run_id="run00000001", host=host, hosts=["hv1", "hv2"], keep_identity=True, timeout=3,
            shares=[{"path": root, "type": "local"}])))
result = [[each["changed"] for each in found], os.listdir(share) + os.listdir(other)]
""")
    assert found == [False] * 4 and there == []


def test_a_host_of_the_run_that_has_not_this_share_keeps_nobody_waiting_or_from_writing_it(tmp_path):
    marked, seconds = proofs(tmp_path, """
import time
begun = time.monotonic()
for phase in ("write", "read"):
    made = run_module("share_proof", dict(
        phase=phase, run_id="run00000001", host="hv1", hosts=["hv1", "hv2"], keep_identity=True, peers={share: ["hv1"]},
        shares=[{"path": share, "type": "local"}]))
result = [made["shares"][0]["marker"]["state"], time.monotonic() - begun]
""")
    assert marked == "written" and seconds < 3


def test_a_share_in_a_directory_of_another_has_an_identity_of_its_own(tmp_path):
    ids = proofs(tmp_path, """
outer = proof("hv1")["id"]
os.mkdir(share + "/inner")
inner = "/srv/shares/inner"
os.mkdir(inner)
sh("mount --bind " + share + "/inner " + inner)
both, share = share, inner
result = [outer, proof("hv1")["id"]]
share = both
result.append(proof("hv1")["id"])
""")
    assert ids[0] == ids[2] != ids[1]


def test_a_declaration_that_names_another_source_names_another_share(tmp_path):
    moved, back = proofs(tmp_path, """
for name in ("first", "second"):
    os.makedirs("/srv/" + name)
sh("umount " + share + " && mount --bind /srv/first " + share)
first = proof("hv1", declared={"source": "/srv/first"})
sh("umount " + share + " && mount --bind /srv/second " + share)
result = [proof("hv1", declared={"source": "/srv/second"}), proof("hv1", declared={"source": "/srv/first"})]
""")
    assert (moved["state"], moved["changed"]) == ("proven", ["hv1"])
    assert back["state"] == "failed"
