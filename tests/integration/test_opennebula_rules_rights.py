# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access rules, quotas, crashes and characters on the simulated server: what the recordings do not show."""

import xmlrpc.client

import pytest

from tests.simulators.onesim import start
from tests.support.asker import Asker

AUTHORIZATION, ACTION, INTERNAL = 512, 2048, 8192
STORE = 'NAME="vfs"\nTYPE="IMAGE_DS"\nDS_MAD="virtiofs"\nTM_MAD="local"\nDISK_TYPE="FILESYSTEM"\nSAFE_DIRS="/srv"\n'


@pytest.fixture(name="endpoint")
def running_endpoint():
    with start(directories=["/srv/shares/p1"], image_delay=0.01) as endpoint:
        yield endpoint


@pytest.fixture(name="one")
def administrator(endpoint):
    return Asker(endpoint)


@pytest.fixture(name="bob")
def user_bob(one):
    assert one.value("user.allocate", "bob", "bobpass", "", []) == 2
    return one.as_user("bob", "bobpass")


@pytest.mark.parametrize("rule,words", [
    (("0x300000002", "0x100400000000", "0x1"),
     "@2 DATASTORE/* USE #0 is malformed: [user] INDIVIDUAL (#) and GROUP (@) bits are exclusive"),
    (("0x2", "0x100400000000", "0x1"),
     "?? DATASTORE/* USE #0 is malformed: [user] is missing one of the INDIVIDUAL, GROUP or ALL bits"),
    (("0x100000002", "0x100000000007", "0x10"),
     "#2 DATASTORE/??  #0 is malformed: [resource] is missing one of the INDIVIDUAL, GROUP, CLUSTER or ALL bits; "
     "wrong [rights], it cannot be bigger than 0xF"),
    (("0x100000002", "0x8800000064", "0x1"),
     "#2 IMAGE/%100 USE #0 is malformed: [resource] CLUSTER(%) selector can be applied only to DATASTORE, HOST and NET "
     "types"),
    (("0x100000002", "nonsense", "0"),
     "#2 /??  #0 is malformed: [resource] is missing one of the INDIVIDUAL, GROUP, CLUSTER or ALL bits; "
     "[resource] type is missing; wrong [rights], it cannot be 0"),
    (("0x100000002", "0x100100000064", "0x1", "0x400000000"),
     "#2 DATASTORE/#100 USE * is malformed: [resource] INDIVIDUAL(#) selector cannot be applied to ALL zones, except "
     "for USER, GROUP and ZONE types"),
    (("0x200000001", "0x100400000000", "0x1"), "@1 DATASTORE/* USE #0 already exists"),
])
def test_rules_that_are_refused(one, rule, words):
    assert one.refusal("acl.addrule", *rule) == ("Rule " + words, INTERNAL, -1)


def test_rules_are_for_those_who_may_manage_them(one, bob):
    refused = ("User [2] : Not authorized to perform MANAGE ACL.", AUTHORIZATION, -1)
    assert bob.refusal("acl.info") == refused
    assert bob.refusal("acl.delrule", 0) == refused
    assert one.value("acl.addrule", "0x100000002", "0x80400000000", "0x2") == 6
    assert one.refusal("acl.delrule", 99) == ("Rule 99 does not exist", INTERNAL, -1)
    assert bob.value("acl.delrule", 6) == 6
    assert bob.refusal("acl.info") == refused


def test_a_rule_for_a_cluster_counts_for_what_is_in_it_and_goes_with_it(one, bob):
    one.value("cluster.allocate", "c1")
    one.value("datastore.allocate", STORE, 100)
    one.value("acl.addrule", "0x100000002", "0x100800000064", "0x2")
    assert bob.value("datastore.update", 100, "NOTE=1", 1) == 100
    one.value("cluster.deldatastore", 100, 100)
    assert bob.refusal("datastore.update", 100, "NOTE=1", 1)[1] == AUTHORIZATION
    one.value("cluster.delete", 100)
    assert "%100" not in one.value("acl.info")


def test_rules_go_with_the_user_the_group_and_the_object_they_name(one, bob):
    one.value("group.allocate", "eng")
    one.value("datastore.allocate", STORE, -1)
    for who, what in (("0x100000002", "0x100400000000"), ("0x200000064", "0x100400000000"),
                      ("0x100000002", "0x100200000064"), ("0x200000001", "0x100100000064"),
                      ("0x200000001", "0x108100000064")):
        one.value("acl.addrule", who, what, "0x2")
    one.value("datastore.delete", 100)
    left = one.value("acl.info")
    assert "@1 DATASTORE/#100" not in left and "@1 IMAGE+DATASTORE/#100" in left
    one.value("group.delete", 100)
    left = one.value("acl.info")
    assert "@100" not in left and "#2 DATASTORE/*" in left
    one.value("user.delete", 2)
    assert "#2 " not in one.value("acl.info")


def test_default_quotas_hold_where_no_other_is_set(one, bob):
    one.value("datastore.allocate", STORE, -1)
    one.value("userquota.update", 'DATASTORE=[ID="100",IMAGES="0"]')
    assert "<IMAGES><![CDATA[0]]></IMAGES>" in bob.value("userquota.info")
    image = 'NAME="i"\nTYPE="FILESYSTEM"\nPATH="/srv/shares/p1"'
    assert bob.refusal("image.allocate", image, 100) == (
        "User [2] : user [2] limit of 0 reached for IMAGES quota in DATASTORE with ID: 100.", AUTHORIZATION, -1)
    one.value("user.quota", 2, 'DATASTORE=[ID="100",IMAGES="-2"]')
    assert bob.value("image.allocate", image, 100) == 0
    assert bob.refusal("userquota.update", "")[1] == AUTHORIZATION


def test_quotas_that_are_refused(one, bob):
    assert one.refusal("user.quota", 2, 'DATASTORE=[ID="100",IMAGES="-3"]') == (
        "Negative limits or bad format in quota DATASTORE = [ ID=100,IMAGES=-3 ]", ACTION, -1)
    assert one.refusal("user.quota", 0, "")[0] == "Cannot set quotas for oneadmin user"
    assert one.refusal("group.quota", 0, "")[0] == "Cannot set quotas for oneadmin group"
    assert bob.refusal("user.quota", 2, "") == (
        "User [2] : Not authorized to perform ADMIN USER [2].", AUTHORIZATION, -1)


def test_what_is_beyond_the_bmp_in_the_database_breaks_every_answer_that_holds_it(endpoint, one):
    one.value("datastore.allocate", STORE, -1)
    with endpoint.oned.lock:
        store = endpoint.oned.datastores.get(100)
        store.name = "\U0001f600"
        endpoint.oned.datastores.update(store)
    for call in (("datastore.info", 100), ("datastorepool.info",)):
        with pytest.raises(xmlrpc.client.Fault) as caught:
            one.value(*call)
        assert caught.value.faultCode == -500
        assert caught.value.faultString.endswith(
            "UTF-8 string contains a character not in the Basic Multilingual Plane (first byte 0xfffffff0)")
    assert one.value("datastore.rename", 100, "found") == 100
    assert "found" in one.value("datastorepool.info")
