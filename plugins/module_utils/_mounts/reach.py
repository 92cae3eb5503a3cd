# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server can be reached in the way in which the mount program will try: by TCP, by UDP, or where rpcbind says.

Sources: RFC 5531 (RPC), RFC 1833 (rpcbind and the port mapper), nfs(5), mount.cifs(8). Everything here may wait: call it in
a bounded child.
"""

import collections
import errno
import os
import socket
import struct

from .._share.doors import RPCBIND, TCP, UDP

_RPCBIND_PORT = 111
_RPCBIND_PROGRAM = 100000
_GETPORT, _GETADDR = (2, 3), (4, 3)
_PROTOCOLS = {TCP: 6, UDP: 17}
_LONGEST_ANSWER = 4096

_Target = collections.namedtuple("_Target", "family address")


class _Closed(Exception):
    """A door that does not open; the text goes on behind "server NAME ". refused: whether somebody said so at once."""

    def __init__(self, text, refused=False):
        super().__init__(text)
        self.refused = refused


def ask(host, doors, live, seconds):
    """Whether a server answers: C({"addresses": [str] or None, "trouble": str or None}).

    host: name or address. doors: of _share.doors, one after the other until one opens or nobody answers at all; none
    asks for the addresses only. live: the address a mount uses now, for when the name tells nothing. seconds: for all
    addresses of a door together.
    """
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(each[4][0].split("%")[0] for each in found))
        targets = [_Target(each[0], each[4]) for each in found]
    except socket.gaierror as error:
        if not live or not doors:
            return {"addresses": None, "trouble": "has no address (%s)" % error.strerror if not live else None}
        addresses = None
        targets = [_Target(socket.AF_INET6 if ":" in live else socket.AF_INET, (live, 0))]
    troubles = []
    for door in doors:
        try:
            _open(door, targets, seconds)
            return {"addresses": addresses, "trouble": None}
        except _Closed as closed:
            troubles.append(str(closed))
            if not closed.refused:
                break
    return {"addresses": addresses, "trouble": ", and ".join(troubles) or None}


def _open(door, targets, seconds):
    """Return when a server answers at any of its addresses; _Closed with the last one's trouble otherwise."""
    closed = None
    for target in targets:
        limit = max(seconds / len(targets), 0.5)
        try:
            if door.way == RPCBIND:
                port = _port(target, door, limit)
                _reach(target, door.transport, port, door, limit)
            else:
                _reach(target, door.transport, door.port, door, limit)
            return
        except _Closed as error:
            closed = error
    raise closed


def _reach(target, transport, port, door, seconds):
    if transport == TCP:
        _connected(target, port, seconds).close()
    else:
        _call(target, UDP, port, (door.program, door.version, 0), b"", seconds)


def _port(target, door, seconds):
    """The port that rpcbind tells; it knows IPv6 from its version 3 on."""
    if target.family == socket.AF_INET:
        version, procedure = _GETPORT
        asked = struct.pack(">IIII", door.program, door.version, _PROTOCOLS[door.transport], 0)
    else:
        version, procedure = _GETADDR
        asked = struct.pack(">II", door.program, door.version) + b"".join(
            map(_text, ("tcp6" if door.transport == TCP else "udp6", "", "")))
    try:
        answer = _call(target, door.transport, _RPCBIND_PORT, (_RPCBIND_PROGRAM, version, procedure), asked, seconds)
    except _Closed as closed:
        raise _Closed("%s, where its rpcbind tells the port of %s" % (closed, door.service), closed.refused)
    port = _number(answer) if target.family == socket.AF_INET else _port_of(answer)
    if not port:
        raise _Closed("does not offer %s by %s (its rpcbind does not know it)" % (
            door.service, door.transport.upper()), True)
    return port


def _call(target, transport, port, procedure, asked, seconds):
    """The result of a remote procedure (program, version, number)."""
    identifier = os.urandom(4)
    message = identifier + struct.pack(">IIIII", 0, 2, *procedure) + bytes(16) + asked
    connection = _connected(target, port, seconds, transport)
    with connection:
        try:
            if transport == TCP:
                connection.sendall(struct.pack(">I", 0x80000000 | len(message)) + message)
                answer = _whole(connection)
            else:
                connection.send(message)
                answer = connection.recv(_LONGEST_ANSWER)
        except socket.timeout:
            raise _Closed("does not answer on port %d%s within %g s" % (port, _by(transport), seconds))
        except OSError as error:
            raise _Closed("cannot be reached on port %d%s (%s)" % (port, _by(transport), error.strerror or error), True)
    return _result(answer, identifier, port)


def _connected(target, port, seconds, transport=TCP):
    connection = socket.socket(target.family, socket.SOCK_STREAM if transport == TCP else socket.SOCK_DGRAM)
    connection.settimeout(seconds)
    try:
        connection.connect((target.address[0], port) + tuple(target.address[2:]))
        return connection
    except socket.timeout:
        connection.close()
        raise _Closed("does not answer on port %d within %g s" % (port, seconds))
    except OSError as error:
        connection.close()
        raise _Closed("cannot be reached on port %d%s (%s)" % (port, _by(transport), error.strerror or error),
                      error.errno == errno.ECONNREFUSED)


def _whole(connection):
    """An answer by TCP: a record of fragments."""
    answer = b""
    last = False
    while not last:
        head = struct.unpack(">I", _bytes(connection, 4))[0]
        last, size = bool(head & 0x80000000), head & 0x7fffffff
        if size + len(answer) > _LONGEST_ANSWER:
            raise OSError("what answers there is no RPC server")
        answer += _bytes(connection, size)
    return answer


def _bytes(connection, number):
    found = b""
    while len(found) < number:
        block = connection.recv(number - len(found))
        if not block:
            raise OSError("it closed the connection")
        found += block
    return found


def _result(answer, identifier, port):
    """What follows a head that says: an answer to this call, accepted, done."""
    head = struct.unpack(">IIII", answer[4:20]) if len(answer) >= 24 else ()
    if not head or answer[:4] != identifier or head[:2] != (1, 0):
        raise _Closed("gives no answer of an RPC server on port %d" % port, True)
    rest = answer[20 + (head[3] + 3 & ~3):]
    # Another status than 0 says that it does not have the program, its version or the procedure.
    return rest[4:] if rest[:4] == bytes(4) else b""


def _number(answer):
    return struct.unpack(">I", answer[:4])[0] if len(answer) >= 4 else 0


def _port_of(answer):
    """The port in an address as rpcbind writes it: its last two numbers are the port's bytes."""
    length = _number(answer)
    parts = answer[4:4 + length].decode("ascii", "replace").split(".")[-2:]
    return int(parts[0]) * 256 + int(parts[1]) if len(parts) == 2 and all(part.isdigit() for part in parts) else 0


def _text(text):
    data = text.encode("ascii")
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def _by(transport):
    return "" if transport == TCP else " by UDP"
