"""The guide from an empty AWX to a nightly proof, followed: its dictionary, its commands, its playbook, its way."""

import re

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._awx import content

from tests.pictures import flow
from tests.support.awx import awx
from tests.support.awx_job import workflow
from tests.support.guide_awx import FILL, PAGE, beside, block, commands, declared, keep_secrets
from tests.unit.docs import guides

pytestmark = pytest.mark.slow

SECRETS = {"vault_ssh_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90aGluZw==\n-----END OPENSSH PRIVATE KEY-----\n",
           "vault_one_password": "one-word"}


def drawn():
    """The nodes in the picture of the workflow, from the top to the bottom."""
    (name,) = re.findall(r"image:: (images/awx-workflow\.svg)", PAGE.read_text(encoding="utf-8"))
    return re.findall(r">(\w+)(?:: [^<]*)?</text>", "".join(
        line for line in (guides.RST / name).read_text(encoding="utf-8").splitlines() if f'fill="{flow.BLUE}"' in line))


@pytest.mark.release
def test_the_guide_is_followed(tmp_path):
    (tmp_path / "site.yml").write_text(block("awx_content_site:"), encoding="utf-8")
    keep_secrets(tmp_path, **SECRETS)
    (fill,) = re.findall(r"(?m)^\$ ansible-playbook (fill\.yml)$", block("ansible-playbook fill"))
    (tmp_path / fill).write_text(block(FILL), encoding="utf-8")

    with awx(playbooks=content.PLAYBOOKS.values()) as controller:
        for line in commands("--check"):
            run, _requests = controller.run("playbooks/awx.yml", *beside(tmp_path, line))
            assert run.code == 0, run.output
        run, _requests = controller.run(tmp_path / fill)
        assert run.code == 0, run.output
        world = controller.world
        assert controller.names("host") == ["hv1", "hv2"]
        (group,) = world.all("group", name="hypervisors")
        assert len(group.linked("hosts")) == 2
        assert set(controller.environment) >= set(re.findall(r"export (CONTROLLER_\w+)", block("CONTROLLER_HOST")))

        assert [node for node, _runs in workflow(controller, "virtshare shares")] == drawn()
        (schedule,) = world.all("schedule", name="virtshare nightly proof")
        assert "TZID=Europe/Madrid" in schedule.get("rrule") and "T043000" in schedule.get("rrule")

        (line,) = commands("awx_content_state=absent")
        run, _requests = controller.run("playbooks/awx.yml", *beside(tmp_path, line))
        assert run.code == 0, run.output
        # Somebody filled the inventory.
        assert controller.names("inventory") == ["kvm"] and controller.names("job_template") == []
        assert controller.names("organization") == ["Default", "racks"]


def test_what_the_table_says_of_the_job_templates():
    asked = {one["name"] for one in content.objects(declared())["controller_templates"] if one["ask_limit_on_launch"]}
    assert asked == {"virtshare mount"}
    assert "Only ``virtshare mount`` asks for one" in PAGE.read_text(encoding="utf-8")
