# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask an OpenNebula endpoint in few words, for tests of the endpoint itself."""

import time
import xmlrpc.client
from xml.etree import ElementTree

PATIENCE = 10
ADMINISTRATOR = "oneadmin:opennebula"
VIRTIOFS = (
    "NAME = %s\nTYPE = IMAGE_DS\nDS_MAD = virtiofs\nTM_MAD = virtiofs\n"
    'SAFE_DIRS = "/srv/shares"\nRESTRICTED_DIRS = "/"'
)


class Asker:
    """One user's calls.

    endpoint: what onesim.start() gives; ask("datastore.info", 100) calls one.datastore.info.
    """

    def __init__(self, endpoint, session=ADMINISTRATOR):
        self._endpoint = endpoint
        self._session = session
        self._server = xmlrpc.client.ServerProxy(endpoint.url)

    def as_user(self, name, password):
        return Asker(self._endpoint, "%s:%s" % (name, password))

    def ask(self, method, *arguments):
        """The whole answer."""
        return getattr(self._server, "one." + method)(self._session, *arguments)

    def value(self, method, *arguments):
        """The value of an answer that has to be a success."""
        answer = self.ask(method, *arguments)
        assert answer[0] is True, answer
        assert answer[2:] == [0]
        return answer[1]

    def refusal(self, method, *arguments):
        """(message without the method's name, code, object id) of an answer that has to be a failure."""
        answer = self.ask(method, *arguments)
        assert answer[0] is False, answer
        prefix = "[one.%s] " % method
        assert answer[1].startswith(prefix), answer
        assert answer[4] == -1
        return answer[1][len(prefix):], answer[2], answer[3]

    def fault(self, method, *arguments):
        """(code, text) of a call that has to end in a Fault."""
        try:
            answer = self.ask(method, *arguments)
        except xmlrpc.client.Fault as fault:
            return fault.faultCode, fault.faultString
        raise AssertionError("%s answered %r" % (method, answer))

    def body(self, method, *arguments):
        return ElementTree.fromstring(self.value(method, *arguments))

    def datastore(self, oid):
        return self.body("datastore.info", oid)

    def attributes(self, oid, kind="datastore"):
        """The template of an object: lists of values by name; a vector's value is a dict."""
        found = {}
        for child in self.body(kind + ".info", oid).find("TEMPLATE"):
            value = {key.tag: key.text or "" for key in child} if len(child) else child.text or ""
            found.setdefault(child.tag, []).append(value)
        return found

    def new_datastore(self, name="vfs", more="", cluster=-1):
        return self.value("datastore.allocate", VIRTIOFS % name + "\n" + more, cluster)

    def new_image(self, datastore, name="p1", path="/srv/shares/p1", more=""):
        source = 'NAME = "%s"\nTYPE = FILESYSTEM\nPATH = "%s"\n%s' % (name, path, more)
        return self.value("image.allocate", source, datastore)

    def settled_image(self, oid):
        """The body of an image once its driver has answered."""
        deadline = time.monotonic() + PATIENCE
        while True:
            body = self.body("image.info", oid)
            if body.findtext("STATE") != "4":
                return body
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def ids(self, method, *arguments):
        """The ids of a listing in the order shown."""
        return [int(child.findtext("ID")) for child in self.body(method, *arguments)]
