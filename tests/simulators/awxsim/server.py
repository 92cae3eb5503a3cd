# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: one thread a connection, one lock for the state."""

import base64
import contextlib
import json
import secrets
import threading
import traceback

from .. import serving
from . import api, shapes
from .errors import Refused
from .world import World

_LARGEST_REQUEST = 4 * 1024 * 1024


class _Handler(serving.Handler):
    server_version = "nginx"

    def _serve(self):
        body = self.body(_LARGEST_REQUEST)
        if body is None:
            return
        status, document = self.server.endpoint.answer(self.command, self.path, body, self.headers.get("Authorization"))
        payload = b"" if document is None else json.dumps(document).encode()
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


class Endpoint(serving.Endpoint):
    """A listening server. url, world (the state) and log (the calls) are there to be read; no body is in the log."""

    def __init__(self, world, host="127.0.0.1", port=0, log_path=None, certificate=None):
        self.world, self.log = world, serving.CallLog(log_path)
        self._lock, self._tokens = threading.Lock(), {}
        super().__init__(_Handler, host, port, certificate=certificate)

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
            self.log.note(method=method, path=path, status=status)
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

    def close(self):
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
