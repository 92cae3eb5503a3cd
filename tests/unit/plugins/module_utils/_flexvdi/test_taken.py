# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one volume of flexVDI has, no other gets."""

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._flexvdi.taken import problems


def ocfs2(name, disk="3500", storage="West"):
    return {"target": "%s/%s" % (storage, name), "image_storage": storage, "kind": "ocfs2", "hosts": None, "disk": disk}


def gluster(name, *paths, storage="West", hosts=("hv1", "hv2")):
    return {"target": "%s/%s" % (storage, name), "image_storage": storage, "kind": "gluster", "brick_paths": list(paths),
            "hosts": None if hosts is None else list(hosts)}


def test_a_disk_is_declared_for_one_volume():
    assert problems([ocfs2("a"), ocfs2("b", "3501"), ocfs2("c", None), ocfs2("d", None)], []) == []
    found, = problems([ocfs2("a"), ocfs2("b", "3501"), ocfs2("c", storage="East"), ocfs2("d")], [])
    assert found.startswith("The disk 3500 is declared for the OCFS2 volumes West/a and East/c and West/d, and creating each")


def test_a_disk_with_a_volume_is_not_formatted():
    found, = problems([ocfs2("a")], [ocfs2("old", storage="East"), ocfs2("other", "3501"), gluster("g")])
    assert "declared for West/a, and the OCFS2 volume East/old is on it: creating another formats it" in found


@pytest.mark.parametrize("one, other", [
    (["/b/x"], ["/b/x"]), (["/b/y", "/b/x"], ["/b/x", "/b/z"]), (["/b/x/y"], ["/b/x"]), (["/b/x"], ["/b/x/y"]),
    (["/b/x"], ["/b/x/"])])
def test_a_brick_is_in_one_volume(one, other):
    for hosts in (["hv1", "hv2"], None):
        for found in (problems([gluster("a", *other, hosts=hosts), gluster("b", *one, hosts=hosts)], []),
                      problems([gluster("b", *one, hosts=hosts)], [gluster("a", *other, hosts=hosts)])):
            assert len(found) == 1 and "The Gluster volume West/b cannot have the brick path /b/" in found[0]
            assert "the Gluster volume West/a " in found[0]
            assert ("on hv1, hv2, and" if hosts else "on the same hosts, and") in found[0]


def test_a_brick_of_the_same_path_on_other_hosts_is_another():
    other = gluster("a", "/b/x", storage="East", hosts=["hv3", "hv4"])
    assert problems([gluster("b", "/b/x"), other], []) == problems([gluster("b", "/b/x")], [other]) == []
    assert problems([gluster("b", "/b/x"), dict(other, hosts=None)], []) == []
    found, = problems([gluster("b", "/b/x")], [dict(other, hosts=["hv3", "hv2"])])
    assert "the Gluster volume East/a has it on hv2, and" in found


def test_bricks_that_are_not_shown_or_beside_each_other_say_nothing():
    assert problems([gluster("b", "/b/x")], [dict(gluster("a"), brick_paths=None)]) == []
    assert problems([gluster("b", "/b/x"), gluster("a", "/b/xy", "/b/y")], []) == []
