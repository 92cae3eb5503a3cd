# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated flexVDI Manager itself: sessions, tasks and every rule of the documents, asked without the modules."""

import contextlib
import http.client
import json
import ssl
import subprocess
import sys
import time
import urllib.parse

import pytest

from tests.simulators.flexsim import start
from tests.support.playbook import ROOT

OK, ERROR = "OK", "Error"


class Caller:
    """What a client of the vendor would do: JSON, and the cookie that came with the login."""

    def __init__(self, url, context=None, endpoint=None):
        self.endpoint = endpoint
        self._address = urllib.parse.urlsplit(url)
        self._context = context
        self.cookie = None

    def __call__(self, method, path, document=None):
        """(status, document) of one exchange."""
        place = (self._address.hostname, self._address.port)
        connection = (http.client.HTTPSConnection(*place, timeout=10, context=self._context)
                      if self._address.scheme == "https" else http.client.HTTPConnection(*place, timeout=10))
        with contextlib.closing(connection):
            body = None if document is None else json.dumps(document)
            connection.request(method, path, body, {"Cookie": self.cookie} if self.cookie else {})
            answer = connection.getresponse()
            if answer.headers["Set-Cookie"]:
                self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            return answer.status, json.loads(answer.read())

    def login(self, username="admin", password="flexvdi"):
        return self("POST", "/authenticate", {"username": username, "password": password})[1]

    def task(self, **document):
        """(result, result_msg) of a task, waited for."""
        status, answer = self("POST", "/tasks/create", document)
        assert status == 200 and answer["status"] == OK, answer["message"]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            task = self("GET", "/tasks/" + answer["message"])[1]
            if task["state"] == "completed":
                return task["result"], task["result_msg"]
        raise AssertionError("the task does not end")

    def refused(self, **document):
        """The message of a request for a task that is malformed."""
        answer = self("POST", "/tasks/create", document)[1]
        assert answer["status"] == ERROR
        return answer["message"]


@contextlib.contextmanager
def caller(**settings):
    settings.setdefault("hosts", ["hv1", "hv2", "hv3"])
    with start(**settings) as endpoint:
        made = Caller(endpoint.url, endpoint=endpoint)
        assert made.login()["status"] == OK
        yield made


@pytest.fixture(name="call")
def logged_in():
    with caller(disks=[("hv1", "35"), ("hv2", "35"), ("hv1", "36")]) as made:
        made.task(type="istorage_create", image_storage_id="West", hosts=["hv1", "hv2"])
        yield made


def test_nothing_is_shown_without_a_session_and_after_its_end():
    with start(hosts=["hv1"]) as endpoint:
        call = Caller(endpoint.url)
        assert call("GET", "/hosts")[0] == 401
        assert call.login(password="wrong") == {"status": ERROR, "message": "Invalid username or password"}
        assert call("GET", "/hosts")[0] == 401
        assert call.login()["status"] == OK and call("GET", "/hosts") == (200, [
            {"host_id": "hv1", "status": "running"}])
        assert call("GET", "/hosts/hv1")[1]["current_state"] == "running"
        assert call("GET", "/logout")[1]["status"] == OK and call("GET", "/hosts")[0] == 401
        call.login()
        endpoint.manager.expire_sessions()
        assert call("GET", "/hosts")[0] == 401
    with start(hosts=["hv1"], session_seconds=0) as endpoint:
        call = Caller(endpoint.url)
        assert call.login()["status"] == OK and call("GET", "/hosts")[0] == 401


def test_a_task_takes_its_time_and_its_effect_shows_at_its_end():
    with caller(task_seconds=0.5) as call:
        number = call("POST", "/tasks/create", {
            "type": "istorage_create", "image_storage_id": "West", "hosts": ["hv1"]})[1]["message"]
        begun = call("GET", "/tasks/" + number)[1]
        assert begun["state"] in ("pending", "running") and begun["result"] == "pending"
        assert set(begun) == {"task_id", "execution", "when", "state", "result", "result_msg", "task_type"}
        assert call("GET", "/imagestorages/West")[1] == {"status": ERROR, "message": "West not found"}
        states = {begun["state"]}
        while call("GET", "/tasks/" + number)[1]["state"] != "completed":
            states.add(call("GET", "/tasks/" + number)[1]["state"])
        assert states <= {"pending", "running", "completed"}
        assert call("GET", "/imagestorages/West")[1]["hosts"] == ["hv1"]


def test_a_task_can_fail_and_can_hang(call):
    tasks = call.endpoint.manager.tasks
    tasks.failing["istorage_delete"] = "No"
    assert call.task(type="istorage_delete", image_storage_id="West") == ("error", "No")
    assert call.task(type="istorage_delete", image_storage_id="West")[0] == "success"
    tasks.stuck.add("istorage_create")
    number = call("POST", "/tasks/create", {
        "type": "istorage_create", "image_storage_id": "West", "hosts": ["hv1"]})[1]["message"]
    assert call("GET", "/tasks/" + number)[1]["state"] != "completed"


VOLUME = {"volume_id": "V", "image_storage_id": "West"}
GLUSTER = dict(VOLUME, type="gvolume_create", gvolume_name="", redundancy="1:1", brick_paths=["/b/x"])
MEDIA = {"media_storage_id": "cifs", "address": "192.0.2.1", "path": "media", "hosts": ["hv1"]}


@pytest.mark.parametrize("document, message", [
    (dict(type="istorage_create", image_storage_id="West", hosts=["hv1"]), "Image Storage West already exists"),
    (dict(type="istorage_create", image_storage_id="East", hosts=["hv9"]), "Host hv9 does not exist"),
    (dict(type="istorage_create", image_storage_id="East", hosts=[]), "No hosts given"),
    (dict(type="istorage_modify", image_storage_id="East", hosts=["hv1"]), "Image Storage East does not exist"),
    (dict(type="istorage_delete", image_storage_id="East"), "Image Storage East does not exist"),
    (dict(VOLUME, type="evolume_create", mount_point="relative"), "Invalid mount point relative"),
    (dict(VOLUME, type="evolume_create", mount_point="/a", image_storage_id="East"), "East does not exist"),
    (dict(VOLUME, type="evolume_delete"), "Volume V does not exist"),
    (dict(VOLUME, type="volume_create", primary_disk_id="36"), "Disk 36 is not usable"),
    (dict(GLUSTER, redundancy="1:2"), "Redundancy 1:2 does not fit 2 bricks on 2 hosts"),
    (dict(GLUSTER, redundancy="2:1"), "Redundancy 2:1 does not fit 2 bricks on 2 hosts"),
    (dict(GLUSTER, redundancy="2:0"), "does not fit"),
    (dict(GLUSTER, redundancy="two"), "Invalid redundancy two"),
    (dict(GLUSTER, brick_paths=["/x"]), "The parent of brick /x is not a mount point other than /"),
    (dict(GLUSTER, brick_paths=[]), "At least two hosts and one brick path are needed"),
    (dict(MEDIA, type="mstorage_create", hosts=["hv9"]), "Host hv9 does not exist"),
    (dict(MEDIA, type="mstorage_modify"), "Media Storage cifs does not exist"),
    ({"type": "mstorage_delete", "media_storage_id": "cifs"}, "Media Storage cifs does not exist"),
])
def test_a_rule_that_is_broken_ends_the_task_in_an_error(call, document, message):
    result, words = call.task(**document)
    assert result == "error" and message in words


@pytest.mark.parametrize("document, message", [
    ({"type": "evolume_modify"}, "Unknown task type evolume_modify"),
    ({"type": "volume_modify"}, "Unknown task type volume_modify"),
    ({}, "Unknown task type None"),
    ({"type": "istorage_create", "hosts": ["hv1"]}, "Field image_storage_id is missing"),
    ({"type": "istorage_create", "image_storage_id": "x", "hosts": "hv1"}, "Field hosts has the wrong type"),
])
def test_a_malformed_request_makes_no_task(call, document, message):
    assert call.refused(**document) == message


def test_a_storage_with_volumes_and_a_volume_with_images_stay(call):
    assert call.task(**dict(VOLUME, type="evolume_create", mount_point="/a"))[0] == "success"
    assert call.task(type="istorage_delete", image_storage_id="West") == ("error", "Image Storage West is not empty")
    assert call.task(**GLUSTER) == ("error", "Volume V already exists")
    call.endpoint.manager.storages["West"]["volumes"]["V"]["images"].append("windows")
    assert call.task(**dict(VOLUME, type="evolume_delete")) == ("error", "Volume V is not empty")


def test_a_disk_in_use_is_usable_no_more(call):
    shown = call("GET", "/imagestorages/West")[1]
    assert shown["disks"] == [{"disk_id": "35", "hosts": ["hv1", "hv2"]}] and "gluster_volumes" in shown
    assert call.task(**dict(VOLUME, type="volume_create", primary_disk_id="35"))[0] == "success"
    shown = call("GET", "/imagestorages/West")[1]
    assert shown["disks"] == [] and shown["volumes"][0]["primary_disk_id"] == "35"


@pytest.mark.parametrize("version", ["2.2", "3.0"])
def test_older_versions_want_what_they_reserve_and_have_no_gluster_and_no_logout(version):
    with caller(version=version) as call:
        storage = {"type": "istorage_create", "image_storage_id": "West", "hosts": ["hv1", "hv2"]}
        assert call.refused(**storage) == "Field repeat is missing"
        assert call.task(repeat="0", retries="0", **storage)[0] == "success"
        assert call.refused(repeat="0", retries="0", **GLUSTER) == "Unknown task type gvolume_create"
        assert "gluster_volumes" not in call("GET", "/imagestorages/West")[1]
        assert call("GET", "/logout")[0] == 404 and call("GET", "/hosts")[0] == 200


def test_the_program_serves_tls_with_renamed_fields_and_logs_no_secret(tmp_path):
    command = [sys.executable, str(ROOT / "tests/simulators/flexvdi.py"), "--listen", "127.0.0.1:0", "--credentials",
               "admin:program-word", "--host", "hv1", "--host", "hv2", "--disk", "hv1:35", "--disk", "hv2:35", "--tls",
               "--field", "istorage_hosts=nodes", "--log", str(tmp_path / "calls"), "--task-seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            certificate = process.stdout.readline().partition("certificate in ")[2].strip()
            url = process.stdout.readline().partition("listening on ")[2].strip()
            call = Caller(url, ssl.create_default_context(cafile=certificate))
            assert call.login(password="program-word")["status"] == OK
            storage = {"type": "istorage_create", "image_storage_id": "West"}
            assert call.refused(hosts=["hv1"], **storage) == "Field nodes is missing"
            assert call.task(nodes=["hv1", "hv2"], **storage)[0] == "success"
            assert call("GET", "/imagestorages/West")[1]["disks"][0]["disk_id"] == "35"
        finally:
            process.terminate()
    text = (tmp_path / "calls").read_text(encoding="utf-8")
    assert json.loads(text.splitlines()[0]) == {"method": "POST", "path": "/authenticate", "task": None, "status": 200}
    assert "program-word" not in text and process.returncode == 0


@pytest.mark.parametrize("words, said", [
    (["--field", "x=y"], "--field x: unknown"), (["--disk", "hv9:35"], "there is no such --host"),
    (["--listen", "nowhere"], "write HOST:PORT"), (["--missing", "no"], "write error or an HTTP status"),
    (["--key", "x"], "together with --key")])
def test_the_program_says_what_is_wrong_with_its_command_line(words, said):
    done = subprocess.run([sys.executable, str(ROOT / "tests/simulators/flexvdi.py"), "--credentials", "a:b", *words],
                          capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2 and said in done.stderr
