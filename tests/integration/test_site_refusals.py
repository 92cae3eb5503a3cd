# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input ends playbooks/site.yml before any host is touched, and says what to write instead.

The hosts of this inventory cannot be reached: a task that needed one would fail as unreachable, not with these words.
"""

import json
import re

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from tests.support.warm import run_playbook

pytestmark = pytest.mark.slow

UNREACHABLE = {
    "hypervisors": {
        "hosts": {
            name: {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_common_args": "-o ConnectTimeout=1"}
            for name in ("hv1", "hv2")
        }
    }
}
LOCAL = {
    "hypervisors": {
        "hosts": {"hv1": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    }
}

GOOD = {
    "path": "/srv/shares/projects",
    "type": "nfs",
    "source": "nas1:/export/projects",
    "access": {"owner": "root", "group": "root", "mode": "2770", "writers": ["root"]},
}


def share(**changes):
    return {**GOOD, **changes}


def other(path):
    return share(path=path, source="nas1:/export/other")


# what is declared, and what the refusal must say: the value, and what to write instead
REFUSED = {
    "relative path": ([share(path="srv/shares")], ["srv/shares", "/srv/shares", "absolute"]),
    "root": ([share(path="/")], ["'/'", "of its own"]),
    "dots": ([share(path="/srv/../etc")], ["/srv/../etc", "/etc"]),
    "same path twice": ([GOOD, share(source="nas1:/export/other")], ["/srv/shares/projects", "twice"]),
    "inside another": ([GOOD, other("/srv/shares/projects/deep")], ["/srv/shares/projects/deep", "inside"]),
    "source without a colon": ([share(source="nas1/export")], ["nas1/export", "server:/export"]),
    "unknown type": ([share(type="zfs")], ["zfs", "nfs", "ocfs2"]),
    "mode as a number": ([share(access={"mode": 777})], ["777", 'mode: "0777"']),
}


def write_inventory(directory, inventory, shares):
    path = directory / "inventory.json"
    variables = {"virtshare_shares": shares}
    path.write_text(json.dumps({**inventory, "all": {"vars": variables}}), encoding="utf-8")
    return path


@pytest.mark.parametrize("shares, words", REFUSED.values(), ids=REFUSED.keys())
def test_refused_before_any_host_is_reached(tmp_path, shares, words):
    run = run_playbook("playbooks/site.yml", inventories=[write_inventory(tmp_path, UNREACHABLE, shares)])
    assert run.code != 0
    assert {line["outcome"] for line in run.failures} == {"failed"}, run.output
    for word in words:
        assert word in run.failure_text()
    assert run.changes == set()


def test_every_problem_is_named_at_once(tmp_path):
    shares = [share(path="srv/shares"), share(source="nas1/export"), share(path="/srv/two", type="zfs")]
    run = run_playbook("playbooks/site.yml", inventories=[write_inventory(tmp_path, UNREACHABLE, shares)])
    for word in ("srv/shares", "nas1/export", "zfs"):
        assert word in run.failure_text()


@pytest.fixture
def watched(tmp_path):
    """(inventory, file): hosts by SSH, and where every call of the SSH client is noted."""
    contacts = tmp_path / "contacts"
    contacts.touch()
    client = tmp_path / "ssh"
    client.write_text(f"#!/bin/sh\necho \"$@\" >> {contacts}\nexit 255\n", encoding="utf-8")
    client.chmod(0o755)
    here = {"ansible_host": "192.0.2.1", "ansible_ssh_executable": str(client), "ansible_ssh_transfer_method": "piped"}
    inventory = {"hypervisors": {"hosts": {name: dict(here) for name in ("hv1", "hv2", "hv3")}}}
    return inventory, contacts


PLAYBOOKS = ["site", "verify", "publish", "guest_proof"]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_each_problem_of_many_hosts_is_said_once_and_first_and_no_host_is_contacted(tmp_path, watched, playbook):
    inventory, contacts = watched
    shares = [share(path="srv/one"), share(path="/srv/two", source="nas1/export")]
    # Something that is wrong for one host only, and on another host the same list with one problem less.
    inventory["hypervisors"]["hosts"]["hv3"]["virtshare_shares"] = [*shares, share(path="/srv/three", type="zfs")]
    inventory["hypervisors"]["hosts"]["hv2"]["virtshare_shares"] = [*shares, other("/srv/four")]
    variables = {"opennebula_storage_datastores": [{"name": "projects", "type": "image"}]}
    path = write_inventory(tmp_path, inventory, shares)
    run = run_playbook(f"playbooks/{playbook}.yml", inventories=[path], arguments=["--extra-vars", json.dumps(variables)])
    assert run.code != 0
    (failure,) = run.failures
    said = failure["result"]["problems"]
    assert [text.split(":")[0] for text in said] == ["share srv/one", "share /srv/two", "hv3"]
    assert said[2].startswith("hv3: share /srv/three: type 'zfs' is not known. Write ")
    for text in said:
        assert run.output.count(text) == 1, run.output
    assert failure["result"]["msg"] == "3 problems in the declared shares"
    assert "filter plugin" not in run.output and "Traceback" not in run.output
    assert contacts.read_text(encoding="utf-8") == "" and run.executions == {}
    assert run.results[-1] == failure


@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("shares, words", [
    ({"path": "/srv/x"}, "The shares are a mapping. Write a list"), ("/srv/x", "The shares are a text. Write a list"),
    (["/srv/x"], "share number 1: it is a text. Write a mapping with path, type and source."),
    (None, "The shares are empty. Write a list")])
def test_what_is_no_list_of_shares_is_said_once(tmp_path, watched, playbook, shares, words):
    inventory, contacts = watched
    run = run_playbook(f"playbooks/{playbook}.yml", inventories=[write_inventory(tmp_path, inventory, shares)])
    assert run.code != 0
    (failure,) = run.failures
    assert failure["result"]["problems"][0].startswith(words) and len(failure["result"]["problems"]) == 1
    assert run.output.count(words) == 1, run.output
    assert contacts.read_text(encoding="utf-8") == ""


def test_the_contacts_of_a_right_declaration_are_noted(tmp_path, watched):
    """Else the tests above would hold for any run."""
    inventory, contacts = watched
    run = run_playbook("playbooks/site.yml", inventories=[write_inventory(tmp_path, inventory, [GOOD])])
    assert run.code != 0 and "hv1" in {line["host"] for line in run.failures}
    assert contacts.read_text(encoding="utf-8") != ""


ROLES = ["ocfs2_cluster", "share_mounts", "share_access", "share_proof", "guest_proof"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_used_alone_checks_its_own_shares_even_where_the_play_gives_them(tmp_path, watched, role):
    inventory, contacts = watched
    playbook = tmp_path / "play.yml"
    wrong = [share(path="srv/one"), share(path="/srv/{{ inventory_hostname }}", source="nas1/export")]
    playbook.write_text(json.dumps([{
        "hosts": "hypervisors", "gather_facts": False,
        "roles": [{"role": f"virtshare.storage.{role}", "vars": {f"{role}_shares": wrong}}]}]), encoding="utf-8")
    run = run_playbook(playbook, inventories=[write_inventory(tmp_path, inventory, [GOOD])])
    assert run.code != 0
    (failure,) = run.failures
    assert [text.split(":")[0] for text in failure["result"]["problems"]] == ["share srv/one", "hv1", "hv2", "hv3"]
    assert contacts.read_text(encoding="utf-8") == ""


def write(directory, inventory):
    path = directory / "inventory.json"
    path.write_text(json.dumps(inventory), encoding="utf-8")
    return path


@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("change, words", [
    ({"hypervisors": {}}, "no host is in hypervisors, so that nothing would be done. "),
    ({"hypervisors": {}, "all": {"vars": {"virtshare_hypervisors": "hosts"}}}, "no host is in hosts, so that nothing"),
    ({"all": {"vars": {"virtshare_share": [GOOD]}}}, "the variable virtshare_share is not known here. Write virtshare_shares."),
    ({"all": {"vars": {"share_proof_timeouts": 3, "virtshare_shares": [GOOD]}}},
     "the variable share_proof_timeouts is not known here. Write share_proof_timeout."),
    ({}, "nothing is declared for the hosts of hypervisors: "),
    # What a smart inventory of AWX gives a job.
    ({"hypervisors": {}, "all": {"hosts": {"hv1": {}, "hv2": {}}}}, "A smart inventory of AWX has no groups: "),
    ({"all": {"vars": {"virtshare_hypervisors": "kvm", "virtshare_shares": [GOOD]}, "children": {"kvm": {"hosts": {"hv1": {}}}}}},
     "virtshare_hypervisors is 'kvm' in the inventory, and Ansible chooses the hosts of a play before it reads that."),
    ({"all": {"vars": {"virtshare_publisher": "web1", "virtshare_shares": [GOOD]}, "hosts": {"web1": {}}}},
     "virtshare_publisher is 'web1' in the inventory, and Ansible chooses the hosts of a play before it reads that."),
    ({"all": {"vars": {"virtshare_maintenance": "hv1,hv22", "virtshare_shares": [GOOD]}}},
     "virtshare_maintenance names hv22, which the inventory does not know. Write hv2."),
    ({"all": {"vars": {"virtshare_maintenance": ["hv1", "hv2", "hv3"], "virtshare_shares": [GOOD]}}},
     "all hosts of this run (hv1, hv2, hv3) are in virtshare_maintenance, so that nothing would be done."),
], ids=["empty group", "other group", "misspelt", "misspelt option", "nothing", "smart inventory", "too late", "publisher too late",
        "misspelt host", "all in maintenance"])
def test_a_run_that_would_do_nothing_is_no_success(tmp_path, watched, playbook, change, words):
    inventory, contacts = watched
    run = run_playbook(f"playbooks/{playbook}.yml", inventories=[write(tmp_path, {**inventory, **change})])
    assert run.code != 0
    (failure,) = run.failures
    assert run.output.count(words) == 1, run.output
    assert contacts.read_text(encoding="utf-8") == "" and len(failure["result"]["problems"]) == 1


@pytest.mark.parametrize("names", ["hv2 hv3", "hv2\nhv3\n", "hv2;hv3", "hv3, hv2"])
def test_the_names_of_a_survey_leave_out_each_host(tmp_path, watched, names):
    inventory, contacts = watched
    path = write(tmp_path, {**inventory, "all": {"vars": {"virtshare_shares": [GOOD]}}})
    answers = tmp_path / "answers"
    answers.write_text(json.dumps({"awx_job_id": 7, "virtshare_maintenance": names}), encoding="utf-8")
    run = run_playbook("playbooks/mount.yml", inventories=[path], arguments=["--extra-vars", f"@{answers}"])
    assert {line["host"] for line in run.failures if line["outcome"] == "unreachable"} == {"hv1"}, run.output
    assert contacts.read_text(encoding="utf-8") != ""


def test_a_job_of_awx_warns_of_a_name_that_its_inventory_does_not_know(tmp_path, watched):
    inventory, _contacts = watched
    path = write(tmp_path, {**inventory, "all": {"vars": {
        "virtshare_shares": [share(path="srv/one")], "virtshare_maintenance": ["hv4"], "awx_job_id": 7}}})
    run = run_playbook("playbooks/verify.yml", inventories=[path])
    assert "virtshare_maintenance names hv4, which the inventory of this job does not know" in " ".join(run.output.split())


@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("limit", ["localhost", "nas1"])
def test_a_limit_without_any_hypervisor_is_no_success(tmp_path, watched, playbook, limit):
    inventory, contacts = watched
    inventory["all"] = {"vars": {"virtshare_shares": [GOOD]}, "hosts": {"nas1": {}, "localhost": {}}}
    run = run_playbook(f"playbooks/{playbook}.yml", inventories=[write(tmp_path, inventory)], arguments=["--limit", limit])
    assert run.code != 0 and contacts.read_text(encoding="utf-8") == ""
    assert "no hypervisor (hv1, hv2, hv3) is in this run, so that nothing would be done. Correct --limit." in run.failure_text()


def test_what_only_the_play_declares_is_declared(tmp_path, watched):
    inventory, _contacts = watched
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"import_playbook": "virtshare.storage.site", "vars": {
        "virtshare_shares": [share(path="srv/one")]}}]), encoding="utf-8")
    run = run_playbook(playbook, inventories=[write(tmp_path, inventory)])
    assert run.failure_text().splitlines()[1].startswith("hv1: share srv/one: path 'srv/one' is relative")


def test_an_empty_list_is_warned_of(tmp_path, watched):
    inventory, _contacts = watched
    run = run_playbook("playbooks/verify.yml", inventories=[write_inventory(tmp_path, inventory, [])])
    assert run.output.count("no share is declared for hv1, hv2 and hv3") == 1


def test_tags_that_select_nothing_are_warned_of(tmp_path, watched):
    inventory, contacts = watched
    path = write_inventory(tmp_path, inventory, [GOOD])
    run = run_playbook("playbooks/site.yml", inventories=[path], arguments=["--tags", "mounts"])
    assert run.code == 0 and contacts.read_text(encoding="utf-8") == ""
    assert "--tags mounts selects nothing of this playbook" in " ".join(run.output.split())
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"import_playbook": "virtshare.storage.site", "tags": ["mounts"]}]), encoding="utf-8")
    run = run_playbook(playbook, inventories=[path], arguments=["--tags", "mounts"])
    assert run.code != 0 and "selects nothing" not in run.output
    assert contacts.read_text(encoding="utf-8") != ""


@pytest.mark.parametrize("declared, words", [
    ({}, "no share is declared, and with purge every share would be removed."),
    ({"virtshare_shares": []}, None), ({"virtshare_shares": [GOOD]}, None)])
def test_an_undeclared_list_is_never_purged(tmp_path, watched, declared, words):
    inventory, contacts = watched
    inventory["hypervisors"]["vars"] = dict(
        declared, share_mounts_purge=True, share_mounts_purge_below="/srv/shares")
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{
        "hosts": "hypervisors", "gather_facts": False, "roles": [{"role": "virtshare.storage.share_mounts"}]}]), encoding="utf-8")
    run = run_playbook(playbook, inventories=[write(tmp_path, inventory)])
    assert run.code != 0 and ("no share is declared, and with purge" in run.output) == bool(words)
    assert (contacts.read_text(encoding="utf-8") == "") == bool(words), "else the module asks the host"


def test_unknown_user_is_refused_before_anything_changes(tmp_path):
    shares = [share(access={"owner": "nobody-knows-her", "group": "root", "mode": "2770", "writers": ["root"]})]
    hosts = LOCAL["hypervisors"]["hosts"]
    inventory = {"hypervisors": {"hosts": {"hv1": hosts["hv1"], "hv2": hosts["hv1"]}}}
    run = run_playbook("playbooks/site.yml", inventories=[write_inventory(tmp_path, inventory, shares)])
    assert run.code != 0
    (failure,) = run.failures
    (problem,) = failure["result"]["problems"]
    assert problem.startswith("user nobody-knows-her does not exist on hv1, hv2, and is access.owner of /srv/shares/projects;")
    assert run.output.count(problem) == 1
    assert run.changes == set()
    assert not any(line["action"].endswith(("apt", "package", "share_mounts")) for line in run.results)


def test_a_publisher_that_is_not_there_is_no_success(tmp_path):
    """On the controller, before any host is asked for anything."""
    variables = {"virtshare_shares": [], "opennebula_storage_datastores": [{"name": "projects", "type": "image"}]}
    run = run_playbook("playbooks/publish.yml", inventories=[write(tmp_path, {**LOCAL, "all": {"vars": variables}})],
                       arguments=["--extra-vars", "virtshare_publisher=web1"])
    assert run.code != 0
    assert ("opennebula_storage_datastores is to be published, but virtshare_publisher is 'web1', which matches no host of the "
            "inventory. Correct the name, or add the host." in run.failure_text())


@pytest.mark.parametrize("limit, publisher, kept", [
    *((limit, "localhost", True) for limit in ("hv1,hv2", "hypervisors", "~hv[12]", "hypervisors[0:1]", "@plain")),
    *((limit, "localhost", False) for limit in (
        "!hv3", "hypervisors:!hv3", "hypervisors,!hv3", "hypervisors:&dc1", "&dc1", "hv1:hv2", "@without")),
    ("hypervisors", "web", True), ("!hv3:!web", "web", False)])
def test_the_limit_that_is_advised_adds_the_publisher_and_keeps_the_hosts(tmp_path, limit, publisher, kept):
    (tmp_path / "plain").write_text("hv1\nhv2\n", encoding="utf-8")
    (tmp_path / "without").write_text("!hv3\n!nas1\n", encoding="utf-8")
    limit = limit.replace("@", f"@{tmp_path}/")
    path = write(tmp_path, {
        "hypervisors": {"hosts": {name: LOCAL["hypervisors"]["hosts"]["hv1"] for name in ("hv1", "hv2", "hv3")}},
        "dc1": {"hosts": {"hv1": {}, "hv2": {}}}, "web": {"hosts": {"web1": {}} if publisher == "web" else {}},
        "all": {"vars": {"virtshare_shares": [], "opennebula_storage_datastores": [{"name": "projects", "type": "image"}]}}})
    publishers = ["web1"] if publisher == "web" else ["localhost"]
    run = run_playbook("playbooks/publish.yml", inventories=[path], arguments=[
        "--limit", limit, "--extra-vars", f"virtshare_publisher={publisher}"])
    assert run.code != 0
    (advised,) = re.findall(r"Write --limit '([^']*)', or run mount.yml", run.failure_text())
    assert (advised == f"{limit},{publisher}") is kept
    inventory = InventoryManager(loader=DataLoader(), sources=[str(path)])
    found = {}
    for each in (limit, advised):
        inventory.subset(each)
        found[each] = [[host.name for host in inventory.get_hosts(pattern)] for pattern in ("all", "hypervisors", publisher)]
    assert found[limit][2] == [] and found[advised][2] == publishers
    assert found[advised][1] == found[limit][1] and set(found[advised][0]) - set(publishers) == set(found[limit][0])
