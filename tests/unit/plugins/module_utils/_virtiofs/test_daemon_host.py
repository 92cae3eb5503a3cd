# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else of a host a virtiofsd needs."""

import json
import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import daemon_host

# As Debian 13's package virtiofsd has it.
ENTRY = {"description": "virtiofsd vhost-user-fs", "type": "fs", "binary": "/usr/libexec/virtiofsd",
         "features": ["migrate-precopy", "separate-options"]}


def put(root, path, text, mode=0o644):
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    os.chmod(str(target), mode)


@pytest.mark.parametrize("text, version", [
    ("QEMU emulator version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)\nCopyright", "10.0.13"),
    ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)", "7.2.22"), ("nonsense", None)])
def test_qemus_version(text, version):
    assert daemon_host.qemu_version(text) == version


def test_a_packages_entry_makes_the_daemon_reachable(tmp_path):
    assert not daemon_host.reachable(str(tmp_path))
    put(tmp_path, "usr/share/qemu/vhost-user/50-virtiofsd.json", json.dumps(ENTRY))
    assert not daemon_host.reachable(str(tmp_path)), "the daemon itself is missing"
    put(tmp_path, "usr/libexec/virtiofsd", "", 0o755)
    assert daemon_host.reachable(str(tmp_path))


def test_an_entry_of_the_administrator_hides_its_namesake(tmp_path):
    put(tmp_path, "usr/libexec/virtiofsd", "", 0o755)
    put(tmp_path, "usr/share/qemu/vhost-user/50-virtiofsd.json", json.dumps(ENTRY))
    put(tmp_path, "etc/qemu/vhost-user/50-virtiofsd.json", "")
    assert not daemon_host.reachable(str(tmp_path))
    put(tmp_path, "etc/qemu/vhost-user/60-other.json", json.dumps(dict(ENTRY, type="gpu")))
    assert not daemon_host.reachable(str(tmp_path))


def test_ranges_are_read_and_nonsense_is_passed_over():
    assert daemon_host.ranges("# ids\noneadmin:100000:65536\n9869:1:2\nbroken:x:1\n\n") == [
        ("oneadmin", 100000, 65536), ("9869", 1, 2)]


@pytest.mark.parametrize("known, fine", [
    ([("oneadmin", 100000, 65536)], True), ([("9869", 1, 1000000)], True), ([("oneadmin", 100000, 65535)], False),
    ([("oneadmin", 100001, 65536)], False), ([("other", 100000, 65536)], False), ([], False)])
def test_a_range_must_hold_all_ids(known, fine):
    assert daemon_host.has(known, {"oneadmin", "9869"}, 100000, 65536) is fine


def test_others_that_have_some_of_the_ids_are_named(tmp_path):
    put(tmp_path, "etc/subuid", "alice:100000:65536\nroot:100000:65536\nbob:165536:65536\n")
    put(tmp_path, "etc/subgid", "root:100000:65536\n")
    found = daemon_host.subordinate("root", "100000:65536", str(tmp_path))
    assert found["missing"] == []
    (warning,) = found["warnings"]
    assert warning.startswith("/etc/subuid gives ids of 100000:65536, which guests of root become on this host, to alice "
                              "as well")


@pytest.mark.parametrize("text", ["100000", "100000:0", "a:b", "1:2:3", ""])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(Refusal, match="FIRST:COUNT"):
        daemon_host.wanted(text)
