# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement gives: rows, the file that keeps them, the table that shows them."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

FILE = Path(__file__).with_name("results.json")


class BenchFailed(Exception):
    """A row cannot be measured, or its two sides did not do the same; the text says why and what to do."""


@dataclass
class Row:
    """Two sides that were measured in one run.

    ours, theirs: seconds, one figure a run. target: the least ratio that counts as reached, None where nothing is
    promised. more: further figures of the row, such as calls.
    """

    name: str
    ours: list[float]
    theirs: list[float]
    target: float | None = None
    more: dict = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times as long as ours theirs takes."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    @property
    def missed(self) -> bool:
        return self.target is not None and self.ratio < self.target

    def as_dict(self) -> dict:
        """What results.json keeps: the medians, their ratio, the number of runs, then what else is known."""
        kept = {
            "name": self.name,
            "ours_s": rounded(statistics.median(self.ours)),
            "theirs_s": rounded(statistics.median(self.theirs)),
            "ratio": rounded(self.ratio),
            "runs": len(self.ours),
            "ours_range_s": [rounded(min(self.ours)), rounded(max(self.ours))],
            "theirs_range_s": [rounded(min(self.theirs)), rounded(max(self.theirs))],
        }
        if self.target is not None:
            kept["target"] = self.target
        return {**kept, **self.more, "measured_on": machine()}


def rounded(number: float) -> float:
    """Three digits that count; more would claim what a clock on a shared machine cannot know."""
    return float(f"{number:.3g}")


def machine() -> dict:
    """What the figures depend on and what tells nobody's machine from another's."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processors": os.cpu_count(),
        "memory_gib": round(memory),
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
    }


def merged(kept: list[dict], measured: list[dict]) -> list[dict]:
    """The rows of both, in the order they were first kept; one that was measured again replaces its older self."""
    rows = {row["name"]: row for row in kept}
    rows.update({row["name"]: row for row in measured})
    return list(rows.values())


def write(rows: list[Row], path: Path = FILE):
    """Put the rows into the file, beside those that were not measured this time."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    text = json.dumps(merged(kept, [row.as_dict() for row in rows]), indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def table(rows: list[Row]) -> str:
    """A line a row: both sides' seconds, how many times faster ours is, and whether that was promised."""
    lines = [("row", "ours", "theirs", "ratio", "target", "runs")]
    for row in rows:
        kept = row.as_dict()
        lines.append((
            row.name, f"{kept['ours_s']:g} s", f"{kept['theirs_s']:g} s", f"{kept['ratio']:g}", promised(row),
            str(kept["runs"]),
        ))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in lines
    )


def promised(row: Row) -> str:
    if row.target is None:
        return "-"
    return f">= {row.target:g} {'MISSED' if row.missed else 'ok'}"
