# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between a module and the server: each ends in bounded time with one sentence and no secret."""

import contextlib
import http.server
import socket
import ssl
import subprocess
import threading
import time
import xmlrpc.client

import pytest

from tests.support.modules import run_module
from tests.support.opennebula import PASSWORD, USER, opennebula

DATASTORE = {"name": "projects", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv"]}


@contextlib.contextmanager
def served(handle, wrap=None):
    """The port of a server that hands each connection to handle(connection, request text)."""
    listener = socket.create_server(("127.0.0.1", 0))
    if wrap is not None:
        listener = wrap(listener)

    def one(connection):
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"</methodCall>" not in request:
                block = connection.recv(65536)
                if not block:
                    return
                request += block
            handle(connection, request.decode("utf-8"))

    def accept():
        while True:
            try:
                connection = listener.accept()[0]
            except ssl.SSLError:
                continue
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR) if wrap is None else None
        listener.close()


def answering(status, body, length=None, extra=""):
    text = body.encode("utf-8")
    head = "HTTP/1.1 %s\r\nContent-Type: text/xml\r\n%s" % (status, extra)
    if length is not None:
        head += "Content-Length: %d\r\n" % length

    def handle(connection, _request):
        connection.sendall((head + "Connection: close\r\n\r\n").encode("ascii") + text)

    return handle


def attempt(url, timeout=3, lines=1, **parameters):
    """(result, seconds) of a module that must fail with one sentence a line and no secret."""
    given = dict({"api_url": url, "api_username": USER, "api_password": PASSWORD, "timeout": timeout}, **DATASTORE)
    given.update(parameters)
    begun = time.monotonic()
    result = run_module("one_datastore", given)
    assert result["failed"] and not result.get("exception")
    assert PASSWORD not in str(result) and "Traceback" not in str(result)
    assert result["msg"].count("\n") == lines - 1 and result["msg"].endswith(".")
    return result, time.monotonic() - begun


POOL = xmlrpc.client.dumps(([True, "<DATASTORE_POOL/>", 0],), methodresponse=True)


@pytest.mark.parametrize("handle, words", [
    (answering("502 Bad Gateway", "<html>nginx</html>"), "answered HTTP 502 Bad Gateway"),
    (answering("404 Not Found", "nothing"), "answered HTTP 404 Not Found"),
    (answering("302 Found", "", 0, "Location: http://127.0.0.1:1/RPC2\r\n"), "redirect (HTTP 302 Found)"),
    (answering("200 OK", "<!DOCTYPE html><html><body>Sunstone</body></html>"), "a web page (HTML) instead of XML-RPC"),
    (answering("200 OK", POOL[:60], len(POOL)), "was cut off (only 60 of %d bytes were received)" % len(POOL)),
    (answering("200 OK", POOL[:60]), "was cut off (the 60 characters received"),
    (answering("200 OK", ""), "was cut off (the 0 characters received"),
    (answering("200 OK", "<x/>"), "not a complete XML-RPC answer"),
    (answering("200 OK", xmlrpc.client.dumps((["yes"],), methodresponse=True)), "not OpenNebula's"),
    (answering("200 OK", xmlrpc.client.dumps(([True, "<broken", 0],), methodresponse=True)), "a body that is not XML"),
    (answering("200 OK", xmlrpc.client.dumps(xmlrpc.client.Fault(-506, "no such method"))), "method (fault -506)"),
    (lambda connection, _request: None, "closed before an answer came"),
])
def test_an_answer_that_is_none(handle, words):
    with served(handle) as port:
        result, seconds = attempt("http://127.0.0.1:%d/RPC2" % port)
        assert words in result["msg"] and ":%d/RPC2" % port in result["msg"]
    assert seconds < 10 and not result["changed"]


def test_nobody_listens():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        port = reserved.getsockname()[1]
    result, seconds = attempt("http://127.0.0.1:%d/RPC2" % port)
    assert result["msg"] == "OpenNebula cannot be reached at http://127.0.0.1:%d/RPC2: Connection refused." % port
    assert seconds < 5


def test_silence_and_a_trickle_end_in_time():
    finished = threading.Event()

    def silent(_connection, _request):
        finished.wait(30)

    def trickling(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        while not finished.wait(0.2):
            connection.sendall(b" ")

    for handle in (silent, trickling):
        with served(handle) as port:
            result, seconds = attempt("http://127.0.0.1:%d/RPC2" % port, timeout=1)
        assert "did not answer one.datastorepool.info within 1 s" in result["msg"] and seconds < 6
    finished.set()


def test_an_answer_lost_after_a_write_says_that_it_may_have_been_done():
    with opennebula() as one:
        def forward(connection, request):
            """Reads pass; the answer to the allocation gets lost after it was carried out."""
            body = request.split("\r\n\r\n", 1)[1]
            answer = one.endpoint.answer(body).encode("utf-8")
            if "one.datastore.allocate" in body:
                answer = answer[:40]
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer)

        with served(forward) as port:
            given = dict(DATASTORE, api_url="http://127.0.0.1:%d/RPC2" % port, api_username=USER, api_password=PASSWORD)
            result = run_module("one_datastore", given)
        assert "Whether it was carried out is not known: run the task again" in result["msg"]
        assert "Not done because of that: 1 of 1 operations" in result["msg"]
        again, _calls, writes = one.run("one_datastore", **DATASTORE)
        assert not again["changed"] and writes == []


def test_a_wrong_password(tmp_path):
    with opennebula() as one:
        url = one.endpoint.url
        result, _seconds = attempt(url, api_password="wrong-word")
        assert "does not accept user 'oneadmin' with the password given" in result["msg"] and url in result["msg"]
        assert "wrong-word" not in str(result)
        secret = tmp_path / "one_auth"
        secret.write_text("oneadmin:from-the-file\n", encoding="utf-8")
        result, _seconds = attempt(url, api_username=None, api_password=None, api_auth_file=str(secret))
        assert "does not accept" in result["msg"] and "from-the-file" not in str(result)
        secret.write_text("%s:%s\n" % (USER, PASSWORD), encoding="utf-8")
        given = dict(DATASTORE, api_url=url, api_auth_file=str(secret))
        assert run_module("one_datastore", given, check=True)["changed"]


@pytest.mark.parametrize("given, words", [
    ({"api_username": None, "api_password": None, "api_auth_file": "/nowhere/auth"}, "/nowhere/auth cannot be read"),
    ({"api_password": None}, "Only api_username is given"),
    ({"api_username": None}, "Only api_password is given"),
    ({"api_username": "a:b"}, "holds a colon"),
    ({"api_url": "frontend:2633"}, "is not an address such as http://"),
    ({"timeout": 0}, "not a positive number of seconds"),
])
def test_wrong_connection_options(given, words):
    parameters = dict({"timeout": 1}, **given)
    url = parameters.pop("api_url", "http://127.0.0.1:1/RPC2")
    result, _seconds = attempt(url, **parameters)
    assert words in result["msg"]


def test_the_environment_names_the_connection(monkeypatch, tmp_path):
    with opennebula() as one:
        monkeypatch.setenv("ONE_XMLRPC", one.endpoint.url)
        monkeypatch.setenv("ONE_USERNAME", USER)
        monkeypatch.setenv("ONE_PASSWORD", PASSWORD)
        assert len(run_module("one_datastore_info", {})["datastores"]) == 3
        monkeypatch.delenv("ONE_USERNAME")
        monkeypatch.delenv("ONE_PASSWORD")
        secret = tmp_path / "one_auth"
        secret.write_text("%s:%s" % (USER, PASSWORD), encoding="utf-8")
        monkeypatch.setenv("ONE_AUTH", str(secret))
        assert len(run_module("one_datastore_info", {})["datastores"]) == 3
        monkeypatch.setenv("ONE_URL", "http://127.0.0.1:1/RPC2")
        assert "http://127.0.0.1:1/RPC2" in run_module("one_datastore_info", {"timeout": 2})["msg"]


def test_not_authorised_for_one_of_several_calls():
    with opennebula() as one:
        one.by_hand("one.user.allocate", "bob", "bobs-word", "", [])
        one.run("one_datastore", **DATASTORE, owner="bob", group="users")
        result, _seconds = attempt(one.endpoint.url, api_username="bob", api_password="bobs-word",
                                   attributes={"note": "x"}, clusters=[], lines=2)
        assert "does not allow user 'bob' the call one.cluster.deldatastore" in result["msg"]
        assert "1 of 2 operations are done; run the task again" in result["msg"]
        assert one.run("one_datastore", **DATASTORE, attributes={"note": "x"}, clusters=[])[2] == [
            "one.cluster.deldatastore"]
        assert "bobs-word" not in str(result)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return certificate, key


def test_tls_is_verified(certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with opennebula() as one:
        def forward(connection, request):
            answer = one.endpoint.answer(request.split("\r\n\r\n", 1)[1]).encode("utf-8")
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer)

        with served(forward, lambda listener: context.wrap_socket(listener, server_side=True)) as port:
            url = "https://localhost:%d/RPC2" % port
            result, _seconds = attempt(url)
            assert "The TLS connection to %s fails" % url in result["msg"] and "ca_path" in result["msg"]
            result, _seconds = attempt("https://127.0.0.1:%d/RPC2" % port, ca_path=str(certificate[0]))
            assert "TLS connection" in result["msg"]
            given = dict(DATASTORE, api_url=url, api_username=USER, api_password=PASSWORD)
            assert run_module("one_datastore", dict(given, ca_path=str(certificate[0])), check=True)["changed"]
            assert run_module("one_datastore", dict(given, validate_certs=False), check=True)["changed"]
            with monkeypatch.context() as environment:
                environment.setenv("ONE_CA_PATH", str(certificate[0]))
                assert run_module("one_datastore", given, check=True)["changed"]
            with monkeypatch.context() as environment:
                environment.setenv("ONE_VALIDATE_CERTS", "false")
                assert run_module("one_datastore", given, check=True)["changed"]
                assert "TLS connection" in run_module("one_datastore", dict(given, validate_certs=True))["msg"]
            assert "opennebula_storage_ca_path" in attempt(url)[0]["msg"]
            result, _seconds = attempt(url, ca_path="/nowhere.pem")
            assert "ca_path /nowhere.pem cannot be used" in result["msg"]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
def test_a_proxy_that_refuses_is_named_without_its_password(monkeypatch, variable):
    """The platform listens all the while."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://vm:hunter2@127.0.0.1:9")
    with opennebula() as one:
        url = one.endpoint.url
        result, _seconds = attempt(url)
        assert result["msg"] == (
            "OpenNebula cannot be reached at %s: Connection refused. It was asked through the proxy http://127.0.0.1:9, which "
            "%s in the environment names; with no_proxy=127.0.0.1 it is asked directly." % (url, variable))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        given = dict(DATASTORE, api_url=url, api_username=USER, api_password=PASSWORD)
        assert run_module("one_datastore", given, check=True)["changed"]


def test_a_proxy_of_the_environment_is_used_with_a_login_in_the_url(monkeypatch):
    seen = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((self.path, self.headers["Authorization"]))
            self.send_error(502)

        def log_message(self, *dummy):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:%d" % proxy.server_port)
        monkeypatch.delenv("no_proxy", raising=False)
        result, _seconds = attempt("http://user:proxy-word@frontend.example:2633/RPC2")
        proxy.shutdown()
    assert seen == [("http://frontend.example:2633/RPC2", "Basic dXNlcjpwcm94eS13b3Jk")]
    assert "http://frontend.example:2633/RPC2 answered HTTP 502" in result["msg"] and "proxy-word" not in result["msg"]
