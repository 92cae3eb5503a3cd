# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with twenty shares for one reason is said in one line, not in twenty."""

import pytest

from tests.support.privileged import run_as_root

SCRIPT = """
from tests.support.rooms import ACCESS, Rooms
with Rooms.open(["hv1", "hv2"], ["s%02d" % number for number in range(1, 21)]) as rooms:
    good = rooms.variables["virtshare_shares"]
    result = []
    for change in ({"typ": "local"}, {"access": dict(ACCESS, writers=["oneadmin", "nosuch"])}, {"source": "/srv/export/nothing"}):
        rooms.variables["virtshare_shares"] = [dict(one, **change) for one in good]
        result.append(rooms.run("site"))
"""
PATHS = [f"/srv/shares/s{number:02}" for number in range(1, 21)]


@pytest.mark.slow
def test_one_cause_is_one_line(tmp_path):
    declaration, account, source = run_as_root(tmp_path, SCRIPT, seconds=590)
    for run in (declaration, account, source):
        print(run["output"])
        assert run["code"] != 0 and "Traceback" not in run["output"]
    assert f"shares {', '.join(PATHS)}: 'typ' is not known. Write type." in declaration["messages"]
    assert declaration["messages"].count("is not known") == 1
    assert f"access.writers of {', '.join(PATHS[:-1])} and {PATHS[-1]}; create it first" in account["messages"]
    assert account["messages"].count("nosuch") == 1
    assert source["messages"].splitlines()[-2:] == [
        f"hv1: hv1 and hv2: {', '.join(PATHS)}: the source /srv/export/nothing is not a directory on this host. Create it, or "
        "correct the source.",
        f"hv1: {', '.join(f'{path} ({path[-3:]})' for path in PATHS)}: each is not proven to be the same filesystem on every "
        "hypervisor; proven on: no host"]
    assert f"{', '.join(PATHS)}: NOT proven\n" in source["proof"]["words"]
