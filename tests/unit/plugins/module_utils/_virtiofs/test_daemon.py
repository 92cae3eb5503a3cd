# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtiofsd it is, from what the real ones print, and what that means."""

import os

import pytest
from ansible_collections.virtshare.storage.plugins.module_utils._plan.plan import Refusal
from ansible_collections.virtshare.storage.plugins.module_utils._virtiofs import daemon

# As the packages virtiofsd 1.13.2-1+deb13u1 of Debian 13 and qemu-system-common 1:7.2+dfsg-7+deb12u18+b3 of 12 print it.
RUST = "virtiofsd 1.13.2\n"
C = ("virtiofsd version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\n"
     "Copyright (c) 2003-2022 Fabrice Bellard and the QEMU Project developers\n"
     "using FUSE kernel interface version 7.36\n")


def test_both_implementations_are_told_apart():
    assert daemon.identify(RUST) == ("rust", "1.13.2")
    assert daemon.identify(C) == ("c", "7.2.22")


@pytest.mark.parametrize("text", ["", "bash: no such thing", "virtiofsd: error while loading shared libraries: x.so"])
def test_anything_else_is_refused(text):
    with pytest.raises(Refusal):
        daemon.identify(text)


def test_libvirts_version():
    assert daemon.libvirt_version("virtqemud (libvirt) 11.3.0\n") == "11.3.0"
    assert daemon.libvirt_version("/usr/sbin/libvirtd (libvirt) 9.0.0") == "9.0.0"
    assert daemon.libvirt_version("nonsense") is None


@pytest.mark.parametrize("implementation, version, libvirt, live_migration, read_only, runs_as", [
    ("c", "7.2.22", "9.0.0", False, False, "root"),
    ("rust", "1.10.0", "10.0.0", False, False, "oneadmin"),
    ("rust", "1.11.0", "10.0.0", True, False, "oneadmin"),
    ("rust", "1.13.2", "10.9.0", True, False, "oneadmin"),
    ("rust", "1.13.2", "11.0.0", True, True, "oneadmin"),
    ("rust", "1.13.2", None, True, None, "oneadmin"),
    ("rust", "2.0", "11.3.0", True, True, "oneadmin"),
])
def test_what_it_means(implementation, version, libvirt, live_migration, read_only, runs_as):
    found = daemon.meaning(implementation, version, libvirt)
    assert (found["live_migration"], found["read_only"], found["runs_as"]) == (live_migration, read_only, runs_as)
    assert found["words"]


def program(directory, name, output, mode=0o755):
    path = directory / name
    path.write_text("#!/bin/sh\ncat <<'END'\n%sEND\n" % output)
    os.chmod(str(path), mode)
    return str(path)


def info(paths, libvirt=(), check_mode=False, **more):
    parameters = {"min_version": None, "installing": False, "packages": [], "timeout": 10.0}
    parameters.update(more)
    return daemon.info(parameters, check_mode, paths, libvirt)


def test_the_first_executable_is_taken(tmp_path):
    paths = [str(tmp_path / "missing"), program(tmp_path, "text", RUST, 0o644), program(tmp_path, "first", C),
             program(tmp_path, "second", RUST)]
    found = info(paths, [program(tmp_path, "libvirtd", "libvirtd (libvirt) 9.0.0\n")])
    assert (found["path"], found["implementation"], found["version"]) == (paths[2], "c", "7.2.22")
    assert found["libvirt_version"] == "9.0.0"
    assert found["present"]


def test_none_is_refused_with_the_packages_that_bring_one(tmp_path):
    with pytest.raises(Refusal) as refusal:
        info([str(tmp_path / "a"), str(tmp_path / "b")])
    for word in (str(tmp_path / "a"), str(tmp_path / "b"), "Debian 13", "qemu-system-common", "backports"):
        assert word in str(refusal.value)


def test_a_missing_one_that_is_about_to_come_is_fine_in_check_mode_only(tmp_path):
    assert info([str(tmp_path / "a")], check_mode=True, installing=True)["present"] is False
    for check_mode, expected in ((False, True), (True, False)):
        with pytest.raises(Refusal):
            info([str(tmp_path / "a")], check_mode=check_mode, expected=expected)


@pytest.mark.parametrize("output, wanted, fine", [
    (RUST, "1.13", True), (RUST, "1.13.2", True), (RUST, "1.13.3", False), (RUST, "1.2", True), (RUST, "2", False),
    (C, "1.0", False), (C, None, True),
])
def test_the_oldest_acceptable_version(tmp_path, output, wanted, fine):
    paths = [program(tmp_path, "virtiofsd", output)]
    if fine:
        assert info(paths, min_version=wanted)["present"]
        return
    with pytest.raises(Refusal) as refusal:
        info(paths, min_version=wanted)
    assert wanted in str(refusal.value) and "min_version" in str(refusal.value)


def test_a_program_that_cannot_be_run_is_named(tmp_path):
    path = tmp_path / "virtiofsd"
    path.write_bytes(b"\x7fELF of another machine")
    os.chmod(str(path), 0o755)
    with pytest.raises(Refusal) as refusal:
        info([str(path)])
    assert str(path) in str(refusal.value)


def test_a_program_that_does_not_end_is_stopped(tmp_path):
    path = tmp_path / "virtiofsd"
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    os.chmod(str(path), 0o755)
    with pytest.raises(Refusal) as refusal:
        info([str(path)], timeout=0.3)
    assert "timed out" in str(refusal.value)


def managers(monkeypatch, **answers):
    """Package managers of which only these are there: {name: command -> (code, output)}."""
    asked = []

    def run(command, seconds):
        asked.append(command)
        if command[0] not in answers:
            raise FileNotFoundError(2, "No such file or directory", command[0])
        return answers[command[0]](command)
    monkeypatch.setattr(daemon, "_run", run)
    return asked


# As dpkg-query prints them: installed, held, removed with its configuration left, half installed.
DPKG = "virtiofsd ii \nuidmap hi \nqemu-system-x86 rc \nlibvirt-daemon-driver-qemu iH \n"


def test_what_dpkg_has_not_installed_is_missing(monkeypatch):
    managers(monkeypatch, **{"dpkg-query": lambda command: (1, DPKG + "dpkg-query: no packages found matching x\n")})
    names = ["virtiofsd", "uidmap", "qemu-system-x86", "libvirt-daemon-driver-qemu", "x"]
    assert daemon.missing_packages(names, 10) == names[2:]


def test_what_rpm_has_not_installed_is_missing(monkeypatch):
    managers(monkeypatch, rpm=lambda command: (0 if command[-1] == "virtiofsd" else 1, ""))
    assert daemon.missing_packages(["virtiofsd", "qemu-kvm"], 10) == ["qemu-kvm"]


def test_without_a_package_manager_that_answers_all_are_missing(monkeypatch):
    managers(monkeypatch)
    assert daemon.missing_packages(["virtiofsd"], 10) == ["virtiofsd"]


def test_nobody_is_asked_about_nothing(monkeypatch):
    assert managers(monkeypatch) == [] == daemon.missing_packages([], 10)


def test_while_a_package_is_missing_nothing_is_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(daemon, "missing_packages", lambda names, seconds: list(names))
    found = info([str(tmp_path / "a")], packages=["virtiofsd"])
    assert (found["present"], found["missing_packages"]) == (False, ["virtiofsd"])
    old = program(tmp_path, "old", C)
    assert info([old], packages=["virtiofsd"], min_version="1.11")["present"] is True
    with pytest.raises(Refusal):
        info([old], min_version="1.11")


QEMU = "QEMU emulator version %s (Debian 1:%s+dfsg-1)\nCopyright (c) 2003-2025 Fabrice Bellard\n"


def with_qemu(tmp_path, qemu, libvirt, paths=(), **more):
    parameters = {"min_version": None, "installing": False, "packages": [], "timeout": 10.0,
                  "subordinate_ids": "100000:65536"}
    parameters.update(more)
    return daemon.info(
        parameters, False, paths, [program(tmp_path, "libvirtd", "libvirtd (libvirt) %s\n" % libvirt)],
        [program(tmp_path, "qemu", QEMU % (qemu, qemu))], str(tmp_path))


@pytest.mark.parametrize("qemu, libvirt, words", [
    ("7.2.22", "6.1.0", "libvirt 6.1.0 knows no virtiofs, which came with 6.2: use a newer release"),
    ("4.2.1", "6.2.0", "QEMU 4.2.1 knows no virtiofs, which came with 5.0"),
])
def test_what_knows_no_virtiofs_is_refused_before_anything_is_installed(tmp_path, qemu, libvirt, words, monkeypatch):
    monkeypatch.setattr(daemon, "missing_packages", lambda names, seconds: list(names))
    with pytest.raises(Refusal, match=words):
        with_qemu(tmp_path, qemu, libvirt, packages=["virtiofsd"])


def test_a_qemu_that_lost_its_daemon_is_named_with_the_way_back(tmp_path):
    """As the one of Debian 12's backports."""
    with pytest.raises(Refusal) as refusal:
        with_qemu(tmp_path, "10.0.2", "9.0.0")
    assert "QEMU 10.0.2 is installed here, and since 8.0 QEMU has no virtiofsd of its own" in str(refusal.value)
    assert "qemu-system-x86/bookworm" in str(refusal.value)
    with pytest.raises(Refusal) as refusal:
        with_qemu(tmp_path, "7.2.22", "9.0.0")
    assert "is installed here" not in str(refusal.value)


def test_libvirts_oldest_acceptable_version(tmp_path):
    paths = [program(tmp_path, "virtiofsd", RUST)]
    found = with_qemu(tmp_path, "10.0.13", "11.3.0", paths, min_libvirt_version="11.0")
    assert (found["qemu_version"], found["libvirt_version"]) == ("10.0.13", "11.3.0")
    with pytest.raises(Refusal, match="libvirt is 11.3.0, but at least 12 is wanted"):
        with_qemu(tmp_path, "10.0.13", "11.3.0", paths, min_libvirt_version="12")


def test_only_a_user_that_exists_and_runs_the_rust_daemon_needs_ids(tmp_path, monkeypatch):
    paths = [program(tmp_path, "virtiofsd", RUST)]
    assert with_qemu(tmp_path, "10.0", "11.3", paths, daemon_user="nobody-here")["missing_subordinate_ids"] == []
    assert with_qemu(tmp_path, "10.0", "11.3", paths, daemon_user="root")["missing_subordinate_ids"] == ["subuid", "subgid"]
    monkeypatch.setattr(daemon, "missing_packages", lambda names, seconds: list(names))
    for packages, missing in ((["virtiofsd"], ["subuid", "subgid"]), (["qemu-system-x86"], [])):
        assert with_qemu(tmp_path, "10.0", "11.3", packages=packages, daemon_user="root")["missing_subordinate_ids"] == missing
    (tmp_path / "c").mkdir()
    paths = [program(tmp_path / "c", "virtiofsd", C)]
    assert with_qemu(tmp_path, "7.2", "9.0", paths, daemon_user="root")["missing_subordinate_ids"] == []


@pytest.mark.parametrize("name", ["min_version", "min_libvirt_version"])
def test_a_version_that_became_a_number_is_refused(tmp_path, name):
    """It may have been 1.10, and an older one would be taken for new enough."""
    path = program(tmp_path, "virtiofsd", RUST)
    with pytest.raises(Refusal, match=rf"{name} is the number 1.1, and YAML drops its last zeros.*v1.10"):
        info([path], **{name: 1.1})
    assert info([path], **{name: "v1.10"})["present"]
    assert info([path], **{name: 1})["present"]
