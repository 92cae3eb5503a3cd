# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guard tells OpenNebula of its host: attributes, their names in capitals, digits and _. For both sides. Pure."""

import re

from .plan import refuse

PREFIX = "VIRTSHARE_"
# When the guard last looked at the host, in seconds since 1970.
CHECKED = PREFIX + "CHECKED"
# What the platform's side writes on a host that it has disabled. No probe prints it, or would overwrite it.
MARK = PREFIX + "GUARD"
# What follows a share's name: since when it is so, in seconds since 1970, and its room.
SUFFIXES = ("", "_SINCE", "_SIZE_MB", "_USED_MB", "_FREE_MB")
ABSENT = "absent"
FRESH = "# news for %d s"


def named(shares, names):
    """{path: the name of its attribute} of shares; a Refusal where one would stand for two things.

    names: {path: name} as a user wrote them; the others are named after the last part of their path.
    """
    paths = [share["path"] for share in shares]
    problems = ["share_guard_names has %s, which is the path of no share. Correct it, or leave it out." % path
                for path in sorted(names) if path not in paths]
    found, taken = {}, {CHECKED: "the time of the guard's last look", MARK: "the mark of a host that was disabled"}
    for path in paths:
        name = names.get(path)
        if name is None:
            name = re.sub(r"[^A-Z0-9]+", "_", path.rpartition("/")[2].upper().encode("ascii", "replace").decode("ascii")).strip("_")
        if not re.match(r"[A-Z0-9][A-Z0-9_]*\Z", name):
            problems.append("share %s: %r cannot be part of an attribute's name. Write a name of capital letters and digits in "
                            "share_guard_names: {%s: NAME}." % (path, name, path))
            continue
        found[path] = PREFIX + name
        for full in attributes_of(found[path]):
            if full in taken:
                problems.append("share %s: the attribute %s stands for %s already. Write another name in share_guard_names: "
                                "{%s: NAME}." % (path, full, taken[full], path))
                break
            taken[full] = path
    refuse(problems)
    return found


def attributes_of(name):
    """All attributes of a share, by the name of the first."""
    return [name + suffix for suffix in SUFFIXES]


def states_of(attributes):
    """Those of a host's attributes that are the state of a share, by name."""
    return {name: value for name, value in attributes.items() if name != CHECKED and not any(
        name.endswith(suffix) and name[:-len(suffix)] in attributes for suffix in SUFFIXES if suffix)}


def gone(attributes):
    """The names of a host's attributes that belong to shares which are no longer declared."""
    absent = [name for name, value in states_of(attributes).items() if value == ABSENT]
    return sorted(name for each in absent for name in attributes_of(each) if name in attributes)


def lines(document, seconds):
    """What a host's probe is to print of the guard's document (_guard/report.py): a list of NAME="value".

    The first line is for the probe itself: for how many seconds the rest is news.
    """
    result = [FRESH % seconds, '%s="%d"' % (CHECKED, document["time"])]
    for share in document["shares"]:
        values = [share["state"], "%d" % share["since"]]
        space = share["space"]
        if space is not None:
            values += ["%d" % (number // 1048576) for number in (
                space["bytes"], space["bytes"] - space["free_bytes"], space["free_bytes"])]
        result += ['%s="%s"' % pair for pair in zip(attributes_of(share["name"]), values)]
    return result + ['%s="%s"' % (gone["name"], ABSENT) for gone in document["gone"]]
