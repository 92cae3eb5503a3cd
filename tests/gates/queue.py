# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs side by side: the longest first, a bounded number at once, each with a log and a time of its own."""

import concurrent.futures
import pathlib
import time
import typing

from tests.gates.process import ROOT, Failed, Running


class Job(typing.NamedTuple):
    """A command that needs nothing of the others. seconds: after which it is stopped."""

    name: str
    command: list
    env: dict
    seconds: float
    cwd: pathlib.Path = ROOT


class Outcome(typing.NamedTuple):
    """How a job went. problem: None, or why it failed; log: the file with its output."""

    name: str
    seconds: float
    problem: str | None
    log: pathlib.Path


def run_queue(log, jobs, *, slots, expected, ended=lambda job: None):
    """Run all jobs, at most `slots` at once, and return their Outcomes in the order they ended.

    expected: {name: seconds}; the longest starts first, what is not in it before all others. ended(job) is called after
    each, in whatever way it ended. A job that fails stops no other; an interrupt stops all.
    """
    ordered = sorted(jobs, key=lambda job: (-expected.get(job.name, float("inf")), job.name))
    running, outcomes = {}, []

    def work(job):
        try:
            return _run(log, job, running)
        finally:
            ended(job)

    with concurrent.futures.ThreadPoolExecutor(max(1, slots)) as pool:
        futures = [pool.submit(work, job) for job in ordered]
        try:
            for future in concurrent.futures.as_completed(futures):
                outcomes.append(future.result())
                name, seconds, problem, _path = outcomes[-1]
                log.say(f"-- {name}: {'passed' if problem is None else 'FAILED, ' + problem} ({seconds:.0f} s); "
                        f"{len(futures) - len(outcomes)} to go")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for one in list(running.values()):
                one.end()
            raise
    return outcomes


def _run(log, job, running):
    own = _JobLog(log, job.name)
    problem = None
    try:
        running[job.name] = Running(own, job.command, job.seconds, job.cwd, job.env)
        running[job.name].finish()
    except Failed as error:
        problem = str(error)
    finally:
        running.pop(job.name, None)
        own.close()
    return Outcome(job.name, own.seconds, problem, own.path)


class _JobLog:
    """A job's own file, each line after the seconds since its start; and the stage's log, each line after its name."""

    def __init__(self, log, name):
        self.path = log.path.with_name(f"{name}.log")
        self._log, self._name = log, name
        self._file = self.path.open("w", encoding="utf-8")
        self._started = time.monotonic()

    @property
    def seconds(self):
        """Seconds since its start."""
        return time.monotonic() - self._started

    def say(self, text):
        self._file.write(f"{self.seconds:8.1f} {text}\n")
        self._file.flush()
        self._log.say(f"{self._name}: {text}")

    def close(self):
        self._file.close()
