# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads what whom wrote."""

from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import exchange

NFS = {"path": "/srv/a", "type": "nfs", "source": "nas1:/a", "read_only": False, "writers": []}
HOSTS = ["hv1", "hv2", "hv3"]


def wrote(nonce, path="/srv/a", problem=None):
    return {"shares": [{"path": path, "nonce": nonce, "problem": problem}]}


def given(share, host, written):
    return exchange.given([share], host, HOSTS, written, lambda path, name: "run/%s.nonce" % name)


def test_a_guest_reads_what_the_next_host_wrote():
    written = {"hv1": wrote("one"), "hv2": wrote("two"), "hv3": wrote("three")}
    (share,) = given(NFS, "hv1", written)["shares"]
    assert share == {"path": "/srv/a", "mount_tag": "virtshare-0", "type": "nfs", "source": "nas1:/a", "written_by": "hv2",
                     "content": "two", "read": "run/hv2.nonce", "write": "run/guest on hv1.nonce"}
    assert given(NFS, "hv3", written)["shares"][0]["written_by"] == "hv1"


def test_a_host_that_could_not_write_is_passed_over():
    written = {"hv1": wrote("one"), "hv2": wrote(None, problem="is not mounted"), "hv3": wrote("three")}
    assert given(NFS, "hv1", written)["shares"][0]["written_by"] == "hv3"


def test_nobody_else_wrote():
    made = given(NFS, "hv1", {"hv1": wrote("one"), "hv2": wrote(None, problem="is not mounted"), "hv3": None})
    assert made["shares"] == []
    assert made["problems"] == ["hv1: no other host wrote to /srv/a, so the guest has nothing to read: hv2: is not mounted"]
    made = given(NFS, "hv1", {"hv1": wrote("one")})
    assert "run this for two hosts or more" in made["problems"][0]


def test_a_local_share_is_the_hosts_own_and_a_read_only_one_is_left_out():
    (share,) = given(dict(NFS, type="local", source=None), "hv1", {"hv1": wrote("one"), "hv2": wrote("two")})["shares"]
    assert share["written_by"] == "hv1" and "source" not in share
    made = given(dict(NFS, read_only=True), "hv1", {})
    assert made["shares"] == made["problems"] == []
    assert made["left_out"] == ["hv1: /srv/a is declared read_only, so no host can write what a guest would read"]


def outcome(answer=None, sees=None, local=(), problem=None):
    return {
        "guest": {"shares": [{"path": "/srv/a", "wrote": answer is not None, "answer": answer}]},
        "read": {"shares": [{"path": "/srv/a", "sees": sees or {}, "problem": problem}]},
        "per_host": list(local),
    }


def test_every_other_host_has_to_see_the_answer():
    assert exchange.problems({"hv1": outcome("x"), "hv2": outcome(sees={"guest on hv1": "x"})}) == []
    assert exchange.problems({"hv1": outcome("x"), "hv2": outcome(sees={"guest on hv1": "y"}),
                              "hv3": outcome(problem="is not mounted")}) == [
        "hv2 does not see at /srv/a what the guest on hv1 wrote there: it sees another answer",
        "hv3 does not see at /srv/a what the guest on hv1 wrote there: it sees none (is not mounted)"]


def test_only_the_host_itself_can_see_a_local_answer():
    assert exchange.problems({"hv1": outcome("x", {"guest on hv1": "x"}, ["/srv/a"]), "hv2": outcome()}) == []
    assert len(exchange.problems({"hv1": outcome("x", {}, ["/srv/a"]), "hv2": outcome()})) == 1


def test_a_host_without_a_guest_or_an_answer_says_nothing():
    assert exchange.problems({"hv1": outcome(), "hv2": {"guest": {"skipped": True}, "read": None}, "hv3": None}) == []


def test_the_report_names_seconds_and_writers():
    guest = {"boot_seconds": 3.2, "create_seconds": 14.0, "accelerator": "tcg",
             "daemon": {"implementation": "rust", "version": "1.13.2", "user": "oneadmin"},
             "shares": [{"path": "/srv/a", "mount_seconds": 0.03}]}
    assert exchange.report(guest, [dict(NFS, written_by="hv2")], "hv1") == [
        "hv1: a guest came up in 3.2 s (libvirt took 14.0 s to start it, with TCG) and ran virtiofsd 1.13.2 as "
        "oneadmin",
        "hv1: /srv/a: mounted in 0.03 s, read what hv2 wrote, and wrote an answer"]
    assert exchange.report({"daemon": None, "shares": []}, [], "hv1") == []
