# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: one thread a connection, one lock for the state."""

import base64
import contextlib
import http.server
import json
import secrets
import ssl
import threading
import traceback

from . import api, shapes
from .errors import Refused
from .world import World

_LARGEST_REQUEST = 4 * 1024 * 1024


class CallLog:
    """What was asked: {"method", "path", "status"} a call. No bodies: there are passwords in those."""

    def __init__(self, path=None):
        self.entries = []
        self._file = open(path, "a", encoding="utf-8") if path else None

    def add(self, method, path, status):
        entry = {"method": method, "path": path, "status": status}
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def close(self):
        if self._file:
            self._file.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server_version = "nginx"
    timeout = 60

    def _serve(self):
        try:
            length = int(self.headers.get("Content-Length", 0))
        except ValueError:
            length = -1
        if not 0 <= length <= _LARGEST_REQUEST:
            self.send_error(413)
            return
        body = self.rfile.read(length)
        status, document = self.server.endpoint.answer(self.command, self.path, body, self.headers.get("Authorization"))
        payload = b"" if document is None and status != 200 else json.dumps(document).encode() if document is not None else b""
        self.send_response(status)
        if payload:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        for name, value in (("Name", "AWX"), ("Version", api.VERSION), ("Node", "awx-1")):
            self.send_header("X-API-%s%s" % ("" if name == "Node" else "Product-", name), value)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Bearer realm=api authorization_url=/api/o/authorize/')
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = _serve

    def log_message(self, *dummy):
        """Silent: the call log is the record."""


class _HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that went away is none of the server's business."""


class Endpoint:
    """A listening server. url, world (the state) and log (the calls) are there to be read."""

    def __init__(self, world, host="127.0.0.1", port=0, log_path=None, certificate=None):
        self.world, self.log = world, CallLog(log_path)
        self._lock, self._tokens = threading.Lock(), {}
        self._http = _HttpServer((host, port), _Handler)
        self._http.endpoint = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = None
        self.url = "%s://%s:%d" % ("https" if certificate else "http", host, self._http.server_address[1])

    def answer(self, method, path, body, authorization):
        """(status, document) of one request."""
        with self._lock:
            self.world.advance()
            try:
                status, document = self._answer(method, path, body, authorization)
            except Refused as refused:
                status, document = refused.status, refused.body
            except Exception:  # noqa: BLE001 -- a mistake of the simulator is no end of it
                traceback.print_exc()
                status, document = 500, {"detail": "A server error has occurred."}
            self.log.add(method, path, status)
            return status, document

    def _answer(self, method, path, body, authorization):
        plain = path.split("?")[0]
        if plain not in ("/api/", "/api/v2/", "/api/v2/ping/"):
            self._identify(authorization)
        data = self._read(body)
        if plain == "/api/v2/tokens/":
            status, made = api.token(self.world, method, data)
            made.values["token"] = secrets.token_urlsafe(24)
            self._tokens[made.values["token"]] = made
            document = shapes.shown(self.world, made)
            made.values["token"] = "************"
            return status, document
        if plain.startswith("/api/v2/tokens/") and method == "DELETE":
            self._tokens = {token: made for token, made in self._tokens.items() if made.url != plain}
        return api.answer(self.world, method, path, data)

    def _identify(self, authorization):
        kind, _blank, value = (authorization or "").partition(" ")
        if kind == "Bearer" and value in self._tokens:
            return
        if kind == "Basic":
            with contextlib.suppress(ValueError):
                if base64.b64decode(value).decode() == ":".join(self.world.account):
                    return
            raise Refused(401, {"detail": "Invalid username/password."})
        raise Refused(401, {"detail": "Authentication credentials were not provided. To establish a login session, visit "
                                      "/api/login/."})

    @staticmethod
    def _read(body):
        if not body:
            return {}
        try:
            data = json.loads(body)
        except ValueError as error:
            raise Refused(400, {"detail": "JSON parse error - %s" % error}) from None
        if not isinstance(data, dict):
            raise Refused(400, {"detail": "JSON parse error - not a JSON object"})
        return data

    def serve(self):
        """Until stop() is called from another thread."""
        self._http.serve_forever(poll_interval=0.05)

    def start(self):
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()

    def stop(self):
        self._http.shutdown()
        if self._thread:
            self._thread.join()
        self._http.server_close()
        with self._lock:
            self.log.close()


@contextlib.contextmanager
def start(credentials="admin:password", port=0, certificate=None, log_path=None, **settings):
    """Serve in this process: ``with start() as endpoint: ...``; settings: those of World."""
    user, _colon, password = credentials.partition(":")
    endpoint = Endpoint(World((user, password), **settings), port=port, certificate=certificate, log_path=log_path)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()
