# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elements of a domain, and the domain of the guest."""

from xml.etree import ElementTree

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import domain, elements

# As OpenNebula 7.2 and newer generate it.
OPENNEBULA = """\
<filesystem type='mount' accessmode='passthrough'>
  <driver type='virtiofs' queue="1024"/>
  <binary path="/var/tmp/one/vmm/kvm/virtiofsd.sh" xattr='on'>
    <cache mode='always'/>
    <sandbox mode='namespace'/>
  </binary>
  <source dir="/srv/shares/projects"/>
  <target dir="projects"/>
  <idmap>
    <uid start='0' target='100000' count='65536'/>
    <gid start='0' target='100000' count='65536'/>
  </idmap>
</filesystem>
"""


def test_the_platforms_element():
    assert elements.filesystem("/srv/shares/projects", "projects", binary="/var/tmp/one/vmm/kvm/virtiofsd.sh",
                               idmap=elements.OPENNEBULA_IDMAP) == OPENNEBULA


def test_libvirts_own_daemon_has_no_path_and_no_idmap():
    element = ElementTree.fromstring(elements.filesystem("/srv/a", "a", xattr=False, cache="none", read_only=True))
    assert element.find("binary").attrib == {"xattr": "off"}
    assert element.find("idmap") is None
    assert element.find("readonly") is not None
    assert element.find("binary/cache").attrib == {"mode": "none"}


@pytest.mark.parametrize("text", ["a'b", 'a"b', "a<b>", "a&b", "a&amp;b", "größe"])
def test_no_name_breaks_out_of_its_attribute(text):
    element = ElementTree.fromstring(elements.filesystem("/srv/%s dir" % text, text, binary="/opt/%s" % text))
    assert element.find("source").attrib == {"dir": "/srv/%s dir" % text}
    assert element.find("target").attrib == {"dir": text}
    assert element.find("binary").get("path") == "/opt/%s" % text


@pytest.mark.parametrize("path, tag, settings, words", [
    ("srv/a", "a", {}, "absolute path of a directory"),
    ("/srv/a", "", {}, "1 to 36 bytes"),
    ("/srv/a", "ä" * 19, {}, "1 to 36 bytes"),
    ("/srv/a", "two words", {}, "without blanks"),
    ("/srv/a", "a", {"cache": "auto"}, "write one of always, none"),
    ("/srv/a", "a", {"sandbox": "none"}, "write one of namespace, chroot"),
    ("/srv/a", "a", {"queue": 1000}, "power of two up to 1024"),
    ("/srv/a", "a", {"queue": 2048}, "power of two up to 1024"),
    ("/srv/a", "a", {"queue": "1024"}, "power of two up to 1024"),
    ("/srv/a", "a", {"binary": "virtiofsd"}, "absolute path"),
    ("/srv/a", "a", {"idmap": "0:100000"}, "GUEST:HOST:COUNT"),
    ("/srv/a", "a", {"idmap": "0:100000:0"}, "GUEST:HOST:COUNT"),
    ("/srv/a", "a", {"idmap": "0:4294967295:2"}, "GUEST:HOST:COUNT"),
    ("/srv/a", "a", {"size": 1}, "size is not a setting"),
])
def test_refusals(path, tag, settings, words):
    with pytest.raises(Refusal, match=words):
        elements.filesystem(path, tag, **settings)


def test_the_guest_as_a_domain():
    text = domain.xml("virtshare-proof.x", "x86_64", False, 256, "/k & e/kernel", "/d/initrd", "/d/console",
                      [elements.filesystem("/srv/a", "a"), elements.filesystem("/srv/b", "b")])
    root = ElementTree.fromstring(text)
    assert root.get("type") == "qemu"
    assert root.findtext("os/kernel") == "/k & e/kernel"
    assert root.findtext("os/cmdline").startswith("console=ttyS0 panic=-1 ")
    assert [entry.find("target").get("dir") for entry in root.findall("devices/filesystem")] == ["a", "b"]
    assert root.find("memoryBacking/access").get("mode") == "shared"
    assert {root.findtext("on_" + event) for event in ("poweroff", "reboot", "crash")} == {"destroy"}


def test_kvm_and_another_machine():
    root = ElementTree.fromstring(domain.xml("x", "aarch64", True, 512, "/k", "/i", "/c", []))
    assert (root.get("type"), root.find("os/type").get("machine")) == ("kvm", "virt")
    assert "console=ttyAMA0" in root.findtext("os/cmdline")
    with pytest.raises(Refusal, match="known for aarch64 and x86_64 only, and this host is s390x"):
        domain.xml("x", "s390x", True, 512, "/k", "/i", "/c", [])


def test_groups_may_be_mapped_to_other_numbers():
    text = elements.filesystem("/srv/a", "a", idmap="0:100000:65536", gid_idmap="0:300000:65536")
    assert "<uid start='0' target='100000' count='65536'/>" in text
    assert "<gid start='0' target='300000' count='65536'/>" in text
    with pytest.raises(Refusal, match="stands without idmap"):
        elements.filesystem("/srv/a", "a", gid_idmap="0:300000:65536")
