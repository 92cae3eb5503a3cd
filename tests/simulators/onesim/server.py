# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: one thread a connection, one lock for the state."""

import contextlib
import http.server
import json
import threading

from . import (
    calls,
    calls_accounts,
    calls_acl,
    calls_clusters,
    calls_datastores,
    calls_hosts,
    calls_images,
    calls_quotas,
    calls_system,
    calls_vms,
    failures,
    wire,
)
from .oned import Oned

# Importing these registers their methods.
REGISTERED = (
    calls_accounts,
    calls_acl,
    calls_clusters,
    calls_datastores,
    calls_hosts,
    calls_images,
    calls_quotas,
    calls_system,
    calls_vms,
)

PATH = "/RPC2"
_LARGEST_REQUEST = 64 * 1024 * 1024


class CallLog:
    """What was asked, without a word of the parameters: {"method", "write", "ok", "object"} a call."""

    def __init__(self, path=None):
        self.entries = []
        self._file = open(path, "a", encoding="utf-8") if path else None

    def add(self, name, ok, object_id):
        writes = calls.METHODS[name][1] if name in calls.METHODS else False
        entry = {"method": name, "write": writes, "ok": ok, "object": object_id}
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def close(self):
        if self._file:
            self._file.close()

    def count(self, method=None, write=None):
        """How many calls of a method, or of those that write."""
        return sum(
            1
            for entry in self.entries
            if method in (None, entry["method"]) and write in (None, entry["write"])
        )


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves in one piece at once; else each waits for the other side's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server_version = "Xmlrpc-c_Abyss"
    # A client that connects and says nothing must not hold a thread for ever.
    timeout = 60

    def do_POST(self):
        if self.path not in (PATH, "/"):
            self.send_error(404)
            return
        try:
            length = int(self.headers["Content-Length"])
        except (TypeError, ValueError):
            self.send_error(411)
            return
        if not 0 <= length <= _LARGEST_REQUEST:
            self.send_error(413)
            return
        document = self.server.endpoint.answer(self.rfile.read(length)).encode("utf-8", "replace")
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def do_GET(self):
        self.send_error(405, "POST is the only HTTP method this server understands")

    def log_message(self, *dummy):
        """Silent: the call log is the record."""


class _HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that went away is none of the server's business."""


class Endpoint:
    """A listening server. url, oned (the state) and log (the calls) are there to be read."""

    def __init__(self, oned, host="127.0.0.1", port=0, log_path=None):
        self.oned = oned
        self.log = CallLog(log_path)
        self._http = _HttpServer((host, port), _Handler)
        self._http.endpoint = self
        self._thread = None
        self.url = "http://%s:%d%s" % (host, self._http.server_address[1], PATH)

    def answer(self, document):
        """The document that answers a call, both as text on the wire."""
        name = None
        try:
            name, values = wire.parse_call(document)
            answer = calls.run(self.oned, name, values)
            self._record(name, answer.ok, values, answer.value)
            return wire.answer_document(answer)
        except failures.Fault as fault:
            if name is not None:
                self._record(name, False, values, None)
            return wire.fault_document(fault)

    def _record(self, name, ok, values, answered):
        object_id = answered if ok and calls.is_integer(answered) else None
        if object_id is None and len(values) > 1 and calls.is_integer(values[1]):
            object_id = values[1]
        with self.oned.lock:
            self.log.add(name, ok, object_id)

    def serve(self):
        """Until stop() is called from another thread."""
        self._http.serve_forever(poll_interval=0.02)

    def start(self):
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()

    def stop(self):
        self._http.shutdown()
        if self._thread:
            self._thread.join()
        self.close()

    def close(self):
        self._http.server_close()
        self.oned.close()
        with self.oned.lock:
            self.log.close()


@contextlib.contextmanager
def start(credentials="oneadmin:opennebula", host="127.0.0.1", port=0, **settings):
    """Serve in this process: ``with start(directories=["/srv/shares"]) as endpoint: ... endpoint.url``.

    settings: those of Oned (directories, files, image_delay, race_window, stat_delay, monitor_period).
    """
    user, dummy_colon, password = credentials.partition(":")
    endpoint = Endpoint(Oned((user, password), **settings), host, port)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()
