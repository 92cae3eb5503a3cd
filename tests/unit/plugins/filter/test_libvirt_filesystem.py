# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter for people who write their domains themselves."""

from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtshare.storage.plugins.filter.libvirt_filesystem import FilterModule


def apply(value, **arguments):
    """What {{ value | virtshare.storage.libvirt_filesystem(...) }} gives."""
    return FilterModule().filters()["libvirt_filesystem"](value, **arguments)


def test_a_share_becomes_elements():
    made = apply({"path": "/srv/shares/projects", "type": "nfs", "read_only": True}, cache="none")
    element = ElementTree.fromstring(made["filesystem"])
    assert element.find("source").get("dir") == "/srv/shares/projects"
    assert element.find("target").get("dir") == "projects"
    assert element.find("readonly") is not None and element.find("binary").get("path") is None
    assert ElementTree.fromstring(made["memory_backing"]).find("source").get("type") == "memfd"


@pytest.mark.parametrize("written, read_only", [
    (True, True), ("yes", True), ("true", True), (1, True), (False, False), ("false", False), ("no", False), ("off", False),
    (0, False), ("0", False), (None, False),
])
def test_a_truth_value_in_quotes_is_read_as_in_the_declaration(written, read_only):
    element = ElementTree.fromstring(apply({"path": "/srv/a", "read_only": written}, xattr=written)["filesystem"])
    assert (element.find("readonly") is not None) == read_only
    assert element.find("binary").get("xattr") == ("on" if read_only or written is None else "off")


@pytest.mark.parametrize("share, arguments, words", [
    ({"path": "/srv/a", "read_only": "maybe"}, {}, "^/srv/a: read_only is 'maybe'. Write true or false."),
    ({"path": "/srv/a"}, {"xattr": "perhaps"}, "^/srv/a: xattr is 'perhaps'. Write true or false."),
    ("/srv/a", {}, "takes a share, a dictionary with a path such as .*, not str"),
    ({"type": "nfs"}, {}, "takes a share"),
    ({"path": "/srv/a"}, {"read_only": True}, "read_only is taken from the share"),
    ({"path": "/srv/a"}, {"mount_tag": "a b"}, "^/srv/a: tag 'a b' is not usable"),
])
def test_what_is_no_share_is_refused(share, arguments, words):
    with pytest.raises(AnsibleFilterError, match=words):
        apply(share, **arguments)
