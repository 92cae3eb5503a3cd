# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the guard's dashboard from recorded looks: python -m tests.pictures.dashboard DIRECTORY

Grafana is not needed: a Prometheus answers the dashboard's own expressions, and matplotlib draws the answers.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from tests.pictures import prometheus, watched

NAME = "dashboard.svg"
# Inches. As wide as the other pictures, so that it can be read on a telephone.
WIDTH, TITLE, LEGEND = 4.6, 0.42, 0.17
HEIGHTS = {"stats": 0.55, "state-timeline": 1.1, "timeseries": 1.25, "table": 0.9}
COLOURS = {"green": "#4b7f2a", "yellow": "#d9a400", "purple": "#7a3e9d", "red": "#b3261e"}
LINES = ("#0b6e99", "#b3541e", "#4b7f2a", "#7a3e9d")


def draw(recorded: dict) -> Figure:
    """The figure, its panels below each other in the dashboard's order."""
    at = [moment for times in recorded["times"].values() for moment in times]
    begin, end = min(at) + watched.INTERVAL, max(at)
    answers = prometheus.answers(watched.openmetrics(recorded), begin, end, watched.INTERVAL)
    panels = prometheus.panels()
    stats = [panel for panel in panels if panel["type"] == "stat"]
    rows = [{"type": "stats", "title": ""}] + [panel for panel in panels if panel["type"] != "stat"]
    last = end - begin
    below = {"timeseries": lambda lines: -(-lines // 2), "state-timeline": lambda lines: 2}
    heights = [HEIGHTS[row["type"]] + TITLE + LEGEND * below.get(row["type"], lambda lines: 0)(len(answers.get(row["title"], ())))
               for row in rows]
    figure = Figure(figsize=(WIDTH, sum(heights)))
    top = sum(heights)
    for row, height in zip(rows, heights):
        inner = HEIGHTS[row["type"]]
        axes = figure.add_axes((0.13, (top - TITLE / 2 - 0.1 - inner) / sum(heights), 0.84, inner / sum(heights)))
        axes.set_title(row["title"], fontsize=9, loc="left", fontweight="bold")
        axes.tick_params(labelsize=7)
        if row["type"] == "stats":
            _stats(axes, [(panel, answers[panel["title"]]) for panel in stats])
        else:
            {"state-timeline": _timeline, "timeseries": _series, "table": _table}[row["type"]](
                axes, row, answers[row["title"]], begin if row["type"] == "table" else last)
        top -= height
    return figure


def _stats(axes, panels):
    """The last value of each, in its colour."""
    axes.set_axis_off()
    for number, (panel, lines) in enumerate(panels):
        colour = COLOURS[panel["fieldConfig"]["defaults"]["color"]["fixedColor"]]
        values = [points[-1][1] for points in lines.values()]
        axes.text((number + 0.5) / len(panels), 0.75, panel["title"], ha="center", fontsize=7, transform=axes.transAxes)
        axes.text((number + 0.5) / len(panels), 0.1, f"{sum(values):g}", ha="center", fontsize=16, color=colour, transform=axes.transAxes)


def _timeline(axes, panel, lines, end):
    """A bar for each share on each host, in the colour of its state."""
    words = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    names = sorted(lines, reverse=True)
    for level, name in enumerate(names):
        for value, points in itertools.groupby(lines[name], key=lambda point: point[1]):
            times = [at for at, _value in points]
            axes.barh(level, (times[-1] - times[0] + watched.INTERVAL) / 60, left=times[0] / 60, height=0.7,
                      color=COLOURS[words[f"{value:g}"]["color"]], linewidth=0)
        axes.text(0.04, level, name.replace("/srv/shares/", ""), va="center", fontsize=8, color="white")
    axes.set_yticks([])
    for number, each in enumerate(words.values()):
        axes.text(0.01 + 0.24 * number, -0.36, each["text"], transform=axes.transAxes, fontsize=8, fontweight="bold",
                  color=COLOURS[each["color"]])
    axes.set_xlim(0, end / 60)


def _series(axes, panel, lines, end):
    for number, (name, points) in enumerate(sorted(lines.items())):
        # Where nothing was said there is no line.
        known = dict(points)
        times = [watched.INTERVAL * step for step in range(int(end // watched.INTERVAL) + 1)]
        axes.plot([at / 60 for at in times], [known.get(at, math.nan) for at in times], color=LINES[number % len(LINES)],
                  linewidth=1.3, linestyle="-" if number < len(lines) / 2 else "--", label=name.replace("/srv/shares/", ""))
    unit = panel["fieldConfig"]["defaults"]["unit"]
    axes.set_ylim(bottom=0, top=1.05 if unit == "percentunit" else None)
    axes.set_xlim(0, end / 60)
    if unit == "percentunit":
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    else:
        axes.set_ylabel("seconds", fontsize=7, labelpad=1)
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.legend(fontsize=7, ncols=2, loc="upper left", bbox_to_anchor=(-0.02, -0.14), frameon=False, borderaxespad=0)


def _table(axes, panel, lines, begin):
    """The last value of each, as the minute of the record."""
    axes.set_axis_off()
    for number, (name, points) in enumerate(sorted(lines.items())):
        minutes = (points[-1][1] / 1000 - begin) / 60
        level = 1 - (number + 0.5) / len(lines)
        axes.text(0, level, name, va="center", fontsize=8, transform=axes.transAxes)
        axes.text(0.7, level, "from the beginning" if minutes <= 0 else f"minute {minutes:.1f}", va="center", fontsize=8,
                  transform=axes.transAxes)


if __name__ == "__main__":
    # The same file each time, and letters that a browser draws.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "virtshare", "font.family": "sans-serif"})
    draw(json.loads(watched.FILE.read_text(encoding="utf-8"))).savefig(
        Path(sys.argv[1]) / NAME, metadata={"Date": None, "Creator": None}, facecolor="white")
