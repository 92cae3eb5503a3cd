# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guards of the hosts have seen before the proof, and since when. It decides nothing. Pure; runs on the controller."""

import time

from . import explain

# The worst first.
_STATES = ("lost", "unknown", "degraded")


def told(results):
    """Sentences, [] where no host has a guard. results: of matrix.judge()."""
    known = {host: (phases or {}).get("write") or {} for host, phases in results.items()}
    guards = {host: found["guard"] for host, found in sorted(known.items()) if found.get("guard")}
    if not guards:
        return []
    fresh = {host: guard for host, guard in guards.items() if guard["fresh"]}
    sentences = _bad(fresh) + _well(fresh)
    sentences += ["%s: its guard has not looked at the shares since %s: systemctl status virtshare-guard.timer"
                  % (host, _date(guard["time"])) for host, guard in guards.items() if not guard["fresh"]]
    without = [host for host, found in sorted(known.items()) if "shares" in found and host not in guards]
    return sentences + (["%s: no guard has looked at the shares there" % explain.listed(without)] if without else [])


def _bad(guards):
    """A sentence for all hosts that say the same of a share."""
    groups = {}
    for host, guard in guards.items():
        for path, share in sorted(guard["shares"].items()):
            if share["state"] in _STATES:
                why = share["why"].partition(host + ": ")[2] or share["why"]
                groups.setdefault((_STATES.index(share["state"]), path, why), []).append((share["since"], host))
    return ["%s since %s on %s: %s" % (_STATES[state], _date(min(found)[0]), explain.listed(host for since, host in found), why)
            for (state, dummy, why), found in sorted(groups.items())]


def _well(guards):
    hosts = {host: [share["since"] for share in guard["shares"].values()] for host, guard in guards.items() if guard["shares"]
             and all(share["state"] == "ok" for share in guard["shares"].values())}
    if not hosts:
        return []
    return ["ok since %s on %s: all shares" % (_date(max(max(times) for times in hosts.values())), explain.listed(hosts))]


def _date(seconds):
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
