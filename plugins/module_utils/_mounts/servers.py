# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the servers of shares live, each asked once. Everything a dead one could hang is bounded."""

from .._host.bounded import ChildFailed, TimedOut, bounded
from .._plan.plan import Refusal
from .reach import ask

# A living server takes a connection at once; after 1 s the kernel has asked a second time.
CONNECT_SECONDS = 2


class Servers:
    """The servers as one host sees them.

    timeout: seconds for one question. host: the name by which the user knows this host.
    """

    def __init__(self, timeout, host):
        self.timeout = timeout
        self.host = host
        self._answers = {}

    def answering(self, share, share_type, live):
        """(the addresses of the first of a share's servers that answers, or None when its name tells none; its name).

        live: the address that a mount of the share's own source uses now, or None. A Refusal when all are dead.
        """
        troubles = []
        for server in share_type.servers(share):
            addresses, trouble = self.answer(server["host"], tuple(server["doors"]), live)
            if not trouble:
                return addresses, server["host"]
            troubles.append("server %s of %s %s" % (server["host"], share["source"], trouble))
        raise Refusal("share %s: %s, asked from host %s. Is %s running, and reachable from there?" % (
            share["path"], ", ".join(troubles), self.host, "it" if len(troubles) == 1 else "one of them"))

    def answer(self, host, doors, live):
        """(addresses or None, what is wrong or None); see reach.ask()."""
        key = (host, doors, live)
        if key not in self._answers:
            self._answers[key] = self._ask(host, doors, live)
            addresses, trouble = self._answers[key]
            if not trouble and live in (addresses or ()):
                self._answers[(live, doors, live)] = (addresses, None)
        return self._answers[key]

    def _ask(self, host, doors, live):
        seconds = min(CONNECT_SECONDS, self.timeout)
        try:
            answer = bounded(lambda: ask(host, doors, live, seconds), self.timeout)
            return answer["addresses"], answer["trouble"]
        except TimedOut as error:
            return None, "gives no answer within %g s" % error.seconds
        except (ChildFailed, OSError) as error:
            return None, "cannot be asked: %s" % error
