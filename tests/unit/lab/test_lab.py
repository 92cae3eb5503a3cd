# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab is asked for, what it learns of the machine, and what it gives to hosts: the parts without a host."""

import http.server
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request

import pytest
import yaml

from tests.lab import cache, image, inventory, lab, machine, processes, proxy, recipe, seed, spec
from tests.lab.engines.choice import engine_class
from tests.lab.errors import LabError
from tests.support import root

HOSTS = ["hv1", "hv2", "nas1"]
ROOT_MOUNT = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
PROC_MOUNT = "23 22 0:21 / /proc rw,nosuid - proc proc rw\n"


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIRTSHARE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def description(**values):
    """A lab.json with two hosts."""
    return {
        "name": "demo", "engine": "uml", "network": 7, "ready": True, "processes": [],
        "proxy": ["-", "deb.debian.org"],
        "hosts": [
            {"name": "hv1", "flavour": "hypervisor", "image": "/images/x", "memory": 768, "number": 1,
             "address": "10.213.7.11", "mac": "02:76:73:00:07:01", "machine_id": "0" * 32,
             "disks": [{"name": "shared0", "shared": True}]},
            {"name": "nas1", "flavour": "storage", "image": "/images/x", "memory": 768, "number": 2,
             "address": "10.213.7.12", "mac": "02:76:73:00:07:02", "machine_id": "1" * 32, "disks": []},
        ], **values}


# ---- words of a command line


@pytest.mark.parametrize(("text", "size"), [("64M", 64 << 20), ("2G", 2 << 30), ("512K", 512 << 10), ("4096", 4096)])
def test_sizes(text, size):
    assert spec.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0M", "-1G", "1.5G", "1T", "64 M", "M"])
def test_a_size_that_cannot_be_read_says_what_to_write(text):
    with pytest.raises(LabError, match="write for example 256M"):
        spec.parse_size(text)


def test_hosts():
    memory = spec.parse_memory(["1G", "nas1=512M"])
    assert spec.HostSpec.parse("hv1", memory) == spec.HostSpec("hv1", "hypervisor", 1024)
    assert spec.HostSpec.parse("nas1:storage", memory) == spec.HostSpec("nas1", "storage", 512)
    assert spec.HostSpec.parse("hv1", {}).memory == 768


@pytest.mark.parametrize(("text", "message"), [
    ("hv1:router", "flavour 'router': write one of hypervisor, hypervisor-client, hypervisor-ready, hypervisor-full, hypervisor-selinux, storage"),
    ("HV1", "host 'HV1' cannot be used"),
    ("../hv1", "cannot be used"),
    ("", "cannot be used"),
])
def test_a_host_that_cannot_be(text, message):
    with pytest.raises(LabError, match=message):
        spec.HostSpec.parse(text, {})


def test_a_flavour_that_an_engine_does_not_have():
    ready = spec.HostSpec.parse("hv1:hypervisor-ready", {})
    ready.require_engine("uml")
    with pytest.raises(LabError, match="'hypervisor-ready', which is not made for the engine qemu: use uml, or another"):
        ready.require_engine("qemu")


def test_too_little_memory():
    with pytest.raises(LabError, match="write 256M or more"):
        spec.parse_memory(["hv1=64M"])


def test_disks():
    disks = spec.parse_disks(["hv1=1G"], ["hv1,hv2=64M"], HOSTS)
    assert disks == [spec.Disk("data0", ("hv1",), 1 << 30), spec.Disk("shared0", ("hv1", "hv2"), 64 << 20)]
    assert [disk.shared for disk in disks] == [False, True]


@pytest.mark.parametrize(("private", "shared", "message"), [
    (["hv1"], [], "write HOST=SIZE"),
    (["hv1,hv2=1G"], [], "write HOST=SIZE"),
    ([], ["hv1=1G"], "write HOST,HOST=SIZE"),
    ([], ["hv1,hv3=1G"], "'hv3', which this lab does not have: write one of hv1, hv2, nas1"),
])
def test_a_disk_that_cannot_be(private, shared, message):
    with pytest.raises(LabError, match=message):
        spec.parse_disks(private, shared, HOSTS)


@pytest.mark.parametrize("hosts", [[], ["hv1", "hv1:storage"]])
def test_a_lab_without_hosts_or_with_one_twice(empty_cache, hosts):
    with pytest.raises(LabError, match="at least one host, and each name once"):
        lab.Lab.up("demo", hosts)
    assert not empty_cache.exists()


# ---- the machine


def test_apt_settings_of_the_machine():
    settings = machine.parse_apt_settings(
        "http://mirror.example/debian/|Debian|Debian\n"
        "http://other.example/debian/|Debian|Debian\n"
        "https://mirror.example/security/|Debian|Debian-Security\n"
        "https://node.example/|Node|Node\n",
        'Acquire "";\nAcquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Date "false";\n'
        'Acquire::Languages:: "none";\n',
        {"http_proxy": "http://environment.example"})
    assert settings == machine.AptSettings("http://mirror.example/debian", "https://mirror.example/security",
                                           "http://proxy.example:3128", ('Acquire::Check-Date "false";',))


def test_apt_settings_that_only_this_machine_can_use_give_way_to_debians_own():
    settings = machine.parse_apt_settings("file:/srv/mirror/|Debian|Debian\n", 'Acquire::http::Proxy "DIRECT";\n',
                                          {"http_proxy": ""})
    assert settings == machine.AptSettings(machine.MIRROR, machine.SECURITY_MIRROR, "", ())


def test_apt_proxy_of_the_environment():
    assert machine.parse_apt_settings("", "", {"http_proxy": "http://p:1"}).proxy == "http://p:1"


def test_what_is_missing_is_named_with_the_way_to_get_it():
    programs = {"sh": "dash", "no-such-program": "some-package", "/no/such/file": "other-package"}
    assert machine.missing_packages(programs) == ["other-package", "some-package"]
    with pytest.raises(LabError, match="apt-get install --no-install-recommends other-package some-package"):
        machine.require(programs)
    machine.require({"sh": "dash"})


def test_hosts_may_ask_the_mirrors_and_nobody_else():
    settings = machine.AptSettings("https://user:word@mirror.example:8443/debian", "http://security.example/debian")
    assert lab.archive_hosts(settings) == {"mirror.example", "security.example", "deb.debian.org"}


# ---- images


def test_staged_packages_are_not_baked():
    flavour = recipe.FLAVOURS["hypervisor"]
    assert all(not flavour.bakes(name) for name in (*flavour.staged, "rpcbind", "qemu-system-data", "libvirt-common"))
    assert all(flavour.bakes(name) for name in ("libglib2.0-0t64", "libnfsidmap1", "libvirt0", "seabios"))
    assert all(recipe.FLAVOURS["storage"].bakes(name) for name in ("nfs-common", "acl"))


def test_what_is_installed_aside_is_not_in_the_images_after_it():
    uml, qemu = recipe.flavours("trixie", "uml"), recipe.flavours("trixie", "qemu")
    assert uml["hypervisor-ready"].aside and uml["hypervisor-client"].aside
    assert set(uml) - set(qemu) == {"hypervisor-ready", "hypervisor-client", "hypervisor-selinux"}
    assert qemu["hypervisor-full"].aside and set(qemu) <= set(uml)
    assert [name for name, flavour in qemu.items() if flavour.resumed] == ["hypervisor-full"]
    assert set(recipe.FLAVOURS["hypervisor"].absent_users) == {"libvirt-qemu", *uml["hypervisor-ready"].absent_users}


def test_the_key_is_the_recipes():
    assert recipe.key("uml", "trixie") == recipe.key("uml", "trixie")
    assert recipe.key("uml", "trixie").startswith("uml-trixie-")


def test_another_debian_is_another_image():
    assert list(recipe.flavours("bookworm", "uml")) == ["hypervisor-debian12"]
    assert recipe.key("uml", "bookworm") != recipe.key("uml", "trixie")
    assert {spec.HostSpec.parse(text, {}).suite for text in ("hv1", "nas1:storage")} == {"trixie"}
    assert spec.HostSpec.parse("hv2:hypervisor-debian12", {}).suite == "bookworm"
    assert "virtiofsd" not in recipe.FLAVOURS["hypervisor-debian12"].staged


def test_the_labs_of_an_owner(empty_cache):
    for name, owner in (("one", "/checkout/site"), ("two", "/checkout/mounts"), ("three", "/checkout2/site"), ("mine", "")):
        place = empty_cache / "labs" / name
        place.mkdir(parents=True)
        (place / "lab.json").write_text(json.dumps({"name": name, "owner": owner}))
    assert lab.labs("/checkout/site") == ["one"]
    assert lab.labs("/checkout/") == ["one", "two"]
    assert lab.labs() == ["mine", "one", "three", "two"]


def test_only_images_that_nobody_has_used_for_a_while_are_removed(empty_cache):
    for name, age in (("uml-old", 8), ("uml-in-use", 8), ("uml-recent", 6)):
        place = empty_cache / "images" / name
        place.mkdir(parents=True)
        cache.write_json(place / "image.json", {})
        then = time.time() - age * 24 * 3600
        os.utime(place / "image.json", (then, then))
    (empty_cache / "labs" / "demo").mkdir(parents=True)
    cache.write_json(empty_cache / "labs" / "demo" / "lab.json",
                     {"hosts": [{"image": str(empty_cache / "images" / "uml-in-use")}]})
    image.remove_unused()
    assert sorted(path.name for path in (empty_cache / "images").iterdir()) == ["uml-in-use", "uml-recent"]


def test_a_machine_without_room_is_told_so(empty_cache, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(image, "PROGRAMS", {})
    monkeypatch.setattr(image, "NEEDED_SPACE", 1 << 62)
    left = empty_cache / "images" / ".building-left"
    left.mkdir(parents=True)
    with pytest.raises(LabError, match="make room, or set VIRTSHARE_CACHE"):
        image.ensure("uml")
    assert not left.exists()


# ---- what a host is given


def test_seed(tmp_path):
    value = description()
    engine = engine_class("uml")(tmp_path, value)
    files = seed.seed_files(value["hosts"][0], value, ("private", "public"), "ssh-ed25519 AAAA", engine)
    seed.write_seed(tmp_path / "seed.tar", files)
    assert (tmp_path / "seed.tar").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "seed.tar").stat().st_size % 512 == 0
    with tarfile.open(tmp_path / "seed.tar") as archive:
        modes = {entry.name: entry.mode for entry in archive}
        text = {entry.name: archive.extractfile(entry).read().decode() for entry in archive if entry.isfile()}
    assert modes["root/.ssh"] == 0o700
    assert modes["etc/ssh/ssh_host_ed25519_key"] == 0o600
    assert text["etc/hosts"].endswith("10.213.7.11 hv1\n10.213.7.12 nas1\n")
    assert text["etc/virtshare-lab/network"] == "02:76:73:00:07:01 10.213.7.11/24\n"
    assert text["etc/udev/rules.d/71-virtshare-lab-disks.rules"] == (
        'KERNEL=="ubdc", SYMLINK+="disk/by-id/virtshare-lab-shared0"\n')
    assert 'Acquire::https::Proxy "http://10.213.7.2:3142";' in text["etc/apt/apt.conf.d/90virtshare-lab"]


def test_inventory_is_yaml_with_the_two_groups(tmp_path):
    value = description()
    engine = engine_class("uml")(tmp_path, value)
    data = inventory.inventory(value, tmp_path, cache.runtime_directory(tmp_path), engine.endpoint)
    assert yaml.safe_load(inventory.as_yaml(data)) == data
    children = data["all"]["children"]
    assert children["lab_demo"]["hosts"]["hv1"] == {"ansible_host": "10.213.7.11", "ansible_port": 22}
    assert children["lab_demo"]["vars"]["ansible_python_interpreter"] == "/usr/bin/python3"
    assert (list(children["hypervisors"]["hosts"]), list(children["storage"]["hosts"])) == (["hv1"], ["nas1"])


def test_sockets_have_short_paths(tmp_path):
    deep = tmp_path / ("x" * 200)
    # ssh adds a dot and sixteen characters while it makes the socket; the system's limit is 108.
    assert len(str(cache.runtime_directory(deep) / "255.255.255.255-65535")) + 17 < 108


# ---- what survives and what does not


def test_a_process_is_told_from_another_with_its_number():
    me = processes.recorded(os.getpid())
    assert processes.Recorded(**me).alive()
    assert not processes.Recorded(**{**me, "start": me["start"] + 1}).alive()
    assert not processes.Recorded(**{**me, "boot": "another"}).alive()


def test_only_the_recorded_process_is_ended():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        recorded = processes.recorded(child.pid)
        assert child.pid in processes.children(os.getpid())
        processes.Recorded(**{**recorded, "start": recorded["start"] + 1}).end(0)
        assert child.poll() is None
        processes.Recorded(**recorded).end(10)
        assert child.wait(10) == -9
    processes.Recorded(**recorded).end(0)


def test_two_do_not_work_on_one_thing(tmp_path):
    waited = []
    with cache.locked(tmp_path / "lock"), pytest.raises(LabError, match="another process works on this"):
        with cache.locked(tmp_path / "lock", wait=False):
            waited.append("entered")
    with cache.locked(tmp_path / "lock", wait=False):
        waited.append("free again")
    assert waited == ["free again"]


def test_networks_in_use_are_left_alone(empty_cache):
    labs = empty_cache / "labs"
    for number in (1, 2):
        (labs / f"lab{number}").mkdir(parents=True)
        cache.write_json(labs / f"lab{number}" / "lab.json", {"network": number})
    assert lab.free_network(engine_class("uml")) >= 3


def test_a_lab_that_is_not_there(empty_cache):
    absent = lab.Lab("absent")
    assert not absent.is_up()
    with pytest.raises(LabError, match="start it with `python3 -m tests.lab up --name absent HOST…`"):
        absent.status()
    absent.down()
    assert lab.labs() == []


def test_a_lab_whose_processes_are_gone_is_not_up_and_can_be_taken_down(empty_cache, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    left = empty_cache / "labs" / "left"
    left.mkdir(parents=True)
    cache.write_json(left / "lab.json", description(
        network=999, processes=[{"pid": 1, "start": 0, "boot": "another"}]))
    assert lab.labs() == ["left"]
    assert not lab.Lab("left").is_up()
    lab.Lab("left").down()
    assert lab.labs() == []


def test_a_host_the_lab_does_not_have(empty_cache):
    place = empty_cache / "labs" / "demo"
    place.mkdir(parents=True)
    cache.write_json(place / "lab.json", description())
    with pytest.raises(LabError, match="no host 'hv9': write one of hv1, nas1"):
        lab.Lab("demo").host("hv9")


# ---- apt's way out


class Archive(http.server.BaseHTTPRequestHandler):
    """A Debian mirror of one file."""

    def do_GET(self):
        body = b"package" * 50000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def archive():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Archive) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def apt_proxy():
    """The proxy as the lab starts it, for 127.0.0.1 only; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        child = subprocess.Popen([sys.executable, "-m", "tests.lab.proxy", str(listener.fileno()), "-", "127.0.0.1"],
                                 pass_fds=[listener.fileno()], cwd=lab.REPOSITORY)
        try:
            yield listener.getsockname()[1]
        finally:
            child.kill()
            child.wait()


def through(port, url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{port}"}))
    return opener.open(url, timeout=20)


def test_the_proxy_fetches_from_the_mirror(archive, apt_proxy):
    assert through(apt_proxy, f"http://127.0.0.1:{archive}/a.deb").read() == b"package" * 50000


def test_the_proxy_refuses_everything_else(archive, apt_proxy):
    with pytest.raises(urllib.error.HTTPError) as refusal:
        through(apt_proxy, f"http://localhost:{archive}/a.deb")
    assert refusal.value.code == 403
    assert "127.0.0.1 only" in refusal.value.reason


def test_the_proxy_says_when_a_mirror_does_not_answer(apt_proxy):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(urllib.error.HTTPError) as refusal:
        through(apt_proxy, f"http://127.0.0.1:{port}/a.deb")
    assert refusal.value.code == 502


def test_the_proxy_connects_to_a_mirror_behind_tls(archive, apt_proxy):
    with socket.create_connection(("127.0.0.1", apt_proxy), timeout=20) as connection:
        connection.sendall(f"CONNECT 127.0.0.1:{archive} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        stream = connection.makefile("rb")
        assert b" 200 " in stream.readline()
        assert stream.readline() == b"\r\n"
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert stream.read().endswith(b"package" * 3)


def test_connect_addresses():
    assert proxy.connect_address("mirror.example", 80) == ("mirror.example", 80)
    assert proxy.connect_address("mirror.example:8080", 80) == ("mirror.example", 8080)
    assert proxy.connect_address("[::1]:3142", 80) == ("::1", 3142)


def test_json_is_replaced_at_once(tmp_path):
    cache.write_json(tmp_path / "a.json", {"a": 1})
    cache.write_json(tmp_path / "a.json", {"a": 2})
    assert json.load(io.StringIO((tmp_path / "a.json").read_text())) == {"a": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert cache.read_json(tmp_path / "b.json") is None


def test_a_root_directory_that_is_no_mount_point_is_refused_with_the_way_out(monkeypatch):
    assert root.trouble(ROOT_MOUNT + PROC_MOUNT) is None
    why = root.trouble(PROC_MOUNT)
    assert "not a mount point" in why and "mount --bind DIRECTORY DIRECTORY" in why
    monkeypatch.setattr(machine.root, "trouble", lambda: why)
    with pytest.raises(LabError, match="not a mount point"):
        machine.require({})


def test_root_finds_its_programs_whatever_the_persons_path_is(monkeypatch, empty_cache):
    monkeypatch.setenv("PATH", "/home/kim/bin:/usr/bin")
    monkeypatch.setattr(image.shutil, "which", lambda program, path=None: f"/usr/bin/{program}")
    (path,) = [word for word in image.as_root("down") if word.startswith("PATH=")]
    assert path == "PATH=/home/kim/bin:/usr/bin:/usr/sbin:/sbin"
