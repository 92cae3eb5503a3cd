# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the documentation's page about the bench, from the kept results. The words around them are written."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.bench.results import FILE
from tests.support.playbook import ROOT

PAGE = ROOT / "docs/docsite/rst/benchmarks.rst"
# A table stands between two comments of the page.
BEGIN, END = ".. table {}, written by make bench", ".. end of table {}"


def update(page: Path = PAGE, results: Path = FILE):
    """Put what results.json holds into the page."""
    rows = json.loads(results.read_text(encoding="utf-8"))
    page.write_text(rewritten(page.read_text(encoding="utf-8"), rows), encoding="utf-8")


def rewritten(text: str, rows: list[dict]) -> str:
    """The page with tables of these rows; a table none of whose rows is known stays as it is."""
    for name, table in tables(rows).items():
        begin, end = BEGIN.format(name), END.format(name)
        shown = f"{begin}\n\n{table}\n\n{end}\n".replace("\\", r"\\")
        text, found = re.subn(f"(?s){re.escape(begin)}\n.*?{re.escape(end)}\n", shown, text)
        if found != 1:
            raise ValueError(f"the page has to hold the lines {begin!r} and {end!r} once")
    return text


def tables(rows: list[dict]) -> dict[str, str]:
    """{name of a table: its text}"""
    found = {}
    sides = [row for row in rows if "points" not in row]
    for name, headings, more in (
        ("datastores", ["calls, ours and theirs"], lambda row: ["{ours_calls} and {theirs_calls}".format_map(row)]),
        ("mounts", ["module runs a host", "the broken share is corrected by"],
         lambda row: ["{ours_executions} and {theirs_executions}".format_map(row), mended(row)]),
        ("site", ["module runs a host"], lambda row: ["{ours_executions} and {theirs_executions}".format_map(row)]),
    ):
        chosen = [row for row in sides if row["name"].startswith(f"{name}-")]
        if chosen:
            lines = [["row", "ours", "theirs", "times as long", "promised", *headings]]
            lines += [[f"``{row['name']}``", seconds(row, "ours"), seconds(row, "theirs"), f"{row['ratio']:g}",
                       f"at least {row['target']:g}" if "target" in row else "", *more(row)] for row in chosen]
            found[name] = f"{list_table(lines)}\n\n{circumstances(chosen)}"
    looks = [row for row in sides if row["name"] in LOOKS]
    if looks:
        lines = [["row", "a look takes", "at most", ""]]
        lines += [[f"``{row['name']}``", seconds(row, "ours"), f"{row['theirs_s']:g} s", LOOKS[row["name"]].format_map(row)]
                  for row in looks]
        found["guard"] = f"{list_table(lines)}\n\n{circumstances(looks)}"
    for row in rows:
        if row["name"] in SCALES:
            name, columns, words = SCALES[row["name"]]
            lines = [list(columns)] + [[cell.format_map(_Point(point)) for cell in columns.values()]
                                       for point in row["points"]]
            said = words.format(ours=seconds(row, "ours"), theirs=seconds(row, "theirs"))
            found[name] = f"{list_table(lines)}\n\n{said} {circumstances([row])}"
    return found


class _Point(dict):
    """A point of a row, with how far what was measured is from the line through all points."""

    def __missing__(self, key):
        if key != "residual_s":
            raise KeyError(key)
        return self.get("whole_s", self.get("seconds")) - self["line_s"]


_FORETOLD = "A straight line through the smaller sizes foretells {theirs} for the largest, which took {ours}."
_RESIDUAL = "{line_s:.1f} s ({residual_s:+.1f} s)"
# Row -> (its table, {heading: cell of a point}, the sentence below).
SCALES = {
    "proof-hosts": ("proof", {
        "hosts": "{hosts}", "the whole role": "{whole_s:.1f} s", "one host's own work": "{host_ms:.0f} ms",
        "the comparison on the controller": "{controller_ms:.1f} ms",
    }, _FORETOLD),
    "site-scale": ("site-scale", {
        "hosts": "{hosts}", "the converged site": "{whole_s:.1f} s", "the line through all sizes": _RESIDUAL,
        "memory of the controller's largest process": "{memory_mib:.0f} MiB",
    }, _FORETOLD),
    "datastores-scale": ("datastores-scale", {
        "datastores": "{items}", "one task": "{seconds:.1f} s", "the line through all sizes": _RESIDUAL, "reads": "{calls}",
        "with an image each": "{with_images_seconds:.1f} s", "reads then": "{with_images_calls}",
    }, "The largest took {ours}; at most {theirs} is promised."),
}


# Row -> what else is said of the guard's looks.
LOOKS = {
    "guard-20-shares": "of a processor, for {shares} shares",
    "guard-dead-server": "{looks} looks; the largest process took {memory_kib[0]} KiB in the first fifty and {memory_kib[1]} KiB in the "
                         "last; no process, descriptor or file is left over",
    "guard-packet-loss": "{minutes} minutes with {packets_lost_percent} % of the packets lost, {looks} looks, {unanswered} of them "
                         "without an answer, and no state that came back",
}


def mended(row: dict) -> str:
    """Who mends what was broken before a play."""
    if "ours_mends" not in row:
        return ""
    return {(True, True): "both", (True, False): "ours", (False, True): "theirs", (False, False): "neither"}[
        row["ours_mends"], row["theirs_mends"]]


def seconds(row: dict, side: str) -> str:
    """The median, and the least and the most where there was more than one run."""
    least, most = row[f"{side}_range_s"]
    return f"{row[f'{side}_s']:g} s" + (f" ({least:g}–{most:g})" if row["runs"] > 1 else "")


def circumstances(rows: list[dict]) -> str:
    """How often and on what the rows were measured."""
    runs = sorted({row["runs"] for row in rows})
    machines = list(dict.fromkeys(
        "{processors} processors, {memory_gib} GiB of memory, Python {python}, ansible-core {ansible_core}".format_map(
            row["measured_on"]) for row in rows))
    often = " or ".join(map(str, runs)) + (" run" if runs == [1] else " runs")
    return f"{'Single figures' if runs == [1] else 'Medians, least and most'} of {often}. {'; '.join(machines)}."


def list_table(lines: list[list[str]]) -> str:
    """A table of reStructuredText; the first line is its heading."""
    text = [".. list-table::", "   :header-rows: 1", ""]
    for line in lines:
        for number, cell in enumerate(line):
            text.append(f"   {'* -' if number == 0 else '  -'} {cell}".rstrip())
    return "\n".join(text)
