# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP exchange with a platform's API: an answer as plain data, or in one sentence what went wrong.

urllib is the transport, with the proxies of the environment and the certificates that ansible.module_utils.urls trusts.
Its open_url would read all of them again for each exchange, which costs ten times what an exchange does.
Every exchange is bounded as a whole: a server that hangs, trickles or cannot be resolved ends in a sentence, not in a
wait.
"""

import base64
import http.client
import os
import re
import socket
import ssl
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener, getproxies, proxy_bypass

from .._host.bounded import ChildFailed, TimedOut, bounded
from .plan import Failure

ANSWER_LIMIT = 256 * 1024 * 1024
BLOCK = 65536


# With a user and password, an @ is theirs alone; a host in brackets is an IPv6 address.
ADDRESS = re.compile(r"https?://([^\s/?#]*@)?(\[[0-9a-f:.]+\]|[^\s/?#@:\[\]]+)(:[0-9]{1,5})?(/[!\"$->A-~]*)?\Z", re.IGNORECASE)
LOGIN = re.compile(r"(\w+://)(.*)@", re.DOTALL)


def checked_address(url, role, example):
    """The URL; a Failure for what is no address of an API. Nothing of a login in it is shown, however it is written."""
    if not ADDRESS.match(url):
        hint = ""
        if "@" in url:
            hint = " In a user and a password, write each of / ? # and blanks as % and its two digits, such as %2F."
        raise Failure("%s %r is not an address such as %s.%s" % (option("api_url", role), shown(url), example, hint))
    return url


def shown(url):
    """The URL as it may be shown: without a user and password in it, even where these make it no URL."""
    return LOGIN.sub(r"\1", url)


def secrets_in(url):
    """The password for a proxy in front of the platform that may stand in the URL, in both spellings: a set of str."""
    login = LOGIN.match(url or "")
    password = login.group(2).partition(":")[2] if login else ""
    return set([password, unquote(password)]) if password else set()


def option(name, role):
    """An option of a module, and the variable in which users of the role have it."""
    return "%s (in the role %s_%s)" % (name, role, name)


def proxy_of(url):
    """(the proxy's address without a password, the variable that names it, the host asked through it), None without one."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme.lower())
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    variable = parts.scheme.lower() + "_proxy"
    return (shown(proxy if "://" in proxy else "http://" + proxy),
            variable if os.environ.get(variable) else variable.upper(), parts.hostname)


def one_line(text):
    """The text without line breaks, surrounding blanks and the full stop at its end."""
    return re.sub(r"\s+", " ", str(text)).strip().rstrip(".")


class BadCertificates(Exception):
    """The file in ca_path cannot be used; the text is a sentence about it."""


class Web:
    """Exchanges with the web server of one address.

    platform: its name in sentences, such as OpenNebula; wants: what it answers with, such as XML-RPC.
    role: the role that users may have the options from, as variables. timeout: seconds for one whole exchange.
    """

    def __init__(self, platform, wants, role, url, validate_certs=True, ca_path=None, timeout=10):
        self.platform = platform
        self.role = role
        self.wants = wants
        self.url = url
        self.timeout = timeout
        self._opener = _opener(url, validate_certs, ca_path)

    def exchange(self, method, url, payload=None, headers=()):
        """{"status", "reason", "body", "cookies"} of an answer, whatever its status, or {"problem", "detail"}.

        payload: bytes or None; headers: (name, value) pairs. body: text; cookies: the values of Set-Cookie.
        problem: timeout, tls, redirect, cut, unreachable, other.
        """
        request = _request(method, url, payload, headers)
        try:
            return bounded(lambda: _send(self._opener, request, self.timeout), self.timeout + 0.5)
        except TimedOut:
            return {"problem": "timeout"}
        except (ChildFailed, OSError) as error:
            return {"problem": "other", "detail": str(error)}

    def sentence(self, what, answer, writing, url=None):
        """What went wrong with C(what), in one sentence; also of an answer whose status is none that was wanted.

        writing: whether C(what) may have changed something although its answer got lost.
        """
        where, problem = shown(url or self.url), answer.get("problem", "http")
        detail = one_line(answer.get("detail", "%s %s" % (answer.get("status"), answer.get("reason"))))
        if problem == "timeout":
            text = "%s at %s did not answer %s within %g s." % (self.platform, where, what, self.timeout)
        elif problem == "tls":
            text = ("The TLS connection to %s fails: %s. Where its certificate is signed by an authority of your own, "
                    "give that one's certificate in %s (validate_certs: false is for tests only)."
                    % (where, detail, option("ca_path", self.role)))
        elif problem == "http":
            text = ("%s answered HTTP %s instead of %s: a proxy or web server stands in front of %s, "
                    "or %s is wrong." % (where, detail, self.wants, self.platform, option("api_url", self.role)))
        elif problem == "redirect":
            text = "%s answered with a redirect (HTTP %s): write the final address into %s." % (
                where, detail, option("api_url", self.role))
        elif problem == "cut":
            text = "The answer of %s to %s was cut off (%s)." % (where, what, detail)
        elif problem == "unreachable":
            text = "%s cannot be reached at %s: %s." % (self.platform, where, detail)
        else:
            text = "The call %s to %s failed: %s." % (what, where, detail)
        proxy = proxy_of(url or self.url)
        if proxy and problem != "redirect":
            text += (" It was asked through the proxy %s, which %s in the environment names; with no_proxy=%s it is asked "
                     "directly." % proxy)
        if writing and problem in ("timeout", "cut"):
            text += " Whether it was carried out is not known: run the task again, it takes up what is there."
        return text


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would arrive as a GET, without its body: report it instead."""

    def redirect_request(self, *dummy):
        return None


def _opener(url, validate_certs, ca_path):
    """What opens the URL: proxies of the environment, and for https the certificates to trust."""
    handlers = [_NoRedirect()]
    if url.lower().startswith("https:"):
        # Its import brings cryptography along, which takes as long as a call or two: for https only.
        from ansible.module_utils.urls import make_context
        try:
            handlers.append(HTTPSHandler(context=make_context(cafile=ca_path, validate_certs=validate_certs)))
        except (OSError, ssl.SSLError) as error:
            raise BadCertificates("The certificates in ca_path %s cannot be used: %s."
                                  % (ca_path, one_line(getattr(error, "strerror", None) or error)))
    return build_opener(*handlers)


def _request(method, url, payload, headers):
    """The request; a user and password in the URL, for a proxy in front of the platform, go into its header."""
    parts = urlsplit(url)
    given = {"User-Agent": "virtshare.storage"}
    given.update(headers)
    if parts.username:
        login = "%s:%s" % (unquote(parts.username), unquote(parts.password or ""))
        given["Authorization"] = "Basic " + base64.b64encode(login.encode("utf-8")).decode("ascii")
    return Request(shown(url), data=payload, headers=given, method=method)


def _send(opener, request, timeout):
    """What exchange() returns; runs in the bounded child, so it is plain data."""
    try:
        try:
            answer = opener.open(request, timeout=timeout)
        except HTTPError as error:
            if 300 <= error.code < 400:
                return {"problem": "redirect", "detail": "%s %s" % (error.code, error.reason)}
            answer = error
        return _received(answer)
    except Exception as error:  # pylint: disable=broad-except
        return _problem(error)


def _received(answer):
    blocks = []
    size = 0
    while True:
        block = answer.read(BLOCK)
        if not block:
            break
        blocks.append(block)
        size += len(block)
        if size > ANSWER_LIMIT:
            return {"problem": "other", "detail": "it is longer than %d MB" % (ANSWER_LIMIT // 1024 // 1024)}
    expected = answer.headers.get("Content-Length")
    if expected and expected.isdigit() and size < int(expected):
        return {"problem": "cut", "detail": "only %d of %s bytes were received" % (size, expected)}
    reason = getattr(answer, "reason", None) or getattr(answer, "msg", "")
    # An error page may be in any encoding, and only its status counts.
    text = b"".join(blocks).decode("utf-8", "strict" if answer.getcode() == 200 else "replace")
    return {"status": answer.getcode(), "reason": str(reason), "body": text,
            "cookies": answer.headers.get_all("Set-Cookie") or []}


def _problem(error):
    """The kind of a transport failure and a phrase about it."""
    reason = error.reason if isinstance(error, URLError) else error
    text = str(reason)
    if isinstance(reason, socket.timeout) or "timed out" in text:
        return {"problem": "timeout"}
    if isinstance(reason, (ssl.SSLError, ssl.CertificateError)):
        return {"problem": "tls", "detail": _tls_reason(text)}
    if isinstance(error, http.client.IncompleteRead):
        return {"problem": "cut", "detail": "only %d bytes were received" % len(error.partial)}
    if isinstance(error, UnicodeDecodeError):
        return {"problem": "cut", "detail": "it is not UTF-8 text"}
    if isinstance(reason, (ConnectionResetError, http.client.RemoteDisconnected, http.client.BadStatusLine)):
        return {"problem": "cut", "detail": "the connection was closed before an answer came"}
    if isinstance(reason, OSError):
        return {"problem": "unreachable", "detail": reason.strerror or text}
    return {"problem": "other", "detail": "%s: %s" % (type(error).__name__, text)}


def _tls_reason(text):
    """The part of OpenSSL's text a person can use."""
    found = re.search(r"certificate verify failed: ([^(\]]+)", text)
    return (found.group(1) if found else text).strip()
