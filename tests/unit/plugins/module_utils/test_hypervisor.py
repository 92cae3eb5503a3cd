# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one look at a hypervisor returns: what is missing, and when there is nothing to do."""


import pytest
from ansible_collections.virtshare.storage.plugins.module_utils import _hypervisor
from ansible_collections.virtshare.storage.plugins.module_utils._host import mountinfo, programs
from ansible_collections.virtshare.storage.plugins.module_utils._ocfs2 import report
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._share import live
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import daemon

from tests.support.modules import run_module

ACCOUNT = {"uid": 9869, "gid": 9869, "groups": [9869]}
KNOWN = {"users": {"oneadmin": ACCOUNT, "libvirt-qemu": ACCOUNT}, "groups": {"kvm": 993},
         "names": {"993": "kvm", "9869": "oneadmin"}}
DAEMON = {"implementation": "rust", "reachable": True, "missing_subordinate_ids": [], "missing_packages": [],
          "warnings": []}
PROGRAMS = {"virtiofsd": programs.VIRTIOFSD, "QEMU": daemon.QEMU_PATHS, "newuidmap": _hypervisor.NEWUIDMAP,
            "libvirt": _hypervisor.LIBVIRT_DRIVERS}


@pytest.fixture
def host(monkeypatch):
    """A function that looks at a host that has everything, but for what its arguments say."""
    def look(without=(), known=None, virtiofs=(), refuses=False, **params):
        def info(given, check_mode):
            look.asked = given
            if refuses:
                raise Refusal("too old")
            return dict(DAEMON, **dict(virtiofs))

        def ask(users, groups, patience):
            found = known or KNOWN
            return {"users": {name: found["users"][name] for name in users if name in found["users"]},
                    "groups": {name: found["groups"][name] for name in groups if name in found["groups"]},
                    "names": found["names"]}

        gone = [PROGRAMS[name] for name in without]
        monkeypatch.setattr(daemon, "info", info)
        monkeypatch.setattr(daemon, "find", lambda paths: None if paths in gone else paths[0])
        monkeypatch.setattr(_hypervisor.glob, "glob",
                            lambda pattern: [] if _hypervisor.LIBVIRT_DRIVERS in gone else [pattern])
        monkeypatch.setattr(_hypervisor.accounts, "ask", ask)
        asked = {"host": "hv1", "users": ["oneadmin"], "groups": ["kvm"], "paths": ["/"], "directories": [],
                 "virtiofsd": {"packages": []}, "ocfs2": None, "timeout": 5.0}
        outcome = _hypervisor.work(dict(asked, **params), False)
        return dict(outcome.returned(), warnings=outcome.warnings)
    return look


def test_a_host_that_has_everything_is_ready(host):
    found = host()
    assert (found["ready"], found["missing"], found["changed"]) == (True, [], False)
    # The user of libvirt's guests is looked for, but nobody asked for it.
    assert set(found["accounts"]["users"]) == {"oneadmin"} and set(found["accounts"]["groups"]) == {"kvm"}
    assert found["mounts"][0]["fstype"]


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_missing_program_is_named(host, name):
    found = host(without=[name])
    assert (found["ready"], found["missing"]) == (False, [name])


def test_the_c_daemon_needs_no_newuidmap(host):
    assert host(without=["newuidmap"], virtiofs={"implementation": "c"})["ready"]


@pytest.mark.parametrize("users, groups, missing", [
    (["oneadmin", "nobody-knows-her"], ["kvm"], ["nobody-knows-her"]),
    (["oneadmin"], ["kvm", "backup"], ["backup"]),
    (["strange"], ["strange"], ["strange"]),
])
def test_missing_accounts_are_named(host, users, groups, missing):
    found = host(users=users, groups=groups)
    assert (found["ready"], found["missing"]) == (False, missing)


def test_the_daemon_is_asked_for_as_virtiofsd_info_does(host):
    asked = {"min_version": "1.11", "min_libvirt_version": None, "daemon_user": "oneadmin", "subordinate_ids": "1:2", "packages": ["ovmf"]}
    assert host(virtiofsd=asked)["ready"]
    assert host.asked == dict(asked, timeout=5.0, installing=False)
    assert set(host.asked) == set(daemon.ARGUMENT_SPEC)


def test_without_a_word_about_the_daemon_it_is_looked_at_as_by_default():
    result = run_module("hypervisor_info", {"host": "hv1"})
    assert not result.get("failed") and result["invocation"]["module_args"]["virtiofsd"] == {
        "min_version": None, "min_libvirt_version": None, "daemon_user": None, "subordinate_ids": "100000:65536", "packages": []}


def test_one_user_of_libvirts_guests_is_enough(host):
    assert host(known=dict(KNOWN, users={"oneadmin": ACCOUNT, "qemu": ACCOUNT}))["ready"]
    found = host(known=dict(KNOWN, users={"oneadmin": ACCOUNT}), users=["oneadmin", "libvirt-qemu"])
    assert (found["ready"], found["missing"]) == (False, ["libvirt-qemu"])


@pytest.mark.parametrize("daemon", [
    {"reachable": False}, {"reachable": None}, {"missing_subordinate_ids": ["subuid"]}, {"missing_packages": ["ovmf"]},
], ids=str)
def test_what_the_daemon_lacks_keeps_the_host_from_being_ready(host, daemon):
    found = host(virtiofs=daemon)
    assert not found["ready"]
    assert found["missing"] == daemon.get("missing_packages", [])


def test_what_virtiofsd_info_refuses_is_no_failure_of_the_look(host):
    found = host(refuses=True)
    assert (found["ready"], found["virtiofsd"], found["missing"], found["warnings"]) == (False, None, [], [])


def test_warnings_about_the_daemon_are_passed_on_once(host):
    found = host(virtiofs={"warnings": ["shared ids"]})
    assert found["warnings"] == ["shared ids"] and "warnings" not in found["virtiofsd"]


@pytest.mark.parametrize("asked, read", [
    (None, None), ({"sources": [], "devices": []}, None),
    ({"sources": ["LABEL=vmstore"], "devices": []}, {"host": "hv1", "sources": ["LABEL=vmstore"], "devices": []}),
])
def test_ocfs2_is_read_where_it_is_used(host, monkeypatch, asked, read):
    monkeypatch.setattr(report, "read", lambda params: dict(params, warnings=["bare"]))
    found = host(ocfs2=asked)
    assert (found["ocfs2"], found["warnings"]) == (read, ["bare"] if read else [])
    assert found["ready"]


def test_what_ocfs2_cluster_info_refuses_is_no_failure_of_the_look(host, monkeypatch):
    def refuse(params):
        raise Refusal("no address")
    monkeypatch.setattr(report, "read", refuse)
    assert host(ocfs2={"sources": ["LABEL=vmstore"], "devices": []})["ocfs2"] is None


def test_a_path_without_a_mount_has_no_source():
    entries = mountinfo.parse("29 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                              "40 29 0:50 / /srv/shares/a rw - nfs4 nas1:/export/a rw\n")
    assert _hypervisor.mounts(["/srv/shares/a", "/srv/shares/b"], entries) == [
        {"path": "/srv/shares/a", "source": "nas1:/export/a", "fstype": "nfs4"},
        {"path": "/srv/shares/b", "source": None, "fstype": None}]


def test_a_directory_is_told_from_files_links_and_what_is_not_there(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("there")
    paths = [str(tmp_path / name) for name in ("there", "file", "link", "gone", "gone/deeper")]
    entries = mountinfo.parse("29 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 29 8:2 / %s rw - ext4 /dev/sdb rw\n" % tmp_path)
    found = _hypervisor.directories(paths, entries, live.Bounded(5, "hv1"))
    assert [entry["is_directory"] for entry in found] == [True, False, False, False, False]
    assert [entry["parent_mount_point"] for entry in found] == [str(tmp_path)] * 5
    assert _hypervisor.directories(["/bricks/"], entries, live.Bounded(5, "hv1")) == [
        {"path": "/bricks/", "is_directory": False, "parent_mount_point": "/"}]
    assert _hypervisor.directories([str(tmp_path)], [], live.Bounded(5, "hv1"))[0]["parent_mount_point"] is None
