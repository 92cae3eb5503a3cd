# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talk to a flexVDI Manager: JSON over HTTPS, one session of a module, logged in again once when it has ended."""

import json
import re
from urllib.parse import quote, unquote

from ansible.module_utils.basic import env_fallback

from .._plan.plan import Failure, NoAnswer
from .._plan.web import BadCertificates, Web, checked_address, one_line, option, shown

CONNECTION_SPEC = dict(
    api_url=dict(type="str", fallback=(env_fallback, ["FLEXVDI_URL"])),
    api_username=dict(type="str", fallback=(env_fallback, ["FLEXVDI_USERNAME"])),
    api_password=dict(type="str", no_log=True, fallback=(env_fallback, ["FLEXVDI_PASSWORD"])),
    api_version=dict(type="str", default="3.1", choices=["2.2", "3.0", "3.1"]),
    validate_certs=dict(type="bool", default=True, fallback=(env_fallback, ["FLEXVDI_VALIDATE_CERTS"])),
    ca_path=dict(type="path", fallback=(env_fallback, ["FLEXVDI_CA_PATH"])),
    timeout=dict(type="float", default=10.0),
)

# Where users of roles have the options from.
ROLE = "flexvdi_storage"


class ApiError(Failure):
    """The Manager answered with an error. reason: its own words; status: of the HTTP answer."""

    def __init__(self, text, reason, status):
        super().__init__(text)
        self.reason = reason
        self.status = status


class Client:
    """A session with one Manager; it begins with the first exchange.

    fields: fields.Fields. calls: "GET /hosts" and the like, made so far. secrets: what identifies the session.
    """

    def __init__(self, url, username, password, version, fields, validate_certs=True, ca_path=None, timeout=10):
        for name, value, variable in (("api_url", url, "URL"), ("api_username", username, "USERNAME"),
                                      ("api_password", password, "PASSWORD")):
            if not value:
                raise Failure("%s is not given: give it, or set FLEXVDI_%s." % (option(name, ROLE), variable))
        if timeout <= 0:
            raise Failure("timeout %g is not a positive number of seconds; 10 is the default." % timeout)
        self.url = checked_address(url, ROLE, "https://manager.example.org").rstrip("/")
        self.username = username
        self.version = version
        self.fields = fields
        self.calls = []
        self.secrets = []
        self._password = password
        self._cookies = {}
        self._open = False
        self._answers = False
        try:
            self._web = Web("flexVDI Manager", "JSON", ROLE, self.url, validate_certs, ca_path, timeout)
        except BadCertificates as error:
            raise Failure(str(error))

    @classmethod
    def from_params(cls, params, fields):
        """A client from a module's parameters (CONNECTION_SPEC)."""
        return cls(params["api_url"], params["api_username"], params["api_password"], params["api_version"], fields,
                   params["validate_certs"], params["ca_path"], params["timeout"])

    @property
    def where(self):
        return shown(self.url)

    def get(self, *parts):
        """The JSON document at a path, such as get("imagestorages", "West"); ApiError for an ErrorMessage."""
        return self._ask("GET", "/" + "/".join(quote(part, safe="") for part in parts))

    def find(self, *parts):
        """As get(), or None where the Manager says that there is no such object. Any other failure is raised."""
        try:
            return self.get(*parts)
        except ApiError as error:
            if error.status == 404 or (error.status != 500 and self.fields.says("missing_message", error.reason)):
                return None
            raise

    def create_task(self, document):
        """The id of a new task. document: its request, in the order of the documents, without what they reserve."""
        body = {"repeat": "0", "retries": "0"} if self.version != "3.1" else {}
        body.update(document)
        answer = self._ask("POST", "/tasks/create", body)
        number = answer.get("message") if isinstance(answer, dict) else None
        if not isinstance(number, (str, int)) or number == "":
            raise NoAnswer("%s accepted the task %s without saying its number, so its end cannot be awaited."
                           % (self.where, document["type"]))
        return str(number)

    def close(self):
        """End the session, as far as the Manager can (3.1) and has answered so far."""
        if self._open and self._answers and self.version == "3.1":
            self._open = False
            self._exchange("GET", "/logout", None)

    # -- the session ---------------------------------------------------------------------------------------------

    def _login(self):
        self._cookies = {}
        document = {"username": self.username, "password": self._password}
        answer = self._exchange("POST", "/authenticate", document)
        status, found = answer.get("status"), None
        if status == 200:
            found = self._document("POST /authenticate", answer)
        if status in (401, 403) or (isinstance(found, dict) and _is_error(found)):
            said = one_line((found or {}).get("message", "HTTP %s" % status))
            raise Failure("flexVDI Manager at %s does not accept user %r with the password given (%s). Check "
                          "api_username and api_password." % (self.where, self.username, said))
        if found is None:
            raise NoAnswer(self._web.sentence("POST /authenticate", answer, writing=False, url=self.url))
        if not isinstance(found, dict) or str(found.get("status")).upper() != "OK":
            raise NoAnswer("%s answered the login with something that is not flexVDI's status and message: api_url "
                           "must be the address of the Manager itself." % self.where)
        # The message of a login identifies the session.
        self.secrets.extend(value for value in [found.get("message")] if isinstance(value, str) and value)
        self._open = True

    def _ask(self, method, path, document=None):
        """The document that answers a request, logged in before, and once more when the session has ended."""
        fresh = not self._open
        if fresh:
            self._login()
        answer = self._exchange(method, path, document)
        if self._has_ended(answer, path) and not fresh:
            self._login()
            answer = self._exchange(method, path, document)
        return self._judged(method, path, answer)

    def _has_ended(self, answer, path):
        """Whether the Manager no longer knows the session; the documents do not say how it tells."""
        if answer.get("status") in (401, 403) or answer.get("problem") == "redirect":
            return True
        message = _message(answer)
        if message is None:
            return False
        # An object may be called Session, too.
        return self.fields.says("expired_message", message.replace(unquote(path.rpartition("/")[2]), ""))

    def _exchange(self, method, path, document):
        self.calls.append("%s %s" % (method, path))
        headers = [("Accept", "application/json")]
        payload = None
        if document is not None:
            payload = json.dumps(document).encode("utf-8")
            headers.append(("Content-Type", "application/json"))
        if self._cookies:
            headers.append(("Cookie", "; ".join("%s=%s" % pair for pair in self._cookies.items())))
        answer = self._web.exchange(method, self.url + path, payload, headers)
        self._answers = "status" in answer
        for cookie in answer.get("cookies", ()):
            name, _equals, value = cookie.partition(";")[0].strip().partition("=")
            self._cookies[name] = value
            if value:
                self.secrets.append(value)
        return answer

    # -- answers -------------------------------------------------------------------------------------------------

    def _judged(self, method, path, answer):
        what, writing = "%s %s" % (method, path), method != "GET"
        if self._has_ended(answer, path) and answer.get("problem") != "redirect":
            said = _message(answer) or "HTTP %s" % answer.get("status")
            raise Failure("flexVDI Manager at %s does not let user %r do %s, although it was logged in (%s)."
                          % (self.where, self.username, what, one_line(said)))
        message = _message(answer)
        if message is not None and answer.get("status") != 500:
            raise ApiError("flexVDI Manager at %s refused %s: %s." % (self.where, what, one_line(message)),
                           message, answer["status"])
        if answer.get("status") == 404:
            raise ApiError("flexVDI Manager at %s does not know %s (HTTP 404)." % (self.where, what), "", 404)
        if answer.get("status") == 500:
            said = "HTTP 500" if message is None else "HTTP 500: %s" % one_line(message)
            text = "flexVDI Manager at %s had an unexpected error with %s (%s)." % (self.where, what, said)
            if writing:
                text += " Whether it was carried out is not known: run the task again, it takes up what is there."
            raise ApiError(text, said, 500)
        if answer.get("status") != 200:
            raise NoAnswer(self._web.sentence(what, answer, writing))
        return self._document(what, answer)

    def _document(self, what, answer):
        body = answer["body"]
        if re.match(r"\s*<(!doctype\s+html|html)\b", body, re.IGNORECASE):
            raise NoAnswer("%s answered %s with a web page (HTML) instead of JSON: api_url must be the address of the "
                           "Manager itself, such as https://manager.example.org." % (self.where, what))
        try:
            return json.loads(body)
        except ValueError:
            cut = {"problem": "cut", "detail": "the %d characters received are not a complete JSON document" % len(body)}
            raise NoAnswer(self._web.sentence(what, cut, not what.startswith("GET ")))


def _is_error(document):
    return str(document.get("status")).lower() == "error" and "message" in document


def _message(answer):
    """The message of an ErrorMessage, or None for any other answer."""
    try:
        document = json.loads(answer.get("body") or "")
    except ValueError:
        return None
    if isinstance(document, dict) and _is_error(document):
        return str(document["message"])
    return None
