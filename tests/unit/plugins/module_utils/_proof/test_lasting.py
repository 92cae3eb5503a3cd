# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it the share of yesterday: whatever a host remembers, finds, and hears of the others."""

import itertools

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._proof import lasting
from ansible_collections.virtshare.storage.plugins.module_utils._share import marker

PATH = "/srv/shares/projects"
OLD, NEW = ("%032x" % number for number in (1, 2))
SHARE = {"path": PATH, "source": "nas1:/export/projects", "read_only": False}


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    monkeypatch.setattr(marker, "MEMORY", str(tmp_path / "identities"))


def intent(own=None, keep=True, accept=False, source=SHARE["source"], **share):
    if own:
        marker.remember(PATH, source, marker.Marker(own, PATH, "2026-11-27"))
    return lasting.Intent(dict(SHARE, **share), keep, accept)


def decided(there=None, own=None, occupied=False, others=(), complete=True, **more):
    found = there and marker.Marker(there, PATH, "2026-11-27")
    return intent(own, **more).decide(found, occupied, set(others), complete)


@pytest.mark.parametrize("given, state", [
    (dict(), "written"),
    (dict(complete=False), "none"),  # some host has not read another one
    (dict(keep=False), "none"),  # only some of the hosts take part
    (dict(read_only=True), "none"),
    (dict(there=OLD), "adopted"),  # a host that joins
    (dict(there=OLD, read_only=True), "adopted"),
    (dict(there=OLD, keep=False), "none"),
    (dict(there=OLD, others=[OLD]), "adopted"),
    (dict(there=NEW, others=[OLD]), "none"),  # the others say what is wrong
    (dict(others=[OLD]), "none"),
    (dict(own=OLD, there=OLD), "same"),
    (dict(own=OLD, there=OLD, read_only=True), "same"),
    (dict(own=OLD, there=NEW), "changed"),
    (dict(own=OLD, there=NEW, keep=False), "changed"),
    (dict(own=OLD, there=NEW, read_only=True), "changed"),
    (dict(own=OLD), "missing"),
    (dict(own=OLD, complete=False), "missing"),
    (dict(own=OLD, read_only=True), "missing"),
    (dict(own=OLD, occupied=True), "damaged"),
    (dict(occupied=True), "damaged"),
    (dict(own=OLD, there=NEW, accept=True), "accepted"),
    (dict(own=OLD, accept=True), "written"),
    (dict(own=OLD, accept=True, complete=False), "none"),
    (dict(own=OLD, accept=True, read_only=True), "forgotten"),
    (dict(own=OLD, occupied=True, accept=True), "written"),
    (dict(others=[OLD], accept=True), "written"),
    (dict(there=NEW, others=[OLD], accept=True), "adopted"),
    (dict(own=OLD, there=OLD, accept=True), "same"),
    (dict(own=OLD, source="nas0:/export/projects"), "written"),  # what is declared is another share now
    (dict(own=OLD, there=NEW, source="nas0:/export/projects"), "adopted"),
])
def test_every_case(given, state):
    assert decided(**given) == state


@pytest.mark.parametrize("own, there, occupied, others, keep, complete, read_only", list(itertools.product(
    [None, OLD], [None, OLD, NEW], [False, True], [[], [OLD], [OLD, NEW]], [False, True], [False, True], [False, True])))
def test_nothing_that_was_remembered_is_ever_given_up_unasked(own, there, occupied, others, keep, complete, read_only):
    state = decided(there, own, occupied and not there, others, complete, keep=keep, read_only=read_only)
    if own and there != own:
        assert state in lasting.WRONG
    if state == "written":
        assert keep and complete and not read_only and not own and not others and not there
    if state == "adopted":
        assert keep and there and not own and set(others) <= {there}
    assert state not in ("accepted", "forgotten")


def seen(state, found=NEW):
    return {"state": state, "id": found, "date": "2026-11-28", "path": PATH, "error": None}


@pytest.mark.parametrize("state, remembered", [
    ("written", NEW), ("adopted", NEW), ("accepted", NEW), ("forgotten", None), ("same", OLD), ("none", OLD), ("changed", OLD),
    ("missing", OLD)])
def test_what_is_remembered_afterwards_and_foretold(state, remembered):
    predicted, _warning = lasting.settle(intent(OLD), seen(state), True)
    assert marker.remembered(PATH).id == OLD
    done, warning = lasting.settle(intent(), seen(state), False)
    assert predicted.result() == done.result() and warning is None
    found = marker.remembered(PATH)
    assert (found and found.id) == remembered
    assert done.changed == (remembered != OLD)


def test_another_source_is_remembered_with_the_share():
    lasting.settle(intent(), seen("written", OLD), False)
    assert intent().own == OLD
    moved = lasting.Intent(dict(SHARE, source="nas2:/export/projects"), True, False)
    assert moved.own == ""
    lasting.settle(moved, seen("adopted", OLD), False)
    assert marker.remembered(PATH).source == "nas2:/export/projects"


def test_a_disk_that_takes_nothing_is_a_warning(monkeypatch):
    monkeypatch.setattr(marker, "MEMORY", "/proc/nowhere")
    plan, warning = lasting.settle(intent(), seen("written"), False)
    assert not plan.changed
    assert warning.startswith(PATH + ": its identity cannot be remembered in /proc/nowhere: ENOENT")


def test_a_share_that_takes_no_marker_is_a_warning():
    plan, warning = lasting.settle(intent(), dict(seen("none", None), error="ENOSPC: No space left on device"), False)
    assert not plan.changed
    assert "its marker .virtshare-identity cannot be written: ENOSPC" in warning


def test_before_a_share_is_mounted_its_first_proof_is_foretold():
    assert intent().predict() == "written"
    assert intent(read_only=True).predict() == intent(keep=False).predict() == "none"
    assert intent(OLD).predict() == "none"
