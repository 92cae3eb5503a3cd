# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the tests: in each process pytest-xdist begins at the front and others take from the end."""


def pytest_collection_modifyitems(items):
    """Files with slow tests come first: one of them that begins last would keep a single processor at work for a minute."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
