# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Register a directory again without a moment in which neither the old nor the new image is there. No I/O.

The new image is registered under a name that says what it replaces. It gets all that was set on the old one; only then is
that deleted, and the new one gets its name. What a failure or the end of a run leaves is found by that name: while the old
image lives it is deleted and made anew, afterwards it is the image that was meant.
"""

import re

from .._plan.plan import Operation
from . import image_state, objects
from .objects import NEW_ID

# Characters that OpenNebula takes in a name.
LONGEST_NAME = 128
_PASSING_NAME = re.compile(r".* \(replaces ([0-9]+)\)\Z", re.DOTALL)


def passing_name(name, number):
    """The name of the image that is to take the place of another one of this name and id."""
    suffix = " (replaces %d)" % number
    return name[:LONGEST_NAME - len(suffix)] + suffix


def replaced_by(image, name):
    """The id of the image of this name that another image was to replace, None when it is no such image."""
    found = _PASSING_NAME.match(image["name"])
    number = int(found.group(1)) if found else None
    return number if found and image["name"] == passing_name(name, number) else None


def left_over(images, name, number):
    """The images that an earlier run has begun to replace this one by, those in deletion as well."""
    return images.named(passing_name(name, number))


def begun(images, name, datastore):
    """The images that were to replace one of this name that is gone by now, all of one datastore (read-back) if given."""
    return [image for image in images if image["name"].endswith(")") and image["state"] != "delete"
            and replaced_by(image, name) is not None and (datastore is None or image["datastore_id"] == datastore["id"])]


def deletions(images, target, force):
    """Operations that delete what an earlier run has left over."""
    return [image_state.second_deletion(image, target) if image["state"] == "delete" else image_state.deletion(
        image, target, "delete the registration that an earlier run has left half done, id %d" % image["id"],
        force and image["state"] in image_state.PASSING) for image in images]


def chown(current, after, target, username):
    """The operation that gives the new image to the owner and the group that C(after) has."""
    same = objects.is_named(username, after["owner"], after["owner_id"])
    words = "give it to %s:%s" % (after["owner"], after["group"])
    if (after["owner_id"], after["group_id"]) == (current["owner_id"], current["group_id"]):
        words += ", as the one before"
    return Operation("one.image.chown", target, words, call=[NEW_ID, -1 if same else after["owner_id"], after["group_id"]])


def exchange(current, target, summary, forced, dying):
    """Operations that delete the old image once the new one is registered, and give its name to the new one.

    dying: other images of this name and owner that are being deleted; they keep the name until they are gone.
    """
    deletion = image_state.deletion(current, target, summary, forced)
    deletion.arguments["wait_registered"] = True
    return [deletion, Operation(
        "one.image.rename", target, "give it the name %s" % target, call=[NEW_ID, target],
        wait_gone=[current["id"]] + [image["id"] for image in dying])]
