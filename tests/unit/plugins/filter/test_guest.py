# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the guest's proof, and the one for people who write their domains themselves."""

import importlib
import re
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.virtshare.storage.plugins.module_utils.guest import exchange
from ansible_collections.virtshare.storage.plugins.module_utils.proof import nonces


def apply(name, value, **arguments):
    """What {{ value | virtshare.storage.NAME(...) }} gives."""
    module = importlib.import_module("ansible_collections.virtshare.storage.plugins.filter." + name)
    return module.FilterModule().filters()[name](value, **arguments)


def test_a_share_becomes_elements():
    made = apply("libvirt_filesystem", {"path": "/srv/shares/projects", "type": "nfs", "read_only": True}, cache="none")
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
        apply("libvirt_filesystem", share, **arguments)


def test_the_guest_reads_and_writes_where_share_probe_does():
    written = {"hv2": {"shares": [{"path": "/srv/a", "nonce": "two", "problem": None}]}}
    made = apply("guest_shares", [{"path": "/srv/a", "type": "nfs"}], host="hv1", hosts=["hv1", "hv2"], written=written,
                 run_id="0123456789")
    (share,) = made["shares"]
    assert share["read"] == "%s/%s" % (nonces.directory_name("0123456789"), nonces.file_name("hv2", "nonce"))
    assert share["write"].endswith("/" + nonces.file_name(exchange.guest_name("hv1"), "nonce"))


def test_the_role_calls_the_guests_as_the_exchange_does():
    """The role makes their names with a filter of Ansible's own."""
    assert exchange.guest_name("hv1") == re.sub("^", "guest on ", "hv1")


def test_problems_and_report_by_their_names():
    assert apply("guest_problems", {}) == []
    assert apply("guest_report", {"daemon": None, "shares": []}, given=[], host="hv1") == []
