# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proof works on: the normal shares that are to be mounted, and directories inside them. Pure."""

from .._plan import taking_part
from .._share.declaration import mounted
from .._share.paths import inside
from .._share.values import truth


def entries(shares, directories=()):
    """The normal shares that are to be mounted, and each directory as one more, whose C(mount_point) is its share's path.

    A directory that is a share itself is there already, and so is passed over; one outside of all shares is too, see
    outside().
    """
    found = mounted(shares)
    paths = [share["path"] for share in found]
    return found + [dict(share, path=directory, mount_point=share["path"]) for directory in directories
                    if directory not in paths for share in found if inside(directory, share["path"])]


def outside(shares, directories):
    """A sentence for each directory that lies in no share that is to be mounted."""
    known = [entry["path"] for entry in entries(shares, directories)]
    return ["the directory %s lies in no declared share. Correct it, or declare the share." % directory
            for directory in directories if directory not in known]


def absent(expected, batch, active, everyone, inventory, job, proof=True):
    """{expected host that is not in the batch: why}.

    active: the hosts of the play that did not fail. everyone: all hosts of the play. inventory: all that there are. job: the
    Job of AWX that runs this, see _plan.taking_part. proof: whether they are to prove something, which no slice can for all;
    what a slice does on its own hosts is complete without the others.
    """
    reasons = {}
    for host in expected:
        if host in batch:
            continue
        if host in active:
            reasons[host] = "it is in another batch of the play; leave serial out, the proof needs all hosts at once"
        elif host in everyone:
            reasons[host] = "it is unreachable, or an earlier task failed on it"
        else:
            reasons[host] = taking_part.why_missing(host, inventory, job) or (
                "it is left out by --limit, or by the hosts of the play")
    if proof and job.is_slice and not reasons:
        reasons["the hosts of other slices"] = "this job is one slice; name all hypervisors in %s" % taking_part.EXPECTED
    return reasons


def is_left_out(share):
    """Whether each host may have a filesystem of its own at a declared share's path."""
    return truth(share.get("proof")) is False


def peers(written):
    """{path: [hosts that have a share there]}. written: {host: what share_proof returned in the phase write}."""
    found = {}
    for host in sorted(written):
        for share in (written[host] or {}).get("shares") or ():
            found.setdefault(share["path"], []).append(host)
    return found
