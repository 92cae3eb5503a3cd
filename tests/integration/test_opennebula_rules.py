# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datastores and clusters of the simulated server: the traps the recorded scenarios do not show, each as its rule."""

import threading

import pytest

from tests.simulators.onesim import start
from tests.support.asker import VIRTIOFS, Asker

ACTION, API, INTERNAL, NO_EXISTS = 2048, 4096, 8192, 1024


@pytest.fixture(name="one")
def administrator():
    with start(directories=["/srv/shares/p1"], image_delay=0.01) as endpoint:
        yield Asker(endpoint)


def test_an_unknown_type_silently_becomes_an_image_datastore_and_the_template_keeps_the_word(one):
    oid = one.value("datastore.allocate", "NAME=x\nTYPE=garbage\nDS_MAD=fs\nTM_MAD=local", -1)
    assert one.datastore(oid).findtext("TYPE") == "0"
    assert one.attributes(oid)["TYPE"] == ["garbage"]


def test_type_in_the_template_is_absent_if_omitted_and_set_by_any_update(one):
    oid = one.value("datastore.allocate", "NAME=x\nDS_MAD=fs\nTM_MAD=local", -1)
    assert "TYPE" not in one.attributes(oid)
    one.value("datastore.update", oid, "NOTE=1", 1)
    assert one.attributes(oid)["TYPE"] == ["IMAGE_DS"]


def test_without_disk_type_another_transfer_driver_makes_a_datastore_of_files(one):
    oid = one.value("datastore.allocate", "NAME=x\nTYPE=IMAGE_DS\nDS_MAD=virtiofs\nTM_MAD=local", -1)
    assert one.datastore(oid).findtext("DISK_TYPE") == "0"
    assert one.attributes(oid)["DISK_TYPE"] == ["FILE"]


def test_the_disk_type_of_fs_lvm_reaches_the_body_with_the_second_update(one):
    oid = one.new_datastore()
    one.value("datastore.update", oid, "TM_MAD=fs_lvm", 1)
    assert one.datastore(oid).findtext("DISK_TYPE") == "10"
    assert one.attributes(oid)["DISK_TYPE"] == ["BLOCK"]
    one.value("datastore.update", oid, "NOTE=1", 1)
    assert one.datastore(oid).findtext("DISK_TYPE") == "2"


def test_a_change_of_the_transfer_driver_leaves_derived_attributes_behind(one):
    oid = one.value("datastore.allocate", "NAME=x\nTYPE=IMAGE_DS\nDS_MAD=fs\nTM_MAD=qcow2", -1)
    one.value("datastore.update", oid, "TM_MAD=local", 1)
    left = one.attributes(oid)
    assert left["TM_MAD_SYSTEM"] == ["ssh"]
    assert left["CLONE_TARGET_SSH"] == left["LN_TARGET_SSH"] == ["SYSTEM"]
    assert left["DISK_TYPE_SSH"] == ["FILE"]
    assert left["DRIVER"] == ["qcow2"]
    one.value("datastore.update", oid, "DRIVER=[]\nTM_MAD_SYSTEM=[]", 1)
    assert not {"DRIVER", "TM_MAD_SYSTEM"} & set(one.attributes(oid))


def test_default_directories_are_set_at_creation_only(one):
    oid = one.value("datastore.allocate", "NAME=x\nDS_MAD=fs\nTM_MAD=local", -1)
    assert one.attributes(oid)["SAFE_DIRS"] == ["/var/tmp"]
    assert one.attributes(oid)["RESTRICTED_DIRS"] == ["/"]
    one.value("datastore.update", oid, "SAFE_DIRS=[]\nRESTRICTED_DIRS=[]", 1)
    assert not {"SAFE_DIRS", "RESTRICTED_DIRS"} & set(one.attributes(oid))
    alone = one.value("datastore.allocate", "NAME=y\nDS_MAD=fs\nTM_MAD=local\nRESTRICTED_DIRS=/etc", -1)
    assert "SAFE_DIRS" not in one.attributes(alone)


def test_base_path_is_dropped_at_creation_and_inert_in_an_update(one):
    oid = one.new_datastore(more="BASE_PATH=/elsewhere")
    assert "BASE_PATH" not in one.attributes(oid)
    one.value("datastore.update", oid, "BASE_PATH=/elsewhere", 1)
    assert one.attributes(oid)["BASE_PATH"] == ["/elsewhere"]
    assert one.datastore(oid).findtext("BASE_PATH") == "/var/lib/one//datastores/%d" % oid


def test_name_state_and_cluster_in_an_update_only_add_inert_attributes(one):
    oid = one.new_datastore()
    one.value("datastore.update", oid, "NAME=other\nSTATE=1\nID=7\nCLUSTER=0", 1)
    body = one.datastore(oid)
    assert (body.findtext("NAME"), body.findtext("STATE"), body.findtext("ID")) == ("vfs", "0", str(oid))
    assert one.attributes(oid)["NAME"] == ["other"]


def test_attribute_names_are_upper_cased_and_repaired(one):
    oid = one.new_datastore(more="lower=1\n9lives=2\nXMLthing=3\n_ok=4")
    names = set(one.attributes(oid))
    assert {"LOWER", "ONE_9LIVES", "ONE_XMLTHING", "_OK"} <= names


def test_keys_of_a_vector_are_upper_cased_in_string_form_and_kept_in_xml_form(one):
    oid = one.new_datastore(more='V = [ key = 1, key = 2, other = "a,b" ]')
    assert one.attributes(oid)["V"] == [{"KEY": "1", "OTHER": "a,b"}]
    one.value("datastore.update", oid, "<T><V><key>1</key><key>2</key></V></T>", 1)
    assert one.attributes(oid)["V"] == [{"key": "2"}]


def test_attributes_of_one_name_stand_side_by_side_until_one_update_replaces_them_all(one):
    oid = one.new_datastore(more="A=1\nA=2\nA=[K=3]")
    assert one.attributes(oid)["A"] == ["1", "2", {"K": "3"}]
    one.value("datastore.update", oid, "A=4", 1)
    assert one.attributes(oid)["A"] == ["4"]


def test_values_are_trimmed_strings(one):
    oid = one.new_datastore(more='A = "  in the middle  "\nLIMIT_MB = abc\nSAFE_DIRS = "/a  /b"')
    kept = one.attributes(oid)
    assert kept["A"] == ["in the middle"]
    assert kept["LIMIT_MB"] == ["abc"]


def test_an_empty_value_is_kept_in_string_form_and_dropped_in_xml_form(one):
    oid = one.new_datastore(more='A = ""\nB =\nC = 1')
    assert one.attributes(oid)["A"] == one.attributes(oid)["B"] == [""]
    one.value("datastore.update", oid, "<T><A/><B></B><C><![CDATA[]]></C></T>", 1)
    kept = one.attributes(oid)
    assert kept["A"] == kept["B"] == kept["C"] == [""]
    one.value("datastore.update", oid, "<T><A><X/></A></T>", 1)
    assert "A" not in one.attributes(oid)


def test_only_an_escaped_quote_is_unescaped_and_a_hash_ends_an_unquoted_value(one):
    oid = one.new_datastore(more='A = "say \\"hi\\" and \\\\n"\nB = one#two\nC = "one#two"\nD = a"b')
    kept = one.attributes(oid)
    assert kept["A"] == ['say "hi" and \\\\n']
    assert kept["B"] == ["one"]
    assert kept["C"] == ["one#two"]
    assert kept["D"] == ['a"b']


def test_a_trailing_backslash_makes_the_value_run_on_to_the_next_quote(one):
    source = VIRTIOFS % "x" + '\nA = "ends with \\"\nB = "x"'
    assert one.refusal("datastore.allocate", source, -1)[0].startswith("Parse error: syntax error, unexpected $end")
    oid = one.new_datastore(more='A = "ends with \\"')
    assert one.attributes(oid)["A"] == ["ends with \\"], "with no quote behind it, the value ends after all"


def test_xml_form_carries_everything_but_the_end_of_cdata(one):
    value = "quotes \"' back\\slash # = [a, b] ü €"
    oid = one.new_datastore()
    one.value("datastore.update", oid, "<T><A><![CDATA[%s]]></A></T>" % value, 1)
    assert one.attributes(oid)["A"] == [value]
    one.value("datastore.update", oid, "<T><A>x]]&gt;y</A></T>", 1)
    assert one.attributes(oid)["A"] == [value], "the server says yes and stores nothing"
    source = "<T><NAME>other</NAME><DS_MAD>fs</DS_MAD><TM_MAD>local</TM_MAD><A>x]]&gt;y</A></T>"
    message = "Error transforming the Datastore to XML."
    assert one.refusal("datastore.allocate", source, -1) == (message, INTERNAL, -1)
    assert one.refusal("datastore.update", oid, 'A = "x]]>y"', 1) == (
        "Cannot update template. Parse error.",
        INTERNAL,
        -1,
    )


def test_a_broken_template_names_the_place_in_bytes(one):
    said = "Parse error: syntax error, unexpected %s at line %d, columns %s"
    for source, expected in {
        "A = 1\nB": said % ("$end, expecting EQUAL or EQUAL_EMPTY", 1, "7:8"),
        "A = 1, B = 2": said % ("COMMA, expecting $end", 0, "6:8"),
        "A = [ B = 1": said % ("$end, expecting COMMA or CBRACKET", 0, "11:12"),
        "A = [ B 1 ]": said % ("VARIABLE, expecting EQUAL", 0, "9:10"),
        "A = [ B = ]": said % ("$end, expecting STRING", 0, "11:12"),
        'A = "ü"\nB C': said % ("VARIABLE, expecting EQUAL or EQUAL_EMPTY", 1, "12:13"),
        "= 1": said % ("EQUAL, expecting $end", 0, "1:3"),
        "A =": said % ("$end, expecting OBRACKET or CCDATA or STRING", 0, "2:4"),
    }.items():
        assert one.refusal("datastore.allocate", source, -1) == (expected, INTERNAL, -1), source


def test_an_unknown_character_between_words_is_skipped_without_a_word(one):
    oid = one.new_datastore(more="(A) = 1 ;\nB == 2")
    assert one.attributes(oid)["A"] == ["1"]
    assert one.attributes(oid)["B"] == ["2"]


def test_driver_names_are_accepted_in_any_case_and_stored_as_typed(one):
    oid = one.value("datastore.allocate", "NAME=x\nDS_MAD=VirtioFS\nTM_MAD=VIRTIOFS", -1)
    body = one.datastore(oid)
    assert (body.findtext("DS_MAD"), body.findtext("TM_MAD")) == ("VirtioFS", "VIRTIOFS")
    assert one.refusal("image.allocate", "NAME=i\nTYPE=FILESYSTEM\nPATH=/srv/shares/p1", oid) == (
        "Cannot parse image SIZE: Datastore driver 'VirtioFS' not available",
        INTERNAL,
        -1,
    )


def test_a_backup_datastore_has_no_transfer_driver(one):
    source = "NAME=b\nTYPE=BACKUP_DS\nDS_MAD=restic\nTM_MAD=local\nRESTIC_PASSWORD=secret"
    oid = one.value("datastore.allocate", source, -1)
    body = one.datastore(oid)
    assert (body.findtext("TYPE"), body.findtext("TM_MAD"), body.findtext("DISK_TYPE")) == ("3", "-", "0")
    one.value("datastore.update", oid, "TYPE=IMAGE_DS", 1)
    assert one.datastore(oid).findtext("TYPE") == "3"
    assert one.attributes(oid)["TYPE"] == ["BACKUP_DS"]


def test_secrets_read_back_as_cipher_text_and_in_clear_for_an_administrator_who_asks(one):
    oid = one.value("datastore.allocate", "NAME=b\nTYPE=BACKUP_DS\nDS_MAD=restic\nRESTIC_PASSWORD=secret", -1)
    (stored,) = one.attributes(oid)["RESTIC_PASSWORD"]
    assert "secret" not in stored
    clear = one.body("datastore.info", oid, True).find("TEMPLATE").findtext("RESTIC_PASSWORD")
    assert clear == "secret"
    one.value("datastore.update", oid, "NOTE=1", 1)
    assert one.attributes(oid)["RESTIC_PASSWORD"] == [stored]
    one.value("user.allocate", "bob", "bobpass", "", [])
    bob = one.as_user("bob", "bobpass")
    assert bob.body("datastore.info", oid, True).find("TEMPLATE").findtext("RESTIC_PASSWORD") == stored


def test_required_attributes_are_checked_on_update_too(one):
    oid = one.value(
        "datastore.allocate", "NAME=c\nDS_MAD=ceph\nTM_MAD=ceph\nDISK_TYPE=RBD\nBRIDGE_LIST=h1", -1
    )
    assert one.refusal("datastore.update", oid, "BRIDGE_LIST=[]", 1) == (
        'Cannot update template. Datastore template is missing the "BRIDGE_LIST" attribute or it\'s empty.',
        INTERNAL,
        -1,
    )
    assert one.attributes(oid)["BRIDGE_LIST"] == ["h1"]


def test_disk_types_a_kind_of_datastore_does_not_take(one):
    for kind, disk, message in (
        ("IMAGE_DS\nDS_MAD=fs", "CDROM", "Invalid DISK_TYPE for an Image Datastore."),
        ("SYSTEM_DS", "ISCSI", "Invalid DISK_TYPE for a System Datastore."),
        ("SYSTEM_DS", "NOPE", "Unknown DISK_TYPE in template."),
    ):
        source = "NAME=x\nTM_MAD=local\nTYPE=%s\nDISK_TYPE=%s" % (kind, disk)
        assert one.refusal("datastore.allocate", source, -1) == (message, INTERNAL, -1)
    oid = one.value("datastore.allocate", "NAME=f\nTYPE=FILE_DS\nDS_MAD=fs\nTM_MAD=local\nDISK_TYPE=BLOCK", -1)
    assert one.datastore(oid).findtext("DISK_TYPE") == "0"
    assert "DISK_TYPE" not in one.attributes(oid)


def test_types_and_drivers_change_with_images_inside_but_lvm_and_nfs_options_do_not(one):
    oid = one.new_datastore()
    one.settled_image(one.new_image(oid))
    message = "Cannot update template. Cannot update option NFS_AUTO_HOST in a datastore with existing images"
    assert one.refusal("datastore.update", oid, "NFS_AUTO_HOST=nas1", 1) == (message, INTERNAL, -1)
    one.value("datastore.update", oid, "TYPE=FILE_DS\nDS_MAD=fs\nTM_MAD=local", 1)
    assert one.datastore(oid).findtext("TYPE") == "2"


def test_the_system_datastore_stays_one(one):
    one.value("datastore.update", 0, "TYPE=IMAGE_DS", 1)
    assert one.datastore(0).findtext("TYPE") == "1"
    oid = one.value("datastore.allocate", "NAME=s\nTYPE=SYSTEM_DS\nTM_MAD=local", -1)
    message = 'Cannot update template. DS_MAD named "-" is not defined in oned.conf'
    assert one.refusal("datastore.update", oid, "TYPE=IMAGE_DS", 1) == (message, INTERNAL, -1)


def test_datastores_zero_to_two_can_be_deleted(one):
    for oid in (0, 1, 2):
        assert one.value("datastore.delete", oid) == oid
    assert one.ids("datastorepool.info") == []
    assert one.body("cluster.info", 0).find("DATASTORES").findall("ID") == []


def test_names_are_case_sensitive_numbers_are_names_and_length_counts_bytes(one):
    for name in ("vfs", "VFS", "12", "ü" * 64):
        one.value("datastore.allocate", VIRTIOFS % ('"%s"' % name), -1)
    assert one.refusal("datastore.allocate", VIRTIOFS % ('"%s"' % ("ü" * 65)), -1)[0] == (
        "Invalid NAME, max length is 128 chars"
    )
    assert one.refusal("datastore.rename", 100, "VFS")[1] == ACTION
    assert one.refusal("datastore.rename", 100, "") == ("Invalid NAME, it cannot be empty", ACTION, -1)


def test_a_name_is_trimmed_at_creation_but_not_by_rename(one):
    oid = one.value("datastore.allocate", VIRTIOFS % '"  vfs  "', -1)
    assert one.datastore(oid).findtext("NAME") == "vfs"
    one.value("datastore.rename", oid, " vfs ")
    assert one.datastore(oid).findtext("NAME") == " vfs "


def test_a_renamed_datastore_is_renamed_in_its_images(one):
    oid = one.new_datastore()
    image = one.new_image(oid)
    one.value("datastore.rename", oid, "projects")
    assert one.body("image.info", image).findtext("DATASTORE") == "projects"


def test_creations_at_once_can_end_in_two_of_one_name():
    with start(race_window=0.2) as endpoint:
        source = VIRTIOFS % "twin"
        threads = [
            threading.Thread(target=Asker(endpoint).ask, args=("datastore.allocate", source, -1)) for dummy in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        listed = Asker(endpoint).body("datastorepool.info")
        assert [child.findtext("NAME") for child in listed].count("twin") > 1


def test_an_update_is_a_replacement_unless_told_otherwise(one):
    oid = one.new_datastore(more="NOTE=1")
    one.value("datastore.update", oid, "OTHER=2")
    assert "NOTE" not in one.attributes(oid)
    assert one.refusal("datastore.update", oid, "A=1", 2) == ("Wrong update type", API, -1)


def test_clusters_that_hold_datastores_and_system_clusters_stay(one):
    west = one.value("cluster.allocate", "west")
    oid = one.new_datastore(cluster=west)
    assert one.refusal("cluster.delete", west) == (
        "Cannot delete cluster. Cluster %d is not empty, it contains 1 datastores." % west,
        ACTION,
        -1,
    )
    assert one.refusal("cluster.delete", 0) == (
        "Cannot delete cluster. System Clusters (ID < 100) cannot be deleted.",
        ACTION,
        -1,
    )
    one.value("datastore.delete", oid)
    one.value("cluster.delete", west)
    assert one.refusal("cluster.info", west) == ("Error getting cluster [%d]." % west, NO_EXISTS, west)


def test_cluster_names_collide_as_others_do_but_with_another_code(one):
    one.value("cluster.allocate", "west")
    assert one.refusal("cluster.allocate", "west") == (
        "Error allocating a new cluster. NAME is already taken by CLUSTER 100.",
        16384,
        -1,
    )
    assert one.refusal("cluster.adddatastore", 100, 555) == ("Error getting datastore [555].", NO_EXISTS, 555)


def test_minus_one_is_a_pool(one):
    assert one.refusal("datastore.info", -1) == ("Error getting datastore Pool.", NO_EXISTS, -1)
    assert one.refusal("datastore.delete", -2) == ("Error getting datastore [-2].", NO_EXISTS, -2)
