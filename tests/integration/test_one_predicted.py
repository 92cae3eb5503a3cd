# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server would refuse, never finish or do on its own: the modules say so before, in check mode as in the run."""

import pytest

from tests.support.opennebula import opennebula

SHARE = "/srv/shares/projects"
VIRTIOFS = {"name": "d", "ds_mad": "virtiofs", "tm_mad": "local", "safe_dirs": ["/srv/shares"]}
IMAGE = {"name": "i", "datastore": "d", "path": SHARE}
EMOJI = "\U0001f600"


@pytest.fixture
def one():
    with opennebula(directories=[SHARE, "/srv/shares/other"]) as server:
        yield server


def refused(one, module, *words, **declared):
    """The message of a run that fails with these words, in check mode too, before anything is written."""
    for check in (True, False):
        result, _calls, writes = one.attempt(module, check=check, **declared)
        assert result["failed"] and writes == []
        for word in words:
            assert word in result["msg"]
    return result["msg"]


def predicted(one, module, **declared):
    """(result of the run, its write calls), after check mode has said the same and written nothing."""
    said, _calls, writes = one.run(module, check=True, **declared)
    assert writes == []
    done, _calls, writes = one.run(module, **declared)
    assert said["changed"] == done["changed"] and said["operations"] == done["operations"]
    assert said["diff"] == done["diff"]
    assert len(writes) == len(done["operations"])
    again, _calls, writes = one.run(module, **declared)
    assert not again["changed"] and writes == []
    return done


# -- characters beyond the Basic Multilingual Plane ---------------------------------------------------------------


@pytest.mark.parametrize("changed", [
    {"name": EMOJI}, {"new_name": EMOJI}, {"attributes": {"note": EMOJI}}, {"attributes": {"v": {"k": EMOJI}}},
    {"safe_dirs": ["/srv/" + EMOJI]}, {"restic_password": "hush" + EMOJI}, {"bridge_list": [EMOJI]},
    {"ceph_user": EMOJI}, {"secret_attributes": {"netapp_pass": "hush" + EMOJI}},
])
def test_a_character_that_no_call_can_carry_is_refused_in_a_datastore(one, changed):
    message = refused(one, "one_datastore", "beyond the Basic Multilingual Plane", "leave it out",
                      **dict(VIRTIOFS, **changed))
    assert "hush" not in message and "fault" not in message


@pytest.mark.parametrize("changed", [
    {"name": EMOJI}, {"path": "/srv/shares/" + EMOJI}, {"mount_tag": EMOJI}, {"mount_point": "/mnt/" + EMOJI},
    {"attributes": {"note": EMOJI}},
])
def test_and_in_an_image(one, changed):
    one.run("one_datastore", **VIRTIOFS)
    refused(one, "one_filesystem_image", "beyond the Basic Multilingual Plane", "leave it out",
            **dict(IMAGE, **changed))


def test_a_user_whose_password_no_call_can_carry(one):
    result = one.attempt("one_datastore_info", api_password="hush" + EMOJI)[0]
    assert "the password of the user for OpenNebula holds a character" in result["msg"] and "hush" not in result["msg"]


def test_what_the_database_holds_already_is_named_with_the_way_to_find_it(one):
    one.run("one_datastore", **VIRTIOFS)
    oned = one.endpoint.oned
    with oned.lock:
        store = oned.datastores.get(100)
        store.name = "d" + EMOJI
        oned.datastores.update(store)
    for module, declared in (("one_datastore_info", {}), ("one_datastore", VIRTIOFS), ("one_filesystem_image", IMAGE)):
        message = one.attempt(module, **declared)[0]["msg"]
        for word in ("one.datastorepool.info", "one of its datastores holds a character", "'onedatastore show ID'",
                     "'onedatastore rename ID NAME'"):
            assert word in message
    one.by_hand("one.datastore.rename", 100, "d")
    assert not one.run("one_datastore", **VIRTIOFS)[0]["changed"]
