# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula.pool import Pool


def one(number, name):
    return {"id": number, "name": name}


def test_objects_are_found_by_name_and_by_id_in_their_order():
    first, second, planned, other = one(7, "a"), one(3, "a"), one(None, "a"), one(None, "b")
    pool = Pool([first, second, planned, other])
    assert list(pool) == [first, second, planned, other]
    assert pool.named("a") == [first, second, planned] and pool.named("c") == []
    assert pool.numbered(3) == [second] and pool.numbered(None) == [planned, other] and pool.numbered(4) == []


def test_one_is_replaced_where_it_is_this_very_object():
    old, twin = one(1, "a"), one(1, "a")
    pool = Pool([old, twin])
    pool.replace(old, one(1, "b"))
    assert [each["name"] for each in pool] == ["a", "b"] and pool.named("a")[0] is twin
    pool.replace(old)
    pool.replace(None, old)
    assert [each["name"] for each in pool] == ["a", "b", "a"] and len(pool.numbered(1)) == 3
    assert list(pool.without(old)) == list(pool)[:2] and len(list(pool)) == 3
