# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image whose path changes is registered again: whatever goes wrong, nothing that was set on the old one is lost."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._opennebula import client

from tests.support.opennebula import opennebula

OLD, NEW = "/srv/shares/old", "/srv/shares/new"
DECLARED = {"name": "p", "datastore": "d", "path": NEW, "replace": True}
# What was set by hand and is not declared.
KEPT = {"owner": "bob", "group": "users", "mode": "644", "persistent": True, "attributes": {"NOTE": "kept"}}
CALLS = ["one.image.allocate", "one.image.chmod", "one.image.chown", "one.image.delete", "one.image.rename"]


@pytest.fixture
def one():
    with opennebula(directories=[OLD, NEW]) as server:
        server.by_hand("one.user.allocate", "bob", "bobs-word", "", [])
        server.run("one_datastore", name="d", ds_mad="virtiofs", tm_mad="local", safe_dirs=["/srv/shares"])
        server.run("one_filesystem_image", name="p", datastore="d", path=OLD, persistent=True)
        server.by_hand("one.image.update", 0, 'NOTE="kept"\n', 1)
        server.by_hand("one.image.chmod", 0, 1, 1, 0, 1, 0, 0, 1, 0, 0)
        server.by_hand("one.image.chown", 0, 2, 1)
        yield server


def images(one):
    return one.run("one_filesystem_image_info")[0]["filesystems"]


def require_replaced(one):
    """The new image is the only one, with all that the old one had, and a further run changes nothing."""
    found, = images(one)
    assert (found["name"], found["path"], found["state"]) == ("p", NEW, "ready")
    assert {key: found[key] for key in KEPT} == KEPT
    again, _calls, writes = one.run("one_filesystem_image", **DECLARED)
    assert not again["changed"] and writes == []


def test_all_that_was_set_on_the_old_one_is_set_on_the_new_one(one):
    predicted = one.run("one_filesystem_image", check=True, **DECLARED)[0]
    done, _calls, writes = one.run("one_filesystem_image", **DECLARED)
    assert writes == CALLS
    for key in ("operations", "diff", "changed"):
        assert done[key] == predicted[key]
    for key in KEPT:
        assert done["filesystem"][key] == predicted["filesystem"][key]
    require_replaced(one)


def test_a_registration_that_is_refused_leaves_the_old_one_as_it_was(one):
    oned = one.endpoint.oned
    oned.wait_for_stat, oned.stat_delay = (lambda: None), 1000
    before = images(one)
    result, _calls, writes = one.attempt("one_filesystem_image", **DECLARED)
    assert result["failed"] and writes == CALLS[:1] and images(one) == before
    oned.stat_delay = 0
    assert one.run("one_filesystem_image", **DECLARED)[0]["changed"]
    require_replaced(one)


def test_one_that_ends_in_error_leaves_the_old_one_as_it_was(one):
    declared = dict(DECLARED, path="/srv/shares/missing")
    before = images(one)
    result = one.attempt("one_filesystem_image", **declared)[0]
    assert result["failed"] and "could not be registered" in result["msg"] and "is left as it was" in result["msg"]
    assert [image for image in images(one) if image["name"] == "p"] == before
    # Whoever gives it up gets rid of what was begun as well.
    given_up = one.run("one_filesystem_image", name="p", datastore="d", path=OLD)[0]
    assert given_up["changed"] and images(one) == before
    assert one.run("one_filesystem_image", **DECLARED)[0]["changed"]
    require_replaced(one)


def end_before(one, monkeypatch, call):
    """A run that is ended when it is about to make this call."""
    real = client.Client.call

    def ended(self, method, *arguments):
        if method == call:
            raise KeyboardInterrupt
        return real(self, method, *arguments)

    with monkeypatch.context() as interrupted, pytest.raises(KeyboardInterrupt):
        interrupted.setattr(client.Client, "call", ended)
        one.attempt("one_filesystem_image", **DECLARED)


@pytest.mark.parametrize("call", CALLS)
def test_a_run_that_ends_before_any_call_is_finished_by_the_next(one, monkeypatch, call):
    end_before(one, monkeypatch, call)
    predicted = one.run("one_filesystem_image", check=True, **DECLARED)[0]
    done = one.run("one_filesystem_image", **DECLARED)[0]
    assert done["operations"] == predicted["operations"] and done["diff"] == predicted["diff"]
    require_replaced(one)


@pytest.mark.parametrize("call", CALLS[1:])
def test_and_so_it_is_when_the_image_is_to_go_after_all(one, monkeypatch, call):
    end_before(one, monkeypatch, call)
    one.run("one_filesystem_image", name="p", datastore="d", state="absent")
    assert images(one) == []


def test_an_owner_says_whose_image_goes(one):
    one.by_hand("one.user.allocate", "alice", "alices-word", "", [])
    result, _calls, writes = one.run("one_filesystem_image", name="p", datastore="d", owner="alice", state="absent")
    assert not result["changed"] and writes == []
    assert one.run("one_filesystem_image", name="p", datastore="d", owner="bob", state="absent")[0]["deleted_ids"] == [0]
