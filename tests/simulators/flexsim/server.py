# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: one thread a connection, one lock for the state."""

import contextlib
import json
import re
import threading
import urllib.parse

from .. import serving
from .manager import Manager

COOKIE = "SESSION_ID"
_LARGEST_REQUEST = 1024 * 1024
SILENCE = 60


class CallLog(serving.CallLog):
    """What was asked: {"method", "path", "task", "status"} a call; C(bodies) has the bytes of the requests beside it.

    Only the file is written for others to read, and it holds no body: there are passwords in those.
    """

    def __init__(self, path=None):
        super().__init__(path)
        self.bodies = []

    def add(self, method, path, body, status):
        task = None
        if path == "/tasks/create":
            with contextlib.suppress(ValueError, AttributeError):
                task = json.loads(body).get("type")
        self.bodies.append(body)
        self.note(method=method, path=path, task=task, status=status)


class Fault:
    """The next C(times) exchanges that go wrong; C(how): 500, html, truncated, closed, silence."""

    def __init__(self, how, path=".*", method=".*", times=1):
        self.how, self.path, self.method, self.times = how, path, method, times

    def strikes(self, method, path):
        if self.times < 1 or not re.fullmatch(self.path, path) or not re.fullmatch(self.method, method):
            return False
        self.times -= 1
        return True


class _Handler(serving.Handler):
    server_version = "flexVDI"

    def do_GET(self):
        self._serve("GET")

    def do_POST(self):
        self._serve("POST")

    def _serve(self, method):
        body = self.body(_LARGEST_REQUEST)
        if body is None:
            return
        session = None
        for name, _equals, value in (
                part.strip().partition("=") for part in self.headers.get("Cookie", "").split(";")):
            if name == self.server.endpoint.cookie:
                session = value
        status, answer, cookie, how = self.server.endpoint.answer(
            method, urllib.parse.unquote(self.path), body.decode("utf-8", "replace"), session)
        self._send(status, answer, cookie, how)

    def _send(self, status, answer, cookie, how):
        content, payload = "application/json", json.dumps(answer).encode("utf-8")
        if how == "silence":
            self.server.endpoint.ended.wait(SILENCE)
        if how in ("silence", "closed"):
            self.close_connection = True
            return
        if how == "500":
            status, payload = 500, b"java.lang.NullPointerException"
        elif how == "html":
            content, payload = "text/html", b"<!DOCTYPE html><html><body>flexVDI Dashboard</body></html>"
        elif how == "truncated":
            payload = payload[:len(payload) // 2]
        self.send_response(status)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(payload)))
        if cookie is not None:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(payload)


class Endpoint(serving.Endpoint):
    """A listening server. url, manager (the state) and log (the calls) are there to be read.

    certificate: (certificate file, key file) to serve TLS with. missing, expired: "error" for an ErrorMessage with
    status 200, or an HTTP status, as the documents do not say which. faults: Fault objects, for tests.
    """

    def __init__(self, manager, host="127.0.0.1", port=0, log_path=None, certificate=None, missing="error",
                 expired="401", cookie=COOKIE):
        self.manager = manager
        self.log = CallLog(log_path)
        self.cookie = cookie
        self.missing, self.expired = missing, expired
        self.faults = []
        self.ended = threading.Event()
        super().__init__(_Handler, host, port, certificate=certificate)

    def answer(self, method, path, body, session):
        """(status, document, Set-Cookie or None, how the exchange goes wrong or None)."""
        with self.manager.lock:
            how = next((fault.how for fault in self.faults if fault.strikes(method, path)), None)
            if how in ("500", "html") or (how in ("silence", "closed") and method == "GET"):
                status, document, cookie = (500 if how == "500" else 200), {}, None
            else:
                # What is cut off or kept back afterwards has been carried out.
                status, document, cookie = self._answer(method, path, body, session)
            self.log.add(method, path, body, status)
        return status, document, cookie, how

    def _answer(self, method, path, body, session):
        self.manager.tasks.advance()
        try:
            request = json.loads(body) if body else {}
        except ValueError:
            return 500, _error("Unexpected error"), None
        if not isinstance(request, dict):
            return 500, _error("Unexpected error"), None
        if (method, path) == ("POST", "/authenticate"):
            new = self.manager.authenticate(request.get("username"), request.get("password"))
            if new is None:
                return 200, _error("Invalid username or password"), None
            return 200, {"status": "OK", "message": new}, "%s=%s; Path=/; HttpOnly" % (self.cookie, new)
        if not self.manager.knows(session):
            return self._failure(self.expired, self.manager.names["expired_message"])
        if (method, path) == ("GET", "/logout") and self.manager.version == "3.1":
            self.manager.forget(session)
            return 200, {"status": "OK", "message": "Bye"}, "%s=; Path=/; Max-Age=0" % self.cookie
        if (method, path) == ("POST", "/tasks/create"):
            try:
                return 200, {"status": "OK", "message": self.manager.tasks.create(request)}, None
            except ValueError as error:
                return 200, _error(str(error)), None
        if method == "GET":
            return self._read(path)
        return 404, _error("Not found"), None

    def _read(self, path):
        collection, _slash, name = path[1:].partition("/")
        manager = self.manager
        readers = {
            "hosts": (manager.show_hosts, manager.show_host),
            "tasks": (None, manager.tasks.show),
            manager.names["path_image_storages"]: (manager.show_image_storages, manager.show_image_storage),
            manager.names["path_media_storages"]: (manager.show_media_storages, manager.show_media_storage),
        }
        everything, one = readers.get(collection, (None, None))
        reader = one if name else everything
        if reader is None:
            return 404, _error("Unknown resource"), None
        found = reader(name) if name else reader()
        if found is None:
            template = manager.names["missing_message"]
            return self._failure(self.missing, template % name if "%s" in template else template)
        return 200, found, None

    @staticmethod
    def _failure(how, message):
        return 200 if how == "error" else int(how), _error(message), None

    def stop(self):
        self.ended.set()
        super().stop()

    def close(self):
        with self.manager.lock:
            self.log.close()


def _error(message):
    """An ErrorMessage, or a result with that status."""
    return {"status": "Error", "message": message}


@contextlib.contextmanager
def start(credentials="admin:flexvdi", port=0, certificate=None, missing="error", expired="401", cookie=COOKIE,
          **settings):
    """Serve in this process: ``with start(hosts=["hv1"]) as endpoint: ...``; settings: those of Manager."""
    username, _colon, password = credentials.partition(":")
    endpoint = Endpoint(Manager((username, password), **settings), port=port, certificate=certificate,
                        missing=missing, expired=expired, cookie=cookie)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()
