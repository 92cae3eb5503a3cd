# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources as people write them elsewhere: URLs, ports, addresses, other systems' slashes. What was meant, so that a
message can say how it is written here. No I/O."""

import collections
import ipaddress
import re
from urllib.parse import unquote

from .._plan.plan import visible

Parts = collections.namedtuple("Parts", "scheme host port path")
Parts.__doc__ = """A source in its parts: scheme and port "" where there is none; host without brackets; path with its slash."""
Login = collections.namedtuple("Login", "before rest sure")
Login.__doc__ = """A source without its user and password: the scheme and slashes before them, and the rest behind them.

sure: whether nothing but them can be meant, so that the rest is the whole server and what it serves.
"""
# What ends a server that a source begins with, in most types: what is behind it is no server's any more.
EXPORT = ":/"
_HOST = r"(\[[^\]]*\]|[^:%@/\\\[\]]+)"
# Names of what is a secret, and its value up to the end of the text: it may hold any sign.
_ASSIGNED = re.compile(r"((?:pass|pwd|secret|cred)[\w.-]*[\"']?\s*[=:]).+", re.IGNORECASE | re.DOTALL)
# The same among mount options, where a comma in it is written twice.
_OPTION = re.compile(r"((?:^|[,\s])(?:pass|pwd)[^,=\s]*=)(?:,,|[^,\s])+", re.IGNORECASE)
_SCHEMES = r"(nfs[34]?|smb3?|smbfs|cifs|gluster(fs)?(\+[a-z]+)?|file|https?|s?ftp|ssh|sshfs|afp|iscsi|rbd|ceph|davs?)$"


def url(source):
    """The Parts of a URL, None for what is none."""
    scheme, colon, rest = source.partition("://")
    # "nas1://export" is a server and a directory with a slash too many.
    if not colon or not re.match(_SCHEMES, scheme.lower()):
        return None
    authority, slash, path = rest.partition("/")
    host, port = host_and_port(authority)
    return Parts(scheme.lower(), host, port, unquote(slash + path) or "/")


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


def login_of(source, server_end=EXPORT):
    """The Login of a source, None of one without a user before its server.

    server_end: see ShareType. A password may hold any sign, so everything up to the last @ is taken for it.
    """
    lead = re.match(r"([A-Za-z][A-Za-z0-9+.-]*:(?=//|\\\\))?[/\\]*", source).end()
    before, text = source[:lead], source[lead:]
    place = re.match(r"[^/\\]*", text).group()
    if "@" not in text or ("@" not in place and is_ipv6(place.rstrip(":"))):
        return None
    if not lead and server_end and re.match(_HOST + re.escape(server_end), text):
        others = list(re.finditer("@(?=%s:/)" % _HOST, text))
        return Login(before, text[others[-1].end():], True) if others else None
    plain = re.sub(r"\[[^\]]*\]", "", place.partition("@")[0])
    # A domain, a user and a password; no share has a colon in its name.
    of_domain = (lead != 1 or not server_end) and re.match(r"[^/\\@]+[/\\][^/\\@]*:", text)
    if not of_domain and not re.search("[:%]", plain):
        return Login(before, text[place.rindex("@") + 1:], True) if "@" in place else None
    last = text.rindex("@")
    sure = last < len(place) or (text.count("@") == 1 and not re.search(":[0-9]*$", plain))
    return Login(before, text[last + 1:], sure)


def shown(source, server_end=EXPORT):
    """A source in quotes, without a user and password before the server. server_end: see ShareType."""
    login = login_of(source, server_end)
    return "'%s'" % visible(_ASSIGNED.sub(r"\1…", "%s…@%s" % (login.before, login.rest) if login else source))


def quoted(value):
    """Any declared value as a message shows it: as plan.quoted() does, without what may be a password in it."""
    text = value if isinstance(value, str) else "%s" % (value,)
    begin = re.search(r"//|\\\\", text)
    login = login_of(text[begin.start():], None) if begin else None
    if login:
        text = "%s%s…@%s" % (text[:begin.start()], login.before, login.rest)
    text = visible(_ASSIGNED.sub(r"\1…", text))
    return "'%s'" % text if isinstance(value, str) else text


def lines(texts):
    """Lines of fstab as a diff or a result has them, one text: somebody else may have written a password into them."""
    return "\n".join(_OPTION.sub(r"\1…", re.sub(r"\S+", _source_shown, text, count=1)) for text in texts)


def _source_shown(match):
    return shown(match.group(), None)[1:-1] if match.group().startswith(("//", "\\")) else match.group()


def key(name):
    """The name of an option or another key in quotes, without a value that was written into it."""
    name = "%s" % (name,)
    written = re.match(r"[\w.-]*[=:]?", name).group()
    return "'%s'" % (name if written == name else written + "…")


def _address(text):
    try:
        return ipaddress.ip_address(text.partition("%")[0]).version
    except ValueError:
        return None
