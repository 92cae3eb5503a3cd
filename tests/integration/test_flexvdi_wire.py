# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent to a flexVDI Manager, byte for byte, for each version of its API; and that every name can be another."""

import json
import os
import re
import subprocess

import pytest

from tests.simulators.flexsim import names, start
from tests.simulators.flexsim.command import self_signed
from tests.simulators.flexsim.server import Fault
from tests.support.flexvdi import MEDIA_PASSWORD, PASSWORD, USER, flexvdi
from tests.support.playbook import ROOT

DISKS = [("hv1", "3500"), ("hv2", "3500")]
STORAGE = {"name": "West", "hosts": ["hv1", "hv2"]}
OLDER = '"repeat": "0", "retries": "0", '
# module, declaration, request without what versions before 3.1 reserve; in the order they are done
STEPS: list[tuple[str, dict, str]] = [
    ("flexvdi_image_storage", STORAGE,
     '"type": "istorage_create", "image_storage_id": "West", "hosts": ["hv1", "hv2"]}'),
    ("flexvdi_image_storage", dict(STORAGE, hosts=["hv1", "hv2", "hv3"]),
     '"type": "istorage_modify", "image_storage_id": "West", "hosts": ["hv1", "hv2", "hv3"]}'),
    ("flexvdi_image_storage", STORAGE,
     '"type": "istorage_modify", "image_storage_id": "West", "hosts": ["hv1", "hv2"]}'),
    ("flexvdi_external_volume", {"name": "NFS", "image_storage": "West", "path": "/srv/shares/projects"},
     '"type": "evolume_create", "volume_id": "NFS", "image_storage_id": "West", '
     '"mount_point": "/srv/shares/projects"}'),
    ("flexvdi_ocfs2_volume", {"name": "flexfs01", "image_storage": "West", "disk": "3500", "format": True},
     '"type": "volume_create", "volume_id": "flexfs01", "image_storage_id": "West", "primary_disk_id": "3500"}'),
    ("flexvdi_media_storage", {"name": "cifs", "address": "192.0.2.10", "path": "media", "username": "vm",
                               "password": MEDIA_PASSWORD, "hosts": ["hv1"]},
     '"type": "mstorage_create", "media_storage_id": "cifs", "address": "192.0.2.10", "path": "media", '
     '"username": "vm", "password": "media-word", "hosts": ["hv1"]}'),
    ("flexvdi_media_storage", {"name": "cifs", "path": "iso"},
     '"type": "mstorage_modify", "media_storage_id": "cifs", "address": "192.0.2.10", "path": "iso", '
     '"username": "vm", "hosts": ["hv1"]}'),
    ("flexvdi_media_storage", {"name": "cifs", "state": "absent"},
     '"type": "mstorage_delete", "media_storage_id": "cifs"}'),
    ("flexvdi_external_volume", {"name": "NFS", "image_storage": "West", "state": "absent"},
     '"type": "evolume_delete", "volume_id": "NFS", "image_storage_id": "West"}'),
    ("flexvdi_ocfs2_volume", {"name": "flexfs01", "image_storage": "West", "state": "absent"},
     '"type": "volume_delete", "volume_id": "flexfs01", "image_storage_id": "West"}'),
]
GLUSTER_STEPS: list[tuple[str, dict, str]] = [
    ("flexvdi_gluster_volume", {"name": "templates", "image_storage": "West", "redundancy": "1:1",
                                "brick_paths": ["/bricks/a/flexvdi", "/bricks/b/flexvdi"]},
     '"type": "gvolume_create", "volume_id": "templates", "image_storage_id": "West", "gvolume_name": "", '
     '"redundancy": "1:1", "brick_paths": ["/bricks/a/flexvdi", "/bricks/b/flexvdi"]}'),
    ("flexvdi_gluster_volume", {"name": "templates", "image_storage": "West", "state": "absent"},
     '"type": "gvolume_delete", "volume_id": "templates", "image_storage_id": "West"}'),
]
LAST: list[tuple[str, dict, str]] = [
    ("flexvdi_image_storage", {"name": "West", "state": "absent"},
     '"type": "istorage_delete", "image_storage_id": "West"}')]


@pytest.mark.parametrize("version", ["2.2", "3.0", "3.1"])
def test_every_request_on_the_wire(version):
    steps = STEPS + (GLUSTER_STEPS if version == "3.1" else []) + LAST
    with flexvdi(version=version, disks=DISKS) as one:
        for module, declared, request in steps:
            predicted = one.run(module, check=True, **declared)[0]
            result, calls, _tasks = one.run(module, **declared)
            # What check mode shows is what is sent.
            shown = json.dumps(predicted["requests"][0]).replace("(hidden)", MEDIA_PASSWORD)
            assert shown == "{" + request and result["requests"] == predicted["requests"]
            assert one.requests[-1] == "{" + ("" if version == "3.1" else OLDER) + request
            assert calls[0] == "POST /authenticate" and calls.count("POST /tasks/create") == 1
            # Only 3.1 has an address to end a session.
            assert ("GET /logout" in calls) == (version == "3.1")
        assert len(one.requests) == len(steps)
        login = one.endpoint.log.bodies[0]
        assert login == '{"username": "%s", "password": "%s"}' % (USER, PASSWORD)
        reads = [body for call, body in zip(one.calls, one.endpoint.log.bodies) if call.startswith("GET")]
        assert set(reads) == {""}


@pytest.mark.parametrize("version", ["2.2", "3.0", "3.1"])
@pytest.mark.parametrize("name", ["My Storage-1", "50% of ?a=b#c", "Über & Söhne"])
def test_what_is_read_is_what_the_documents_show(version, name):
    with flexvdi(version=version, task_seconds=0) as one:
        calls = one.run("flexvdi_image_storage", name=name, hosts=["hv1"])[1]
        assert calls == [
            "POST /authenticate", "GET /imagestorages/" + name, "GET /imagestorages", "GET /hosts",
            "POST /tasks/create", "GET /tasks/1", "GET /imagestorages/" + name] + ["GET /logout"] * (version == "3.1")
        assert not one.run("flexvdi_image_storage", name=name)[0]["changed"]


def test_the_session_cookie_is_kept_whatever_its_name():
    for cookie in ("PLAY_SESSION", "x"):
        with flexvdi(cookie=cookie) as one:
            one.run("flexvdi_image_storage", **STORAGE)


def other_names():
    """Another name for everything that has one; messages are matched, so they need patterns."""
    fields = dict((key, "x_%s" % key) for key in names.ALL if key not in names.MESSAGES)
    return fields, dict(fields, missing_message="%s: nada", expired_message="caducada")


def test_with_every_name_another_the_table_is_all_that_has_to_change():
    fields, renamed = other_names()
    given = dict(fields, missing_message="nada", expired_message="caducada")
    with flexvdi(renamed=renamed, disks=DISKS, missing="error", expired="error") as one:
        for module, declared, _request in STEPS + GLUSTER_STEPS + LAST:
            before = len(one.tasks)
            one.run(module, fields=given, **declared)
            one.manager.expire_sessions()
            again, _calls, tasks = one.run(module, fields=given, **declared)
            assert len(one.tasks) == before + 1 and not again["changed"] and tasks == []
        sent = json.loads(one.requests[3])
        assert sent == {"type": "evolume_create", "x_evolume_id": "NFS", "x_evolume_image_storage": "West",
                        "x_evolume_mount_point": "/srv/shares/projects"}
        shown = one.run("flexvdi_storage_info", fields=given, gather=["hosts", "image_storages", "media_storages"])[0]
        assert [host["id"] for host in shown["hosts"]] == ["hv1", "hv2", "hv3"]


EXTERNAL = {"name": "NFS", "image_storage": "West", "path": "/srv/shares/projects", "proven": True}


def test_a_request_that_smells_of_a_wrong_name_says_where_to_look_for_every_kind():
    """Whichever name of a request is another: the Manager misses it, and the message has the key to correct."""
    with flexvdi(disks=DISKS) as one:
        for module, declared, request in STEPS + GLUSTER_STEPS + LAST:
            for key in sorted(names.REQUESTS):
                one.manager.names[key] = "x_" + key
            result, _calls, tasks = one.attempt(module, **declared)
            one.manager.names.update(names.REQUESTS)
            assert len(tasks) == 1 and "the guide page flexvdi_verified says" in result["msg"]
            sent = json.loads("{" + request)
            for key, name in names.REQUESTS.items():
                if " %s %r" % (key, name) in result["msg"]:
                    assert name in sent or name == sent["type"]
            assert "are assumed, not documented" in result["msg"] or sent["type"] == "gvolume_create"
            one.run(module, **declared)


@pytest.mark.parametrize("renamed, words", [
    ({"evolume_mount_point": "mountpoint"}, "refused POST /tasks/create: Field mountpoint is missing. If it is a name: "
     "evolume_id 'volume_id', evolume_image_storage 'image_storage_id', evolume_mount_point 'mount_point' are assumed"),
    ({"read_mount_point": "mountpoint"}, "After the change: The Manager's answer about the external volume 'NFS' has "
     "no field 'mount_point', it has clones, free_space, images, mountpoint"),
])
def test_a_failure_that_smells_of_a_wrong_name_says_where_to_look(renamed, words):
    with flexvdi(renamed=renamed) as one:
        one.run("flexvdi_image_storage", **STORAGE)
        result = one.attempt("flexvdi_external_volume", **EXTERNAL)[0]
        assert result["failed"] and words in result["msg"] and "the guide page flexvdi_verified" in result["msg"]
        key, name = next(iter(renamed.items()))
        assert not one.run("flexvdi_external_volume", fields={key: name}, **EXTERNAL)[0].get("failed")


def test_a_manager_older_than_api_version_is_told_from_a_wrong_name():
    with flexvdi(version="3.0") as one:
        result = one.attempt("flexvdi_image_storage", **dict(STORAGE, api_version="3.1"))[0]
        assert "Field repeat is missing. A Manager before 3.1 wants these: set api_version" in result["msg"]
        assert "flexvdi_verified" not in result["msg"]
        one.run("flexvdi_image_storage", **STORAGE)
        result = one.attempt("flexvdi_image_storage", **dict(STORAGE, api_version="3.1"))[0]
        assert "'gluster_volumes' (fields.read_gluster_volumes), and one before 3.1 has none" in result["msg"]


def test_a_name_the_manager_ignored_shows_when_it_is_read_back():
    with flexvdi() as one:
        one.manager.do = lambda *dummy: None
        result = one.attempt("flexvdi_image_storage", **STORAGE)[0]
        assert result["failed"] and result["changed"]
        assert "task succeeded but nothing shows of it" in result["msg"] and "flexvdi_verified" in result["msg"]


@pytest.mark.parametrize("how, words", [("error", "%s not found"), ("404", "%s not found"), ("404", "")])
def test_a_missing_object_is_told_from_everything_else(how, words):
    with flexvdi(missing=how, renamed={"missing_message": words}) as one:
        if not words:
            one.endpoint._failure = lambda how, message: (int(how), {}, None)
        assert one.run("flexvdi_image_storage", check=True, **STORAGE)[0]["changed"]
        assert not one.run("flexvdi_image_storage", name="West", state="absent")[0]["changed"]
        assert not one.run("flexvdi_media_storage", name="cifs", state="absent")[0]["changed"]


def test_a_failed_read_is_never_absent():
    unknown = {"missing_message": "Database is locked"}
    with flexvdi(renamed=unknown) as one:
        for module, parent in (("flexvdi_image_storage", {}), ("flexvdi_media_storage", {}),
                               ("flexvdi_external_volume", {"image_storage": "West"}),
                               ("flexvdi_ocfs2_volume", {"image_storage": "West"}),
                               ("flexvdi_gluster_volume", {"image_storage": "West"})):
            for check in (True, False):
                result = one.attempt(module, check=check, name="x", state="absent", **parent)[0]
                assert result["failed"] and "Database is locked" in result["msg"]
    with flexvdi() as one:
        # An unexpected error is none of these messages, whatever somebody gives for them.
        for path in ("/imagestorages/x", "/mediastorages/x"):
            one.endpoint.faults.append(Fault("500", path, "GET"))
        for module in ("flexvdi_image_storage", "flexvdi_media_storage"):
            result = one.attempt(module, name="x", state="absent", fields={"missing_message": "500|not found"})[0]
            assert result["failed"] and "(HTTP 500)" in result["msg"]
    # A Manager without the assumed address: whether the media storage exists is not known.
    with flexvdi(renamed={"path_media_storages": "media"}, missing="404") as one:
        result = one.attempt("flexvdi_media_storage", name="x", state="absent")[0]
        assert result["failed"] and "Whether the media storage 'x' exists cannot be known" in result["msg"]
        assert "path_media_storages 'mediastorages' are assumed" in result["msg"]
        result = one.attempt("flexvdi_storage_info", gather=["media_storages"])[0]
        assert "gives no list of its media storages under /mediastorages, which is assumed" in result["msg"]
        assert one.run("flexvdi_storage_info")[0]["image_storages"] == []
    # An address that somebody gave, and gave wrong, says nothing about what is there.
    with flexvdi(missing="404") as one:
        one.run("flexvdi_image_storage", **STORAGE)
        result = one.attempt("flexvdi_image_storage", name="West", state="absent",
                             fields={"path_image_storages": "imagestorage"})[0]
        assert result["failed"] and "Whether the image storage 'West' exists cannot be known" in result["msg"]
    with flexvdi() as one:
        one.run("flexvdi_image_storage", **STORAGE)
        one.manager.show_image_storage = lambda name: None
        result = one.attempt("flexvdi_image_storage", name="West", state="absent")[0]
        assert "lists the image storage 'West', but says that there is none" in result["msg"]


def test_an_object_may_be_called_session():
    with flexvdi() as one:
        assert one.run("flexvdi_image_storage", name="Session", hosts=["hv1"])[0]["changed"]


def test_the_ten_minutes_of_the_page_only_read():
    """The commands of flexvdi_verified, as the page has them, but for the process each."""
    page = (ROOT / "docs/docsite/rst/flexvdi_verified.rst").read_text(encoding="utf-8")
    found = list(re.finditer(r"(?m)^ +\$ ansible localhost (--check )?-m virtshare\.storage\.(\w+) -a '(.*)'$", page))
    assert len(found) == page.count("$ ansible localhost") == 6
    with flexvdi() as one:
        one.run("flexvdi_image_storage", **STORAGE)
        one.run("flexvdi_media_storage", name="cifs", address="192.0.2.10", path="media", hosts=["hv1"])
        before = len(one.tasks)
        results = [one.run(match.group(2), check=bool(match.group(1)), **dict(
            pair.split("=", 1) for pair in match.group(3).split()))[0] for match in found]
        assert len(one.tasks) == before
        assert results[3]["image_storages"] == [] and len(results[2]["image_storages"]) == 1
        assert results[5]["requests"] == [{"type": "evolume_create", "volume_id": "x", "image_storage_id": "West",
                                           "mount_point": "/srv/x"}]


def test_what_the_page_asks_with_curl_is_answered_and_only_reads(tmp_path):
    """As typed, against a Manager with a certificate that nobody trusts and a password that a shell might break."""
    page = (ROOT / "docs/docsite/rst/flexvdi_verified.rst").read_text(encoding="utf-8")
    block = next(found for found in re.findall(r"(?s)code-block:: console\n(?: +:force:\n)?\n +\$ (.*?)\n\n\S", page)
                 if "curl" in found)
    script = "\necho\n".join(["set -e -o pipefail", *re.split(r"\n +\$ ", block)])
    password = "\"quoted\" \\ $HOME 'ü'"
    with self_signed("127.0.0.1") as certificate, start(
            "admin:" + password, certificate=certificate, hosts=["hv1"], missing="404", task_seconds=0) as endpoint:
        for task in ({"type": "istorage_create", "image_storage_id": "West", "hosts": ["hv1"]},
                     {"type": "mstorage_create", "media_storage_id": "cifs", "address": "192.0.2.10", "path": "media",
                      "hosts": ["hv1"]}):
            endpoint.manager.tasks.create(task)
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60,
                              cwd=tmp_path, env=dict(os.environ, FLEXVDI_URL=endpoint.url, FLEXVDI_USERNAME="admin",
                                                     FLEXVDI_PASSWORD=password))
        assert done.returncode == 0, done.stderr
        answers = done.stdout.splitlines()[1:]
        asked = [(entry["method"], entry["path"], entry["status"]) for entry in endpoint.log.entries]
    assert asked == [
        ("POST", "/authenticate", 200), ("GET", "/hosts", 200), ("GET", "/imagestorages", 200),
        ("GET", "/imagestorages/West", 200), ("GET", "/imagestorages/there-is-none", 404),
        ("GET", "/mediastorages", 200), ("GET", "/mediastorages/cifs", 200), ("GET", "/hosts", 401)]
    assert json.loads(answers[0])["status"] == "OK" and json.loads(answers[3])["hosts"] == ["hv1"]
    assert answers[4].endswith(" HTTP 404") and answers[7].endswith(" HTTP 401")
    assert list(tmp_path.iterdir()) == []
