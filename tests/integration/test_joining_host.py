# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that joins shares which are already right on the others: check mode says what the run does, and no more."""

import pytest

from tests.support.privileged import run_as_root

pytestmark = pytest.mark.slow

SCRIPT = """
from tests.support.rooms import Rooms
with Rooms.open(["hv1", "hv2"], ["projects", "library"]) as rooms:
    result = [rooms.run("mount", only=["hv2"]), rooms.run("mount", "--check"), rooms.run("mount"), rooms.run("mount", "--check")]
"""


@pytest.mark.release
def test_check_mode_predicts_what_a_host_that_joins_will_change(tmp_path):
    first, predicted, made, after = run_as_root(tmp_path, SCRIPT, seconds=550)
    for run in (first, predicted, made, after):
        assert run["code"] == 0, run["output"]
    assert made["operations"]["hv1"] and made["changes"] == predicted["changes"]
    assert after["changes"] == []
