# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only what is proven is published: one rule for every platform. Pure."""

import collections
import posixpath
import re

from .._host import mountinfo
from .gathered import joined

# Of what is a share itself; all else names the share that it lies in.
_A_SHARE = re.compile(r"((/.*) \(.*\)): \2 (is not proven .*)\Z")


def share_of(path, shares):
    """The share that the path is or lies in, of several the innermost."""
    around = [share for share in shares if mountinfo.inside(path, share["path"])]
    return max(around, key=lambda share: len(share["path"])) if around else None


def unproven(path, what, proofs, check_mode, members=None):
    """A sentence about why the path must not be published, None when it may be.

    what: is to be published there. proofs: the C(shares) of share_proof_result; in check mode what a real run would prove
    counts as proven. members: (of what, [(host as the inventory calls it, host as it is shown), ...]) that have to see
    it; without them all hosts that the proof expected.
    """
    start = "%s (%s)" % (path, what)
    path = path.rstrip("/") or path
    if posixpath.normpath(path) != path or path.startswith("//"):
        return "%s: write the path without . and .., it could leave the share it seems to lie in" % start
    share = share_of(path, proofs)
    if share is None:
        return "%s: it lies in no share that was looked at; those are: %s" % (
            start, ", ".join(sorted(one["path"] for one in proofs)) or "none")
    pending = check_mode and share["state"] == "pending"
    proven = share["expected_hosts"] if pending else share["proven_hosts"]
    if members is None:
        if pending or share["state"] == "proven":
            return None
        words = "%s: %s is not proven to be the same filesystem on every hypervisor" % (start, share["path"])
    else:
        missing = [shown for host, shown in members[1] if host not in proven]
        if not missing:
            return None
        words = "%s: %s is not proven to be the same filesystem on %s of %s" % (
            start, share["path"], ", ".join(missing), members[0])
    return "%s; proven on: %s" % (words, ", ".join(proven) or "no host")


def directories(declared, proofs, check_mode):
    """A sentence for each declared directory that must not be published on every hypervisor; absent ones are passed over.

    declared: dicts with name, path and state.
    """
    problems = []
    for one in declared:
        if (one.get("state") or "present") != "absent":
            if one.get("path"):
                problems.append(unproven(one["path"], one.get("name") or "without a name", proofs, check_mode))
            else:
                problems.append("%s has no path, so that nothing can be proven of it; declare its path"
                                % (one.get("name") or "An image without a name"))
    return [problem for problem in problems if problem]


def together(problems):
    """The problems of a list of directories; shares that are not proven for the same hosts are in one sentence."""
    found = collections.OrderedDict()
    for problem in problems:
        share = _A_SHARE.match(problem)
        found.setdefault(share.group(3) if share else problem, []).append((share and share.group(1), problem))
    return joined(found, "%s: each %s")
