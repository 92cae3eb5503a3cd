# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated flexVDI Manager in this process, with the modules run against it and a count of what it was asked."""

import contextlib
import json

from tests.simulators.flexsim import start
from tests.support.modules import run_module

USER, PASSWORD = "admin", "manager-word"
MEDIA_PASSWORD = "media-word"


class FlexVdi:
    """endpoint: the running simulator; manager: its state; connection: what a task would write."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.manager = endpoint.manager
        self.connection = {"api_url": endpoint.url, "api_username": USER, "api_password": PASSWORD, "timeout": 5,
                           "api_version": endpoint.manager.version}

    @property
    def calls(self):
        """"GET /hosts" and the like, all of them so far."""
        return ["%s %s" % (entry["method"], entry["path"]) for entry in self.endpoint.log.entries]

    @property
    def tasks(self):
        """The types of the tasks that were asked for so far."""
        return [entry["task"] for entry in self.endpoint.log.entries if entry["task"]]

    @property
    def requests(self):
        """The requests for tasks so far, as the text on the wire."""
        return [body for entry, body in zip(self.endpoint.log.entries, self.endpoint.log.bodies) if entry["task"]]

    def run(self, module, check=False, **parameters):
        """(result, calls, tasks) of one module run; fails the test when the module does."""
        result, calls, tasks = self.attempt(module, check, **parameters)
        assert not result.get("failed"), result["msg"]
        return result, calls, tasks

    def attempt(self, module, check=False, **parameters):
        """As run(), but the module may fail. In check mode there is no POST but the login, and no secret ever shows."""
        calls, tasks = len(self.calls), len(self.tasks)
        result = run_module(module, dict(self.connection, **parameters), check)
        assert "exception" not in result, result["exception"]
        text = json.dumps(result)
        for secret in [PASSWORD, MEDIA_PASSWORD, *self.manager.sessions_ever]:
            assert secret not in text
        if check:
            assert set(call for call in self.calls[calls:] if call.startswith("POST")) <= {"POST /authenticate"}
        return result, self.calls[calls:], self.tasks[tasks:]


@contextlib.contextmanager
def flexvdi(**settings):
    """A fresh Manager for a with block; settings: those of the simulator's start()."""
    settings.setdefault("hosts", ["hv1", "hv2", "hv3"])
    with start("%s:%s" % (USER, PASSWORD), **settings) as endpoint:
        yield FlexVdi(endpoint)
