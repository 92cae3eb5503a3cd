# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which address a host talks to the others of its cluster."""

import ipaddress
import re
import socket

from .._host.commands import run
from .._plan.plan import Refusal


def own_addresses(seconds):
    """The host's IPv4 addresses beyond the loopback, a list of str in the kernel's order."""
    dummy, output = run(["ip", "-4", "-o", "address"], seconds)
    found = re.findall(r"\binet ([0-9.]+)", output)
    return [address for address in found if not ipaddress.ip_address(address).is_loopback]


def resolved(names):
    """[address] that names (or addresses) stand for on this host, those that stand for none left out."""
    result = []
    for name in names:
        try:
            result += [each[4][0] for each in socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)]
        except (OSError, UnicodeError):
            continue
    return list(dict.fromkeys(result))


def chosen(host, own, declared, network, recorded, candidates):
    """The host's address in its cluster, or a Refusal. Pure.

    host: its name, for messages. own: what own_addresses() found. declared: an address, or "". network: one such as
    192.0.2.0/24 that the address lies in, or "". recorded: those it has in the cluster already, the surest first.
    candidates: what the host's names stand for.
    """
    if declared:
        if declared not in own:
            raise Refusal("address %s is declared for host %s, which has %s. Write one of these." % (
                declared, host, ", ".join(own) or "none"))
        return declared
    if network:
        inside = [address for address in own if ipaddress.ip_address(address) in _network(network)]
        if len(inside) != 1:
            raise Refusal("%s: it has %s in the network %s. Write its address." % (
                host, "the addresses %s" % ", ".join(inside) if inside else "no address", network))
        return inside[0]
    for address in list(recorded) + list(candidates):
        if address in own:
            return address
    if len(own) == 1:
        return own[0]
    raise Refusal(
        "by which address host %s talks to the others cannot be told: its names stand for none of %s. Write its "
        "address, or the network they all have." % (host, ", ".join(own) or "its addresses, of which it has none"))


def _network(text):
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise Refusal("network %s is not valid (%s). Write one such as 192.0.2.0/24." % (text, error))
