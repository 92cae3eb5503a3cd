# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: one thread a connection, one lock for the state."""

import contextlib

from .. import serving
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
    calls_templates,
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
    calls_templates,
    calls_vms,
)

PATH = "/RPC2"
_LARGEST_REQUEST = 64 * 1024 * 1024


class CallLog(serving.CallLog):
    """What was asked, without a word of the parameters: {"method", "write", "ok", "object"} a call."""

    def add(self, name, ok, object_id):
        writes = calls.METHODS[name][1] if name in calls.METHODS else False
        self.note(method=name, write=writes, ok=ok, object=object_id)

    def count(self, method=None, write=None):
        """How many calls of a method, or of those that write."""
        return sum(
            1
            for entry in self.entries
            if method in (None, entry["method"]) and write in (None, entry["write"])
        )


class _Handler(serving.Handler):
    server_version = "Xmlrpc-c_Abyss"

    def do_POST(self):
        if self.path not in (PATH, "/"):
            self.send_error(404)
            return
        body = self.body(_LARGEST_REQUEST, without=None)
        if body is None:
            return
        document = self.server.endpoint.answer(body).encode("utf-8", "replace")
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def do_GET(self):
        self.send_error(405, "POST is the only HTTP method this server understands")


class Endpoint(serving.Endpoint):
    """A listening server. url, oned (the state) and log (the calls) are there to be read."""

    def __init__(self, oned, host="127.0.0.1", port=0, log_path=None):
        self.oned = oned
        self.log = CallLog(log_path)
        super().__init__(_Handler, host, port, PATH)

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

    def close(self):
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
