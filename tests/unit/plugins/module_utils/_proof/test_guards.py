# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guards have seen, in sentences for whoever runs a proof."""

from ansible_collections.virtshare.storage.plugins.module_utils._proof import guards

NOON = 1795953600.0  # 2026-11-29 12:00 UTC
A, B = "/srv/shares/a", "/srv/shares/b"


def guard(fresh=True, looked=NOON, **shares):
    """shares: a and b, each (state, seconds since NOON, why)."""
    return {"fresh": fresh, "time": looked, "shares": {"/srv/shares/" + name: dict(zip(("state", "since", "why"), found))
                                                       for name, found in shares.items()}}


def told(**hosts):
    return guards.told({host: {"write": {"shares": [], "guard": found}, "read": None} for host, found in hosts.items()})


def test_nothing_is_said_where_no_host_has_a_guard():
    assert told(hv1=None, hv2=None) == []
    assert guards.told({}) == guards.told({"hv1": {"write": None, "read": None}, "hv2": None}) == []


def test_all_that_is_well_is_one_sentence_with_the_latest_time():
    assert told(hv1=guard(a=("ok", NOON, ""), b=("ok", NOON + 60, "")), hv2=guard(a=("ok", NOON + 7200, ""))) == [
        "ok since 2026-11-29 14:00 UTC on hv1 and hv2: all shares"]


def test_hosts_that_say_the_same_say_it_once_the_worst_first():
    lost = "%s: /srv/shares/b (nas1:/b) is not mounted: there is no such directory"
    full = "%s: /srv/shares/a (nas1:/a) has 3.0 % of its room left"
    assert told(hv1=guard(a=("degraded", NOON, full.replace("%s", "hv1")), b=("lost", NOON + 120, lost % "hv1")),
                hv2=guard(a=("ok", NOON, ""), b=("lost", NOON + 60, lost % "hv2"))) == [
        "lost since 2026-11-29 12:01 UTC on hv1 and hv2: /srv/shares/b (nas1:/b) is not mounted: there is no such directory",
        "degraded since 2026-11-29 12:00 UTC on hv1: /srv/shares/a (nas1:/a) has 3.0 % of its room left"]


def test_a_guard_that_rests_or_is_missing_is_named_and_its_old_words_are_not_repeated():
    assert told(hv1=guard(fresh=False, a=("lost", NOON, "hv1: x")), hv2=None, hv3=guard(a=("ok", NOON, ""))) == [
        "ok since 2026-11-29 12:00 UTC on hv3: all shares",
        "hv1: its guard has not looked at the shares since 2026-11-29 12:00 UTC: systemctl status virtshare-guard.timer",
        "hv2: no guard has looked at the shares there"]
