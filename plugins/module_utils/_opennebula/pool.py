# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datastores or images as read back, found by name or id without a look at each of a thousand."""

import collections


class Pool:
    """Objects in their order, {"id", "name", ...} each; what is planned has the id None. Names may come twice."""

    def __init__(self, objects=()):
        self._all = collections.OrderedDict()
        self._by = {"id": collections.defaultdict(list), "name": collections.defaultdict(list)}
        for one in objects:
            self._add(one)

    def __iter__(self):
        return iter(list(self._all.values()))

    def named(self, name):
        """The objects of this name, a list."""
        return list(self._by["name"].get(name, ()))

    def numbered(self, number):
        """The objects with this id, a list."""
        return list(self._by["id"].get(number, ()))

    def replace(self, old, *new):
        """Take out the object old, which may be None or not be here, and add others at the end."""
        if self._all.pop(id(old), None) is not None:
            for key, index in self._by.items():
                index[old[key]] = [one for one in index[old[key]] if one is not old]
        for one in new:
            self._add(one)

    def without(self, old):
        """A Pool of all other objects."""
        return Pool(one for one in self if one is not old)

    def _add(self, one):
        self._all[id(one)] = one
        for key, index in self._by.items():
            index[one[key]].append(one)
