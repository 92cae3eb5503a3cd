# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the servers of shares live, each asked once. Everything a dead one could hang is bounded."""

import functools

from .._host.bounded import ChildFailed, TimedOut, each
from .._plan.plan import Refusal
from .reach import ask

# A living server takes a connection at once; after 1 s the kernel has asked a second time.
CONNECT_SECONDS = 2


class Servers:
    """The servers as one host sees them.

    timeout: seconds for one question.
    """

    def __init__(self, timeout):
        self.timeout = timeout
        self._answers = {}

    def answering(self, share, share_type, live):
        """(the addresses of the first of a share's servers that answers, or None when its name tells none; its name).

        live: the address that a mount of the share's own source uses now, or None. A Refusal when all are dead.
        """
        troubles = []
        for server, key in zip(share_type.servers(share), keys_of(share, share_type, live)):
            addresses, trouble = self.answer(*key)
            if not trouble:
                return addresses, server["host"]
            troubles.append("server %s of %s %s" % (server["host"], share["source"], trouble))
        raise Refusal("%s: %s. Is %s running, and reachable from this host?" % (
            share["path"], ", ".join(troubles), "it" if len(troubles) == 1 else "one of them"))

    def answer(self, host, doors, live):
        """(addresses or None, what is wrong or None); see reach.ask()."""
        key = (host, doors, live)
        if key not in self._answers:
            for answer in each(self.tasks([key])):
                self.record(key, answer)
        return self._answers[key]

    def unasked(self, keys):
        """Those of some keys that were not asked yet, each once."""
        return [key for key in dict.fromkeys(keys) if key not in self._answers]

    def tasks(self, keys):
        """What asks them, for bounded.each(); record() takes the answers."""
        seconds = min(CONNECT_SECONDS, self.timeout)
        return [(functools.partial(ask, host, doors, live, seconds), lambda: self.timeout) for host, doors, live in keys]

    def record(self, key, answer):
        """Keep the bounded.Answer to a key for answer()."""
        host, doors, live = key
        addresses, trouble = self._told(answer)
        self._answers[host, doors, live] = addresses, trouble
        if not trouble and live in (addresses or ()):
            self._answers[live, doors, live] = addresses, None

    @staticmethod
    def _told(answer):
        try:
            told = answer.get()
            return told["addresses"], told["trouble"]
        except TimedOut as error:
            return None, "gives no answer within %g s" % error.seconds
        except (ChildFailed, OSError) as error:
            return None, "cannot be asked: %s" % error


def keys_of(share, share_type, live):
    """(host, doors, live) of each of a share's servers, see reach.ask()."""
    return [(server["host"], tuple(server["doors"]), live) for server in share_type.servers(share)]
