# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plot of a few measured lines as an SVG file, with nothing but text."""

from __future__ import annotations

import math
from html import escape

from tests.support.playbook import ROOT

# Where the plots of the documentation are kept.
IMAGES = ROOT / "docs" / "docsite" / "rst" / "images"

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 40, 52
COLOURS = ("#0b6e99", "#b3541e", "#4b7f2a", "#7a3e9d")
TICKS = 5


def plot(title: str, across: str, up: str, lines: dict[str, list[tuple[float, float]]]) -> str:
    """The SVG. across, up: the words at the axes; lines: label -> points, both coordinates from 0 on."""
    points = [point for line in lines.values() for point in line]
    most_x, most_y = nice(max(x for x, _y in points)), nice(max(y for _x, y in points))

    def place(x, y):
        return (LEFT + x / most_x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / most_y * (HEIGHT - TOP - BOTTOM))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(WIDTH / 2, 18, title, "middle", 'font-weight="bold"'),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, across, "middle"),
        text(LEFT, TOP - 8, up, "middle"),
    ]
    for step in range(TICKS + 1):
        x, y = most_x * step / TICKS, most_y * step / TICKS
        (left, level), (column, bottom) = place(0, y), place(x, 0)
        parts += [
            f'<line x1="{left:.1f}" y1="{level:.1f}" x2="{WIDTH - RIGHT}" y2="{level:.1f}" stroke="#d8d8d8"/>',
            text(left - 6, level + 4, f"{y:g}", "end"),
            text(column, bottom + 16, f"{x:g}", "middle"),
        ]
    for number, (label, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        placed = [place(x, y) for x, y in sorted(line)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        parts.append(text(LEFT + 12, TOP + 16 + 16 * number, label, "start", f'fill="{colour}"'))
    return "\n".join([*parts, "</svg>"]) + "\n"


def text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def nice(number: float) -> float:
    """The end of an axis: the next of 1, 2, 2.5, 5, 10 times a power of ten."""
    power = 10 ** math.floor(math.log10(number))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= number)
