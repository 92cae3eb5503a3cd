# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the labs are started: two at a time, and none of the long ones alone at the end."""

# Files by the minutes they take, the longest first; what is not named comes last.
LONGEST_FIRST = (
    "test_site", "test_mount_faults", "test_shared_mounts", "test_debian12", "test_share_proof", "test_flexvdi",
    "test_guest_proof", "test_apparmor", "test_cifs_secrets", "test_lab_stock_kernel", "test_ocfs2",
)


def pytest_collection_modifyitems(items):
    """Whole files change places, the tests of a file stay as they are written."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
