# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apt's way out of a lab: a forward proxy for the Debian archives and nothing else.

Run as `python3 -m tests.lab.proxy LISTENING-FD UPSTREAM-PROXY-OR-- ALLOWED-HOST…`. Hosts of a lab have no route beyond
the machine, so this is all they can reach, and only they can reach it.
"""

import contextlib
import http.client
import http.server
import selectors
import shutil
import socket
import socketserver
import sys
import urllib.parse

TIMEOUT = 60  # seconds of silence after which a transfer is given up
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


def connect_address(target: str, default_port: int) -> tuple[str, int]:
    """(host, port) of 'host', 'host:port' or '[::1]:port'."""
    parts = urllib.parse.urlsplit(f"//{target}")
    return parts.hostname or "", parts.port or default_port


class Proxy(http.server.BaseHTTPRequestHandler):
    """GET and HEAD of absolute URLs, CONNECT for mirrors behind TLS."""

    protocol_version = "HTTP/1.1"
    upstream = ""
    allowed: frozenset = frozenset()

    def refused(self, host: str) -> bool:
        if host in self.allowed:
            return False
        self.send_error(403, f"a lab's hosts reach {', '.join(sorted(self.allowed))} only")
        return True

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        if self.refused(url.hostname or ""):
            return
        if self.upstream:
            server, target = urllib.parse.urlsplit(self.upstream).netloc.rpartition("@")[2], self.path
        else:
            server, target = url.netloc, url._replace(scheme="", netloc="").geturl() or "/"
        connection = http.client.HTTPConnection(*connect_address(server, 80), timeout=TIMEOUT)
        with contextlib.closing(connection):
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            try:
                connection.request(self.command, target, headers=headers)
                answer = connection.getresponse()
            except OSError as problem:
                self.send_error(502, f"{server}: {problem}")
                return
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            if answer.length is None and self.command == "GET":
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            if self.command == "GET":
                shutil.copyfileobj(answer, self.wfile, 1 << 16)

    do_HEAD = do_GET

    def do_CONNECT(self) -> None:
        host, port = connect_address(self.path, 443)
        if self.refused(host):
            return
        server = urllib.parse.urlsplit(self.upstream).netloc.rpartition("@")[2] if self.upstream else self.path
        try:
            remote = socket.create_connection(connect_address(server, 443), timeout=TIMEOUT)
        except OSError as problem:
            self.send_error(502, f"{server}: {problem}")
            return
        with remote:
            if self.upstream:
                remote.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            else:
                self.send_response_only(200)
                self.end_headers()
            self.close_connection = True
            relay(self.connection, remote)

    def log_message(self, *_arguments) -> None:
        """Quiet: apt says what it fetched."""


def relay(left: socket.socket, right: socket.socket) -> None:
    """Pass bytes both ways until one side closes or falls silent."""
    with selectors.DefaultSelector() as ready:
        ready.register(left, selectors.EVENT_READ, (left, right))
        ready.register(right, selectors.EVENT_READ, (right, left))
        while events := ready.select(TIMEOUT):
            for key, _mask in events:
                source, target = key.data
                chunk = source.recv(1 << 16)
                if not chunk:
                    return
                target.sendall(chunk)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True

    def handle_error(self, _request, _client_address) -> None:
        """A host that was switched off in the middle of a transfer is no news."""


def main(descriptor: int, upstream: str, allowed: list[str]) -> None:
    Proxy.upstream = "" if upstream == "-" else upstream
    Proxy.allowed = frozenset(allowed)
    server = Server(("", 0), Proxy, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=descriptor)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
