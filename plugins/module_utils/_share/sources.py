# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources as people write them elsewhere: URLs, ports, addresses, other systems' slashes. What was meant, so that a
message can say how it is written here. No I/O."""

import collections
import ipaddress
import re
from urllib.parse import unquote

Parts = collections.namedtuple("Parts", "scheme login host port path")
Parts.__doc__ = """A source in its parts: scheme, port and login "" where there is none; host without brackets; path with its slash."""
_SCHEMES = r"(nfs[34]?|smb3?|smbfs|cifs|gluster(fs)?(\+[a-z]+)?|file|https?|s?ftp|ssh|sshfs|afp|iscsi|rbd|ceph|davs?)$"


def url(source):
    """The Parts of a URL, None for what is none."""
    scheme, colon, rest = source.partition("://")
    # "nas1://export" is a server and a directory with a slash too many.
    if not colon or not re.match(_SCHEMES, scheme.lower()):
        return None
    authority, slash, path = rest.partition("/")
    login, at, place = authority.rpartition("@")
    host, port = host_and_port(place)
    return Parts(scheme.lower(), login if at else "", host, port, unquote(slash + path) or "/")


def host_and_port(text):
    """(host without brackets, port as text or "") of nas1, nas1:2049, 192.0.2.1, [fd00::1]:2049 or fd00::1."""
    match = re.match(r"\[([^\]]*)\](?::([0-9]+))?$", text)
    if match:
        return match.group(1), match.group(2) or ""
    match = re.match(r"([^:]*):([0-9]+)$", text)
    return (match.group(1), match.group(2)) if match else (text, "")


def is_ipv6(text):
    """Whether a text is an IPv6 address, with or without a zone."""
    return _address(text) == 6


def is_address(text):
    """Whether a text is an IP address."""
    return _address(text) is not None


def in_brackets(host):
    """A host as it stands before a colon."""
    return "[%s]" % host if is_ipv6(host) else host


def with_option(source, option, value):
    """What to write for a source that held what is an option's."""
    return "%s, with options: {%s: %s}" % (source, option, value) if value else source


def shown(source):
    """A source in quotes, without a user and password before the server."""
    head, at, tail = source.partition("@")
    login = re.search(r"(?:://|^//|^)([^/@]*)$", head) if at else None
    return "'%s'" % (head[:login.start(1)] + "…@" + tail if login else source)


def _address(text):
    try:
        return ipaddress.ip_address(text.partition("%")[0]).version
    except ValueError:
        return None
