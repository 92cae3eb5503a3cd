# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's matrix: who sees the same filesystem, and both sides named when somebody does not."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.taking_part import Job
from ansible_collections.virtshare.storage.plugins.module_utils._proof import declared, matrix
from hypothesis import given, settings
from hypothesis import strategies as st

PATH = "/srv/shares/projects"
SHARE = {"path": PATH, "type": "nfs", "source": "nas1:/export/projects"}


def nfs(export="projects", inode=2):
    return {"mounted": True, "source": "nas1:/export/" + export, "fstype": "nfs4", "root": "/", "device": "0:45",
            "inode": inode, "fsid": "3a:0"}


def plain(exists=True):
    return {"mounted": False, "on": "the local ext4 /dev/ubda", "exists": exists, "inode": 77 if exists else None}


def share(path=PATH, identity=None, problem=None, read_only=False, **more):
    found = {"path": path, "type": "nfs", "source": "nas1:/export/projects", "read_only": read_only,
             "identity": identity or nfs(), "problem": problem, "nonce": None, "as": "root", "sees": {}, "content": None}
    found.update(more)
    return found


def world(hosts, check_mode=False):
    """Results as share_proof returns them. hosts: {host: {"fs": name of what it has, and share()'s arguments}}.

    Hosts with the same "fs" read each other's nonces; "blind" lists hosts that this one does not see all the same.
    """
    results = {}
    for host, given_share in hosts.items():
        arguments = {key: value for key, value in given_share.items() if key not in ("fs", "blind")}
        writes = given_share.get("fs") is not None and not arguments.get("read_only") and not check_mode
        sees = {}
        if writes:
            for other, theirs in hosts.items():
                seen = theirs.get("fs") == given_share["fs"] and other not in given_share.get("blind", ())
                sees[other] = "nonce-" + other if seen else None
        results[host] = {
            "write": {"check_mode": check_mode,
                      "shares": [share(nonce="nonce-" + host if writes else None, **arguments)]},
            "read": {"check_mode": check_mode, "shares": [share(sees=sees, **arguments)]},
        }
    return results


def judged(hosts, expected=(), **more):
    result = matrix.judge(world(hosts, **more), [SHARE], expected or sorted(hosts))
    assert len(result["shares"]) == 1
    return result, result["shares"][0]


def test_all_hosts_see_the_same():
    result, found = judged({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}, "hv3": {"fs": "a"}})
    assert result["proven"]
    assert found["state"] == "proven"
    assert found["proven_hosts"] == found["expected_hosts"] == ["hv1", "hv2", "hv3"]
    assert found["problems"] == []
    assert found["hosts"]["hv1"]["sees"] == {"hv1": True, "hv2": True, "hv3": True}
    assert found["hosts"]["hv1"]["problem"] is None
    assert found["hosts"]["hv1"]["source"] == "nas1:/export/projects"
    assert result["words"] == PATH + ": proven, the same filesystem on all 3 hosts (hv1, hv2 and hv3)"
    assert result["host_problems"] == {}


def test_another_export_is_named_with_both_sides():
    other = {"fs": "b", "identity": nfs("other", 131)}
    result, found = judged({"hv1": {"fs": "a"}, "hv2": other, "hv3": {"fs": "a"}})
    assert not result["proven"]
    assert found["state"] == "failed"
    assert found["proven_hosts"] == []
    assert found["problems"] == [
        "hv2: /srv/shares/projects is nas1:/export/other (nfs4, inode 131, fsid 3a:0), "
        "hv1 and hv3 have nas1:/export/projects (nfs4, inode 2, fsid 3a:0): not the same filesystem"]
    assert result["host_problems"] == {"hv2": found["problems"]}
    assert found["hosts"]["hv2"]["sees"] == {"hv1": False, "hv2": True, "hv3": False}


def test_another_source_than_declared_is_named_with_both_sides():
    problem = "is nas1:/export/other, declared is nas1:/export/projects"
    dummy, found = judged({"hv1": {"fs": "a"}, "hv2": {"identity": nfs("other", 131), "problem": problem}})
    assert found["state"] == "failed"
    assert found["problems"] == [
        "hv2: /srv/shares/projects is nas1:/export/other (nfs4, inode 131, fsid 3a:0), declared is nas1:/export/projects; "
        "hv1 has nas1:/export/projects (nfs4, inode 2, fsid 3a:0): not the same filesystem"]


def test_all_hosts_agree_on_what_is_not_declared():
    problem = "is nas1:/export/other, declared is nas1:/export/projects"
    wrong = {"identity": nfs("other", 131), "problem": problem}
    dummy, found = judged({"hv1": wrong, "hv2": wrong})
    assert found["state"] == "failed"
    assert len(found["problems"]) == 2
    assert all("declared is nas1:/export/projects" in sentence for sentence in found["problems"])


def test_a_plain_directory_is_named_with_what_it_lies_on():
    missing = {"identity": plain(), "problem": "is not mounted: a plain directory of the local ext4 /dev/ubda"}
    dummy, found = judged({"hv1": {"fs": "a"}, "hv2": missing})
    assert found["state"] == "failed"
    assert found["problems"] == [
        "hv2: /srv/shares/projects is not mounted: a plain directory of the local ext4 /dev/ubda (inode 77); "
        "hv1 has nas1:/export/projects (nfs4, inode 2, fsid 3a:0): not the same filesystem"]


def test_nobody_has_it():
    missing = {"identity": plain(exists=False), "problem": "is not mounted: there is no such directory on ext4"}
    dummy, found = judged({"hv1": missing, "hv2": missing})
    assert found["problems"] == [
        "%s: /srv/shares/projects is not mounted: there is no such directory on the local ext4 /dev/ubda" % host
        for host in ("hv1", "hv2")]


def test_a_dead_server_is_named_once():
    words = "%s: /srv/shares/projects: the server nas1 did not answer within 10 s (nfs4 mount of nas1:/export/projects)"
    result, found = judged({host: {"problem": words % host} for host in ("hv1", "hv2")})
    assert found["state"] == "failed"
    assert found["problems"] == [
        "%s: /srv/shares/projects: the server nas1 did not answer within 10 s (nfs4 mount of nas1:/export/projects)" % host
        for host in ("hv1", "hv2")]
    assert set(result["host_problems"]) == {"hv1", "hv2"}


def test_what_an_earlier_step_said_is_said_with_host_and_path_once():
    results = world({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}})
    words = "hv2: /srv/shares/projects: server nas1 of nas1:/export/projects does not answer"
    results["hv2"]["troubles"] = {PATH: words}
    (found,) = matrix.judge(results, [SHARE], ["hv1", "hv2"])["shares"]
    assert found["problems"][0].startswith(words) and found["problems"][0].count(PATH) == 1


def test_one_host_cannot_write():
    words = "cannot write its proof in /srv/shares/projects: EROFS: Read-only file system"
    dummy, found = judged({"hv1": {"fs": "a"}, "hv2": {"problem": words}})
    assert found["problems"] == ["hv2: /srv/shares/projects: " + words]


def test_two_look_alike_but_one_does_not_read_the_other():
    dummy, found = judged({"hv1": {"fs": "a"}, "hv2": {"fs": "a", "blind": ["hv1"]}})
    assert found["state"] == "failed"
    assert found["problems"] == [
        "hv2: /srv/shares/projects is nas1:/export/projects (nfs4, inode 2, fsid 3a:0), hv1 has nas1:/export/projects "
        "(nfs4, inode 2, fsid 3a:0): they look alike, but hv2 does not read what hv1 wrote"]


def test_the_only_host_must_read_back_its_own():
    assert judged({"hv1": {"fs": "a"}})[1]["state"] == "proven"
    dummy, found = judged({"hv1": {"fs": "a", "blind": ["hv1"]}})
    assert found["state"] == "failed"
    assert "does not read back what it wrote itself" in found["problems"][0]


def test_a_nonce_of_another_run_proves_nothing():
    results = world({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}})
    results["hv2"]["read"]["shares"][0]["sees"]["hv1"] = "nonce-of-yesterday"
    assert matrix.judge(results, [SHARE])["shares"][0]["state"] == "failed"


def test_a_part_of_the_hosts_is_proven_for_n_of_m():
    result, found = judged({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}}, expected=["hv1", "hv2", "hv3"])
    assert not result["proven"]
    assert found["state"] == "partial"
    assert found["proven_hosts"] == ["hv1", "hv2"]
    assert found["expected_hosts"] == ["hv1", "hv2", "hv3"]
    assert list(found["missing_hosts"]) == ["hv3"]
    assert result["words"].startswith(PATH + ": proven for 2 of 3 hosts (hv1 and hv2)\n  hv3: " + PATH)
    assert result["host_problems"] == {}


def test_why_a_host_is_missing_is_said_as_far_as_it_is_known():
    inventory = ["hv1", "hv2", "hv3", "hv4"]
    reasons = declared.absent([*inventory, "hv6"], ["hv1"], ["hv1", "hv2"], ["hv1", "hv2", "hv3"], inventory, Job({}))
    assert {host: words.partition(";")[0] for host, words in reasons.items()} == {
        "hv2": "it is in another batch of the play", "hv3": "it is unreachable, or an earlier task failed on it",
        "hv4": "it is left out by --limit, or by the hosts of the play",
        "hv6": "it is not in the inventory of this job: in AWX it is disabled"}
    found = matrix.judge(world({"hv1": {"fs": "a"}}), [SHARE], ["hv1", "hv3", "hv5"], absent=reasons)["shares"][0]
    assert found["missing_hosts"] == {
        "hv3": "it took no part in this run: it is unreachable, or an earlier task failed on it",
        "hv5": "it took no part in this run (--limit, unreachable, or an earlier task failed)"}


def test_a_host_that_failed_in_the_read_phase_is_a_problem():
    results = world({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}})
    results["hv2"]["read"] = {"failed": True, "msg": "no space left"}
    found = matrix.judge(results, [SHARE])["shares"][0]
    assert found["state"] == "failed"
    assert found["problems"] == ["hv2: /srv/shares/projects: the read phase failed: no space left"]


def test_a_host_that_became_unreachable_is_missing():
    results = world({"hv1": {"fs": "a"}})
    results["hv2"] = {"write": {"unreachable": True, "msg": "no route"}, "read": None}
    found = matrix.judge(results, [SHARE], ["hv1", "hv2"])["shares"][0]
    assert found["state"] == "partial"
    assert found["missing_hosts"] == {"hv2": "it became unreachable in the write phase"}


def test_check_mode_is_pending_whatever_is_mounted():
    missing = {"identity": plain(), "problem": "is not mounted: a plain directory"}
    result, found = judged({"hv1": {"fs": "a"}, "hv2": missing}, check_mode=True)
    assert not result["proven"]
    assert found["state"] == "pending"
    assert found["problems"] == found["proven_hosts"] == []
    assert result["words"] == PATH + ": pending, nothing is written in check mode"


def content(digest, entries=3):
    return {"digest": digest, "entries": entries}


def reading(*found, **identity):
    """A host's read-only share: what it found there in the one phase, and in the other."""
    return {"read_only": True, "contents": found, "identity": dict(nfs(), **identity)}


def read_only(hosts, **more):
    results = world({host: {key: value for key, value in mine.items() if key != "contents"}
                     for host, mine in hosts.items()}, **more)
    for host in hosts:
        for phase, found in zip(("write", "read"), hosts[host]["contents"] * 2):
            results[host][phase]["shares"][0]["content"] = found
    return matrix.judge(results, [SHARE], sorted(hosts))["shares"][0]


SAME = content("c1")


def test_read_only_shares_are_compared_by_identity_and_content():
    assert read_only({"hv1": reading(SAME), "hv2": reading(SAME)})["state"] == "proven"
    found = read_only({"hv1": reading(SAME), "hv2": reading(content("c2"))})
    assert found["state"] == "failed"
    assert "the content of its root is another; where somebody writes there" in found["problems"][0]
    found = read_only({"hv1": reading(SAME), "hv2": reading(SAME, inode=9)})
    assert found["problems"][0].endswith("not the same filesystem")


@pytest.mark.parametrize("fstype, one, other", [
    ("nfs4", "NAS1:/export/archive", "nas1:/export/archive"), ("nfs4", "10.0.1.5:/export/iso", "10.0.2.5:/export/iso"),
    ("nfs4", "nas1:/export/iso", "nas1.example.net:/export//iso/"), ("nfs4", "[fd00::5]:/iso", "10.0.0.5:/iso"),
    ("cifs", "//nas/Media", "//NAS/media"), ("cifs", "//nas/Media", "//10.0.0.5/media"),
    ("ceph", "10.0.0.1:6789,10.0.0.2:6789:/iso", "10.0.0.2:6789,10.0.0.1:6789:/iso"),
    ("lustre", "10.0.0.1@tcp:10.0.0.2@tcp:/work", "10.0.0.2@tcp:10.0.0.1@tcp:/work"), ("gpfs", "gpfs0", "/dev/gpfs0"),
    ("fuse.glusterfs", "gl1:/scratch", "gl2:scratch"), ("ocfs2", "/dev/sdb", "/dev/mapper/shared"),
])
@pytest.mark.parametrize("fsid", ["", "51a8:0"])
def test_the_spelling_of_a_source_neither_proves_nor_refutes(fstype, one, other, fsid):
    first = reading(SAME, fstype=fstype, source=one, fsid=fsid)
    assert read_only({"hv1": first, "hv2": reading(SAME, fstype=fstype, source=other, fsid=fsid)})["state"] == "proven"
    for wrong in (reading(content("c2"), fstype=fstype, source=one, fsid=fsid),
                  reading(SAME, fstype=fstype, source=one, fsid=fsid, inode=131),
                  reading(SAME, fstype=fstype, source=one, fsid=fsid and "51a9:0"))[:3 if fsid else 2]:
        assert read_only({"hv1": first, "hv2": wrong})["state"] == "failed"


def test_a_directory_of_a_filesystem_that_is_bound_is_the_one_that_is_mounted_itself():
    assert read_only({"hv1": reading(SAME, root="/iso"), "hv2": reading(SAME, source="nas1:/export")})["state"] == "proven"


def test_a_number_of_the_root_that_a_host_made_up_does_not_count():
    assert read_only({"hv1": reading(SAME, inode=None), "hv2": reading(SAME)})["state"] == "proven"


def test_a_read_only_share_that_nothing_tells_from_another_is_not_proven():
    nothing = reading(content("c1", 0), fsid="")
    found = read_only({"hv1": nothing, "hv2": nothing})
    assert found["state"] == "failed"
    assert found["problems"][0].endswith("it is read-only and empty, and has no id; put a file into it")
    empty = reading(content("c1", 0), fsid=UUID)
    assert read_only({"hv1": empty, "hv2": empty})["state"] == "proven"


# As an NFS client shows it of a filesystem with a UUID.
UUID = "8d0f3a6b2c1e4f50:9a7b6c5d4e3f2a10"


@pytest.mark.parametrize("found, fsid, fstype, state", [
    (dict(content("c1", 2), telling=0), "", "nfs", "failed"), (dict(content("c1", 2), telling=0), UUID, "nfs", "proven"),
    (dict(content("c1", 2), telling=1), "", "nfs", "proven"), (dict(content("c1", 2), telling=1), "1:0", "nfs", "proven"),
    # fsid=1 and fsid=305419896 of an export, and its device, by NFS 4 and by NFS 3.
    (dict(content("c1", 2), telling=0), "1:0", "nfs", "failed"), (dict(content("c1", 2), telling=0), "0:1", "nfs", "failed"),
    (content("c1", 0), "0:1", "nfs", "failed"), (content("c1", 0), "12345678:0", "nfs", "failed"),
    (content("c1", 0), "8:11", "nfs", "failed"), (content("c1", 0), "fd00:0", "nfs", "failed"),
    # What NFS 3 makes of a UUID.
    (content("c1", 0), "8d0f3a6b2c1e4f50:0", "nfs", "proven"),
    # It is a server's.
    (content("c1", 0), "0b1e6a9c-51a8-4c1d-9d7e-3f2a10000001", "glusterfs", "failed"),
    # It is made of the share's and the server's names.
    (content("c1", 0), "f3dcb1b5", "cifs", "failed"), (dict(content("c1", 2), telling=1), "f3dcb1b5", "cifs", "proven"),
    (content("c1", 0), "51a8e4f050", "ocfs2", "proven"), (content("c1", 0), "51a8e4f050", None, "proven"),
])
def test_directories_and_chosen_numbers_prove_nothing(found, fsid, fstype, state):
    mine = reading(found, fsid=fsid)
    results = world({host: {key: value for key, value in mine.items() if key != "contents"} for host in ("hv1", "hv2")})
    for host in results:
        for phase in ("write", "read"):
            results[host][phase]["shares"][0].update(content=found, type=fstype)
    judged = matrix.judge(results, [dict(SHARE, type=fstype)], ["hv1", "hv2"])["shares"][0]
    assert judged["state"] == state
    if state == "failed":
        assert judged["problems"][0].endswith("it is read-only and %s, and %s; put a file into it" % (
            "holds nothing but directories" if found["entries"] else "empty", "others may have its id" if fsid else "has no id"))


def test_what_only_one_host_is_told_proves_nothing():
    only = [reading(content("c1", 0), fsid=fsid) for fsid in (UUID, "")]
    assert read_only({"hv1": only[0], "hv2": only[1]})["state"] == read_only({"hv1": only[1], "hv2": only[0]})["state"] == "failed"
    # A file that was there in one look, and that the other host had not seen, proves nothing either.
    with_file = dict(content("c2", 1), telling=1)
    first = reading(dict(content("c1", 0), telling=0), with_file, fsid="")
    second = reading(dict(content("c1", 0), telling=0), fsid="")
    assert read_only({"hv1": first, "hv2": second})["state"] == "failed"


def test_a_change_while_the_hosts_look_is_none():
    assert read_only({"hv1": reading(SAME, content("c2")), "hv2": reading(content("c2"))})["state"] == "proven"
    assert read_only({"hv1": reading(SAME, content("c2")), "hv2": reading(content("c3"))})["state"] == "failed"


def test_a_share_that_is_read_only_on_one_side_is_proven_on_neither():
    results = world({"hv1": {"fs": "a"}, "hv2": {"read_only": True, "content": SAME}})
    found = matrix.judge(results, [SHARE])["shares"][0]
    assert found["state"] == "failed" and "read_only on one side only" in found["problems"][0]


def test_a_host_that_does_not_declare_a_share_is_not_looked_for_in_it():
    results = world({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}})
    for phase in results["hv1"].values():
        phase["shares"] = []
    (found,) = matrix.judge(results, [SHARE], ["hv1", "hv2"])["shares"]
    assert (found["state"], sorted(found["hosts"])) == ("proven", ["hv2"])
    assert found["hosts"]["hv2"]["sees"] == {"hv2": True}


def test_a_share_is_not_expected_of_a_host_that_does_not_declare_it():
    results = world({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}})
    results["hv3"] = {"write": {"shares": []}, "read": {"shares": []}}
    found = matrix.judge(results, [SHARE], ["hv1", "hv2", "hv3"])["shares"][0]
    assert found["state"] == "proven"
    assert found["expected_hosts"] == ["hv1", "hv2"]


def test_shares_that_only_another_host_declares_are_judged_too():
    found = matrix.judge(world({"hv1": {"fs": "a"}, "hv2": {"fs": "b"}}), [])["shares"]
    assert [entry["state"] for entry in found] == ["failed"]


def test_unmounted_shares_and_none_at_all_are_nothing_to_prove():
    result = matrix.judge({}, [dict(SHARE, state="absent")], [])
    assert result["proven"] and result["shares"] == []
    assert result["words"] == "no share is declared: nothing to prove"


def test_nobody_took_part():
    found = matrix.judge({}, [SHARE], ["hv1"])["shares"][0]
    assert found["state"] == "failed"
    assert found["problems"] == [PATH + ": no host took part"]


def test_a_share_that_is_not_to_be_proven_is_said_and_keeps_nothing_else_back():
    scratch = {"path": "/srv/shares/scratch", "type": "local", "proof": False}
    result = matrix.judge(world({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}}), [SHARE, scratch, dict(scratch, state="absent")])
    assert result["proven"]
    assert [(found["path"], found["state"], found["proven_hosts"]) for found in result["shares"]] == [
        (PATH, "proven", ["hv1", "hv2"]), ("/srv/shares/scratch", "left_out", [])]
    assert result["words"].endswith(
        "\n/srv/shares/scratch: not to be proven (proof: false is declared), each host may have another filesystem there")
    assert matrix.judge({}, [dict(scratch, proof="no")])["proven"]


def test_a_share_that_only_some_hosts_leave_out_is_proven_by_the_others():
    results = world({"hv1": {"fs": "a"}, "hv2": {"fs": "a"}})
    results["hv3"] = {"write": {"shares": []}, "read": {"shares": []}}
    (found,) = matrix.judge(results, [dict(SHARE, proof=False), SHARE], ["hv1", "hv2", "hv3"])["shares"]
    assert (found["state"], found["expected_hosts"]) == ("proven", ["hv1", "hv2"])


@pytest.mark.parametrize("alike", [False, True])
def test_a_directory_of_each_hosts_own_is_told_the_way_out(alike):
    hosts = {"hv1": {"fs": "a"}, "hv2": {"fs": "b", "identity": nfs() if alike else nfs("other", 131)}}
    local = matrix.judge(world(hosts), [dict(SHARE, type="local")])["shares"][0]["problems"]
    remote = matrix.judge(world(hosts), [SHARE])["shares"][0]["problems"]
    words = "; if each host is to have its own, declare proof: false on the share"
    assert local == [problem + words for problem in remote]


ONE = {"id": "m1", "boot": "b1", "name": "one"}
TWINS = "hv1 and hv2 are one machine (hostname one): what it proves to itself says nothing about a second one. "


def placed(hosts, **more):
    """world() on machines. hosts: {host: its machine}."""
    results = world({host: {"fs": "a"} for host in hosts}, **more)
    for host, machine in hosts.items():
        for phase in results[host].values():
            phase["machine"] = machine
    return results


@pytest.mark.parametrize("check_mode", [False, True])
def test_one_machine_under_two_names_proves_nothing(check_mode):
    results = placed({"hv1": ONE, "hv2": ONE, "hv3": {"id": "m3", "boot": "b3", "name": "hv3"}}, check_mode=check_mode)
    result = matrix.judge(results, [SHARE], ["hv1", "hv2", "hv3"])
    (found,) = result["shares"]
    assert (found["state"], found["proven_hosts"], result["proven"]) == ("failed", [], False)
    assert set(result["host_problems"]) == {"hv1", "hv2"}
    assert result["words"].startswith(PATH + ": NOT proven\n  " + TWINS)
    assert result["warnings"] == []


def test_a_machine_is_named_once_however_many_shares(monkeypatch):
    results = placed({"hv1": ONE, "hv2": ONE})
    for phases in results.values():
        for phase in phases.values():
            phase["shares"].append(dict(phase["shares"][0], path="/srv/shares/other"))
    assert [len(sentences) for sentences in matrix.judge(results, [SHARE])["host_problems"].values()] == [1, 1]


def test_one_machine_may_be_allowed_and_is_none_where_only_one_name_has_the_share():
    results = placed({"hv1": ONE, "hv2": ONE})
    assert matrix.judge(results, [SHARE], allow_same_machine=True)["proven"]
    for phase in results["hv2"].values():
        phase["shares"] = []
    assert matrix.judge(results, [SHARE])["proven"]


@pytest.mark.parametrize("other, warned", [
    ({"id": "m1", "boot": "b2", "name": "two"}, True),  # clones of an image
    ({"id": "m1", "boot": "b2", "name": "one"}, True),
    ({"id": "m2", "boot": "b1", "name": "one"}, False),  # containers
    ({"id": "m1", "boot": "b1", "name": "two"}, False),
    ({"id": "", "boot": "b1", "name": "two"}, False),
    (None, False),
])
def test_clones_and_containers_are_machines_of_their_own(other, warned):
    result = matrix.judge(placed({"hv1": ONE, "hv2": other}), [SHARE])
    assert result["proven"]
    assert [text.startswith("hv1 and hv2 have the same /etc/machine-id") for text in result["warnings"]] == [True] * warned


def test_a_machine_that_does_not_tell_its_boot_is_not_taken_for_another():
    nothing = {"id": "", "boot": "", "name": "localhost"}
    assert matrix.judge(placed({"hv1": nothing, "hv2": nothing}), [SHARE])["proven"]


def known(state, found="b" * 32):
    return {"state": state, "id": found, "date": "2026-11-28", "path": "/srv/shares/other", "error": None,
            "remembered": {"id": "a" * 32, "path": PATH, "date": "2026-11-01", "source": ""} if state != "written" else None}


def identified(check_mode=False, **markers):
    results = world({host: {"fs": "a"} for host in markers}, check_mode=check_mode)
    for host, found in markers.items():
        results[host]["read"]["shares"][0]["marker"] = found
    return matrix.judge(results, [SHARE])


@pytest.mark.parametrize("state, words", [
    ("changed", "this is another share than before: its marker .virtshare-identity has the id %s (/srv/shares/other, of "
                "2026-11-28), and remembered is %s (of 2026-11-01)" % ("b" * 32, "a" * 32)),
    ("missing", "its marker .virtshare-identity (id %s, of 2026-11-01) is gone: the share was emptied, recreated or "
                "exchanged on the server" % ("a" * 32)),
    ("damaged", "its marker .virtshare-identity is damaged: there is a file that holds no identity"),
])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_share_that_is_not_yesterdays_fails_by_name_although_all_hosts_agree(state, words, check_mode):
    result = identified(check_mode, hv1=known(state), hv2=known(state), hv3=known("none"))
    (found,) = result["shares"]
    assert (found["state"], found["proven_hosts"], found["id"]) == ("failed", [], None)
    assert found["problems"] == [
        "hv1 and hv2: %s: %s. If that is intended, run once with share_proof_accept_new_identity: [%s]; if not, find out "
        "on the server what happened to it" % (PATH, words, PATH)]
    assert set(result["host_problems"]) == {"hv1", "hv2"}


@pytest.mark.parametrize("state", ["same", "written", "adopted", "accepted", "forgotten", "none"])
def test_everything_else_about_an_identity_is_fine(state):
    result = identified(hv1=known(state), hv2=known(state))
    assert result["proven"] and result["shares"][0]["id"] == "b" * 32


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["h%d" % number for number in range(8)]), st.sampled_from("ab"), min_size=1))
def test_proven_exactly_when_all_have_one_filesystem(filesystems):
    result, found = judged({host: {"fs": fs, "identity": nfs(fs)} for host, fs in filesystems.items()})
    alike = len(set(filesystems.values())) == 1
    assert (found["state"] == "proven") == alike == result["proven"]
    if not alike:
        # Everybody outside the larger part is named, and nobody in it.
        parts = [sorted(host for host in filesystems if filesystems[host] == fs) for fs in "ab"]
        parts.sort(key=len)
        named = sorted(result["host_problems"])
        assert named == parts[0] if len(parts[0]) < len(parts[1]) else named in parts
