# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes how long on real hosts, read from the jobs' own logs: kept for the next run's order, and for the documentation.

The last run's times are in .cache. tests/gates/times.json holds those of a run on a quiet machine: what a fresh checkout
orders its jobs by, and what docs/developing.md shows. `python -m tests.gates --keep-times` makes it of the last run.
"""

import json
import re
import sys
import time

from tests.gates.process import CACHE, ROOT

LAST = CACHE / "times.json"
COMMITTED = ROOT / "tests/gates/times.json"
PAGE = ROOT / "docs/developing.md"
BEGIN, END = "<!-- times: begin -->\n", "<!-- times: end -->\n"
LONGEST = 3  # parts of a job that the table names

# What ends a part of a job, in its log: a test in pytest's words, a step in Molecule's.
_TEST = re.compile(r"::(?P<part>\S.*?) (?:PASSED|FAILED|ERROR)\b")
_STEP = re.compile(r" INFO +\[\S+ > (?P<part>\w+)\] Executed")


def expected():
    """{job: seconds} by the last run here; what that did not run, by the committed times."""
    return {name: job["seconds"] for source in (COMMITTED, LAST) for name, job in _read(source).items()}


def keep(outcomes):
    """Keep the times of what passed; a job that failed may have ended early."""
    kept = _read(LAST)
    today = time.strftime("%Y-%m-%d")
    kept.update((outcome.name, {"seconds": round(outcome.seconds), "date": today, "parts": parts(outcome.log)})
                for outcome in outcomes if outcome.problem is None)
    LAST.parent.mkdir(parents=True, exist_ok=True)
    LAST.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def parts(log):
    """[[name, seconds]] of the tests or steps in a job's log, in their order; the first includes the start of the lab."""
    found, before = [], 0.0
    for line in log.read_text(encoding="utf-8").splitlines():
        match = _TEST.search(line) or _STEP.search(line)
        if match:
            seconds = float(line[:8])
            found.append([match["part"], round(seconds - before, 1)])
            before = seconds
    return found


def table(outcomes):
    """The times of these jobs as text, the longest first."""
    jobs = {outcome.name: {"seconds": outcome.seconds, "parts": parts(outcome.log)} for outcome in outcomes}
    return "\n".join(f"{name:24} {seconds:>6} s  {longest}" for name, seconds, longest in _rows(jobs))


def page_table(jobs):
    """The same in Markdown, between the marks that the page has."""
    rows = "".join(f"| `{name}` | {jobs[name]['date']} | {seconds} s | {longest} |\n"
                   for name, seconds, longest in _rows(jobs))
    return f"{BEGIN}| what | last passed | time | most of it |\n|---|---|---|---|\n{rows}{END}"


def commit_last():
    """Make the last run's times the committed ones, and show them in the documentation."""
    jobs = _read(LAST)
    if not jobs:
        sys.exit("Nothing has run on real hosts here yet: run `make hosts` first.")
    COMMITTED.write_text(json.dumps(jobs, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, _begin, rest = page.partition(BEGIN)
    PAGE.write_text(before + page_table(jobs) + rest.partition(END)[2], encoding="utf-8")


def _rows(jobs):
    for name, job in sorted(jobs.items(), key=lambda item: (-item[1]["seconds"], item[0])):
        longest = sorted(job["parts"], key=lambda part: -part[1])[:LONGEST]
        yield name, round(job["seconds"]), ", ".join(f"{part} {seconds:.0f}" for part, seconds in longest)


def _read(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
