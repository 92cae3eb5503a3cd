# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulators' HTTP sides and programs share: a thread a connection, a log of the calls, a start and an end."""

import http.server
import json
import signal
import socket
import ssl
import sys
import threading
import typing


class CallLog:
    """What was asked, a dict a call in `entries`, and as a line of JSON in a file if one is named."""

    def __init__(self, path=None):
        self.entries = []
        self._file = open(path, "a", encoding="utf-8") if path else None

    def note(self, **entry):
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def close(self):
        if self._file:
            self._file.close()


class Handler(http.server.BaseHTTPRequestHandler):
    """One request after the other of a connection; self.server.endpoint is the Endpoint."""

    server: "_HttpServer"

    protocol_version = "HTTP/1.1"
    # An answer leaves in one piece at once; else each waits for the other side's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    # A client that connects and says nothing must not hold a thread forever.
    timeout = 60

    def body(self, largest, without=0):
        """The bytes of the request, None when it was refused; without: what is meant by no length, None to refuse it."""
        try:
            length = int(self.headers["Content-Length"] or without)
        except (TypeError, ValueError):
            self.send_error(413 if without is not None else 411)
            return None
        if not 0 <= length <= largest:
            self.send_error(413)
            return None
        return self.rfile.read(length)

    def log_message(self, *dummy):
        """Silent: the call log is the record."""


class _HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    endpoint: typing.Any  # what made it

    def handle_error(self, request, client_address):
        """A client that went away is none of the server's business."""


class Endpoint:
    """A listening server; url is its address.

    handler: a class of Handler; path: of the url; certificate: (certificate file, key file) to serve TLS with.
    """

    def __init__(self, handler, host, port, path="", certificate=None):
        self._http = _HttpServer((host, port), handler)
        self._http.endpoint = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = None
        self.url = "%s://%s:%d%s" % ("https" if certificate else "http", host, self._http.server_address[1], path)

    def start(self):
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self):
        self._http.shutdown()
        if self._thread:
            self._thread.join()
        self._http.server_close()
        self.close()

    def close(self):
        """What is to be done when the last request has been answered."""


def add_arguments(parser, listen):
    """The options that every program has. listen: HOST:PORT, its default."""
    parser.add_argument("--listen", default=listen, metavar="HOST:PORT", help="port 0: any free one")
    parser.add_argument("--credentials", required=True, metavar="USER:PASSWORD", help="of the administrator")
    parser.add_argument("--log", metavar="FILE", help="append one JSON line for each call")
    parser.set_defaults(example=listen)


def add_certificate(parser):
    parser.add_argument("--certificate", metavar="FILE", help="serve HTTPS with this one; with --key")
    parser.add_argument("--key", metavar="FILE")


def parsed(parser, argv):
    """The parsed arguments, with `at`, (host, port), and `account`, (user, password)."""
    found = parser.parse_args(argv)
    host, colon, port = found.listen.rpartition(":")
    if not colon or not port.isdigit():
        parser.error("--listen %s: write HOST:PORT, such as %s" % (found.listen, found.example))
    user, colon, password = found.credentials.partition(":")
    if not colon or not user or not password:
        parser.error("--credentials: write USER:PASSWORD")
    found.at, found.account = (host, int(port)), (user, password)
    return found


def serve(listen, make, announced=()):
    """Serve what make() returns until a signal ends it; the exit code. announced: lines to print before the address."""
    try:
        endpoint = make()
    except (OSError, ssl.SSLError) as error:
        print("cannot serve on %s: %s" % (listen, error), file=sys.stderr)
        return 1
    # A signal may reach any thread, which does not wake this one, the only one that runs handlers: what it writes here does.
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    ended = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, dummy: ended.append(number))
    endpoint.start()
    for line in (*announced, "listening on %s" % endpoint.url):
        print(line, flush=True)
    while not ended:
        woken.recv(1)
    endpoint.stop()
    return 0
