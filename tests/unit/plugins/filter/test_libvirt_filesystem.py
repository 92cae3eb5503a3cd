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


@pytest.mark.parametrize("share, arguments, words", [
    ("/srv/a", {}, "takes a share, a dictionary with a path such as .*, not str"),
    ({"type": "nfs"}, {}, "takes a share"),
    ({"path": "/srv/a"}, {"read_only": True}, "read_only is taken from the share"),
    ({"path": "/srv/a"}, {"tag": "a b"}, "^/srv/a: tag 'a b' is not usable"),
])
def test_what_is_no_share_is_refused(share, arguments, words):
    with pytest.raises(AnsibleFilterError, match=words):
        apply(share, **arguments)
