# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""one_vm_template_requirement against the simulator: which templates use a share, and what becomes of their requirements."""

import time
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

    def until_ready(self, image):
        until(lambda: "<STATE>1</STATE>" in self.one.by_hand("one.image.info", image))

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


def until(reached):
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
        "missing": ["VIRTSHARE_PROJECTS"], "unused": [], "requirements": after, "action": "add", "why": ""}]
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


@pytest.mark.parametrize("text, words", [
    ('(A="x"', "its parentheses do not match"), ('A="x")', "its parentheses do not match"), ('A="x', "a quotation mark is not closed"),
    ('A="x" &', "it is not made of comparisons"),
])
@pytest.mark.parametrize("disk", ['DISK=[IMAGE="projects"]', 'CPU="1"'])
def test_one_that_opennebula_cannot_read_is_named_and_never_written(cloud, text, words, disk):
    if disk.startswith("CPU"):
        # What asked for a share once may do so still, somewhere in there.
        text = text.replace("A=", "VIRTSHARE_PROJECTS=")
    escaped = text.replace('"', '\\"')
    number = cloud.template("web", disk, f'SCHED_REQUIREMENTS="{escaped}"')
    for state in ("present", "absent"):
        for check in (True, False):
            result, _calls, writes = cloud.run(check=check, state=state)
            assert writes == [] and not result["changed"] and cloud.requirement(number) == [text]
            (row,) = result["templates"]
            assert (row["action"], row["requirements"], row["missing"]) == ("broken", None, ["VIRTSHARE_PROJECTS"])
            assert result["warnings"] == [row["why"]] and words in row["why"] and f"'{text}', which cannot be read" in row["why"]


def test_a_condition_whose_share_a_template_uses_no_more_is_named_and_can_be_taken_away(cloud):
    web = cloud.template("web", 'DISK=[IMAGE="projects"]', 'DISK=[IMAGE="projects2"]')
    both = cloud.template("both", 'DISK=[IMAGE="media"]', 'SCHED_REQUIREMENTS="VIRTSHARE_PROJECTS=\\"ok\\" & A=\\"1\\""')
    cloud.template("other", 'SCHED_REQUIREMENTS="VIRTSHARE_PROJECTS=\\"lost\\" | A=\\"1\\""')
    cloud.run(templates=["web"])
    cloud.one.by_hand(UPDATE, web, "DISK=[]", 1)
    result, _calls, writes = cloud.run()
    assert writes == [UPDATE] and actions(result) == {"web": "kept", "both": "add"}
    for row, attributes in zip(result["templates"], (["VIRTSHARE_PROJECTS"], ["VIRTSHARE_MEDIA", "VIRTSHARE_PROJECTS"])):
        assert (row["attributes"], row["unused"]) == (attributes, ["VIRTSHARE_PROJECTS"])
    assert result["templates"][0]["images"] == result["templates"][0]["missing"] == []
    for number, name, warning in zip((web, both), ("web", "both"), result["warnings"]):
        assert warning.startswith(f"VM template {number} ({name} of oneadmin) asks for VIRTSHARE_PROJECTS and has no disk of {PATHS[0]}")
        assert warning.endswith(f"with state: absent, paths: [{PATHS[0]}], templates: [{name}]")
    again, _calls, writes = cloud.run()
    assert writes == [] and again["warnings"] == result["warnings"]
    wrong = {"state": "absent", "paths": [PATHS[0]]}
    foreseen, _calls, writes = cloud.run(check=True, **wrong)
    assert writes == [] and actions(foreseen) == {"web": "remove", "both": "remove"} and foreseen.get("warnings", []) == []
    removed, _calls, _writes = cloud.run(templates=["web"], **wrong)
    assert cloud.requirement(web) == [] and actions(removed) == {"web": "remove"}
    removed, _calls, _writes = cloud.run(**wrong)
    assert cloud.requirement(both) == ['(A="1") & (VIRTSHARE_MEDIA="ok")'] and actions(removed) == {"both": "remove"}
    clean, _calls, writes = cloud.run()
    assert writes == [] and clean.get("warnings", []) == [] and actions(clean) == {"both": "kept"}


def test_nothing_is_left_where_the_image_has_gone(cloud):
    web = cloud.template("web", 'DISK=[IMAGE="projects"]')
    cloud.run()
    # One that is still being registered cannot be deleted.
    cloud.until_ready(cloud.images[PATHS[0]])
    cloud.one.by_hand("one.image.delete", cloud.images[PATHS[0]])
    until(lambda: "<NAME>projects</NAME>" not in cloud.one.by_hand("one.imagepool.info", *vm_requirement.ALL))
    result, _calls, _writes = cloud.run()
    assert "asks for VIRTSHARE_PROJECTS and has no disk" in result["warnings"][0]
    cloud.run(state="absent")
    assert cloud.requirement(web) == []


@pytest.mark.parametrize("typed", ["/srv/shares/projects/", "//srv/shares/projects", "/srv//shares/projects", "/srv/shares/./projects",
                                   "/srv/shares/media/../projects", "/srv/shares/projects//web/"])
def test_a_path_that_was_typed_in_another_form_is_the_same_directory(cloud, typed):
    store = {"datastore": "shares", "name": "typed"}
    image = cloud.one.by_hand("one.image.allocate", f'NAME="typed"\nTYPE="FILESYSTEM"\nPATH="{typed}"', 100)
    cloud.until_ready(image)
    number = cloud.template("web", f'DISK=[IMAGE_ID="{image}"]')
    result, _calls, _writes = cloud.run()
    assert actions(result) == {"web": "add"} and cloud.requirement(number) == ['VIRTSHARE_PROJECTS="ok"']
    path = "/srv/shares/projects/web" if "web" in typed else PATHS[0]
    same, _calls, writes = cloud.one.run("one_filesystem_image", path=path, **store)
    assert not same["changed"] and writes == [] and same["filesystem"]["id"] == image
    for asked in (path, typed):
        found, _calls, _writes = cloud.one.run("one_filesystem_image_info", path=asked)
        assert image in [one["id"] for one in found["filesystems"]]
    other, _calls, writes = cloud.one.attempt("one_filesystem_image", path=PATHS[1], **store)
    assert other["failed"] and writes == [] and "OpenNebula cannot change the path" in other["msg"]


def test_a_locked_one_is_named_before_and_the_others_are_done(cloud):
    cloud.template("a", 'DISK=[IMAGE="projects"]')
    last = cloud.template("b", 'DISK=[IMAGE="projects"]')
    cloud.one.by_hand("one.template.lock", 0, 1, False)
    predicted, _calls, writes = cloud.attempt(check=True)
    assert writes == []
    result, _calls, writes = cloud.attempt()
    for key in ("operations", "diff", "templates", "changed", "problems", "failed"):
        assert predicted[key] == result[key]
    # The one that OpenNebula would refuse is not tried.
    assert result["failed"] and writes == [UPDATE] and actions(result) == {"a": "locked", "b": "add"}
    assert result["msg"].startswith("VM template 0 (a of oneadmin) is locked against any use by oneadmin since ")
    assert result["msg"].endswith(", so OpenNebula would refuse to keep its VMs off hosts without the share. "
                                  "Ask for it to be unlocked: 'onetemplate unlock 0'.")
    assert cloud.requirement(0) == [] and cloud.requirement(last) == ['VIRTSHARE_PROJECTS="ok"']
    assert result["templates"][0]["requirements"] == ""
    result, _calls, writes = cloud.attempt(state="absent")
    assert not result.get("failed") and writes == [UPDATE] and actions(result) == {"a": "kept", "b": "remove"}


@pytest.mark.parametrize("level, refused", [(2, True), (3, False)])
def test_a_lock_forbids_what_its_level_says(cloud, level, refused):
    number = cloud.template("web", 'DISK=[IMAGE="projects"]')
    cloud.one.by_hand("one.template.lock", number, level, False)
    for check in (True, False):
        result, _calls, writes = cloud.attempt(check=check)
        assert bool(result.get("failed")) is refused and (writes == []) is (check or refused)


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


def test_a_dollar_sign_in_a_path_is_part_of_it():
    path = "/srv/shares/$HOME"
    with opennebula(directories=[path]) as one:
        store = one.by_hand("one.datastore.allocate", 'NAME="shares"\nTYPE="IMAGE_DS"\nDS_MAD="virtiofs"\nTM_MAD="local"\n'
                            'SAFE_DIRS="/srv/shares"\nDISK_TYPE="FILESYSTEM"', -1)
        image = one.by_hand("one.image.allocate", f'NAME="a"\nTYPE="FILESYSTEM"\nPATH="{path}"\nPERSISTENT="YES"', store)
        one.by_hand("one.template.allocate", f'NAME="web"\nMEMORY="64"\nDISK=[IMAGE_ID="{image}"]')
        result = one.run(MODULE, paths=[path])[0]
        assert [(row["name"], row["attributes"]) for row in result["templates"]] == [("web", ["VIRTSHARE_HOME"])]
