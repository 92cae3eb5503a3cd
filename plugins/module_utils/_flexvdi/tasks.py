# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry tasks out: the Manager accepts them at once and does the work later."""

import re
import time

from .._plan.plan import Failure, NoAnswer
from .._plan.web import one_line
from .client import ApiError

LONGEST_PAUSE = 1.0

# What a Manager may say about a request whose names it does not know.
SMELLS_OF_A_NAME = re.compile(r"field|missing|required|malformed|invalid|null|unknown|json|pars|unexpected|HTTP 500",
                              re.IGNORECASE)

SPEC = dict(task_timeout=dict(type="float", default=300.0))


def execute(client, operation, timeout):
    """Carry an operation out; the number of its task. Failure when it does not succeed.

    Its name is the task's type; arguments: C(document), its request; C(keys), the names used in it.
    """
    try:
        number = client.create_task(operation.arguments["document"])
        wait(client, number, operation, timeout)
        return number
    except Failure as error:
        text = str(error)
        if client.version == "3.1" and re.search("repeat|retries", text):
            raise Failure("%s A Manager before 3.1 wants these: set api_version to the Manager's version." % text)
        if not isinstance(error, NoAnswer) and SMELLS_OF_A_NAME.search(getattr(error, "reason", text)):
            text += client.fields.hint(operation.arguments["keys"])
        raise Failure(text)


def wait(client, number, operation, timeout):
    """Ask after a task until it is completed; Failure when it ended in an error or has not ended in time."""
    deadline = time.monotonic() + timeout
    pause = 0.1
    what = "The task %s (%s of %s)" % (number, operation.name, operation.target)
    while True:
        try:
            task = client.get("tasks", number)
        except Failure as error:
            raise NoAnswer("%s How the%s ends is not known: run again when it has." % (error, what[3:]))
        if not isinstance(task, dict) or "state" not in task:
            raise NoAnswer("%s answered GET /tasks/%s with something that has no state, so the end of the task cannot "
                           "be awaited." % (client.where, number))
        # An unfinished one is called pending on one page of the documents, running on another.
        if task["state"] == "completed":
            break
        if time.monotonic() + pause > deadline:
            raise Failure("%s has not ended within %g s (task_timeout), its state is %s. Look at it in the Dashboard, "
                          "and run again when it has ended." % (what, timeout, one_line(task["state"])))
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    if str(task.get("result")).lower() != "success":
        said = one_line(task.get("result_msg") or "no reason given, result %s" % task.get("result"))
        raise ApiError("%s failed at %s: %s." % (what, client.where, said), said, 200)
