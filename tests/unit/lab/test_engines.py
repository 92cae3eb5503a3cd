# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of an engine, and what the QEMU engine does without starting one."""

import json
import os
import platform
import shutil
import socket
import stat
import subprocess
import threading

import pytest

from tests.lab import cache
from tests.lab.engines import choice, qemu, qemu_kernel, qemu_machine, uml
from tests.lab.engines.qmp import Qmp
from tests.lab.errors import LabError


@pytest.fixture
def somebody(monkeypatch):
    """A person who is not root and has no sudo."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda program: None)


@pytest.fixture
def amd64(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


# ---- the choice


def test_user_mode_linux_where_nothing_speaks_against_it(amd64, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert choice.choose("auto", "").name == "uml"


def test_sudo_will_do(amd64, somebody, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: "/usr/bin/sudo")
    assert choice.choose("auto", "").name == "uml"


def test_qemu_without_root(amd64, somebody):
    assert choice.choose("auto", "").name == "qemu"


def test_qemu_for_a_stock_kernel(amd64):
    assert choice.choose("auto", "stock-kernel").name == "qemu"


@pytest.mark.parametrize(("flags", "engine"), [("fpu sse avx512f", "uml-stable"), ("fpu amx_bf16 amx_tile", "qemu")])
def test_ocfs2_between_hosts_under_user_mode_linux_where_the_processor_allows_it(amd64, monkeypatch, flags, engine):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(uml, "processor_flags", lambda: set(flags.split()))
    assert choice.choose("auto", "cluster-kernel").name == engine


def test_ocfs2_between_hosts_without_root(amd64, somebody):
    assert choice.choose("auto", "cluster-kernel").name == "qemu"


@pytest.mark.parametrize("name", choice.ENGINES)
def test_an_engine_by_its_name(amd64, name):
    engine = choice.choose(name, "")
    assert (engine.name, choice.engine_class(name)) == (name, engine)


@pytest.mark.parametrize(("name", "needs", "message"), [
    ("uml", "stock-kernel", "write --engine qemu, or leave the choice to auto"),
    ("auto", "gpu", "write one of cluster-kernel, stock-kernel"),
    ("xen", "", "write one of uml, uml-stable, qemu"),
])
def test_a_choice_that_cannot_be(amd64, name, needs, message):
    with pytest.raises(LabError, match=message):
        choice.choose(name, needs)


def test_a_machine_that_is_not_amd64(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(LabError, match="this machine is aarch64"):
        choice.choose("auto", "")


# ---- the small initial file system


def unpacked(archive):
    """{name: (mode, content)} of a cpio archive in format newc."""
    found, at = {}, 0
    while True:
        assert archive[at:at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * number:at + 14 + 8 * number], 16) for number in range(13)]
        name = archive[at + 110:at + 110 + fields[11] - 1].decode()
        at = (at + 110 + fields[11] + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found[name] = (fields[1], archive[at:at + fields[6]])
        at = (at + fields[6] + 3) & ~3


@pytest.fixture
def modules(tmp_path):
    """A directory of modules such as the kernel's: ext4 needs two others, of which one needs a third."""
    (tmp_path / "modules.dep").write_text(
        "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko\n"
        "kernel/drivers/block/virtio_blk.ko:\n"
        "kernel/fs/jbd2/jbd2.ko: kernel/lib/crc16.ko\n"
        "kernel/lib/crc16.ko:\n"
        "kernel/drivers/net/virtio_net.ko:\n")
    for line in (tmp_path / "modules.dep").read_text().splitlines():
        path = tmp_path / line.partition(":")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    return tmp_path


def test_modules_come_after_what_they_need_and_once(modules):
    assert [path.name for path in qemu_kernel.needed_modules(modules)] == [
        "virtio_blk.ko", "crc16.ko", "jbd2.ko", "ext4.ko"]


def test_initial_file_system(modules):
    files = unpacked(qemu_kernel.initial_file_system(b"\x7fELF", qemu_kernel.needed_modules(modules)))
    assert files["busybox"] == (stat.S_IFREG | 0o755, b"\x7fELF")
    assert files["init"][1].startswith(b"#!/busybox sh\n")
    assert stat.S_ISDIR(files["root"][0])
    # insmod takes them in the order of their names.
    assert sorted(name for name in files if name.startswith("modules/")) == [
        "modules/00-virtio_blk.ko", "modules/01-crc16.ko", "modules/02-jbd2.ko", "modules/03-ext4.ko"]


# ---- a host's machine


@pytest.fixture
def host(tmp_path):
    return {"name": "hv1", "flavour": "hypervisor", "image": str(tmp_path / "image"), "memory": qemu_machine.MEMORY,
            "number": 1, "mac": "02:00:00:00:00:01", "address": "10.213.7.11", "machine_id": "0" * 32,
            "disks": [{"name": "shared0", "shared": True}]}


@pytest.fixture
def engine(tmp_path, host, monkeypatch):
    monkeypatch.setattr(qemu_machine, "version", lambda: "QEMU 7")
    image = tmp_path / "image"
    image.mkdir()
    (image / "hypervisor.state").write_text("")
    cache.write_json(image / "image.json", {"kvm": False, "qemu": "QEMU 7", "memory": qemu_machine.MEMORY})
    return qemu.Qemu(tmp_path, {"name": "demo", "network": 7, "hosts": [host]})


def test_a_host_as_it_was_kept_is_resumed(engine, host):
    assert engine.resumable(host)


def test_another_memory_or_another_qemu_is_not(engine, host, monkeypatch):
    assert not engine.resumable({**host, "memory": 1024})
    assert not engine.resumable({**host, "flavour": "storage"})
    monkeypatch.setattr(qemu_machine, "version", lambda: "QEMU 8")
    assert not engine.resumable(host)


def test_a_resumed_host_gets_its_devices_later(engine, host):
    resumed, booted = engine.command(host, True), engine.command(host, False)
    assert "-incoming" in resumed
    assert "-incoming" not in booted
    devices = [json.loads(word) for word in booted if word.startswith("{")]
    assert [device["id"] for device in devices] == ["lan-device", "shared0-device"]
    assert devices == json.loads(json.dumps(engine.devices(host)))
    assert not [word for word in resumed if word.startswith("{")]
    assert any("file.locking=off" in word for word in booted)


def test_hosts_are_reached_on_the_loopback_interface_only(engine, host):
    forwards = [word for word in engine.command(host, False) if "hostfwd" in word]
    assert forwards == ["user,id=management,ipv6=off,hostfwd=tcp:127.0.0.1:20282-10.0.2.15:22"]
    assert engine.endpoint(host) == ("127.0.0.1", 20282)
    assert engine.apt_proxy() == ("http://10.0.2.2:20281", ("127.0.0.1", 20281))


def test_two_hosts_and_two_labs_have_ports_of_their_own(engine, host):
    other = qemu.Qemu(engine.lab, {**engine.description, "network": 8})
    ports = [each.endpoint({**host, "number": number})[1] for each in (engine, other) for number in range(1, 20)]
    assert len(set(ports)) == len(ports)
    assert max(qemu.FIRST_PORT + qemu.PORTS * 251, *ports) < 32768


def test_a_port_in_use_takes_the_lab_elsewhere():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number, offset = divmod(taken.getsockname()[1] - qemu.FIRST_PORT, qemu.PORTS)
        assert 0 <= offset < qemu.PORTS
        assert not qemu.Qemu.network_is_free(number)


def test_the_network_names_both_interfaces(engine, host):
    assert engine.networks(host) == [("02:76:73:ff:ff:01", "10.0.2.15/24"), ("02:00:00:00:00:01", "10.213.7.11/24")]


def test_scripts_for_a_resumed_host_are_shell(host):
    for script in (qemu.TAKE_OVER.format(now=1.5, machine_id="0"), qemu.COMPLETE.format(address="10.0.0.1", disks="a b")):
        assert subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0


# ---- QEMU's machine protocol


@pytest.fixture
def answering(tmp_path):
    """A function that makes a socket which answers with the given lines, one a command."""

    def serve(*lines):
        path = tmp_path / "qmp"
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()

        def answer():
            connection, _address = server.accept()
            with server, connection, connection.makefile("rw") as stream:
                for line in ('{"QMP": {}}', '{"return": {}}', *lines):
                    stream.write(line + "\n")
                    stream.flush()
                    stream.readline()

        threading.Thread(target=answer, daemon=True).start()
        return path

    return serve


def test_events_between_answers_are_passed_over(answering):
    with Qmp(answering('{"event": "STOP"}\n{"return": {"status": "paused"}}')) as qmp:
        assert qmp.do("query-status") == {"status": "paused"}


def test_a_refusal_is_told_in_qemus_words(answering):
    with Qmp(answering('{"error": {"desc": "Device is busy"}}')) as qmp:
        with pytest.raises(LabError, match="refuses device_del: Device is busy"):
            qmp.do("device_del", id="x")


def test_a_qemu_that_is_not_there(tmp_path):
    with pytest.raises(LabError, match="does not answer"):
        Qmp(tmp_path / "absent", patience=0.1)
