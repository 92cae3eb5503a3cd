# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.bench [ROW…] [--runs N]`: measure, print a table, keep the figures in tests/bench/results.json."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.bench import datastores, datastores_scale, guard, mounts, page, proof, site, site_scale
from tests.bench.hosts import SHARED
from tests.bench.results import FILE, BenchFailed, table, write
from tests.support.playbook import ROOT

# Each has ROWS, the names it can measure, and measure(runs, names), which gives at least these as Row objects.
MEASUREMENTS = (datastores, datastores_scale, mounts, site, site_scale, proof, guard)


def wanted(names: list[str]) -> list:
    """The measurements that give these rows, all without names; BenchFailed for a name that none gives."""
    unknown = sorted(set(names) - {row for each in MEASUREMENTS for row in each.ROWS})
    if unknown:
        raise BenchFailed(f"no such row: {', '.join(unknown)}; --list names them")
    return [each for each in MEASUREMENTS if not names or set(names) & set(each.ROWS)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="what to measure; all without")
    parser.add_argument("--runs", type=positive, default=3, help="how often each side runs; the median counts (%(default)s)")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(row for each in MEASUREMENTS for row in each.ROWS))
        return 0
    try:
        return bench(wanted(arguments.rows), arguments.runs, arguments.rows)
    except BenchFailed as error:
        print(f"\nThe bench failed: {error}", file=sys.stderr)
        return 1


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def bench(measurements: list, runs: int, asked: Sequence[str] = ()) -> int:
    """Measure and show; 1 when a row misses its target. What is measured already is kept when a later one fails."""
    rows = []
    with SHARED:
        for each in measurements:
            print(f"\n{each.__doc__.strip().splitlines()[0]}", flush=True)
            measured = each.measure(runs, [row for row in each.ROWS if row in asked] or each.ROWS)
            write(measured)
            page.update()
            rows += measured
    print(f"\n{table(rows)}\n\nKept in {FILE.relative_to(ROOT)}.")
    return int(any(row.missed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
