# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talk to OpenNebula's XML-RPC endpoint: one call in, one value or one clear sentence out.

xmlrpc.client does the marshalling, the transport is that of all platforms.
"""

import os
import re
import xml.parsers.expat
import xmlrpc.client

from ansible.module_utils.basic import env_fallback

from .._plan.plan import Failure, NoAnswer
from .._plan.web import BadCertificates, Web, checked_address, one_line, shown
from .template import BEYOND_BMP, WHY_NOT_BEYOND_BMP

DEFAULT_URL = "http://localhost:2633/RPC2"
DEFAULT_AUTH_FILE = "~/.one/one_auth"

CONNECTION_SPEC = dict(
    api_url=dict(type="str", default=DEFAULT_URL, fallback=(env_fallback, ["ONE_URL", "ONE_XMLRPC"])),
    api_username=dict(type="str", fallback=(env_fallback, ["ONE_USERNAME"])),
    api_password=dict(type="str", no_log=True, fallback=(env_fallback, ["ONE_PASSWORD"])),
    api_auth_file=dict(type="path", default=DEFAULT_AUTH_FILE, fallback=(env_fallback, ["ONE_AUTH"])),
    validate_certs=dict(type="bool", default=True, fallback=(env_fallback, ["ONE_VALIDATE_CERTS"])),
    ca_path=dict(type="path", fallback=(env_fallback, ["ONE_CA_PATH"])),
    timeout=dict(type="float", default=10.0),
)

# Where users of roles have the options from.
ROLE = "opennebula_storage"

# What one.* answers in the third place of a failure.
AUTHENTICATION, AUTHORIZATION, NO_EXISTS, ACTION = 256, 512, 1024, 2048

# OpenNebula looks through the whole directory before it answers, and gives up after 90 s.
REGISTERING = "one.image.allocate"

# What the pools are called by the commands that show their objects one by one.
COMMANDS = {"datastore": "onedatastore", "image": "oneimage", "cluster": "onecluster", "user": "oneuser",
            "group": "onegroup", "host": "onehost", "vm": "onevm"}

# Names of methods that only read; everything else may have changed something when its answer got lost.
READING = re.compile(r"\.(info|config|monitoring|version)$")


class ApiError(Failure):
    """OpenNebula answered the call with an error.

    method: such as one.datastore.update; reason: OpenNebula's own words; code: 256, 512, 1024, 2048, ...
    """

    def __init__(self, text, method, reason, code):
        super().__init__(text)
        self.method = method
        self.reason = reason
        self.code = code


def credentials(username, password, auth_file):
    """The (username, password) to use: both options, or else the file that ONE_AUTH names.

    auth_file: path of a file whose first line is username:password.
    Failure says which of the ways to give credentials is missing or broken; it never holds the password.
    """
    if username and password is not None:
        if ":" in username:
            raise Failure("api_username %r holds a colon, which OpenNebula does not allow in a user's name." % username)
        return username, password
    if username or password is not None:
        raise Failure(
            "Only %s is given: give api_username and api_password together (or ONE_USERNAME and ONE_PASSWORD), "
            "or neither and a file holding username:password in api_auth_file (ONE_AUTH)."
            % ("api_username" if username else "api_password"))
    path = os.path.expanduser(auth_file or DEFAULT_AUTH_FILE)
    try:
        with open(path, encoding="utf-8") as handle:
            first = handle.readline().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(
            "No credentials for OpenNebula: api_username and api_password are not given, and the file %s cannot be "
            "read (%s). Give one of them, in the role as %s_api_username and so on." % (
                path, getattr(error, "strerror", None) or "it is not text", ROLE))
    name, colon, secret = first.partition(":")
    if not name or not colon or not secret:
        raise Failure("The first line of %s is not username:password; write it so, as OpenNebula's own tools want it."
                      % path)
    return name, secret


class Client:
    """A connection to one OpenNebula endpoint.

    url: such as http://frontend:2633/RPC2. timeout: seconds for one whole call; slow: {method: seconds} of those that
    have a limit of their own, each with the option that sets it.
    calls: names of the calls made so far. secrets: strings that must never be shown.
    """

    def __init__(self, url, username, password, validate_certs=True, ca_path=None, timeout=10, slow=None):
        self.url = checked_address(url or "", ROLE, DEFAULT_URL)
        limits = dict(slow or {}, **{"": timeout})
        for method, name in (("", "timeout"), (REGISTERING, "register_timeout")):
            if limits.get(method, 1) <= 0:
                raise Failure("%s %g is not a positive number of seconds." % (name, limits[method]))
        self.username = username
        self._session = "%s:%s" % (username, password)
        if BEYOND_BMP.search(self._session):
            raise Failure("The name or the password of the user for OpenNebula holds a character that %s."
                          % WHY_NOT_BEYOND_BMP)
        self.secrets = [password, self._session]
        try:
            self._webs = dict((method, Web("OpenNebula", "XML-RPC", ROLE, url, validate_certs, ca_path, seconds))
                              for method, seconds in limits.items())
        except BadCertificates as error:
            raise Failure(str(error))
        self.calls = []

    @classmethod
    def from_params(cls, params):
        """A client from a module's parameters (CONNECTION_SPEC)."""
        slow = {REGISTERING: params["register_timeout"]} if params.get("register_timeout") is not None else {}
        username, password = credentials(params["api_username"], params["api_password"], params["api_auth_file"])
        return cls(params["api_url"], username, password, params["validate_certs"], params["ca_path"],
                   params["timeout"], slow)

    def call(self, method, *arguments):
        """The value of one call; the session string is added here.

        arguments: str, int, bool as the method wants them.
        Raises NoAnswer when nothing usable came back, ApiError when OpenNebula refused.
        """
        self.calls.append(method)
        payload = xmlrpc.client.dumps((self._session,) + arguments, method, encoding="utf-8").encode("utf-8")
        body = self._exchange(method, payload)
        return self._value(method, self._parsed(method, body))

    def read(self, reader, method, *arguments):
        """reader(value) of one call, as of XML; NoAnswer when the reader raises ValueError, as the value is not that."""
        value = self.call(method, *arguments)
        try:
            return reader(value)
        except ValueError as error:
            raise NoAnswer("OpenNebula at %s gave an unexpected answer to %s: %s." % (shown(self.url), method, error))

    # -- transport -----------------------------------------------------------------------------------------------

    def _exchange(self, method, payload):
        """The text of the answer to one POST; NoAnswer says in one sentence what went wrong."""
        answer = self._web(method).exchange("POST", self.url, payload, [("Content-Type", "text/xml")])
        if answer.get("status") == 200:
            return answer["body"]
        raise NoAnswer(self._sentence(method, answer))

    def _web(self, method):
        return self._webs.get(method) or self._webs[""]

    def _sentence(self, method, answer):
        text = self._web(method).sentence(method, answer, writing=not READING.search(method))
        if method == REGISTERING and answer.get("problem") == "timeout":
            text += (" OpenNebula counts what is in the directory (du) before it answers; give it longer with "
                     "register_timeout.")
        return text

    # -- the answer ----------------------------------------------------------------------------------------------

    def _parsed(self, method, body):
        url = shown(self.url)
        if re.match(r"\s*<(!doctype\s+html|html)\b", body, re.IGNORECASE):
            raise NoAnswer("%s answered with a web page (HTML) instead of XML-RPC: api_url must be the address of "
                           "oned itself, such as http://frontend:2633/RPC2." % url)
        try:
            return xmlrpc.client.loads(body, use_builtin_types=True)[0][0]
        except xmlrpc.client.Fault as fault:
            if "Basic Multilingual Plane" in fault.faultString:
                raise ApiError(self._unshowable(method), method, fault.faultString, fault.faultCode)
            raise ApiError("OpenNebula at %s could not take the call %s: %s (fault %s)."
                           % (url, method, one_line(fault.faultString), fault.faultCode),
                           method, fault.faultString, fault.faultCode)
        except (xml.parsers.expat.ExpatError, xmlrpc.client.Error, ValueError, IndexError, KeyError, TypeError):
            raise NoAnswer(self._sentence(method, {
                "problem": "cut", "detail": "the %d characters received are not a complete XML-RPC answer" % len(body)}))

    def _unshowable(self, method):
        """How to find the object that OpenNebula holds and cannot show."""
        kind = re.sub(r"pool$", "", method.split(".")[1])
        command = COMMANDS.get(kind, "one" + kind)
        return ("OpenNebula at %s cannot answer %s: one of its %ss holds a character beyond the Basic Multilingual Plane "
                "(an emoji, for one), which its XML-RPC cannot carry. Find it on the front end: '%s show ID' fails in "
                "the same way for that one only, so try each id. Then take the character out: '%s rename ID NAME', or "
                "'%s update ID FILE' with the whole template."
                % (shown(self.url), method, kind, command, command, command))

    def _value(self, method, answer):
        if not isinstance(answer, list) or len(answer) < 2 or not isinstance(answer[0], bool):
            raise NoAnswer("%s answered %s with something that is not OpenNebula's [success, value, code]."
                           % (shown(self.url), method))
        if answer[0]:
            return answer[1]
        reason = one_line(answer[1])
        code = answer[2] if len(answer) > 2 else -1
        # OpenNebula starts its messages with the method in brackets; the sentence names it already.
        words = re.sub(r"^\[%s\]\s*" % re.escape(method), "", reason).rstrip(".")
        if code == AUTHENTICATION:
            text = ("OpenNebula at %s does not accept user %r with the password given (%s: %s). Check api_username and "
                    "api_password, or api_auth_file." % (shown(self.url), self.username, method, words))
        elif code == AUTHORIZATION:
            text = ("OpenNebula at %s does not allow user %r the call %s: %s."
                    % (shown(self.url), self.username, method, words))
        else:
            text = "OpenNebula at %s refused %s: %s." % (shown(self.url), method, words)
            if "Cannot parse image SIZE" in reason:
                text += (" Its driver counts what is in the directory (du -sm, as oneadmin on the front end) and has to be "
                         "done within 90 s. See that oneadmin can read the directory there, and with very many files run "
                         "'du -sm' on it once before the task, which is faster the second time.")
        raise ApiError(text, method, reason, code)
