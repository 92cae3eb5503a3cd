# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard says of a look: its document, metrics, a line for monitoring, the journal's fields."""

import copy
import re

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._guard import config, judge, report
from ansible_collections.virtshare.storage.plugins.module_utils._plan import host_attributes
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share import guard_file

OPTIONS = dict(judge.LIMITS, interval=30, timeout=5.0, write_interval=600, names={}, metrics_directory="", virtiofsd=True)


def normal(path, **changes):
    return dict({"path": path, "type": "nfs", "source": "nas1:/e", "options": {}, "state": "mounted", "read_only": False,
                 "proof": True, "access": {"writers": ["vm"]}}, **changes)


CONFIG = config.made([normal("/srv/p"), normal("/srv/q", state="absent"), normal("/srv/a b|\"c", proof=False)], "hv1", OPTIONS)
P, ODD = "/srv/p", "/srv/a b|\"c"
SPACE = {"bytes": 3 * 1048576, "free_bytes": 1048576, "files": 10, "free_files": 5}
GOOD = {"found": "mounted", "server": "nas1", "seconds": 0.25, "read_only": False, "marker": "same", "proven": 90.0,
        "space": SPACE, "writes": {"vm": None}}
GONE = {"found": "unmounted", "server": None, "instead": "there is no such directory"}


def document(previous=(), now=100.0, **seen):
    return report.document(CONFIG, dict(previous), {P: seen.get("p", GOOD), ODD: seen.get("odd", GOOD)},
                           {"begun": now, "seconds": 0.5}, "1.0.0")


def test_only_shares_that_are_to_be_mounted_are_watched():
    assert [share["path"] for share in CONFIG["shares"]] == [P, ODD]
    assert "credentials" not in config.text(CONFIG)


def test_room_and_the_last_write_are_kept_while_nobody_answers():
    first = document()
    then = document(first, now=130.0, p={"found": "silent", "server": "nas1", "instead": "no answer within 5 s"})
    share = then["shares"][0]
    assert (share["space"], share["last_write"], share["writes"], share["last_proof"], share["seconds"]) == (
        SPACE, 100.0, {"vm": None}, 90.0, None)
    assert (share["state"], share["seen"], share["pending"]["runs"]) == ("ok", "unknown", 1)
    assert then["state"] == "ok"


def test_another_share_at_the_path_begins_anew():
    old = document(p=GONE)
    assert old["shares"][0]["state"] == "lost"
    old["shares"][0]["source"] = "nas1:/old"
    assert document(old, now=130.0)["shares"][0]["state"] == "ok"


@pytest.mark.parametrize("now, writes, due", [
    (100.0 + 599, {"vm": None}, set()),
    (100.0 + 600, {"vm": None}, {P, ODD}),
    (100.0 + 30, {"vm": "EACCES: Permission denied"}, {P, ODD}),
    # The clock was set back.
    (50.0, {"vm": None}, {P, ODD}),
])
def test_when_it_is_time_to_write(now, writes, due):
    seen = dict(GOOD, writes=writes)
    assert report.due_to_write(CONFIG, document(p=seen, odd=seen), now) == due
    assert report.due_to_write(dict(CONFIG, write_interval=0), {}, now) == set()


def test_changes_are_told_once():
    first = document(p=GONE)
    assert [(old, share["path"]) for old, share in report.changes({}, first)] == [(None, P)]
    then = document(first, now=130.0, p=GONE)
    assert report.changes(first, then) == []
    for now in (160.0, 190.0, 220.0):
        before, then = then, document(then, now=now)
    (old, share), = report.changes(before, then)
    assert (old, share["state"], share["since"]) == ("lost", "ok", 160.0)
    fields = report.entry("hv1", old, share)
    assert fields["MESSAGE"] == "hv1: /srv/p (nas1:/e) is ok again" and fields["PRIORITY"] == "5"
    assert re.fullmatch("[0-9a-f]{32}", fields["MESSAGE_ID"])
    assert report.changes({}, document()) == []


def test_the_line_for_monitoring():
    found = document(p=GONE)
    code, text = report.monitoring(found, 120.0)
    first, second = text.split("\n")
    assert code == 2
    assert first == ("VIRTSHARE CRITICAL - 1 of 2 shares are ok; hv1: /srv/p (nas1:/e) is not mounted: there is no such "
                     "directory | '/srv/a b|\"c'=2097152B;;;0;3145728")
    assert second == "CRITICAL: hv1: /srv/p (nas1:/e) is not mounted: there is no such directory"
    assert report.monitoring(document(), 120.0)[0] == 0
    assert report.monitoring(document(p=dict(GOOD, read_only=True)), 120.0)[0] == 1
    silent = {"found": "silent", "server": None, "instead": "no answer within 5 s"}
    assert report.monitoring(document(p=silent), 120.0)[0] == 3


@pytest.mark.parametrize("now, words", [(100.0 + 96, "has not run for 96 s"), (99.0, "has not run")])
def test_old_news_are_no_news(now, words):
    assert guard_file.age(document(), now) is None
    code, text = report.monitoring(document(), now)
    assert code == 3 and words in text
    assert guard_file.age(document(), 195.0) == 95.0
    assert report.monitoring({}, now)[0] == 3


def samples(text):
    """{metric: [(labels, value)]}, each with its HELP and TYPE before it."""
    found, described = {}, {}
    for line in text.splitlines():
        if line.startswith("#"):
            dummy, kind, name, words = line.split(" ", 3)
            described.setdefault(name, []).append((kind, words))
        else:
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
            assert [kind for kind, dummy in described[name]] == ["HELP", "TYPE"]
            found.setdefault(name, []).append((labels, float(value)))
    assert set(described) == set(found)
    return found


def test_metrics():
    text = report.metrics(document(p=GONE))
    found = samples(text)
    assert set(found) == set(report.metric_names())
    assert ('path="/srv/p",type="nfs",state="lost"', 1.0) in found["virtshare_share_state"]
    assert sum(value for dummy, value in found["virtshare_share_state"]) == 2
    assert found["virtshare_share_free_bytes"] == [(r'path="/srv/a b|\"c",type="nfs"', 1048576.0)]
    assert found["virtshare_guard_last_run_timestamp_seconds"] == [(None, 100.0)]
    assert text.endswith("\n") and all(name.startswith("virtshare_") for name in found)


def test_a_host_without_shares_has_no_metric_without_a_sample():
    empty = report.document(dict(CONFIG, shares=[]), {}, {}, {"begun": 1.0, "seconds": 0.0}, "1.0.0")
    assert empty["state"] == "ok"
    assert set(samples(report.metrics(empty))) == {name for name in report.metric_names() if "_guard_" in name}


def test_attributes_for_opennebula():
    first = document()
    text = report.attributes(first)
    assert text.splitlines() == [
        "# news for 95 s", 'VIRTSHARE_CHECKED="100"', 'VIRTSHARE_P="ok"', 'VIRTSHARE_P_SINCE="100"', 'VIRTSHARE_P_SIZE_MB="3"',
        'VIRTSHARE_P_USED_MB="2"', 'VIRTSHARE_P_FREE_MB="1"', 'VIRTSHARE_A_B_C="ok"', 'VIRTSHARE_A_B_C_SINCE="100"',
        'VIRTSHARE_A_B_C_SIZE_MB="3"', 'VIRTSHARE_A_B_C_USED_MB="2"', 'VIRTSHARE_A_B_C_FREE_MB="1"']
    assert all(re.fullmatch(r'VIRTSHARE_[A-Z0-9_]+="[A-Za-z0-9_.:+-]*"', line) for line in text.splitlines()[1:])


def test_what_is_declared_no_more_is_absent_until_its_time_is_over():
    before = document()
    smaller = dict(CONFIG, shares=CONFIG["shares"][:1])
    gone = report.document(smaller, before, {P: GOOD}, {"begun": 130.0, "seconds": 0.1}, "1.0.0")
    assert 'VIRTSHARE_A_B_C="absent"' in report.attributes(gone)
    later = report.document(smaller, gone, {P: GOOD}, {"begun": 130.0 + 899, "seconds": 0.1}, "1.0.0")
    assert later["gone"] == [{"name": "VIRTSHARE_A_B_C", "since": 130.0}]
    assert report.document(smaller, later, {P: GOOD}, {"begun": 130.0 + 900, "seconds": 0.1}, "1.0.0")["gone"] == []
    # Declared again, it is there again.
    assert report.document(CONFIG, gone, {P: GOOD, ODD: GOOD}, {"begun": 160.0, "seconds": 0.1}, "1.0.0")["gone"] == []


@pytest.mark.parametrize("paths, given, words", [
    (["/srv/a/x", "/srv/b/x"], {}, "VIRTSHARE_X stands for /srv/a/x already"),
    (["/srv/x", "/srv/x_free_mb"], {}, "VIRTSHARE_X_FREE_MB stands for /srv/x already"),
    (["/srv/checked"], {}, "the time of the guard's last look"),
    (["/srv/guard"], {}, "the mark of a host that was disabled"),
    (["/srv/\u00fc"], {}, "cannot be part of an attribute's name"),
    (["/srv/x"], {"/srv/x": "a-b"}, "'a-b' cannot be part"),
    (["/srv/x"], {"/srv/y": "Y"}, "/srv/y, which is the path of no share"),
])
def test_names_that_mean_two_things_are_refused(paths, given, words):
    with pytest.raises(Refusal, match=re.escape(words)):
        host_attributes.named([{"path": path} for path in paths], given)


def test_names_of_the_users_choice():
    assert host_attributes.named([{"path": "/srv/a/x"}, {"path": "/srv/b/x"}], {"/srv/b/x": "B_X"}) == {
        "/srv/a/x": "VIRTSHARE_X", "/srv/b/x": "VIRTSHARE_B_X"}


@pytest.mark.parametrize("change, words", [
    ({"interval": 1}, "interval 1"), ({"timeout": 30.0}, "timeout 30"), ({"bad_runs": 0}, "bad_runs 0"),
    ({"free_percent": 95.0}, "free_percent 95"), ({"slow_seconds": -1.0}, "slow_seconds -1"),
    ({"metrics_directory": "x"}, "metrics_directory x"), ({"write_interval": -1}, "write_interval -1"),
])
def test_values_that_make_no_sense_are_refused(change, words):
    with pytest.raises(Refusal, match=words):
        config.made([], "hv1", dict(OPTIONS, **change))


def test_nothing_is_changed_in_what_is_given():
    first, seen = document(), copy.deepcopy(GOOD)
    kept = copy.deepcopy(first)
    document(first, now=130.0, p=seen)
    assert (first, seen) == (kept, GOOD)
