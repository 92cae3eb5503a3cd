# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof by some of the hosts: each case ends in a sentence that names them, and leaves nothing in the share."""

import json

import pytest

from tests.support.playbook import ROOT
from tests.support.privileged import run_as_root
from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

# The hosts are this machine, under as many names; one of them cannot be reached.
SCRIPT = """
from tests.support.playbook import run_playbook
share = "/srv/shares/projects"
os.makedirs(share)
sh("mount -t tmpfs first " + share)
sh("mount -t tmpfs none /var/lib && mount -t tmpfs none /run")
here = {{"ansible_connection": "local", "ansible_python_interpreter": sys.executable}}
hosts = {{"hv1": here, "hv2": here, "hv3": here}}
hosts.update({hosts})
given = {{"hypervisors": {{"hosts": hosts, "vars": {{
    "virtshare_shares": [{{"path": share, "type": "local"}}], "share_proof_allow_same_machine": True,
    "ansible_become": False, "ansible_ssh_common_args": "-F none -o BatchMode=yes"}}}}}}
open("/srv/hosts.json", "w").write(json.dumps(given))
play = dict({{"hosts": "hypervisors", "gather_facts": False, "roles": ["virtshare.storage.share_proof"],
             "vars": {{"share_proof_expected_hosts": "{{{{ groups['hypervisors'] }}}}"}}}}, **{play})
open("/srv/play.json", "w").write(json.dumps([play]))
run = run_playbook({playbook!r} or "/srv/play.json", inventories=["/srv/hosts.json"], arguments={arguments},
                   environment={environment})
result = {{"code": run.code, "output": run.output, "messages": run.failure_text(),
          "stats": [line["result"]["ansible_stats"] for line in run.results if "ansible_stats" in line["result"]],
          "words": [value["words"] for value in run.facts("share_proof_result").values()],
          "left": [name for name in os.listdir(share) if name != ".virtshare-identity"]}}
"""
GONE = {"hv2": {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}}
PATH = "/srv/shares/projects"


@pytest.fixture
def proof(tmp_path):
    def run(hosts=None, playbook=None, arguments=(), environment=None, **play):
        script = SCRIPT.format(hosts=json.dumps(hosts or {}), playbook=playbook, arguments=list(arguments),
                               environment=environment, play=play)
        done = run_as_root(tmp_path, script, seconds=300)
        print(done["output"])
        assert done["left"] == []
        assert "Traceback" not in done["output"]
        return done
    return run


def test_serial_is_named_with_who_is_in_another_batch(proof):
    done = proof(serial=2)
    assert done["code"] != 0
    assert f"{PATH}: proven for 2 of 3 hosts (hv1 and hv2)" in done["messages"]
    assert (f"hv3: {PATH} is not proven: it took no part in this run: it is in another batch of the play; leave serial out, "
            "the proof needs all hosts at once") in done["messages"]


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.host_pinned"])
def test_a_strategy_that_waits_for_nobody_is_refused(proof, strategy):
    done = proof(strategy=strategy)
    assert done["code"] != 0
    assert (f"with strategy: {strategy} each of hv1, hv2 and hv3 goes on without waiting for the others, and a proof needs "
            "that all have written before one reads. Write strategy: linear in the play") in done["messages"]


def test_an_unreachable_host_is_named(proof):
    done = proof(GONE)
    assert done["code"] != 0
    assert f"{PATH}: proven for 2 of 3 hosts (hv1 and hv3)" in done["messages"]
    assert (f"hv2: {PATH} is not proven: it took no part in this run: it is unreachable, or an earlier task failed on it"
            in done["messages"])
    # What AWX keeps of the job as artifacts, although it fails.
    (stats,) = done["stats"]
    assert not stats["per_host"]
    summary = stats["data"]["share_proof_summary"]
    assert (summary["state"], summary["paths"]) == ("partial", {PATH: "partial"})
    assert summary["hosts"] == {"hv1": "proven", "hv2": "missing", "hv3": "proven"} and len(summary["problems"]) == 1


def test_what_is_allowed_for_a_part_says_for_whom(proof):
    done = proof(arguments=["--limit", "hv1,hv3", "--extra-vars", "share_proof_allow_partial=true"])
    assert done["code"] == 0, done["messages"]
    assert f"{PATH}: proven for 2 of 3 hosts (hv1 and hv3)" in done["output"]
    assert "it took no part in this run: it is left out by --limit, or by the hosts of the play" in done["output"]


def test_the_playbook_takes_its_steps_together_whatever_is_configured(proof):
    done = proof(playbook="playbooks/verify.yml",
                 environment={"ANSIBLE_STRATEGY": "free", "ANSIBLE_ANY_ERRORS_FATAL": "true"})
    assert done["code"] == 0, done["messages"]
    assert done["words"][0] == f"{PATH}: proven, the same filesystem on all 3 hosts (hv1, hv2 and hv3)"


@pytest.mark.parametrize("expected, maintenance", [
    ("hv1 hv2\nhv3", "hv3"), ("hv1;hv2, hv3", "hv3 hv4"), (["hv1,hv2", "hv3"], ["hv3"]), ("[hv1, hv2]", "- hv3\n- hv4\n"),
    ("- hv1\n- hv2", "")])
def test_who_is_expected_is_read_from_lists_and_from_the_answers_of_a_survey(tmp_path, expected, maintenance):
    """Else what only some of the hosts have proven would be remembered."""
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{
        "hosts": "localhost", "gather_facts": False, "vars_files": [str(ROOT / "roles/share_proof/vars/main.yml")],
        "vars": {"share_proof_expected_hosts": expected, "share_proof_maintenance": maintenance},
        "tasks": [{"ansible.builtin.debug": {"var": "__share_proof_expected"}}]}]), encoding="utf-8")
    run = run_playbook(playbook, inventories=["localhost,"])
    assert run.results[-1]["result"]["__share_proof_expected"] == ["hv1", "hv2"], run.output
