# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plot: valid SVG, points where they belong, words escaped."""

from xml.etree import ElementTree

import pytest

from tests.bench.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, nice, plot

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("number, end", [(0.3, 0.5), (1, 1), (7, 10), (200, 200), (201, 250), (26, 50), (0.012, 0.02)])
def test_axes_end_at_round_numbers(number, end):
    assert nice(number) == pytest.approx(end)


def test_lines_are_drawn_from_corner_to_corner_and_named():
    root = ElementTree.fromstring(plot("Cost <of> it", "hosts", "s", {"a & b": [(200, 100), (0, 0)], "c": [(100, 50)]}))
    first, second = root.findall(SVG + "polyline")
    assert first.get("points") == f"{LEFT:.1f},{HEIGHT - BOTTOM:.1f} {WIDTH - RIGHT:.1f},{TOP:.1f}"
    middle = ((LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2)
    assert second.get("points") == "%.1f,%.1f" % middle
    words = [element.text for element in root.findall(SVG + "text")]
    assert {"Cost <of> it", "hosts", "s", "a & b", "c", "200", "100", "0"} <= set(words)
    assert first.get("stroke") != second.get("stroke")
