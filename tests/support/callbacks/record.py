# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes every task result of a run as one JSON line, so that the demo and the tests read results, not screens."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: aggregate
short_description: Record every task result as a JSON line
description: Appends one JSON object per task and host to the file named by E(VIRTSHARE_RECORD).
author: virtshare contributors (@virtshare)
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._started = {}
        self._file = open(os.environ["VIRTSHARE_RECORD"], "a", encoding="utf-8")  # closed with the process

    def v2_runner_on_start(self, host, task):
        self._started[host.name, task._uuid] = time.monotonic()

    def _write(self, outcome, result):
        task, host = result._task, result._host.name
        begun = self._started.get((host, task._uuid))
        line = {
            "outcome": outcome,
            "host": host,
            "task": task.get_name().strip(),
            "action": task.action,
            "delegated_to": task.delegate_to,
            "loop": bool(task.loop or task.loop_with),
            "changed": bool(result._result.get("changed")),
            "seconds": round(time.monotonic() - begun, 2) if begun else None,
            "result": self._clean(result._result),
        }
        self._file.write(json.dumps(line, default=str) + "\n")
        self._file.flush()

    @staticmethod
    def _clean(result):
        return {key: value for key, value in result.items() if key not in ("invocation", "ansible_facts_cacheable")}

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)
