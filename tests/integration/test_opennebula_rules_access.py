# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, groups, permissions and the protocol itself on the simulated server: what the recordings do not show."""

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import xmlrpc.client
from pathlib import Path

import pytest

from tests.simulators.onesim import start
from tests.support.asker import Asker

PROGRAM = Path(__file__).resolve().parents[2] / "tests" / "simulators" / "opennebula.py"
AUTHENTICATION, AUTHORIZATION, NO_EXISTS, ACTION, API, INTERNAL = 256, 512, 1024, 2048, 4096, 8192
NOT_AUTHENTICATED = ("User couldn't be authenticated, aborting call.", AUTHENTICATION, -1)


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


def test_sessions_that_are_none(one, bob):
    assert bob.value("system.version") == "7.5.80"
    for session in ("oneadmin:wrong", "bob:opennebula", "nobody:x", "serveradmin:x", ":"):
        assert one.as_user(*session.split(":")).refusal("system.version") == NOT_AUTHENTICATED


def test_a_changed_password_and_a_disabled_user(one, bob):
    assert bob.value("user.passwd", 2, "new") == 2
    assert bob.refusal("system.version") == NOT_AUTHENTICATED
    again = one.as_user("bob", "new")
    assert again.value("user.info", -1).startswith("<USER><ID>2</ID><GID>1</GID><GROUPS><ID>1</ID></GROUPS>")
    assert again.refusal("user.enable", 2, False)[1] == AUTHORIZATION
    one.value("user.enable", 2, False)
    assert again.refusal("system.version") == NOT_AUTHENTICATED


def test_users_that_are_refused(one, bob):
    for arguments, message in (
        (("bob", "x"), "NAME is already taken by USER 2."),
        (("carol", ""), "Invalid password, it cannot be empty."),
        (("carol", "a b"), "Invalid password, character ' ' is not allowed."),
        (("ca rol", "x"), "Invalid NAME, char ' ' is not allowed."),
        (("", "x"), "Invalid NAME, it cannot be empty."),
    ):
        assert one.refusal("user.allocate", *arguments, "", []) == (message, INTERNAL, -1)
    assert one.refusal("user.allocate", "carol", "x", "", [99]) == ("Error getting group [99].", NO_EXISTS, 99)
    assert bob.refusal("user.allocate", "carol", "x", "", []) == (
        "User [2] : Not authorized to perform CREATE USER.",
        AUTHORIZATION,
        -1,
    )
    assert one.refusal("user.delete", 0) == ("Cannot delete user. oneadmin cannot be deleted.", ACTION, -1)
    assert one.value("user.delete", 2) == 2
    assert bob.refusal("system.version") == NOT_AUTHENTICATED


def test_groups_have_members_and_a_primary_one(one, bob):
    gid = one.value("group.allocate", "storage")
    assert gid == 100
    assert one.refusal("group.allocate", "storage") == ("NAME is already taken by GROUP 100.", INTERNAL, -1)
    one.value("user.addgroup", 2, gid)
    assert one.refusal("user.addgroup", 2, gid) == ("User is already in this group", ACTION, -1)
    assert one.refusal("group.delete", gid) == ("Cannot delete group. Group 100 is not empty.", ACTION, -1)
    assert one.refusal("user.delgroup", 2, 1) == ("Cannot remove user from the primary group", ACTION, -1)
    one.value("user.chgrp", 2, gid)
    assert one.body("user.info", 2).findtext("GNAME") == "storage"
    assert [found.text for found in one.body("group.info", 1).find("USERS")] == ["2"]
    assert one.refusal("user.chgrp", 0, 1) == (
        "user [0] oneadmin cannot be moved outside of the group [0] oneadmin",
        INTERNAL,
        -1,
    )
    assert one.refusal("user.chgrp", 2, -1) == ("Wrong group ID", API, -1)
    assert one.refusal("group.delete", 1) == (
        "Cannot delete group. System Groups (ID < 100) cannot be deleted.",
        ACTION,
        -1,
    )


def test_a_new_group_may_use_datastores_but_sees_no_cluster(one, bob):
    gid = one.value("group.allocate", "storage")
    one.value("user.chgrp", 2, gid)
    assert bob.ids("datastorepool.info") == [2, 1, 0]
    assert bob.ids("clusterpool.info") == []
    assert bob.refusal("cluster.info", 0) == (
        "User [2] : Not authorized to perform USE CLUSTER [0].",
        AUTHORIZATION,
        -1,
    )
    assert bob.refusal("image.allocate", "NAME=x\nTYPE=FILESYSTEM\nPATH=/srv/shares/p1", one.new_datastore()) == (
        "User [2] : Not authorized to perform CREATE IMAGE.",
        AUTHORIZATION,
        -1,
    )


def test_an_owner_manages_but_does_not_administrate(one, bob):
    oid = one.new_datastore()
    one.value("datastore.chown", oid, 2, 1)
    assert bob.value("datastore.update", oid, "NOTE=1", 1) == oid
    assert bob.value("datastore.rename", oid, "mine") == oid
    assert bob.value("datastore.chmod", oid, -1, -1, -1, 1, 0, 0, 1, 0, 0) == oid
    assert bob.refusal("datastore.chmod", oid, -1, -1, 1, -1, -1, -1, -1, -1, -1)[0] == (
        "User [2] : Not authorized to perform ADMIN DATASTORE [%d]." % oid
    )
    assert bob.refusal("datastore.chown", oid, 0, 0)[0] == (
        "User [2] : Not authorized to perform MANAGE USER [0]; Not authorized to perform USE GROUP [0]."
    )
    assert bob.refusal("cluster.adddatastore", 0, oid)[0] == (
        "User [2] : Not authorized to perform ADMIN CLUSTER [0]; Not authorized to perform ADMIN DATASTORE [%d]." % oid
    )
    assert bob.value("datastore.delete", oid) == oid


def test_renaming_to_the_same_name_needs_no_permission(one, bob):
    assert bob.value("datastore.rename", 1, "default") == 1
    assert bob.refusal("datastore.rename", 1, "other")[1] == AUTHORIZATION


def test_restricted_attributes_are_the_administrators(one, bob):
    store = one.new_datastore()
    source = "NAME=x\nTYPE=FILESYSTEM\nPATH=/srv/shares/p1"
    assert bob.refusal("image.allocate", source + "\nSOURCE=/x", store)[0] == (
        "User [2] : Template includes a restricted attribute SOURCE."
    )
    oid = bob.value("image.allocate", source, store)
    bob.settled_image(oid)
    assert bob.refusal("image.update", oid, "SOURCE=/x", 1)[0] == (
        "Cannot update template. User Template includes a restricted attribute SOURCE"
    )
    assert bob.refusal("image.update", oid, "SOURCE=/x", 0)[0] == (
        "Cannot update template. Tried to change restricted attribute: SOURCE"
    )


def test_images_count_against_their_owner_and_group(one, bob):
    store = one.new_datastore()
    oid = bob.new_image(store)
    bob.settled_image(oid)

    def usage():
        return [child.findtext("IMAGES_USED") for child in one.body("user.info", 2).find("DATASTORE_QUOTA")]

    assert usage() == ["1"]
    one.value("image.chown", oid, 0, 0)
    assert usage() == []


def test_listings_of_users_and_groups_carry_quotas(one, bob):
    users = one.body("userpool.info")
    assert [child.tag for child in users] == ["USER", "QUOTAS"] * 3 + ["DEFAULT_USER_QUOTAS"]
    assert [child.findtext("NAME") for child in users.findall("USER")] == ["bob", "serveradmin", "oneadmin"]
    assert [child.findtext("ID") for child in bob.body("userpool.info").findall("USER")] == ["2"]
    groups = one.body("grouppool.info")
    assert [child.findtext("NAME") for child in groups.findall("GROUP")] == ["users", "oneadmin"]
    assert groups[-1].tag == "DEFAULT_GROUP_QUOTAS"


def test_wrong_parameters_are_faults_but_only_for_who_may_log_in(one, bob):
    assert one.fault("datastore.info") == (-501, "Not enough parameters")
    assert one.fault("datastore.info", "100") == (-501, "Parameter that is supposed to be integer is not")
    assert one.fault("datastore.info", True) == (-501, "Parameter that is supposed to be integer is not")
    assert one.fault("datastore.info", 1, 1) == (-501, "Parameter that is supposed to be boolean is not")
    assert one.fault("datastore.enable", 1, 0) == (-501, "Parameter that is supposed to be boolean is not")
    assert one.fault("datastore.allocate", 1, -1) == (-501, "Parameter that is supposed to be a string is not")
    assert one.fault("datastore.chmod", 1, 1, 1, 1) == (-501, "Not enough parameters")
    message = "Parameter that is supposed to be an array is not"
    assert one.fault("user.allocate", "x", "y", "", "users") == (-501, message)
    assert one.fault("user.allocate", "x", "y", "", ["users"])[0] == -500
    assert one.fault("imagepool.info") == (-501, "Not enough parameters")
    assert one.as_user("bob", "wrong").refusal("datastore.info") == NOT_AUTHENTICATED
    assert one.value("datastore.info", 1, False, "more") == one.value("datastore.info", 1), "more than enough is fine"


def test_an_unknown_method_and_broken_xml_are_faults(endpoint, one):
    assert one.fault("datastore.lock", 1) == (-506, "Method 'one.datastore.lock' not defined")
    request = urllib.request.Request(endpoint.url, data=b"<methodCall>", headers={"Content-Type": "text/xml"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        document = answer.read()
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(document)
    assert caught.value.faultCode == -503


def test_an_integer_of_64_bits_is_no_integer(endpoint):
    call = xmlrpc.client.dumps(("oneadmin:opennebula", 1), "one.datastore.info").replace("int>", "i8>")
    request = urllib.request.Request(endpoint.url, data=call.encode(), headers={"Content-Type": "text/xml"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        document = answer.read()
    with pytest.raises(xmlrpc.client.Fault, match="supposed to be integer"):
        xmlrpc.client.loads(document)


def test_only_posts_to_rpc2_are_answered(endpoint):
    for url, data, status in ((endpoint.url, None, 405), (endpoint.url.replace("RPC2", "elsewhere"), b"x", 404)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=10)
        assert caught.value.code == status


def test_calls_at_once_are_all_answered_and_counted(endpoint, one):
    asked = [
        threading.Thread(target=lambda name: Asker(endpoint).new_datastore(name), args=("ds%d" % number,))
        for number in range(12)
    ]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join()
    assert one.ids("datastorepool.info") == list(range(111, 99, -1)) + [2, 1, 0]
    assert endpoint.log.count(method="one.datastore.allocate", write=True) == 12
    assert endpoint.log.count(write=False) == 1


def test_the_log_names_calls_and_objects_but_no_secret(tmp_path):
    log = tmp_path / "calls.jsonl"
    command = [sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--credentials", "admin:topsecret"]
    with subprocess.Popen(command + ["--log", str(log)], stdout=subprocess.PIPE, text=True, cwd="/") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        server = xmlrpc.client.ServerProxy(url)
        server.one.user.allocate("admin:topsecret", "bob", "bobsecret", "", [])
        server.one.datastore.info("admin:topsecret", 1)
        server.one.datastore.delete("admin:wrong", 77)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert "secret" not in log.read_text(encoding="utf-8")
    assert [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] == [
        {"method": "one.user.allocate", "write": True, "ok": True, "object": 2},
        {"method": "one.datastore.info", "write": False, "ok": True, "object": 1},
        {"method": "one.datastore.delete", "write": True, "ok": False, "object": 77},
    ]


def test_it_ends_while_a_client_keeps_a_connection_open(endpoint):
    host, port = endpoint.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10):
        endpoint.stop()
    with pytest.raises(OSError):
        socket.create_connection((host, int(port)), timeout=1)
