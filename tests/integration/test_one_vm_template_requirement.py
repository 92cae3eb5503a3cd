# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one_vm_template_requirement against the simulator: which templates use a share, and what becomes of their requirements."""

from xml.etree import ElementTree

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import vm_requirement

from tests.support.opennebula import opennebula

MODULE, UPDATE = "one_vm_template_requirement", "one.template.update"
PATHS = ["/srv/shares/projects", "/srv/shares/media"]
DIRECTORIES = [*PATHS, "/srv/shares/projects/web", "/srv/shares/projects2"]
READS = ["one.imagepool.info", "one.templatepool.info"]


class Cloud:
    def __init__(self, one):
        self.one = one
        store = one.by_hand("one.datastore.allocate", 'NAME="shares"\nTYPE="IMAGE_DS"\nDS_MAD="virtiofs"\nTM_MAD="local"\n'
                            'SAFE_DIRS="/srv/shares"\nDISK_TYPE="FILESYSTEM"', -1)
        self.images = {path: one.by_hand("one.image.allocate", f'NAME="{path.rpartition("/")[2]}"\nTYPE="FILESYSTEM"\n'
                                         f'PATH="{path}"\nPERSISTENT="YES"', store) for path in DIRECTORIES}

    def template(self, name, *lines):
        return self.one.by_hand("one.template.allocate", "\n".join([f'NAME="{name}"', 'MEMORY="64"', *lines]))

    def requirement(self, number):
        found = ElementTree.fromstring(self.one.by_hand("one.template.info", number)).findall("TEMPLATE/SCHED_REQUIREMENTS")
        return [element.text for element in found]

    def run(self, check=False, **parameters):
        return self.one.run(MODULE, check=check, **dict({"paths": PATHS}, **parameters))

    def attempt(self, check=False, **parameters):
        return self.one.attempt(MODULE, check=check, **dict({"paths": PATHS}, **parameters))


@pytest.fixture
def cloud():
    with opennebula(directories=DIRECTORIES) as one:
        yield Cloud(one)


def actions(result):
    return {row["name"]: row["action"] for row in result["templates"]}


def test_it_is_predicted_added_once_and_taken_away(cloud):
    web = cloud.template("web", f'DISK=[IMAGE_ID="{cloud.images[PATHS[0]]}"]', 'SCHED_REQUIREMENTS="CLUSTER_ID = \\"0\\""')
    plain = cloud.template("plain", 'SCHED_REQUIREMENTS="X=\\"1\\""')
    predicted, calls, writes = cloud.run(check=True)
    assert calls == READS and writes == [] and cloud.requirement(web) == ['CLUSTER_ID = "0"']
    result, calls, writes = cloud.run()
    assert writes == [UPDATE] and calls == [*READS, UPDATE, "one.templatepool.info"]
    for key in ("operations", "diff", "templates", "changed"):
        assert predicted[key] == result[key]
    after = '(CLUSTER_ID = "0") & (VIRTSHARE_PROJECTS="ok")'
    assert cloud.requirement(web) == [after] and cloud.requirement(plain) == ['X="1"']
    label = f"VM template {web} (web of oneadmin)"
    assert result["diff"] == {"before": {label: {"SCHED_REQUIREMENTS": 'CLUSTER_ID = "0"'}},
                              "after": {label: {"SCHED_REQUIREMENTS": after}}}
    assert result["templates"] == [{
        "id": web, "name": "web", "owner": "oneadmin", "images": ["projects"], "attributes": ["VIRTSHARE_PROJECTS"],
        "missing": ["VIRTSHARE_PROJECTS"], "requirements": after, "action": "add"}]
    again, calls, writes = cloud.run()
    assert not again["changed"] and calls == READS and actions(again) == {"web": "kept"} and again["templates"][0]["missing"] == []
    foreseen, _calls, writes = cloud.run(check=True, state="absent")
    removed, _calls, _writes = cloud.run(state="absent")
    assert writes == [] and foreseen["diff"] == removed["diff"] and cloud.requirement(web) == ['CLUSTER_ID = "0"']
    assert not cloud.run(state="absent")[0]["changed"]


def test_a_template_without_requirements_gets_them_and_loses_them_whole(cloud):
    web = cloud.template("web", f'DISK=[IMAGE_ID="{cloud.images[PATHS[0]]}"]')
    cloud.run()
    assert cloud.requirement(web) == ['VIRTSHARE_PROJECTS="ok"']
    cloud.run(state="absent")
    assert cloud.requirement(web) == []


@pytest.mark.parametrize("disks, attributes", [
    (['DISK=[IMAGE="projects",IMAGE_UNAME="oneadmin"]'], ["VIRTSHARE_PROJECTS"]),
    (['DISK=[IMAGE="projects",IMAGE_UID="0"]'], ["VIRTSHARE_PROJECTS"]),
    (['DISK=[IMAGE="projects"]'], ["VIRTSHARE_PROJECTS"]),
    (['DISK=[IMAGE="projects",IMAGE_UNAME="bob"]'], None),
    # A directory in the share needs all of it; one that only begins like it does not.
    (['DISK=[IMAGE="web"]'], ["VIRTSHARE_PROJECTS"]),
    (['DISK=[IMAGE="projects2"]'], None),
    (['DISK=[IMAGE="projects"]', 'DISK=[IMAGE="media"]', 'DISK=[TYPE="swap",SIZE="5"]'], ["VIRTSHARE_MEDIA", "VIRTSHARE_PROJECTS"]),
])
def test_by_what_a_template_uses_a_share(cloud, disks, attributes):
    number = cloud.template("web", *disks)
    result, _calls, _writes = cloud.run()
    assert [row["attributes"] for row in result["templates"]] == ([attributes] if attributes else [])
    assert all(f'{name}="ok"' in cloud.requirement(number)[0] for name in attributes or ())


def test_names_are_those_of_the_guard(cloud):
    number = cloud.template("web", 'DISK=[IMAGE="projects"]')
    cloud.run(names={PATHS[0]: "PRO"})
    assert cloud.requirement(number) == ['VIRTSHARE_PRO="ok"']
    result, _calls, writes = cloud.attempt(names={"/srv/none": "X"})
    assert result["failed"] and writes == [] and "/srv/none, which is the path of no share" in result["msg"]


def test_only_the_templates_that_are_named_are_looked_at(cloud):
    cloud.template("web", 'DISK=[IMAGE="projects"]'), cloud.template("db", 'DISK=[IMAGE="projects"]')
    result, _calls, writes = cloud.run(templates=["db"])
    assert actions(result) == {"db": "add"} and writes == [UPDATE]
    result, _calls, writes = cloud.attempt(templates=["db", "none"])
    assert result["failed"] and writes == [] and "no VM template 'none'" in result["msg"]


def test_one_with_two_requirements_is_named_and_left_alone(cloud):
    number = cloud.template("web", 'DISK=[IMAGE="projects"]', 'SCHED_REQUIREMENTS="A=\\"1\\""', 'SCHED_REQUIREMENTS="B=\\"1\\""')
    result, _calls, writes = cloud.run()
    assert writes == [] and actions(result) == {"web": "broken"} and len(cloud.requirement(number)) == 2
    assert f"VM template {number} (web of oneadmin) has SCHED_REQUIREMENTS more than once" in result["warnings"][0]


def test_a_locked_one_is_named_and_the_others_are_done(cloud):
    cloud.template("a", 'DISK=[IMAGE="projects"]')
    last = cloud.template("b", 'DISK=[IMAGE="projects"]')
    cloud.one.by_hand("one.template.lock", 0, 1, False)
    result, _calls, _writes = cloud.attempt()
    assert result["failed"] and result["changed"] and "VM template 0 (a of oneadmin): " in result["msg"] and "locked" in result["msg"]
    assert cloud.requirement(0) == [] and cloud.requirement(last) == ['VIRTSHARE_PROJECTS="ok"']


def test_a_user_who_may_only_use_a_template_is_told(cloud):
    number = cloud.template("web", 'DISK=[IMAGE="projects"]')
    cloud.one.by_hand("one.image.chmod", cloud.images[PATHS[0]], -1, -1, -1, -1, -1, -1, 1, -1, -1)
    cloud.one.by_hand("one.template.chmod", number, -1, -1, -1, -1, -1, -1, 1, -1, -1)
    cloud.one.by_hand("one.user.allocate", "bob", "pw", "", [])
    bob = {"api_username": "bob", "api_password": "pw"}
    result, _calls, _writes = cloud.attempt(check=True, **bob)
    assert actions(result) == {"web": "add"}
    result, _calls, _writes = cloud.attempt(**bob)
    assert result["failed"] and not result["changed"] and "MANAGE TEMPLATE" in result["msg"]


def test_a_server_that_goes_away_in_between_loses_nothing(cloud, monkeypatch):
    first, last = cloud.template("a", 'DISK=[IMAGE="projects"]'), cloud.template("b", 'DISK=[IMAGE="projects"]')
    call = vm_requirement.Client.call

    def cut(client, method, *arguments):
        if method == UPDATE and arguments[0] == last:
            raise vm_requirement.run.NoAnswer("OpenNebula did not answer.")
        return call(client, method, *arguments)

    monkeypatch.setattr(vm_requirement.Client, "call", cut)
    result, _calls, writes = cloud.attempt()
    assert result["failed"] and writes == [UPDATE] and len(result["operations"]) == 1 and cloud.requirement(first)
    monkeypatch.setattr(vm_requirement.Client, "call", call)
    _result, _calls, writes = cloud.run()
    assert writes == [UPDATE] and cloud.requirement(last) == ['VIRTSHARE_PROJECTS="ok"']
