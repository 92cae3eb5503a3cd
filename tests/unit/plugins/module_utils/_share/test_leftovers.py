# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names are ours, and when one of another run is old: by the host's uptime, whatever any clock says."""

import json
import time

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._share import leftovers
from hypothesis import given, settings
from hypothesis import strategies as st

SECONDS = 900
NAMES = [leftovers.sealed(".virtshare-proof-run%d" % number) for number in range(4)]
PATH = "/srv/shares/projects"


class Host:
    """One host's memory, and its uptime to be set."""

    def __init__(self, directory, monkeypatch):
        self.memory = str(directory / "run" / "leftovers.json")
        self.now = 50.0
        monkeypatch.setattr(leftovers, "uptime", lambda: self.now)

    def aged(self, *names, path=PATH, prefix=".virtshare-proof-"):
        return leftovers.aged(path, prefix, list(names), SECONDS, self.memory)


@pytest.fixture
def host(tmp_path, monkeypatch):
    return Host(tmp_path, monkeypatch)


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=9))
def test_only_what_was_sealed_is(stem, more):
    name = leftovers.sealed(stem)
    assert leftovers.is_sealed(name) == bool(stem)
    assert not leftovers.is_sealed(stem)
    assert not leftovers.is_sealed("x" + name)
    assert not more or not leftovers.is_sealed(name + more)


def test_a_name_is_old_when_this_host_has_seen_it_for_so_long(host):
    assert host.aged(*NAMES[:1]) == []
    host.now += SECONDS
    assert host.aged(*NAMES[:2]) == []
    host.now += 1
    assert host.aged(*NAMES[:2]) == NAMES[:1]
    assert host.aged(*NAMES[:2], path="/srv/other") == []
    host.now += SECONDS
    assert host.aged(*NAMES[:2]) == NAMES[:2]


def test_what_has_gone_is_forgotten_and_another_kind_is_not(host):
    prefix = ".virtshare-write-test."
    other = leftovers.sealed(prefix + "x")
    assert host.aged(NAMES[0]) == host.aged(other, prefix=prefix) == []
    assert host.aged() == []
    host.now += SECONDS + 1
    assert host.aged(NAMES[0]) == []
    assert host.aged(other, prefix=prefix) == [other]


def test_after_a_boot_it_is_watched_anew(host):
    host.now = 100000.0
    host.aged(NAMES[0])
    host.now = 20.0  # without the boot that takes /run away
    assert host.aged(NAMES[0]) == []
    host.now += SECONDS + 1
    assert host.aged(NAMES[0]) == [NAMES[0]]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"/srv/shares/projects": 3}', '{"/srv/shares/projects": {"a": "b"}}'])
def test_a_memory_that_is_damaged_is_none(host, tmp_path, text):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "leftovers.json").write_text(text)
    assert host.aged(NAMES[0]) == []
    assert json.loads((tmp_path / "run" / "leftovers.json").read_text()) == {PATH: {NAMES[0]: 50.0}}


def test_what_cannot_be_remembered_is_never_old(monkeypatch):
    for now in (10.0, 10000.0):
        monkeypatch.setattr(leftovers, "uptime", lambda now=now: now)
        assert leftovers.aged(PATH, ".virtshare-", NAMES, SECONDS, "/proc/nowhere/leftovers.json") == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(-90000, 90000), st.sets(st.integers(0, 3))), max_size=12))
def test_the_rule_whatever_the_clock(tmp_path_factory, runs):
    """Old is what was there in every run for more than the time, by the uptime alone; the clock jumps as it likes."""
    with pytest.MonkeyPatch.context() as patch:
        host = Host(tmp_path_factory.mktemp("host"), patch)
        clock, since = 1.8e9, {}
        for passed, jump, numbers in runs:
            host.now += passed
            clock += passed + jump
            patch.setattr(time, "time", lambda clock=clock: clock)
            since = {number: since.get(number, host.now) for number in numbers}
            assert host.aged(*(NAMES[number] for number in numbers)) == sorted(
                NAMES[number] for number in numbers if host.now - since[number] > SECONDS)
