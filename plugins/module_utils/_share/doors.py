# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which a mount program comes to a server, so that it can be asked beforehand whether it is there. Pure."""

import collections

TCP = "tcp"
UDP = "udp"
# Where a server's rpcbind says.
RPCBIND = "rpcbind"

Door = collections.namedtuple("Door", "way transport port program version service")
Door.__new__.__defaults__ = (None, None, None)
Door.__doc__ = """way: TCP or UDP for a known port, RPCBIND for one that is asked for. transport: TCP or UDP.

program, version: of the remote procedures behind it, for UDP and RPCBIND. service: its name in messages.
"""


def tcp(port):
    """A port that takes connections."""
    return Door(TCP, TCP, port)


def udp(port, program, version, service):
    """A port that answers a call of nothing by UDP."""
    return Door(UDP, UDP, port, program, version, service)


def by_rpcbind(transport, program, version, service):
    """A port that the server's rpcbind tells."""
    return Door(RPCBIND, transport, None, program, version, service)
