# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the guest's proof, and the one for people who write their domains themselves."""

import importlib
import os
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo
from ansible_collections.virtshare.storage.plugins.module_utils._proof import probe
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import exchange

from tests.support.playbook import ROOT


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


def test_the_guest_reads_and_writes_where_share_proof_does(tmp_path, monkeypatch):
    monkeypatch.setattr(probe.identity, "read", lambda path, mount: {})
    mount = mountinfo.find(mountinfo.parse("50 20 0:50 / %s rw - nfs4 nas1:/a rw" % tmp_path), str(tmp_path))
    monkeypatch.setattr(probe.live.Bounded, "visible", lambda self, path: (mount, [mount]))
    monkeypatch.setattr(probe.live, "enter", lambda path, mount: os.open(path, os.O_RDONLY))
    hosts, share = ["hv1", "hv2"], {"path": str(tmp_path), "type": "nfs", "source": None, "read_only": False, "writers": []}

    def phase(name, host, hosts):
        return probe.run({"phase": name, "run_id": "0123456789", "host": host, "hosts": hosts, "shares": [share],
                          "timeout": 5}, False)
    written = {"hv2": phase("write", "hv2", hosts)}
    made = apply("guest_shares", [share], host="hv1", hosts=hosts, written=written, run_id="0123456789")
    (given,) = made["shares"]
    assert (tmp_path / given["read"]).read_text() == given["expected"]
    (tmp_path / given["write"]).write_text("answer")
    guest = made["guest"]
    (found,) = phase("read", "hv2", ["hv2", guest])["shares"]
    assert found["sees"][guest] == "answer"


def test_the_name_of_a_guest_is_known_in_one_place():
    role = (ROOT / "roles/guest_proof/tasks/main.yml").read_text(encoding="utf-8")
    assert exchange.guest_name("").strip() not in role and "['__guest_proof_given', 'guest']" in role


def test_problems_and_report_by_their_names():
    assert apply("guest_problems", {}) == []
    assert apply("guest_report", {"daemon": None, "shares": []}, given=[], host="hv1") == []
