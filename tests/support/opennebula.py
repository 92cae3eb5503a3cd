# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated OpenNebula in this process, with the modules run against it and a hand to change things behind them."""

import contextlib
import unittest.mock
import xmlrpc.client

from ansible_collections.virtshare.storage.plugins.module_utils._plan import web

from tests.simulators.onesim.server import start
from tests.support.modules import run_module

USER, PASSWORD = "oneadmin", "s3cret-word"


class OpenNebula:
    """endpoint: the running simulator; connection: what a task would write; writes: the write calls so far."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.connection = {"api_url": endpoint.url, "api_username": USER, "api_password": PASSWORD, "timeout": 10}
        self._proxy = xmlrpc.client.ServerProxy(endpoint.url)

    @property
    def calls(self):
        """The names of all calls so far."""
        return [entry["method"] for entry in self.endpoint.log.entries]

    @property
    def writes(self):
        return [entry["method"] for entry in self.endpoint.log.entries if entry["write"]]

    def by_hand(self, method, *arguments):
        """What somebody does past Ansible; the value of the answer, and nothing in the log of calls."""
        answer = self._call(method, "%s:%s" % (USER, PASSWORD), *arguments)
        self.endpoint.log.entries.pop()
        assert answer[0], answer[1]
        return answer[1]

    def _call(self, method, *arguments):
        target = self._proxy
        for part in method.split("."):
            target = getattr(target, part)
        return target(*arguments)

    def run(self, module, check=False, **parameters):
        """(result, calls, write calls) of one module run; fails the test when the module does."""
        result, calls, writes = self.attempt(module, check, **parameters)
        assert not result.get("failed"), result["msg"]
        return result, calls, writes

    def attempt(self, module, check=False, **parameters):
        """As run(), but the module may fail.

        Each call is made in this process: to fork one of this size takes longer than all the rest, and the bound that
        the child is there for is looked at in test_one_faults.
        """
        before, written = len(self.calls), len(self.writes)
        with unittest.mock.patch.object(web, "bounded", lambda function, _seconds: function()):
            result = run_module(module, dict(self.connection, **parameters), check)
        assert PASSWORD not in str(result)
        return result, self.calls[before:], self.writes[written:]


@contextlib.contextmanager
def opennebula(image_delay=0.02, **settings):
    """A fresh server for a with block; settings: those of the simulator's start()."""
    with start("%s:%s" % (USER, PASSWORD), image_delay=image_delay, **settings) as endpoint:
        yield OpenNebula(endpoint)
