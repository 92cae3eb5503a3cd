# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run on this controller that was killed is known as such; of everything else nothing is known."""

import os
import subprocess

from ansible_collections.virtshare.storage.plugins.module_utils._proof import controller


def ended():
    """The tag of a process that is no more."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    tag = controller.tag(process.pid)
    process.communicate()
    return tag


def test_a_process_that_lives_is_not_gone_and_one_that_ended_is():
    mine = controller.tag(os.getpid())
    assert not controller.is_gone(mine)
    assert controller.is_gone(ended())


def test_another_process_of_the_same_number_does_not_count():
    system, number, begun = controller.tag(os.getpid()).split(".")
    assert controller.is_gone("%s.%s.%d" % (system, number, int(begun) - 1))


def test_of_another_machine_or_nobody_nothing_is_known():
    system, number, begun = ended().split(".")
    for tag in ("", "nonsense", "0123456789ab.%s.%s" % (number, begun), "%s.-1.%s" % (system, begun), "%s.x.y" % system):
        assert not controller.is_gone(tag)


def test_a_directory_is_abandoned_when_all_who_wrote_in_it_are_gone():
    gone, mine = ended(), controller.tag(os.getpid())
    shares = [{"path": "/a", "others": {"one": [gone], "two": [gone, mine], "three": [], "four": ["", gone]}},
              {"path": "/b", "others": {"five": [gone]}}, {"path": "/c"}]
    assert controller.abandoned(shares) == ["five", "one"]
