# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run ends, and the one way in which a module tells Ansible."""

import contextlib
import errno
import os

from .._host.bounded import ChildFailed, TimedOut
from .._host.lock import Locked
from .gathered import gathered
from .plan import Failure


class Outcome:
    """What work(params, check_mode) of a module comes to.

    plan: what was done, in check mode what would be; None for a module that only reads.
    result: what else the module returns. warnings, problems: sentences; with a problem the module fails.
    secrets: texts that are hidden wherever they stand in the result.
    """

    def __init__(self, plan=None, result=None, warnings=(), problems=(), secrets=()):
        self.plan = plan
        self.result = dict(result or {})
        self.warnings = list(warnings)
        self.problems = list(problems)
        self.secrets = set(secrets)

    @contextlib.contextmanager
    def collect(self):
        """A Failure inside ends the block and becomes a problem; what the outcome has by then stays."""
        try:
            yield self
        except Failure as failure:
            self.problems.extend(failure.problems)

    def hide(self, texts):
        self.secrets.update(text for text in texts if text)

    def returned(self):
        """What the module returns beside its warnings: changed, operations and diff, problems, and its own values."""
        found = {"changed": False} if self.plan is None else self.plan.result()
        return dict(found, problems=self.problems, **self.result)


@contextlib.contextmanager
def on(where):
    """What work on a host raises inside becomes a Failure that begins with the name of the host, or what else it is on."""
    try:
        yield
    except OSError as error:
        raise Failure("%s: %s%s" % (where, "%s: %s" % (error.filename, error.strerror) if error.filename else error,
                                    _without_root(error)))
    except (TimedOut, ChildFailed, Locked) as error:
        raise Failure("%s: %s" % (where, error))


def _without_root(error):
    """What to do about an error that only others than root meet."""
    if error.errno in (errno.EACCES, errno.EPERM) and os.geteuid() != 0:
        return ". The module runs as uid %d, and that needs root. Write become: true at the task or the play." % os.geteuid()
    return ""


def leave(module, work, needs_root=False):
    """Do the work of a module, and end it with the Outcome: with exit_json, or where there are problems with fail_json.

    The text of a failure has a problem a line, one that many shares have once. needs_root: whether nobody else can even look
    at what it works on.
    """
    outcome = Outcome()
    with outcome.collect():
        if needs_root and os.geteuid() != 0:
            raise Failure("%s: the module runs as uid %d, and needs root. Write become: true at the task or the play." % (
                module.params.get("host") or os.uname()[1], os.geteuid()))
        outcome = work(module.params, module.check_mode)
    module.no_log_values.update(outcome.secrets)
    for warning in gathered(outcome.warnings):
        module.warn(warning)
    if outcome.problems:
        module.fail_json(msg="\n".join(gathered(outcome.problems)), **outcome.returned())
    module.exit_json(**outcome.returned())
