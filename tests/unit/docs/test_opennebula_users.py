# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page about users without admin rights says of a call is what the server answered to it."""

import json
import re

import pytest

from tests.unit.docs import guides

ROWS = guides.tables_with("Call", "What for", "Answer", "Recorded in")


def test_there_are_rows():
    assert len(ROWS) > 25


@pytest.mark.parametrize("page, row", ROWS, ids=lambda value: value[3] if isinstance(value, list) else value.stem)
def test_a_line_says_what_was_recorded(page, row):
    call, _what, answer, where = row
    name, number = re.fullmatch(r"(\S+\.json), step (\d+)", where).groups()
    recorded = json.loads((guides.ROOT / "tests/fixtures/opennebula" / name).read_text(encoding="utf-8"))["steps"]
    step = recorded[int(number) - 1]
    assert "``%s``" % step["method"] == call
    assert step["as"] == "bob", "the table is about a user without admin rights"
    if answer == "done":
        assert step["response"][0] is True
    else:
        quoted = re.fullmatch(r"``(.+)``", answer).group(1)
        assert step["response"][0] is False and quoted in step["response"][1]
