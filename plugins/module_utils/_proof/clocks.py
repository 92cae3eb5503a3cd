# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the hosts' clocks agree? Pure. The proof does not depend on it; guests, logs and Kerberos do."""

from . import explain

# What goes unsaid: a host without a time service that was set by hand, and nobody notices.
SECONDS = 5.0


def warnings(clocks):
    """A sentence for each host whose clock is surely more than SECONDS from that of most hosts.

    clocks: {host: ["clock" of each of its results]}. A clock holds the host's times "begun" and "ended", and the
    controller's of the same work, "sent" before and "received" after it; so each gives bounds of how far the host is
    ahead of the controller.
    """
    bounds = {host: _bounds(each) for host, each in clocks.items()}
    bounds = {host: bound for host, bound in bounds.items() if bound is not None}
    if len(bounds) < 2:
        return []
    middles = sorted((low + high) / 2 for low, high in bounds.values())
    # Where there are as many on one side as on the other, those that are behind are the measure.
    middle = middles[(len(middles) - 1) // 2]
    reference = sorted(host for host, (low, high) in bounds.items() if _distance((low, high), (middle, middle)) <= SECONDS)
    low = max(bounds[host][0] for host in reference)
    high = min(bounds[host][1] for host in reference)
    standard = (min(low, high), max(low, high))
    return [
        "%s: its clock is %s %s that of %s. The proof does not depend on clocks, but the times of files, logs, certificates "
        "and Kerberos do: let a time service (chrony, systemd-timesyncd) set it"
        % (host, _words(abs((sum(bounds[host]) - sum(standard)) / 2)), "ahead of" if bounds[host][0] > standard[1] else "behind",
           explain.listed(reference))
        for host in sorted(bounds) if _distance(bounds[host], standard) > SECONDS]


def _bounds(clocks):
    """(least, most) seconds that a host is ahead of the controller, None when nobody measured it.

    Of several measurements the narrowest counts.
    """
    found = []
    for clock in clocks:
        try:
            found.append((clock["ended"] - clock["received"], clock["begun"] - clock["sent"]))
        except (KeyError, TypeError):
            continue
    found = [(low, high) for low, high in found if low <= high]
    return min(found, key=lambda bound: bound[1] - bound[0]) if found else None


def _distance(one, other):
    """The seconds that lie between two ranges for sure."""
    return max(0.0, one[0] - other[1], other[0] - one[1])


def _words(seconds):
    for unit, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length or abs(seconds - length) < length / 60:
            number = "%.1f" % (seconds / length)
            return "%s %s" % (number[:-2] if number.endswith(".0") else number, unit if number != "1.0" else unit[:-1])
    return "%d seconds" % round(seconds)
