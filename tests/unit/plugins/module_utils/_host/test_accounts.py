# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups of this host, by name and by number."""

from ansible_collections.virtshare.storage.plugins.module_utils._host import accounts


def test_an_account_is_known_by_name_and_by_number():
    found = accounts.lookup(["root", "0"], ["root", "0"])
    assert {name: found["users"][name]["uid"] for name in found["users"]} == {"root": 0, "0": 0}
    assert found["groups"] == {"root": 0, "0": 0}


def test_digits_that_are_no_number_are_an_unknown_name():
    """For Python "²" is a digit of no number, and "٣" one of the number 3."""
    assert accounts.lookup(["²", "٣", "-1", str(2 ** 70)], ["²", "٣"]) == {"users": {}, "groups": {}, "names": {}}
