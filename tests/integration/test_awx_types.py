# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role's every option as AWX writes extra vars: up to ansible-core 2.18 all texts, from 2.19 on read as plain YAML.

A survey has no booleans and no empty answers, so that "false", "30" and "" are what a role gets.
"""

import json

import pytest
import yaml

from tests.support.flexvdi import PASSWORD, USER, flexvdi
from tests.support.playbook import ROOT, run_playbook
from tests.support.privileged import as_root
from tests.support.versions import COLLECTIONS, PYTHONS

pytestmark = pytest.mark.slow

# awx_content sets an AWX up and is not run by one, and needs the collection awx.awx; hypervisor_packages is other roles' own.
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "meta/argument_specs.yml").is_file()
               and path.name not in ("awx_content", "hypervisor_packages"))
# What the roles take as lists of mappings and as mappings cannot be a survey's answer.
NO_ANSWER = ("raw", "dict")
PLAY = [{"hosts": "hypervisors", "gather_facts": False, "tasks": [
    {"name": f"Run the role {role}", "ansible.builtin.include_role": {"name": f"virtshare.storage.{role}"}} for role in ROLES]}]
INVENTORY = {"hypervisors": {"hosts": {"hv1": {
    "ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}}}
# This machine with a virtiofsd, wherever the tests run.
WITH_DAEMON = r"""#!/bin/sh
exec {unshare} --mount --propagation private sh -c '
mount -t tmpfs none /usr/libexec -o mode=0755 &&
printf "#!/bin/sh\necho virtiofsd 1.13.2\n" > /usr/libexec/virtiofsd &&
chmod 0755 /usr/libexec/virtiofsd && exec "$@"' sh {python} "$@"
"""
# What has no default, or needs more than that with the others.
EXAMPLES = {"share_guard_state": "absent", "ocfs2_cluster_node_number": "5", "share_mounts_purge_below": "/srv/no-such-directory"}


def options(role):
    text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"]["options"]


def answers(role, truth):
    """{option: the answer of a survey}: its default as a text, truth for every boolean."""
    found = {}
    for name, option in options(role).items():
        default = option.get("default")
        if option["type"] in NO_ANSWER or option.get("elements") == "dict":
            continue
        if option["type"] == "bool":
            found[name] = truth
        elif option["type"] == "list":
            # A survey asks for several with a multiselect, whose answer stays a list; but one can write a text as well.
            if default:
                found[name] = "hv1,hv2" if "{{" in str(default) else ",".join(default)
        elif "{{" not in str(default):
            found[name] = EXAMPLES.get(name, "" if default is None else str(default))
    return found


def extra_vars(path, given, **more):
    """A file as AWX makes it: answers are unsafe texts, the variables of a template plain YAML."""
    lines = [f"!unsafe {json.dumps(name)}: !unsafe '{text}'" for name, text in given.items()]
    path.write_text("\n".join(lines) + "\n" + (yaml.safe_dump(more) if more else ""), encoding="utf-8")
    return path


def run(tmp_path, python, play, given, *arguments, **more):
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    (tmp_path / "inventory.json").write_text(json.dumps(INVENTORY), encoding="utf-8")
    return run_playbook(
        tmp_path / "play.yml", inventories=[tmp_path / "inventory.json"], python=python,
        arguments=["--extra-vars", f"@{extra_vars(tmp_path / 'extravars', given, **more)}", *arguments],
        environment={"ANSIBLE_COLLECTIONS_PATH": COLLECTIONS})


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("truth", ["false", pytest.param("true", marks=pytest.mark.release)])
def test_every_role_reads_every_answer(tmp_path, python, truth):
    """In check mode, with nothing declared: every condition is met, and no option has a type that one of them cannot read."""
    given = {name: text for role in ROLES for name, text in answers(role, truth).items()}
    hypervisor = tmp_path / "python"
    hypervisor.write_text(WITH_DAEMON.format(unshare=" ".join(as_root("unshare")), python=python), encoding="utf-8")
    hypervisor.chmod(0o755)
    with flexvdi() as manager:
        given.update(flexvdi_storage_api_url=manager.endpoint.url, flexvdi_storage_api_username=USER,
                     flexvdi_storage_api_password=PASSWORD)
        done = run(tmp_path, python, PLAY, given, "--check", virtshare_shares=[],
                   ansible_python_interpreter=str(hypervisor))
    assert done.code == 0, done.output


PARTIAL = {"state": "partial", "path": "/srv/x"}
REFUSE = [{
    "hosts": "hypervisors", "gather_facts": False, "tasks": [
        {"name": "Judge", "ansible.builtin.include_role": {"name": "virtshare.storage.share_proof", "tasks_from": "refuse"},
         "vars": {"__share_proof_run": "runidofatest", "__share_proof_declared": {"shares": []}}}]}]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("text, allowed", [("false", False), ("yes", True)])
def test_a_partial_proof_is_green_only_where_the_answer_is_yes(tmp_path, python, text, allowed):
    done = run(tmp_path, python, REFUSE, {"share_proof_allow_partial": text}, "--check", share_proof_result={
        "shares": [PARTIAL], "host_problems": {}, "words": "partial on hv1"})
    assert (done.code == 0) is allowed, done.output
    assert ("partial on hv1" in done.failure_text()) is not allowed


PLAYBOOKS = ["site", *(pytest.param(name, marks=pytest.mark.release) for name in ("verify", "publish", "guest_proof"))]
TEXT = "- {path: /srv/shares/projects, type: nfs, source: nas1:/export/projects}"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_shares_as_the_text_of_a_survey_are_refused_in_the_same_sentence(tmp_path, python, playbook):
    (tmp_path / "inventory.json").write_text(json.dumps(INVENTORY), encoding="utf-8")
    done = run_playbook(
        f"playbooks/{playbook}.yml", inventories=[tmp_path / "inventory.json"], python=python,
        arguments=["--extra-vars", f"@{extra_vars(tmp_path / 'extravars', {'virtshare_shares': TEXT})}"],
        environment={"ANSIBLE_COLLECTIONS_PATH": COLLECTIONS})
    assert done.code != 0
    assert "The shares are a text. Write a list, each element like {path: /srv/shares/projects" in done.failure_text()
    assert done.changes == set()
