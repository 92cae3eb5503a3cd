# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks: accepted at once, carried out later, in the order they came."""

import time

from . import storage


class Tasks:
    """failing: {task type: result_msg}, for tests: these fail, once each. stuck: task types that never end."""

    def __init__(self, manager, seconds):
        self._manager = manager
        self.seconds = seconds
        self.failing = {}
        self.stuck = set()
        self._known = {}

    @property
    def all(self):
        """Every task so far, as it was left by the last call."""
        return list(self._known.values())

    def create(self, document):
        """The id of the new task; ValueError for a request that is malformed."""
        task_type, values = storage.values_of(self._manager, document)
        number = str(len(self._known) + 1)
        now = time.monotonic()
        self._known[number] = {
            "type": task_type, "shown": document["type"], "values": values, "when": int(time.time()), "begun": now,
            "due": float("inf") if task_type in self.stuck else now + self.seconds,
            "state": "pending", "result": "pending", "result_msg": "",
        }
        return number

    def advance(self):
        """Carry out what is due; called before anything else is answered."""
        now = time.monotonic()
        for task in self._known.values():
            if task["state"] == "completed":
                continue
            if now < task["due"]:
                # One page of the documents calls an unfinished task pending, another one running.
                half = task["begun"] + self.seconds / 2
                task["state"] = "running" if now > half else "pending"
                continue
            task["state"] = "completed"
            try:
                if task["type"] in self.failing:
                    raise storage.Refused(self.failing.pop(task["type"]))
                self._manager.do(task["type"], task["values"])
                task["result"], task["result_msg"] = "success", "Task completed"
            except storage.Refused as error:
                task["result"], task["result_msg"] = "error", str(error)

    def show(self, number):
        task = self._known.get(number)
        if task is None:
            return None
        return {"task_id": number, "execution": "manual", "when": task["when"], "state": task["state"],
                "result": task["result"], "result_msg": task["result_msg"], "task_type": task["shown"]}
