# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between a module and a flexVDI Manager: it ends in time, with one sentence, and a rerun finishes."""

import contextlib
import socket
import time

import pytest

from tests.simulators.flexsim.command import self_signed
from tests.simulators.flexsim.server import Fault
from tests.support.flexvdi import MEDIA_PASSWORD, PASSWORD, USER, flexvdi
from tests.support.modules import run_module

STORAGE = {"name": "West", "hosts": ["hv1", "hv2"]}


@pytest.fixture(name="one")
def manager():
    with flexvdi() as running:
        yield running


def sentence(result):
    """The message of a failure that is one line and no traceback."""
    assert result["failed"] and "Traceback" not in str(result)
    assert "\n" not in result["msg"] and result["msg"].endswith(".")
    return result["msg"]


@pytest.mark.parametrize("username, password", [(USER, "wrong-word"), ("nobody", PASSWORD)])
def test_a_wrong_login(one, username, password):
    result = one.attempt("flexvdi_image_storage", **dict(STORAGE, api_username=username, api_password=password))[0]
    message = sentence(result)
    assert "does not accept user '%s' with the password given (Invalid username or password)" % username in message
    assert one.endpoint.url in message and "wrong-word" not in str(result)
    assert one.calls == ["POST /authenticate"]


@pytest.mark.parametrize("how", ["401", "403", "302", "error"])
def test_a_session_that_ends_before_a_task_is_asked_for_costs_one_login_and_no_second_task(one, how):
    one.endpoint.expired = how
    original = one.manager.show_hosts

    def show():
        one.manager.expire_sessions()
        return original()

    one.manager.show_hosts = show
    result, calls, _tasks = one.run("flexvdi_image_storage", **STORAGE)
    assert result["changed"] and calls.count("POST /authenticate") == 2
    assert [task["type"] for task in one.manager.tasks.all] == ["istorage_create"]


@pytest.mark.parametrize("how", ["401", "403", "302", "error"])
def test_a_session_that_ends_in_the_middle_is_begun_again_once(one, how):
    one.endpoint.expired = how
    original = one.manager.tasks.create

    def create(document):
        number = original(document)
        one.manager.expire_sessions()
        return number

    one.manager.tasks.create = create
    result, calls, tasks = one.run("flexvdi_image_storage", **STORAGE)
    assert result["changed"] and tasks == ["istorage_create"] and calls.count("POST /authenticate") == 2


@pytest.mark.parametrize("how", ["401", "403"])
def test_a_status_alone_says_that_a_session_has_ended_and_its_cookie_is_not_sent_again(one, how):
    one.endpoint.expired = how
    one.endpoint._failure = lambda how, message: (int(how) if how != "error" else 404, {}, None)
    logins, original, show = [], one.endpoint._answer, one.manager.show_hosts

    def answer(method, path, body, session):
        if path == "/authenticate":
            logins.append(session)
        return original(method, path, body, session)

    one.endpoint._answer = answer
    one.manager.show_hosts = lambda: one.manager.expire_sessions() or show()
    assert one.run("flexvdi_image_storage", **STORAGE)[0]["changed"] and logins == [None, None]


@pytest.mark.parametrize("how", ["401", "error"])
def test_a_manager_that_never_knows_the_session_is_asked_to_log_in_once_more_only(one, how):
    one.endpoint.expired = how
    one.manager.knows = lambda session: False
    result, calls, _tasks = one.attempt("flexvdi_image_storage", **STORAGE)
    assert "does not let user 'admin' do GET /imagestorages/West, although it was logged in" in sentence(result)
    assert calls.count("POST /authenticate") == 1


def test_a_manager_that_loses_each_session_is_asked_to_log_in_twice_for_one_exchange_at_most(one):
    """Known at the first exchange of the session only."""
    original = one.manager.knows
    one.manager.knows = lambda session: original(session) and not one.manager.forget(session)
    one.endpoint.expired = "302"
    result, calls, _tasks = one.run("flexvdi_storage_info", gather=["hosts", "image_storages"])
    assert result["hosts"] and calls.count("POST /authenticate") == 2 and len(calls) == 6
    one.manager.knows = lambda session: False
    result, calls, _tasks = one.attempt("flexvdi_storage_info")
    assert "answered with a redirect (HTTP 302" in sentence(result) and calls.count("POST /authenticate") == 1


def answering(one, method, path, answer):
    """Let the Manager answer one address with (status, document, cookie)."""
    original = one.endpoint._answer

    def changed(asked, at, body, session):
        return answer if (asked, at) == (method, path) else original(asked, at, body, session)

    one.endpoint._answer = changed


@pytest.mark.parametrize("status, document, words", [
    (200, [], "answered the login with something that is not flexVDI's status and message"),
    (200, {"status": "up"}, "answered the login with something that is not flexVDI's status and message"),
    (401, {"status": "Error", "message": "Locked"}, "does not accept user 'admin' with the password given (HTTP 401)"),
    (403, {}, "does not accept user 'admin' with the password given (HTTP 403)"),
    (404, {}, "answered HTTP 404"),
    (503, {}, "answered HTTP 503"),
])
def test_a_login_that_is_answered_by_something_else(one, status, document, words):
    answering(one, "POST", "/authenticate", (status, document, None))
    result, calls, _tasks = one.attempt("flexvdi_image_storage", **STORAGE)
    assert words in sentence(result) and calls == ["POST /authenticate"]


@pytest.mark.parametrize("answer, words", [
    ({"status": "OK"}, "accepted the task istorage_create without saying its number"),
    ({"status": "OK", "message": ""}, "accepted the task istorage_create without saying its number"),
    ({"status": "OK", "message": {}}, "accepted the task istorage_create without saying its number"),
    ([], "accepted the task istorage_create without saying its number"),
])
def test_a_task_without_a_number(one, answer, words):
    answering(one, "POST", "/tasks/create", (200, answer, None))
    assert words in sentence(one.attempt("flexvdi_image_storage", **STORAGE)[0])


def test_the_number_of_a_task_may_be_a_number(one):
    original = one.manager.tasks.create
    one.manager.tasks.create = lambda document: int(original(document))
    assert one.run("flexvdi_image_storage", **STORAGE)[0]["tasks"] == ["1"]


@pytest.mark.parametrize("answer, words", [
    ({}, "answered GET /tasks/1 with something that has no state"),
    (["completed"], "answered GET /tasks/1 with something that has no state"),
    ({"state": "completed", "result": "error"}, "failed at {url}: no reason given, result error."),
    ({"state": "completed"}, "failed at {url}: no reason given, result None."),
    ({"state": "completed", "result": "pending", "result_msg": "Odd"}, "failed at {url}: Odd."),
])
def test_what_a_task_says_of_itself(one, answer, words):
    answering(one, "GET", "/tasks/1", (200, answer, None))
    assert words.format(url=one.endpoint.url) in sentence(one.attempt("flexvdi_image_storage", **STORAGE)[0])


def test_a_secret_in_the_managers_own_words_is_hidden(one):
    media = {"name": "cifs", "address": "192.0.2.10", "path": "media", "password": MEDIA_PASSWORD, "hosts": ["hv1"]}
    session = one.manager.authenticate(USER, PASSWORD)
    answering(one, "POST", "/authenticate", (200, {"status": "OK", "message": "login-word"}, "SESSION_ID=" + session))
    one.manager.tasks.failing["mstorage_create"] = "%s and login-word cannot mount with %s" % (session, MEDIA_PASSWORD)
    # That neither a password nor the session shows is looked at after every run.
    message = sentence(one.attempt("flexvdi_media_storage", **media)[0])
    assert "cannot mount with" in message and "login-word" not in message


def test_a_password_in_the_address_is_hidden(one):
    with_login = one.endpoint.url.replace("http://", "http://door:proxy%2Dword@")
    for given in ({"api_url": with_login}, {"api_url": with_login, "api_password": "wrong-word"}):
        result = one.attempt("flexvdi_image_storage", **dict(STORAGE, **given))[0]
        assert "proxy-word" not in str(result) and "proxy%2Dword" not in str(result)
    assert one.endpoint.url in sentence(result)


def test_a_task_that_fails_says_why_and_the_next_run_finishes(one):
    one.manager.tasks.failing["istorage_create"] = "Host hv2 is\nnot reachable"
    result, _calls, tasks = one.attempt("flexvdi_image_storage", **STORAGE)
    message = sentence(result)
    assert "The task 1 (istorage_create of West) failed" in message and "Host hv2 is not reachable." in message
    assert tasks == ["istorage_create"] and not result["changed"]
    # Nothing in these words is about a name.
    assert "flexvdi_verified" not in message
    assert one.run("flexvdi_image_storage", **STORAGE)[2] == ["istorage_create"]


def test_a_task_that_never_ends_is_not_waited_for_longer_than_told(one):
    one.manager.tasks.stuck.add("istorage_create")
    begun = time.monotonic()
    result = one.attempt("flexvdi_image_storage", task_timeout=1, **STORAGE)[0]
    assert time.monotonic() - begun < 10
    assert "The task 1 (istorage_create of West) has not ended within 1 s (task_timeout)" in sentence(result)
    one.manager.tasks.stuck.clear()
    assert one.run("flexvdi_image_storage", **STORAGE)[0]["changed"]


READ, WRITE = "/imagestorages/West", "/tasks/create"
UNKNOWN = "How the task 1 (istorage_create of West) ends is not known: run again when it has."
LOST = "Whether it was carried out is not known: run the task again"


@pytest.mark.parametrize("how, method, path, words", [
    ("500", "GET", READ, "had an unexpected error with GET /imagestorages/West (HTTP 500)"),
    ("500", "POST", WRITE, LOST),
    ("500", "POST", "/authenticate", "answered HTTP 500"),
    ("html", "POST", "/authenticate", "answered POST /authenticate with a web page (HTML) instead of JSON"),
    ("html", "GET", READ, "with a web page (HTML) instead of JSON"),
    ("html", "GET", "/tasks/1", "with a web page (HTML) instead of JSON"),
    ("html", "POST", WRITE, "with a web page (HTML) instead of JSON"),
    ("500", "GET", "/tasks/1", UNKNOWN),
    ("truncated", "GET", "/tasks/1", UNKNOWN),
    ("closed", "GET", "/tasks/1", UNKNOWN),
    ("silence", "GET", "/tasks/1", UNKNOWN),
    ("500", "GET", "/hosts", "had an unexpected error with GET /hosts (HTTP 500)"),
    ("truncated", "GET", READ, "was cut off"),
    ("truncated", "POST", WRITE, LOST),
    ("truncated", "POST", "/authenticate", "was cut off"),
    ("closed", "GET", READ, "was cut off (the connection was closed before an answer came)"),
    ("closed", "POST", WRITE, LOST),
    ("silence", "GET", READ, "did not answer GET /imagestorages/West within 1 s"),
    ("silence", "POST", WRITE, LOST),
])
def test_an_answer_that_is_none(one, how, method, path, words):
    one.endpoint.faults.append(Fault(how, path, method))
    begun = time.monotonic()
    result = one.attempt("flexvdi_image_storage", **dict(STORAGE, timeout=1))[0]
    assert time.monotonic() - begun < 8
    message = sentence(result)
    assert words in message
    # Only what the Manager itself says of a request may be about a name in it.
    assert ("flexvdi_verified" in message) == ((how, path) == ("500", WRITE))
    # By the time somebody runs it again, what was begun is over; how long that takes is not looked at here.
    for task in one.manager.tasks.all:
        task["due"] = 0
    # A rerun finishes, and what was carried out before its answer got lost is not done twice.
    one.run("flexvdi_image_storage", **STORAGE)
    assert one.manager.storages["West"]["hosts"] == ["hv1", "hv2"]
    done = [entry for entry in one.manager.tasks.all if entry["result"] == "success"]
    assert len(done) == 1


def test_an_unexpected_error_is_never_absent_whatever_it_says(one):
    answering(one, "GET", READ, (500, {"status": "Error", "message": "West not found"}, None))
    for check in (True, False):
        message = sentence(one.attempt("flexvdi_image_storage", check=check, name="West", state="absent")[0])
        assert "had an unexpected error with GET /imagestorages/West (HTTP 500: West not found)" in message
    answering(one, "POST", WRITE, (500, {"status": "Error", "message": "Deadlock"}, None))
    answering(one, "GET", READ, (404, {}, None))
    message = sentence(one.attempt("flexvdi_image_storage", **STORAGE)[0])
    assert "(HTTP 500: Deadlock)" in message and LOST in message


@pytest.mark.parametrize("how, words", [("html", "web page (HTML)"), ("truncated", "was cut off"), ("500", "HTTP 500")])
def test_what_only_reads_fails_alike(one, how, words):
    one.endpoint.faults.append(Fault(how, "/hosts", "GET"))
    result, calls, _tasks = one.attempt("flexvdi_storage_info")
    assert words in sentence(result) and calls[-1] == "GET /logout"
    assert one.run("flexvdi_storage_info")[0]["hosts"]


def test_nobody_listens():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        url = "http://127.0.0.1:%d" % reserved.getsockname()[1]
    result = run_module("flexvdi_image_storage", dict(
        STORAGE, api_url=url, api_username=USER, api_password=PASSWORD, timeout=2))
    assert sentence(result) == "flexVDI Manager cannot be reached at %s: Connection refused." % url


@pytest.mark.parametrize("given, words", [
    ({"api_url": None}, "api_url (in the role flexvdi_storage_api_url) is not given: give it, or set FLEXVDI_URL"),
    ({"api_username": None}, "api_username (in the role flexvdi_storage_api_username) is not given"),
    ({"api_password": None}, "set FLEXVDI_PASSWORD"),
    ({"api_url": "manager.example.org"}, "is not an address such as https://manager.example.org"),
    ({"api_url": "https://x/?a=b"}, "is not an address"),
    ({"timeout": 0}, "timeout 0 is not a positive number of seconds; 10 is the default"),
    ({"task_timeout": 0}, "task_timeout 0 is not a positive number of seconds; 300 is the default"),
    ({"api_url": "https://x", "ca_path": "/nowhere.pem"}, "ca_path /nowhere.pem cannot be used"),
])
def test_wrong_connection_options(one, given, words):
    assert words in sentence(one.attempt("flexvdi_image_storage", **dict(STORAGE, **given))[0])
    assert one.calls == []


def test_the_environment_names_the_connection(one, monkeypatch):
    for name, value in (("URL", one.endpoint.url + "/"), ("USERNAME", USER), ("PASSWORD", PASSWORD)):
        monkeypatch.setenv("FLEXVDI_" + name, value)
    assert run_module("flexvdi_image_storage", STORAGE)["changed"]
    assert [host["id"] for host in run_module("flexvdi_storage_info", {})["hosts"]] == ["hv1", "hv2", "hv3"]


def test_tls_is_verified(monkeypatch):
    with self_signed("127.0.0.2") as certificate, flexvdi(certificate=certificate) as one:
        trusted = str(certificate[0])
        assert one.endpoint.url.startswith("https://127.0.0.1:")
        by_name = dict(STORAGE, api_url=one.endpoint.url.replace("127.0.0.1", "localhost"))
        message = sentence(one.attempt("flexvdi_image_storage", **by_name)[0])
        assert "The TLS connection to %s fails" % by_name["api_url"] in message and "ca_path" in message
        # Trusted, but not for this address.
        assert "fails" in sentence(one.attempt("flexvdi_image_storage", ca_path=trusted, **STORAGE)[0])
        assert one.calls == []
        assert one.run("flexvdi_image_storage", ca_path=trusted, **by_name)[0]["changed"]
        assert not one.run("flexvdi_image_storage", validate_certs=False, **STORAGE)[0]["changed"]
        with monkeypatch.context() as environment:
            environment.setenv("FLEXVDI_CA_PATH", trusted)
            assert not one.run("flexvdi_image_storage", **by_name)[0]["changed"]
        monkeypatch.setenv("FLEXVDI_VALIDATE_CERTS", "no")
        assert not one.run("flexvdi_image_storage", **STORAGE)[0]["changed"]
        assert "fails" in sentence(one.attempt("flexvdi_image_storage", validate_certs=True, **STORAGE)[0])


def test_a_refusal_and_a_failure_end_the_session_too(one):
    assert one.attempt("flexvdi_image_storage", name="West", hosts=["hv9"])[1][-1] == "GET /logout"
    one.manager.tasks.failing["istorage_create"] = "No"
    assert one.attempt("flexvdi_image_storage", **STORAGE)[1][-1] == "GET /logout"
