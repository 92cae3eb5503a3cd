# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run stages, go on after a failure, and say at the end what passed and how long it took."""

import concurrent.futures
import contextlib
import fcntl
import itertools
import json
import os
import sys
import time
import typing

from tests.gates.process import CACHE, Failed, Log, end_all
from tests.support.pulse import Pulse

LOGS = CACHE / "logs"
TIMES = CACHE / "stage-times.json"


class Result(typing.NamedTuple):
    """How a stage went. problem: None, or why it failed; unchanged: None, or why it was not run."""

    name: str
    seconds: float
    problem: str | None
    unchanged: str | None = None

    @property
    def outcome(self):
        """C(passed), C(failed) or C(skipped)."""
        if self.unchanged is not None:
            return "skipped"
        return "passed" if self.problem is None else "failed"


def run_stages(stages, logs=LOGS, stream=sys.stdout, memory=None, skippable=(), abreast=()):
    """Run {name: function(log)} and return a Result for each, in their order.

    A stage fails by raising; the others are run all the same. Only an interrupt ends the whole.
    memory: the inputs.Memory of what has passed, which this run adds to; skippable: the stages that are skipped when
    they have passed with what they depend on as it is; abreast: the stages that use nothing of each other's. Those that
    follow each other run side by side, as many as there are processors, each line of theirs after the stage's name.
    Whoever waits is told every ten seconds which stages are at work, where those say nothing.
    """
    results, running = [], {}
    with Pulse(stream, lambda: ", ".join(list(running))) as stream:
        for together, grouped in itertools.groupby(stages, lambda name: name in abreast):
            results += _run_group(list(grouped), together, stages, logs, stream, memory, skippable, running)
    return results


def _run_group(names, together, stages, logs, stream, memory, skippable, running):
    """The Results of stages that follow each other. running: {name: None} of those at work, kept up to date."""
    settings = [(name, stages[name], logs, _Named(stream, name) if together else stream, memory, name in skippable, running)
                for name in names]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() if together else 1) as pool:
        futures = [pool.submit(_run_stage, *each) for each in settings] if together and len(names) > 1 else []
        try:
            return [future.result() for future in futures] or [_run_stage(*each) for each in settings]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise


class _Named:
    """A stream that shows each line after the name of the stage it belongs to."""

    def __init__(self, stream, name):
        self._stream, self._name = stream, name

    def write(self, text):
        # In one piece: other stages write at the same time.
        self._stream.write("".join(f"{self._name}: {line}" for line in text.splitlines(keepends=True)))

    def flush(self):
        self._stream.flush()


def _run_stage(name, stage, logs, stream, memory, skippable, running):
    with _at_work(running, name), _alone(logs / f".{name}.lock", stream):
        if memory is None:
            return _run_stage_alone(name, stage, logs, stream)
        digest = memory.digest(name)
        date = memory.passed(name, digest) if skippable else None
        if date is not None:
            unchanged = f"unchanged since it passed on {date}; skipped (CI runs it, and so does FRESH=1)"
            print(f"\n== {name}: {unchanged}", file=stream, flush=True)
            return Result(name, 0.0, None, unchanged)
        memory.forget(name)
        result = _run_stage_alone(name, stage, logs, stream)
        if result.problem is None:
            memory.keep(name, digest)
        return result


@contextlib.contextmanager
def _at_work(running, name):
    running[name] = None
    try:
        yield
    finally:
        del running[name]


@contextlib.contextmanager
def _alone(path, stream):
    """Wait until no other process runs the stage here: they would work in the same caches."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("\nThis stage is running here already; waiting for it to end.", file=stream, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_stage_alone(name, stage, logs, stream):
    log = Log(logs / f"{name}.log", stream)
    started = time.monotonic()
    problem = None
    log.say(f"\n== {name}: {(stage.__doc__ or '').strip()}")
    try:
        stage(log)
    except Failed as error:
        problem = str(error)
    except Exception as error:  # a mistake in a stage must not hide the results of the others
        problem = f"{type(error).__name__}: {error}"
    seconds = time.monotonic() - started
    log.say(f"== {name}: {'passed' if problem is None else 'FAILED, ' + problem} ({seconds:.0f} s)")
    log.close()
    return Result(name, seconds, problem)


def summary(results, seconds, logs=LOGS):
    """The closing table as text; its last line is C(N passed, N failed), and C(, N skipped) where one was.

    seconds: how long all took together, which is less than their sum where some ran side by side.
    """
    width = max(len(result.name) for result in results)
    lines = [""]
    for result in results:
        said = {"passed": "passed", "failed": f"FAILED  {result.problem} (log: {logs / result.name}.log)",
                "skipped": result.unchanged}[result.outcome]
        lines.append(f"{result.name:{width}}  {result.seconds:6.0f} s  {said}")
    lines.append(f"{'all':{width}}  {seconds:6.0f} s")
    outcomes = [result.outcome for result in results]
    count = f"{outcomes.count('passed')} passed, {outcomes.count('failed')} failed"
    if "skipped" in outcomes:
        count += f", {outcomes.count('skipped')} skipped"
    return "\n".join([*lines, "", count])


def write_times(results, path=TIMES):
    """Leave the run as JSON: when it ended, and each stage's name, seconds, outcome and problem, in their order."""
    stages = [{"name": result.name, "seconds": round(result.seconds, 1), "outcome": result.outcome,
               "problem": result.problem} for result in results]
    path.parent.mkdir(parents=True, exist_ok=True)
    ended = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    path.write_text(json.dumps({"ended": ended, "stages": stages}, indent=1) + "\n", encoding="utf-8")
