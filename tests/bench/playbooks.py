# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time an ansible-playbook from its start to its end, as the person waiting for it does."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.bench.results import BenchFailed
from tests.support.playbook import Run, run_playbook


@dataclass
class Timed:
    """seconds: wall time of the whole command; executions: modules run on hosts; run: what it reported."""

    seconds: float
    executions: int
    run: Run


def timed(*playbooks, may_fail=False, **settings) -> Timed:
    """Run and time it; settings: those of run_playbook(). BenchFailed when it ends badly, unless that may be."""
    begun = time.monotonic()
    run = run_playbook(*playbooks, **settings)
    seconds = time.monotonic() - begun
    if run.code and not may_fail:
        raise BenchFailed(f"{playbooks[-1]} ended with {run.code}:\n{run.failure_text() or run.output}")
    return Timed(seconds, sum(map(len, run.executions.values())), run)
