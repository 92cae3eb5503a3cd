# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server answers, asked as its mount program will: real sockets, and an rpcbind of a few lines."""

import contextlib
import socket
import struct
import threading
import time

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._mounts import reach
from ansible_collections.virtshare.storage.plugins.module_utils._share.doors import TCP, UDP, by_rpcbind, tcp, udp

NFS = 100003
FAMILIES = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


class Rpc:
    """A server of remote procedures at one address, by TCP and UDP; each answer is answer(program, version, number, body)."""

    def __init__(self, address, answer):
        self.answer = answer
        self.calls = []
        family = FAMILIES[address]
        self.stream, self.datagram = socket.socket(family), socket.socket(family, socket.SOCK_DGRAM)
        self.stream.bind((address, 0))
        self.port = self.stream.getsockname()[1]
        self.datagram.bind((address, self.port))
        self.stream.listen(5)
        for work in (self._streams, self._datagrams):
            threading.Thread(target=work, daemon=True).start()

    def _streams(self):
        while True:
            try:
                connection, dummy = self.stream.accept()
            except OSError:
                return
            with connection:
                head = connection.recv(4)
                if len(head) == 4:
                    answer = self._answered(connection.recv(struct.unpack(">I", head)[0] & 0x7fffffff))
                    # In two fragments, as a server may.
                    for last, part in ((0, answer[:10]), (0x80000000, answer[10:])):
                        connection.sendall(struct.pack(">I", last | len(part)) + part)

    def _datagrams(self):
        while True:
            try:
                message, client = self.datagram.recvfrom(4096)
            except OSError:
                return
            if not message:
                return
            self.datagram.sendto(self._answered(message), client)

    def _answered(self, message):
        kind, rpc, program, version, number = struct.unpack(">IIIII", message[4:24])
        assert (kind, rpc, message[24:40]) == (0, 2, bytes(16))
        self.calls.append((program, version, number))
        result = self.answer(program, version, number, message[40:])
        status = 0 if result is not None else 1
        return message[:4] + struct.pack(">IIIII", 1, 0, 0, 0, status) + (result or b"")

    def close(self):
        for each in (self.stream, self.datagram):
            # Else the thread that waits there keeps the port.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def rpc():
    made = []

    def start(address, answer):
        made.append(Rpc(address, answer))
        return made[-1]

    yield start
    for each in made:
        each.close()


def portmapper(ports):
    """What an rpcbind answers that knows {(program, version, "tcp" or "udp"): port}."""
    def answer(program, version, number, body):
        assert program == 100000
        asked = struct.unpack(">II", body[:8])
        if (version, number) == (2, 3):
            return struct.pack(">I", ports.get((*asked, {6: TCP, 17: UDP}[struct.unpack(">I", body[8:12])[0]]), 0))
        assert (version, number) == (4, 3)
        length, = struct.unpack(">I", body[8:12])
        port = ports.get((*asked, body[12:12 + length].decode().rstrip("6")), 0)
        text = f"::1.{port >> 8}.{port & 255}".encode() if port else b""
        return struct.pack(">I", len(text)) + text + bytes(-len(text) % 4)
    return answer


def test_a_living_server_tells_its_addresses(listener):
    assert reach.ask("127.0.0.1", [tcp(listener)], None, 2) == {"addresses": ["127.0.0.1"], "trouble": None}


def test_a_server_that_refuses(closed):
    trouble = reach.ask("127.0.0.1", [tcp(closed)], None, 2)["trouble"]
    assert trouble == "cannot be reached on port %d (Connection refused)" % closed


def test_a_server_that_is_silent_is_given_up_at_its_first_door(silent, listener):
    begun = time.monotonic()
    trouble = reach.ask("127.0.0.1", [tcp(silent), tcp(listener)], None, 1)["trouble"]
    assert trouble == "does not answer on port %d within 1 s" % silent
    assert time.monotonic() - begun < 5


def test_another_door_is_tried_where_the_first_refuses(closed, listener):
    assert reach.ask("127.0.0.1", [tcp(closed), tcp(listener)], None, 2)["trouble"] is None
    trouble = reach.ask("127.0.0.1", [tcp(closed), tcp(closed)], None, 2)["trouble"]
    assert trouble.count("cannot be reached on port %d" % closed) == 2


def test_a_name_nobody_knows():
    answer = reach.ask("no-such-host.invalid", [tcp(2049)], None, 1)
    assert answer["addresses"] is None and "has no address" in answer["trouble"]


def test_a_server_of_which_nothing_cheap_tells_has_addresses():
    assert reach.ask("127.0.0.1", [], None, 1) == {"addresses": ["127.0.0.1"], "trouble": None}
    assert reach.ask("no-such-host.invalid", [], "192.0.2.1", 1) == {"addresses": None, "trouble": None}


def test_a_mount_keeps_working_while_its_servers_name_is_not_known(listener, closed):
    assert reach.ask("no-such-host.invalid", [tcp(listener)], "127.0.0.1", 1) == {"addresses": None, "trouble": None}
    assert "refused" in reach.ask("no-such-host.invalid", [tcp(closed)], "127.0.0.1", 1)["trouble"]


@pytest.mark.parametrize("address", sorted(FAMILIES))
@pytest.mark.parametrize("transport", [TCP, UDP])
def test_rpcbind_tells_the_port(rpc, monkeypatch, address, transport):
    """Case of a server whose NFS 3 is not at 2049: mount.nfs asks rpcbind, and so does this."""
    server = rpc(address, lambda *call: b"")
    rpcbind = rpc(address, portmapper({(NFS, 3, transport): server.port}))
    monkeypatch.setattr(reach, "_RPCBIND_PORT", rpcbind.port)
    door = by_rpcbind(transport, NFS, 3, "NFS 3")
    assert reach.ask(address, [door], None, 2) == {"addresses": [address], "trouble": None}
    assert rpcbind.calls == [(100000, *((2, 3) if address == "127.0.0.1" else (4, 3)))]
    assert server.calls == ([] if transport == TCP else [(NFS, 3, 0)])
    # Not there any more where rpcbind says.
    server.close()
    assert "on port %d" % server.port in reach.ask(address, [door], None, 2)["trouble"]


@pytest.mark.parametrize("address", sorted(FAMILIES))
def test_an_rpcbind_that_does_not_know_the_service(rpc, monkeypatch, address):
    monkeypatch.setattr(reach, "_RPCBIND_PORT", rpc(address, portmapper({(NFS, 4, TCP): 1})).port)
    assert reach.ask(address, [by_rpcbind(TCP, NFS, 3, "NFS 3")], None, 2)["trouble"] == (
        "does not offer NFS 3 by TCP (its rpcbind does not know it)")


def test_no_rpcbind(closed, monkeypatch):
    monkeypatch.setattr(reach, "_RPCBIND_PORT", closed)
    assert reach.ask("127.0.0.1", [by_rpcbind(TCP, NFS, 3, "NFS 3")], None, 2)["trouble"] == (
        "cannot be reached on port %d (Connection refused), where its rpcbind tells the port of NFS 3" % closed)


def test_a_port_by_udp(rpc, closed):
    server = rpc("127.0.0.1", lambda *call: b"")
    assert reach.ask("127.0.0.1", [udp(server.port, NFS, 3, "NFS")], None, 2)["trouble"] is None
    assert reach.ask("127.0.0.1", [udp(closed, NFS, 3, "NFS")], None, 2)["trouble"] == (
        "cannot be reached on port %d by UDP (Connection refused)" % closed)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(40)])
def test_what_is_no_rpcbind_is_told_so(monkeypatch, answer):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)

        def serve():
            connection, dummy = server.accept()
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)

        threading.Thread(target=serve, daemon=True).start()
        monkeypatch.setattr(reach, "_RPCBIND_PORT", server.getsockname()[1])
        trouble = reach.ask("127.0.0.1", [by_rpcbind(TCP, NFS, 3, "NFS 3")], None, 2)["trouble"]
    assert "where its rpcbind tells the port of NFS 3" in trouble
