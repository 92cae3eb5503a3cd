# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way from the top to the bottom as an SVG file: boxes with a name and a few words, some of them in a frame.

Narrow enough to be read on a telephone, with nothing but text, and the same file each time.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

from tests.bench.plot import text

WIDTH = 420
MARGIN, PADDING, GAP, LINE, TITLE = 8, 12, 22, 16, 24
# How many letters of the words fit into a line: a letter is as wide as half of its height, and somewhat more.
LETTER = 6.4
BLUE, GREY, PALE, INK = "#0b6e99", "#8a949b", "#f2f7fa", "#20262a"


@dataclass
class Box:
    """A step. style: '' or 'dashed' for what is not always there, 'round' for what a person does."""

    name: str
    words: str = ""
    style: str = ""

    def lines(self, width):
        """The words, as lines that fit."""
        return textwrap.wrap(self.words, int((width - 2 * PADDING) / LETTER))

    def height(self, width):
        return TITLE + LINE * len(self.lines(width)) + 8


@dataclass
class Frame:
    """Steps that belong together; abreast: side by side, as either will do."""

    name: str
    boxes: list[Box] = field(default_factory=list)
    abreast: bool = False


def draw(label: str, steps: list[Box | Frame]) -> str:
    """The SVG. label: what is shown, for who does not see it."""
    parts: list[str] = []
    level = float(MARGIN)
    for number, step in enumerate(steps):
        if number:
            parts.append(_arrow(WIDTH / 2, level, level + GAP))
            level += GAP
        below = _frame(parts, step, level) if isinstance(step, Frame) else _box(parts, step, MARGIN, level, WIDTH - 2 * MARGIN)
        level = below
    height = level + MARGIN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:g}" viewBox="0 0 {WIDTH} {height:g}" '
        f'role="img" aria-label="{label}" font-family="sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{height:g}" fill="#ffffff"/>', *parts, "</svg>"]) + "\n"


def _frame(parts, frame, top):
    inside, level = [], top + TITLE + 6
    left, width = MARGIN + PADDING, WIDTH - 2 * (MARGIN + PADDING)
    if frame.abreast:
        each = (width - PADDING * (len(frame.boxes) - 1)) / len(frame.boxes)
        height = max(box.height(each) for box in frame.boxes)
        for number, box in enumerate(frame.boxes):
            _box(inside, box, left + number * (each + PADDING), level, each, height)
        level += height
    else:
        for number, box in enumerate(frame.boxes):
            if number:
                inside.append(_arrow(WIDTH / 2, level, level + GAP))
                level += GAP
            level = _box(inside, box, left, level, width)
    below = level + PADDING
    parts += [
        f'<rect x="{MARGIN}" y="{top:g}" width="{WIDTH - 2 * MARGIN}" height="{below - top:g}" rx="6" fill="{PALE}" '
        f'stroke="{GREY}"/>',
        text(MARGIN + PADDING, top + 19, frame.name, "start", f'font-family="monospace" font-weight="bold" fill="{INK}"'), *inside]
    return below


def _box(parts, box, left, top, width, height=None):
    height = height or box.height(width)
    dashes = ' stroke-dasharray="5 4"' if box.style == "dashed" else ""
    round_ = 18 if box.style == "round" else 4
    parts += [
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="{round_}" fill="#ffffff" stroke="{BLUE}"'
        f' stroke-width="1.5"{dashes}/>',
        text(left + PADDING, top + 19, box.name, "start", f'font-weight="bold" fill="{BLUE}"')]
    parts += [text(left + PADDING, top + TITLE + 12 + LINE * number, line, "start")
              for number, line in enumerate(box.lines(width))]
    return top + height


def _arrow(column, top, bottom):
    return (f'<path d="M{column:g} {top:g}V{bottom - 6:g}m-4 -2l4 7l4 -7" fill="none" stroke="{GREY}" stroke-width="1.5"/>')
