# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's table of how soon the guard notices a loss."""

import pytest

from tests.support import guard_losses

LOSSES = {"full": {"nfs": {"state": "degraded", "noticed": 16.04, "back": 11.2}, "local": {"state": "degraded", "noticed": 9.0, "back": 8.5}}}


def test_a_loss_is_a_line_with_a_cell_for_each_filesystem():
    lines = guard_losses.table(LOSSES).splitlines()
    assert lines[-8:] == ["   * - full", "     - ``degraded``", "     -", "     - 16.0, 11.2", "     -", "     -", "     -", "     - 9.0, 8.5"]


def test_only_the_table_of_the_guide_is_written_anew():
    page = f"before\n{guard_losses.BEGIN}\nold\n{guard_losses.END}\nafter\n"
    first = guard_losses.rewritten(page, LOSSES)
    assert first.startswith("before\n") and first.endswith("after\n") and "old" not in first
    assert guard_losses.rewritten(first, LOSSES) == first
    with pytest.raises(ValueError):
        guard_losses.rewritten("", LOSSES)
    guard_losses.rewritten(guard_losses.PAGE.read_text(encoding="utf-8"), LOSSES)
