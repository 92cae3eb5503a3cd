# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for what OpenNebula does with images in the background."""

import time

from .._plan.plan import Failure
from .image import error_of
from .image_state import PASSING


class Waiting:
    """Polls the pool of images, all at once, until a condition holds or the time is up.

    read: function that returns the images; seconds: for one condition.
    """

    def __init__(self, read, seconds):
        self._read = read
        self.seconds = seconds

    def until(self, condition, complaint):
        """The images once condition(images) is empty; complaint(what is left) says what is still missing."""
        deadline = time.monotonic() + self.seconds
        pause = 0.1
        while True:
            images = self._read()
            left = condition(images)
            if not left:
                return images
            if time.monotonic() + pause > deadline:
                raise Failure(complaint(left))
            time.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    def until_gone(self, ids):
        return self.until(
            lambda images: [one for one in images if one["id"] in ids],
            lambda left: "OpenNebula has not finished deleting the image%s %s within %g s (wait_timeout); run the task "
                         "again, it deletes what is left once more."
                         % ("s" if len(left) > 1 else "", _words(left), self.seconds))

    def until_settled(self, declared):
        """declared(images): those of them, or None, that are waited for."""
        return self.until(
            lambda images: [one for one in declared(images) if one is not None and one["state"] in PASSING],
            lambda left: "OpenNebula has not finished registering %s within %g s (wait_timeout); it is in state %s. "
                         "Where oned was restarted meanwhile it stays so: set force: true then, which deletes it and "
                         "registers it again." % (_words(left), self.seconds, left[0]["state"]))

    def until_known(self, number):
        """Until the server knows whether it could register this image; Failure where it could not."""
        images = self.until_settled(lambda pool: [one for one in pool if one["id"] == number])
        failed = [one for one in images if one["id"] == number and one["state"] == "error"]
        if failed:
            raise Failure("The image %s could not be registered: %s." % (_words(failed), error_of(failed[0])))


def _words(images):
    return ", ".join("%s (id %d)" % (one["name"], one["id"]) for one in images)
