# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run stages one after the other, go on after a failure, and say at the end what passed and how long it took."""

import contextlib
import fcntl
import sys
import time
import typing

from tests.gates.process import CACHE, Failed, Log

LOGS = CACHE / "logs"


class Result(typing.NamedTuple):
    """How a stage went. problem: None, or in words why it failed."""

    name: str
    seconds: float
    problem: str | None


def run_stages(stages, logs=LOGS, stream=sys.stdout):
    """Run {name: function(log)} and return a Result for each.

    A stage fails by raising; the others are run all the same. Only an interrupt ends the whole.
    """
    return [_run_stage(name, stage, logs, stream) for name, stage in stages.items()]


def _run_stage(name, stage, logs, stream):
    with _alone(logs / f".{name}.lock", stream):
        return _run_stage_alone(name, stage, logs, stream)


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


def summary(results, logs=LOGS):
    """The closing table as text; its last line is C(N passed, N failed)."""
    width = max(len(result.name) for result in results)
    lines = [""]
    for name, seconds, problem in results:
        outcome = "passed" if problem is None else f"FAILED  {problem} (log: {logs / name}.log)"
        lines.append(f"{name:{width}}  {seconds:6.0f} s  {outcome}")
    lines.append(f"{'all':{width}}  {sum(result.seconds for result in results):6.0f} s")
    failed = sum(result.problem is not None for result in results)
    lines += ["", f"{len(results) - failed} passed, {failed} failed"]
    return "\n".join(lines)
