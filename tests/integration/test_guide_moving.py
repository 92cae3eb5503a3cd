# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide that moves from one-deploy or Terraform, followed: its playbooks, its examples, its tables."""

import re

import pytest
import yaml
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import datastore

from tests.support.opennebula import PASSWORD, USER, opennebula
from tests.support.warm import run_playbook
from tests.unit.docs import guides

pytestmark = pytest.mark.slow

PAGE = guides.RST / "guide_moving_to_one_datastores.rst"
BLOCKS = [block for block in guides.blocks("yaml", "hcl") if block.page == PAGE.name]
DECLARED = "opennebula_storage_datastores"


@pytest.fixture
def one():
    with opennebula() as server:
        assert server.by_hand("one.cluster.allocate", "west") == 100
        yield server


def block(words):
    """The one block of the guide that begins with these words."""
    (found,) = [each for each in BLOCKS if each.text.startswith(words)]
    return found.text


def declared(after):
    """The declaration that stands behind another block."""
    place = next(number for number, each in enumerate(BLOCKS) if each.text == after)
    return guides.load(BLOCKS[place + 1].text)[0][DECLARED]


def nothing_to_do(one, datastores):
    for check in (True, False):
        result, _calls, writes = one.run("one_datastores", check=check, datastores=datastores)
        assert not result["changed"] and writes == [] and result["warnings"] == []


# -- the examples side by side -----------------------------------------------------------------------------------


def one_deploys(name, template):
    """What one-deploy's filter to_one makes of an entry."""
    return "\n".join('%s="%s"' % (key, str(value).replace('"', '\\"')) for key, value in dict(template, NAME=name).items())


def test_what_one_deploy_made_of_its_example_is_left_alone_by_ours(one):
    theirs = block("ds:")
    for entries in yaml.safe_load(theirs)["ds"]["config"].values():
        for name, entry in entries.items():
            assert one.by_hand("one.datastore.allocate", one_deploys(name, entry["template"]), -1) == entry["id"]
            if "enabled" in entry:
                one.by_hand("one.datastore.enable", entry["id"], entry["enabled"])
    nothing_to_do(one, declared(theirs))


def terraforms(text):
    """(template, cluster ids) that the provider makes of a ceph datastore's block."""
    given = {key: re.findall(r'"([^"]*)"|(\d+)', value) for key, value in re.findall(r"(?m)^ *(\w+) += (.+)$", text)}
    words = {key: " ".join(left or right for left, right in parts) for key, parts in given.items()}
    # Unset texts are sent empty, an unset switch as false.
    sent = {
        "NAME": words["name"], "TYPE": words["type"].upper() + "_DS", "LIMIT_MB": words["storage_usage_limit"],
        "BRIDGE_LIST": words["bridge_list"], "TM_MAD": "ceph", "DS_MAD": "ceph", "DISK_TYPE": "RBD",
        "POOL_NAME": words["pool_name"], "CEPH_USER": words["user"], "CEPH_KEY": "", "CEPH_CONF": "", "RBD_FORMAT": "",
        "CEPH_SECRET": words["secret"], "CEPH_TRASH": "false", "CEPH_HOST": words["host"],
        "ENVIRONMENT": words["environment"]}
    return "\n".join('%s="%s"' % item for item in sent.items()), [int(number) for number in words["cluster_ids"].split()]


def test_what_terraform_made_of_its_example_is_left_alone_by_ours(one):
    theirs = block('resource "opennebula_datastore"')
    template, clusters = terraforms(theirs)
    number = one.by_hand("one.datastore.allocate", template, clusters[0])
    for cluster in clusters[1:]:
        one.by_hand("one.cluster.adddatastore", cluster, number)
    nothing_to_do(one, declared(theirs))


@pytest.mark.parametrize("tool", ["one-deploy", "Terraform"])
def test_every_option_in_the_tables_is_one(tool):
    (table,) = [table for table in guides.tables(PAGE) if table[0][0] == tool]
    options = datastore.argument_spec()
    for theirs, ours, _different in table[1:]:
        named = re.findall(r"^``(\w+)``$", ours)
        assert set(named) <= set(options), theirs
        assert named or ours in ("nothing", "not in the list"), theirs


# -- the playbooks -----------------------------------------------------------------------------------------------

THERE = [
    'NAME="virtiofs"\nDS_MAD="virtiofs"\nTM_MAD="virtiofs"\nSAFE_DIRS="/srv/shares /srv/more"\nRESTRICTED_DIRS="/"',
    'NAME="system1"\nTYPE="SYSTEM_DS"\nTM_MAD="shared"\nBRIDGE_LIST="hv1 hv2"',
    'NAME="a name"\nDS_MAD="fs"\nTM_MAD="qcow2"\nNOTE="a # \\"b\\": c"\nMANY="1"\nMANY="2"\nV=[K="x, y"]\nLIMIT_MB="5"',
    'NAME="ceph"\nDS_MAD="ceph"\nTM_MAD="ceph"\nDISK_TYPE="RBD"\nBRIDGE_LIST="hv1"\nCEPH_HOST="m1 m2"\nRBD_FORMAT="2"',
    'NAME="backup"\nTYPE="BACKUP_DS"\nDS_MAD="restic"\nRESTIC_PASSWORD="hush-hush"\nRESTIC_SFTP_SERVER="b"\n'
    'RESTIC_SFTP_USER="u"\nRESTIC_CONNECTIONS="3"',
]


def test_the_draft_of_what_is_there_finds_nothing_to_change(one, tmp_path):
    for number, template in enumerate(THERE, 100):
        assert one.by_hand("one.datastore.allocate", template, 100) == number
    one.by_hand("one.datastore.chmod", 101, 1, 1, 0, 0, 0, 0, 0, 0, 0)
    one.by_hand("one.datastore.enable", 101, False)
    environment = {"ONE_XMLRPC": one.endpoint.url, "ONE_USERNAME": USER, "ONE_PASSWORD": PASSWORD}

    draft = block("- name: Draft").replace("dest: datastores.yml", f"dest: {tmp_path}/datastores.yml")
    (tmp_path / "draft.yml").write_text(draft, encoding="utf-8")
    (tmp_path / "publish.yml").write_text(block("- name: Keep the datastores"), encoding="utf-8")
    run = run_playbook(tmp_path / "draft.yml", inventories=[], environment=environment)
    assert run.code == 0, run.output
    written = (tmp_path / "datastores.yml").read_text(encoding="utf-8")
    found = guides.load(written)[0][DECLARED]
    assert [item["name"] for item in found] == ["system", "default", "files", "virtiofs", "system1", "a name", "ceph",
                                                "backup"]
    assert "hush-hush" not in written and "hidden" not in written
    assert found[4]["mode"] == "600" and found[3]["safe_dirs"] == ["/srv/shares", "/srv/more"]

    for arguments in (["--check", "--diff"], ["--diff"]):
        before = len(one.writes)
        run = run_playbook(tmp_path / "publish.yml", inventories=[], arguments=arguments, environment=environment)
        assert run.code == 0, run.output
        assert run.changes == set() and len(one.writes) == before
    assert one.calls[-1:] == ["one.datastorepool.info"]
