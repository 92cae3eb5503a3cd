# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How systemd spells the units of a path, and how long it lets their names be."""

import shutil
import subprocess

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._host import systemd
from ansible_collections.virtshare.storage.plugins.module_utils._share.declaration import checked
from hypothesis import given
from hypothesis import strategies as st

# As systemd-escape --path --suffix=automount of systemd 252 writes them.
NAMES = {
    "/": "-.automount",
    "/srv/shares/media": "srv-shares-media.automount",
    "/srv/my disks": "srv-my\\x20disks.automount",
    "/srv/a-b/.c/d.e": "srv-a\\x2db-.c-d.e.automount",
    "/.x": "\\x2ex.automount",
    "/.hidden/x": "\\x2ehidden-x.automount",
    "/srv/ü@#\\": "srv-\\xc3\\xbc\\x40\\x23\\x5c.automount",
    "/srv/a:b_c": "srv-a:b_c.automount",
    "/srv/a~b,c": "srv-a\\x7eb\\x2cc.automount",
}


@pytest.mark.parametrize("path, unit", NAMES.items())
def test_names_of_units(path, unit):
    assert systemd.unit_name(path, "automount") == unit


@pytest.mark.skipif(not shutil.which("systemd-escape"), reason="systemd is not installed")
def test_systemd_writes_them_so():
    said = subprocess.run(["systemd-escape", "--path", "--suffix=automount", *NAMES], check=True, stdout=subprocess.PIPE,
                          universal_newlines=True)
    assert said.stdout.split() == list(NAMES.values())


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="/\0"), min_size=1))
def test_a_units_name_is_one_plain_word(name):
    assert set(systemd.unit_name("/srv/" + name, "mount")) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\")


def problems(path, state="mounted", automount=True):
    return checked([{"path": path, "type": "nfs", "source": "nas1:/export", "state": state,
                     "options": {"x-systemd.automount": automount}}])[1]


@pytest.mark.parametrize("automount, name, length", [
    (True, "n" * 234, 0), (True, "n" * 235, 256), (True, "-" * 58 + "nn", 0), (True, "-" * 59, 257),
    (False, "n" * 238, 0), (False, "n" * 239, 256)])
def test_what_is_mounted_needs_a_unit_of_a_length_that_every_systemd_takes(automount, name, length):
    path = "/srv/shares/" + name
    said = problems(path, automount=automount)
    assert len(said) == bool(length)
    assert all(one.startswith("share %s: " % path) and "%d bytes, where 255 are the most" % length in one for one in said)


@pytest.mark.parametrize("state", ["unmounted", "absent"])
def test_no_other_share_needs_one(state):
    assert problems("/srv/shares/" + "n" * 240, state) == []
