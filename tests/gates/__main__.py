# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m tests.gates test|check|test-release|STAGE…`; `python3 -m tests.gates --list` names the stages."""

import argparse
import signal
import sys
import time

from tests.gates import hosts, inputs, release, stages, times
from tests.gates.process import Failed, Log
from tests.gates.runner import LOGS, run_stages, summary, write_times

GROUPS = {"test": tuple(stages.ALL), "check": tuple(stages.CHECK), "test-release": tuple(stages.RELEASE)}
STAGES = {**stages.ALL, **stages.CHECK, **stages.HOSTS, **stages.RELEASE, **stages.BENCH, **stages.SITE}


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.gates", description="Run the quality gates.")
    parser.add_argument("names", nargs="*", metavar="STAGE", help="a stage, or one of: " + ", ".join(GROUPS))
    parser.add_argument("--list", action="store_true", help="name the stages and end")
    parser.add_argument("--labs-down", action="store_true", help="stop the labs of stages that were killed, and end")
    parser.add_argument("--keep-times", action="store_true", help="commit the last run's times, and end")
    parser.add_argument("--release", metavar="VERSION", help="make a release: a commit, a tag and an artifact; and end")
    arguments = parser.parse_args()
    if arguments.list:
        for name, stage in STAGES.items():
            print(f"{name:15}{stage.__doc__}")
        return 0
    if arguments.labs_down:
        hosts.labs_down(Log(LOGS / "labs-down.log", sys.stdout))
        return 0
    if arguments.keep_times:
        times.commit_last()
        return 0
    if arguments.release is not None:
        try:
            release.make(Log(LOGS / "make-release.log", sys.stdout), arguments.release)
        except Failed as error:
            sys.exit(f"No release: {error}")
        return 0
    wanted = [name for word in arguments.names for name in GROUPS.get(word, (word,))]
    unknown = sorted(set(wanted) - set(STAGES))
    if unknown or not wanted:
        parser.error(f"no such stage: {', '.join(unknown)}; --list names them" if unknown else "name a stage, or test")
    # Ended from outside, a stage still ends what it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # What is asked for by its own name is run.
    skippable = set(wanted).difference(arguments.names) if inputs.may_skip() else ()
    started = time.monotonic()
    results = run_stages(
        {name: STAGES[name] for name in dict.fromkeys(wanted)}, memory=inputs.Memory(), skippable=skippable,
        abreast=stages.ABREAST)
    write_times(results)
    print(summary(results, time.monotonic() - started), flush=True)
    return int(any(result.problem for result in results))


if __name__ == "__main__":
    sys.exit(main())
