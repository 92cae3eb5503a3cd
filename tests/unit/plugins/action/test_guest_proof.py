# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the guests' proof and what is made of their answers."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._proof import probe
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import exchange

from tests.support.action import work
from tests.support.playbook import ROOT


def test_the_guest_reads_and_writes_where_share_proof_does(tmp_path, monkeypatch):
    monkeypatch.setattr(probe.identity, "read", lambda path, mount: {})
    mount = mountinfo.find(mountinfo.parse("50 20 0:50 / %s rw - nfs4 nas1:/a rw" % tmp_path), str(tmp_path))
    monkeypatch.setattr(probe.live.Bounded, "visible", lambda self, path: (mount, [mount]))
    monkeypatch.setattr(probe.live, "enter", lambda path, mount: os.open(path, os.O_RDONLY))
    hosts, share = ["hv1", "hv2"], {"path": str(tmp_path), "type": "nfs", "source": "nas1:/a", "read_only": False}

    def phase(name, host, hosts):
        return probe.run({"phase": name, "run_id": "0123456789", "host": host, "hosts": hosts, "shares": [share],
                          "directories": [], "timeout": 5}, False)
    written = {"hv2": phase("write", "hv2", hosts)}
    declared = dict(share, state="mounted", access={"writers": []})
    variables = {host: {"declared": {"shares": [declared]}, "written": written.get(host)} for host in hosts}
    plan = work("guest_proof_plan", variables, declared="declared", written="written", run_id="0123456789", guests=["hv1"])
    made = plan["hosts"]["hv1"]
    assert plan["names"] == [made["guest"]]
    (given,) = made["shares"]
    assert (tmp_path / given["read"]).read_text() == given["content"]
    (tmp_path / given["write"]).write_text("answer")
    guest = made["guest"]
    (found,) = phase("read", "hv2", ["hv2", guest])["shares"]
    assert found["sees"][guest] == "answer"


def test_the_name_of_a_guest_is_known_in_one_place():
    role = (ROOT / "roles/guest_proof/tasks/main.yml").read_text(encoding="utf-8")
    assert exchange.guest_name("").strip() not in role and "ansible_play_batch + __guest_proof_plan.names" in role


SHARE = {"path": "/srv/a", "type": "nfs", "source": "nas1:/a", "state": "mounted", "read_only": False,
         "access": {"writers": []}}
LEFT_OUT = dict(SHARE, path="/srv/r", read_only=True)


def answers(seen, share_type="nfs"):
    """What is made of the answer of hv1's guest, of which hv2 sees this. hv2 has no guest."""
    declared = {"shares": [dict(SHARE, type=share_type), LEFT_OUT]}
    written = {"shares": [{"path": "/srv/a", "nonce": "n"}]}
    variables = {host: {"declared": declared, "written": written} for host in ("hv1", "hv2")}
    plan = work("guest_proof_plan", variables, declared="declared", written="written", run_id="0123456789", guests=["hv1"])
    guest = {"daemon": None, "shares": [{"path": "/srv/a", "wrote": True, "answer": "right", "mount_seconds": 1}]}
    read = {"shares": [{"path": "/srv/a", "sees": {plan["names"][0]: seen}}]}
    for host, variable in variables.items():
        variable.update(plan=plan, guest=guest if host == "hv1" else {"skipped": True}, read=read)
    return work("guest_proof_answers", variables, declared="declared", plan="plan", guests="guest", read="read")


def test_what_the_guests_saw_is_reported_for_their_hosts_alone():
    assert answers("right") == {"report": {"hv1": [
        "hv1: /srv/r is declared read_only, so no host can write what a guest would read",
        "hv1: /srv/a: mounted in 1 s, read what hv2 wrote, and wrote an answer"]}}


def test_an_answer_that_another_host_does_not_see_is_refused():
    with pytest.raises(Refusal) as caught:
        answers("wrong")
    assert caught.value.problems == [
        "hv2 does not see at /srv/a what the guest on hv1 wrote there: it sees another answer"]


def test_of_a_share_that_each_host_has_for_itself_only_the_guests_host_is_asked():
    with pytest.raises(Refusal) as caught:
        answers("wrong", "local")
    assert [text.split(" does ")[0] for text in caught.value.problems] == ["hv1"]


def test_without_guests_there_is_nothing_to_say():
    variables = {"hv1": {"declared": {"shares": []}, "plan": {"hosts": {}}, "guest": {"daemon": None, "shares": []}}}
    variables["hv1"]["plan"]["hosts"]["hv1"] = {"left_out": [], "shares": []}
    assert work("guest_proof_answers", variables, declared="declared", plan="plan", guests="guest", read="read") == {
        "report": {"hv1": []}}
