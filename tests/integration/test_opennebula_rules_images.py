# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filesystem images of the simulated server: the rules the recorded scenarios do not show."""

import concurrent.futures

import pytest

from tests.simulators.onesim import start
from tests.support.asker import Asker

AUTHORIZATION, NO_EXISTS, ACTION, API, INTERNAL, ALLOCATE = 512, 1024, 2048, 4096, 8192, 16384
READY, USED, DISABLED, LOCKED, ERROR, USED_PERS = "1", "2", "3", "4", "5", "8"

DIRECTORIES = [
    "/srv/shares/p1",
    "/srv/shares/with blank",
    "/srv/other/p2",
    "/srv/shares-too",
    "/var/lib/one/datastores",
]


@pytest.fixture(name="endpoint")
def running_endpoint():
    with start(directories=DIRECTORIES, image_delay=0.01) as endpoint:
        yield endpoint


@pytest.fixture(name="one")
def administrator(endpoint):
    return Asker(endpoint)


def test_an_image_is_locked_until_its_driver_has_answered_and_then_only_a_forced_delete_works():
    with start(directories=DIRECTORIES, image_delay=60) as endpoint:
        one = Asker(endpoint)
        oid = one.new_image(one.new_datastore())
        body = one.body("image.info", oid)
        assert body.findtext("STATE") == LOCKED
        assert (body.findtext("SOURCE") or "", body.findtext("FORMAT") or "") == ("", "")
        message = (
            "Image locked, use --force flag to remove the image. Force delete may leave some files on Datastore"
        )
        assert one.refusal("image.delete", oid) == (message, INTERNAL, oid)
        assert one.refusal("image.enable", oid, False) == (
            "Could not disable image: Image cannot be in state LOCKED.",
            INTERNAL,
            -1,
        )
        one.value("image.delete", oid, True)
        assert one.refusal("image.info", oid) == ("Error getting image [0].", NO_EXISTS, 0)


def test_a_path_with_a_blank_becomes_ready_with_a_source_cut_short(one):
    body = one.settled_image(one.new_image(one.new_datastore(), path="/srv/shares/with blank"))
    assert body.findtext("STATE") == READY
    assert body.findtext("PATH") == "/srv/shares/with blank"
    assert (body.findtext("SOURCE"), body.findtext("FORMAT")) == ("/srv/shares/with", "blank")


def test_safe_directories_are_prefixes_not_directories(one):
    store = one.new_datastore()
    assert one.settled_image(one.new_image(store, path="/srv/shares-too")).findtext("STATE") == READY


def test_a_path_that_does_not_exist_ends_in_error_with_size_zero(one):
    body = one.settled_image(one.new_image(one.new_datastore(), path="/srv/shares/missing"))
    assert (body.findtext("STATE"), body.findtext("SIZE")) == (ERROR, "0")
    assert body.find("TEMPLATE").findtext("ERROR").endswith(
        " : Error copying image in the datastore: The provided path '/srv/shares/missing' is not a directory"
    )


def test_safe_directories_without_restricted_ones_restrict_nothing(one):
    source = "NAME=open\nDS_MAD=virtiofs\nTM_MAD=virtiofs\nSAFE_DIRS=/srv/shares"
    store = one.value("datastore.allocate", source, -1)
    assert one.settled_image(one.new_image(store, "a", "/srv/other/p2")).findtext("STATE") == READY
    one.value("datastore.update", store, "RESTRICTED_DIRS=/srv/other", 1)
    assert one.settled_image(one.new_image(store, "b", "/srv/other/p2")).findtext("STATE") == ERROR


def test_the_servers_own_directories_are_never_registered(one):
    source = "NAME=open\nDS_MAD=virtiofs\nTM_MAD=virtiofs\nSAFE_DIRS=/srv/shares"
    store = one.value("datastore.allocate", source, -1)
    assert one.settled_image(one.new_image(store, "a", "/var/lib/one/datastores")).findtext("STATE") == ERROR


def test_an_image_without_a_type_registers_as_an_operating_system(one):
    store = one.new_datastore()
    oid = one.value("image.allocate", "NAME=x\nPATH=/srv/shares/p1", store)
    body = one.settled_image(oid)
    assert (body.findtext("TYPE"), body.findtext("DISK_TYPE"), body.findtext("STATE")) == ("0", "10", READY)
    assert body.find("TEMPLATE").findtext("DEV_PREFIX") == "sd"


def test_an_image_in_a_datastore_with_the_wrong_disk_type_is_made_and_is_a_file(one):
    store = one.value(
        "datastore.allocate", "NAME=x\nDS_MAD=virtiofs\nTM_MAD=local\nSAFE_DIRS=/srv/shares", -1
    )
    assert one.settled_image(one.new_image(store)).findtext("DISK_TYPE") == "0"


def test_a_changed_path_size_or_type_is_only_an_inert_attribute(one):
    oid = one.new_image(one.new_datastore())
    one.settled_image(oid)
    one.value("image.update", oid, "PATH=/elsewhere\nSIZE=7\nTYPE=OS\nSOURCE=/elsewhere", 1)
    body = one.body("image.info", oid)
    assert (body.findtext("PATH"), body.findtext("SIZE"), body.findtext("TYPE")) == ("/srv/shares/p1", "1", "7")
    assert body.findtext("SOURCE") == "/srv/shares/p1"
    assert body.find("TEMPLATE").findtext("PATH") == "/elsewhere"


def test_images_keep_only_the_last_attribute_of_a_name(one):
    oid = one.new_image(one.new_datastore(), more="A=1\nA=2")
    assert one.attributes(oid, "image")["A"] == ["2"]


def test_image_names_are_taken_per_owner(one):
    store = one.new_datastore()
    one.new_image(store)
    one.value("user.allocate", "bob", "bobpass", "", [])
    bob = one.as_user("bob", "bobpass")
    other = bob.new_image(store)
    assert one.refusal("image.chown", other, 0, -1) == ("user [0] already owns image [0] with NAME p1", INTERNAL, -1)
    one.value("image.rename", other, "p2")
    assert one.value("image.rename", 0, "p2") == 0


def test_where_images_cannot_go(one):
    system = "New images can only be allocated in a files or image datastore."
    files = "Only IMAGES of type KERNEL, RAMDISK and CONTEXT can be registered in a FILE_DS datastore"
    source = "NAME=x\nTYPE=FILESYSTEM\nPATH=/srv/shares/p1"
    for store, message, code, oid in (
        (0, "Error allocating a new image. %s" % system, ALLOCATE, -1),
        (1, "Not enough space in datastore", ACTION, -1),
        (77, "Error getting datastore [77].", NO_EXISTS, 77),
    ):
        assert one.refusal("image.allocate", source, store) == (message, code, oid)
    assert one.refusal("image.allocate", source, 2, True) == (
        "Error allocating a new image. %s" % files,
        ALLOCATE,
        -1,
    )
    store = one.new_datastore()
    assert one.refusal("image.allocate", source + "\nSOURCE=/x", store) == (
        "Error allocating a new image. PATH and SOURCE cannot be both set.",
        ALLOCATE,
        -1,
    )
    assert one.refusal("image.allocate", "NAME=x\nTYPE=KERNEL", store)[0] == (
        "Cannot parse image SIZE: Either PATH or SOURCE are required for KERNEL"
    )
    assert one.refusal("image.allocate", "NAME=x\nTYPE=DATABLOCK\nSIZE=big", store)[0] == (
        "Cannot parse image SIZE: Wrong number or missing SIZE attribute."
    )


def test_an_empty_disk_in_a_virtiofs_datastore_ends_in_error(one):
    oid = one.value("image.allocate", "NAME=x\nTYPE=DATABLOCK\nSIZE=10", one.new_datastore())
    body = one.settled_image(oid)
    assert body.findtext("STATE") == ERROR
    assert body.find("TEMPLATE").findtext("ERROR").endswith(
        " : Error creating datablock: mkfs: Operation not supported"
    )


def test_images_made_at_once_do_not_share_a_name():
    with start(directories=DIRECTORIES, race_window=0.2) as endpoint:
        store = Asker(endpoint).new_datastore()
        source = "NAME=twin\nTYPE=FILESYSTEM\nPATH=/srv/shares/p1"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(Asker(endpoint).ask, "image.allocate", source, store) for dummy in range(4)]
        answers = [future.result() for future in asked]
        assert [answer[0] for answer in answers].count(True) == 1
        assert {answer[1] for answer in answers if not answer[0]} <= {
            "[one.image.allocate] Error allocating a new image.",
            "[one.image.allocate] Error allocating a new image. NAME is already taken by IMAGE 0.",
        }


def test_a_failed_creation_leaves_no_number_out(one):
    store = one.new_datastore()
    assert one.refusal("image.allocate", 'NAME="a/b"\nTYPE=FILESYSTEM\nPATH=/srv/shares/p1', store)[1] == ALLOCATE
    assert one.new_image(store) == 0


def test_persistence_can_be_given_at_creation_and_changed_in_every_state_but_in_use(endpoint, one):
    oid = one.new_image(one.new_datastore(), more="PERSISTENT=yes")
    assert one.settled_image(oid).findtext("PERSISTENT") == "1"
    endpoint.oned.use_image(oid, 7)
    body = one.body("image.info", oid)
    assert (body.findtext("STATE"), body.findtext("RUNNING_VMS")) == (USED_PERS, "1")
    assert [vm.text for vm in body.find("VMS")] == ["7"]
    assert one.refusal("image.persistent", oid, False) == (
        "Could not make image non-persistent: Image cannot be in state USED.",
        INTERNAL,
        -1,
    )
    assert one.value("image.persistent", oid, True) == oid, "what is already so succeeds in any state"


def test_an_image_in_use_cannot_be_deleted(endpoint, one):
    oid = one.new_image(one.new_datastore())
    one.settled_image(oid)
    endpoint.oned.use_image(oid, 7)
    assert one.body("image.info", oid).findtext("STATE") == USED
    assert one.refusal("image.delete", oid) == ("Cannot delete image. There are 1 VMs using it.", ACTION, -1)
    endpoint.oned.use_image(oid, 7, used=False)
    assert one.value("image.delete", oid) == oid


def test_a_disabled_image_becomes_ready_and_so_does_one_in_error(one):
    store = one.new_datastore()
    ready, broken = one.new_image(store), one.new_image(store, "p2", "/srv/other/p2")
    for oid, before in ((ready, READY), (broken, ERROR)):
        assert one.settled_image(oid).findtext("STATE") == before
        one.value("image.enable", oid, False)
        assert one.body("image.info", oid).findtext("STATE") == DISABLED
        one.value("image.enable", oid, True)
        assert one.body("image.info", oid).findtext("STATE") == READY
    assert "ERROR" in one.attributes(broken, "image")


def test_deletion_is_asynchronous_and_until_then_the_datastore_is_not_empty():
    with start(directories=DIRECTORIES, image_delay=0.3) as endpoint:
        one = Asker(endpoint)
        store = one.new_datastore()
        oid = one.new_image(store)
        one.settled_image(oid)
        one.value("image.delete", oid)
        assert one.body("image.info", oid).findtext("STATE") == "7"
        assert one.refusal("datastore.delete", store)[0] == (
            "Cannot delete datastore. Datastore %d is not empty." % store
        )


def test_a_lock_forbids_by_level_to_administrators_too_and_only_its_owner_or_one_unlocks(one):
    oid = one.new_image(one.new_datastore())
    one.settled_image(oid)
    one.value("user.allocate", "bob", "bobpass", "", [])
    one.value("image.chown", oid, 2, 1)
    bob = one.as_user("bob", "bobpass")
    bob.value("image.lock", oid, 1)
    lock = one.body("image.info", oid).find("LOCK")
    assert (lock.findtext("LOCKED"), lock.findtext("OWNER")) == ("1", "2")
    assert one.refusal("image.rename", oid, "new") == ("User [0] : IMAGE is locked. [0].", AUTHORIZATION, -1)
    assert bob.refusal("image.rename", oid, "new") == (
        "User [2] : Not authorized to perform MANAGE IMAGE [0].",
        AUTHORIZATION,
        -1,
    )
    assert one.refusal("image.lock", oid, 9) == ("Wrong lock level specified", ACTION, -1)
    assert one.refusal("image.lock", oid, 2, True)[1] == ACTION
    one.value("image.unlock", oid)
    assert one.body("image.info", oid).find("LOCK") is None
    one.value("image.lock", oid, 3)
    assert bob.refusal("image.unlock", oid) == ("Cannot unlock: Lock is owned by another user", ACTION, -1)
    assert bob.value("image.rename", oid, "new") == oid, "a lock for ADMIN leaves the rest alone"


def test_a_directory_is_neither_cloned_nor_given_another_type(one):
    oid = one.new_image(one.new_datastore())
    assert one.refusal("image.clone", oid, "copy") == ("FILESYSTEM images cannot be cloned.", ACTION, -1)
    assert one.refusal("image.snapshotflatten", oid, 0) == (
        "IMAGES of type KERNEL, RAMDISK, BACKUP, FILESYSTEM and CONTEXT does not have snapshots.",
        ACTION,
        -1,
    )
    assert one.refusal("image.chtype", oid, "OS") == ("Cannot change type forFILESYSTEM images.", ACTION, -1)


def test_listings_by_owner_group_and_range_newest_first(one):
    store = one.new_datastore()
    one.value("user.allocate", "bob", "bobpass", "", [])
    bob = one.as_user("bob", "bobpass")
    mine = [one.new_image(store, "p%d" % number) for number in range(3)]
    his = bob.new_image(store)
    for arguments, expected in (
        ((-2, -1, -1), [3, 2, 1, 0]),
        ((-3, -1, -1), [2, 1, 0]),
        ((-4, -1, -1), [2, 1, 0]),
        ((-1, -1, -1), [2, 1, 0]),
        ((2, -1, -1), [his]),
        ((-2, 1, -1), [3, 2, 1]),
        ((-2, 1, 2), [2, 1]),
        ((-2, 1, -2), [2, 1]),
    ):
        assert one.ids("imagepool.info", *arguments) == expected, arguments
    assert one.refusal("imagepool.info", -5, -1, -1) == ("Incorrect filter_flag", API, -1)
    assert bob.ids("imagepool.info", -2, -1, -1) == [his]
    one.value("image.chmod", mine[0], -1, -1, -1, -1, -1, -1, 1, -1, -1)
    assert bob.ids("imagepool.info", -2, -1, -1) == [his, mine[0]]
    assert bob.ids("imagepool.info", 0, -1, -1) == [mine[0]]
    assert bob.ids("imagepool.info", -3, -1, -1) == [his]
