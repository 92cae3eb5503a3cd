# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of a Molecule scenario must look like, asked of the hosts, not of the collection.

A scenario's tests are a class that inherits ConvergedHosts and lists the facts of its shares.
"""

from __future__ import annotations

import functools
import importlib.util
import shlex
import typing
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import testinfra
from testinfra.utils.ansible_runner import AnsibleRunner

from tests.support.write_table import OUTSIDER, by_hand, share_access


@functools.cache
def read(inventory):
    """An inventory as Testinfra reads it, which starts a program each time."""
    return AnsibleRunner(inventory)


@functools.cache
def connect(name, inventory):
    """A host by its name in the inventory; Testinfra's own reading of inventories passes over ansible_ssh_args."""
    found = read(inventory).get_variables(name)
    return testinfra.get_host(
        f"ssh://{found['ansible_user']}@{found['ansible_host']}:{found['ansible_port']}",
        ssh_extra_args=found["ansible_ssh_args"],
    )


@dataclass(frozen=True)
class Share:
    """The facts of one share.

    source, filesystem: as the kernel shows them. options: those among the live ones that must be there.
    owner: (user, group, mode) of its root directory. entry: what fstab has as source, when that is not `source`.
    managed: whether the collection mounts it; False when it is only looked at.
    on_demand: whether systemd mounts it when it is used.
    """

    path: str
    source: str
    filesystem: str
    options: set[str]
    owner: tuple[str, str, int]
    entry: str = ""
    managed: bool = True
    on_demand: bool = False

    def source_on(self, host):  # pylint: disable=unused-argument
        """The source as this host's kernel shows it."""
        return self.source

    def assert_use(self, hosts):
        """What the users of the guests can do with it; hosts: two or more, connected."""
        raise NotImplementedError

    def __str__(self):
        return self.path


@dataclass(frozen=True)
class WritableShare(Share):
    """Written by `writer` on each host and read by `reader` on every other, through the group it passes on.

    Only a user's first group will do: Debian's NFS server looks the others up in its own accounts (manage-gids), where
    the hypervisors' users need not exist. lacks: what the filesystem cannot do of what share_access tries.
    """

    writer: str = "oneadmin"
    reader: str = "libvirt-qemu"
    lacks: frozenset[str] = frozenset()

    def assert_use(self, hosts):
        for host in hosts:
            nonce, path = self.write(host)
            for other in hosts:
                seen = other.run(f"runuser -u {self.reader} -- cat {path}")
                assert (seen.rc, seen.stdout.strip()) == (0, nonce), seen.stderr
            gone = hosts[hosts.index(host) - 1].run(f"runuser -u {self.writer} -- rm {path}")
            assert gone.rc == 0, gone.stderr

    def write(self, host):
        """(what was written, the file it is in, quoted)"""
        nonce = uuid.uuid4().hex
        path = shlex.quote(f"{self.path}/{nonce}")
        script = f"umask 027; echo {nonce} > {path}"
        written = host.run(f"runuser -u {self.writer} -- sh -c {shlex.quote(script)}")
        assert written.rc == 0, written.stderr
        return nonce, path


@dataclass(frozen=True)
class DeviceShare(WritableShare):
    """On a disk that all hosts have; `source` is the name it has on all of them, whatever their kernels call it."""

    def source_on(self, host):
        return host.run(f"readlink --canonicalize-existing {shlex.quote(self.source)}").stdout.strip()


@dataclass(frozen=True)
class HostsOwnShare(WritableShare):
    """Written and read on each host, and seen by no other: a directory of the host's own disk."""

    def assert_use(self, hosts):
        for host in hosts:
            nonce, path = self.write(host)
            assert host.run(f"runuser -u {self.reader} -- cat {path}").stdout.strip() == nonce
            for other in hosts:
                assert other is host or other.run(f"test -e {path}").rc == 1
            assert host.run(f"runuser -u {self.writer} -- rm {path}").rc == 0


@dataclass(frozen=True)
class ReadOnlyShare(Share):
    """Read on all hosts, written on none. content: {name of a file: its text}."""

    content: dict[str, str] = field(default_factory=dict)

    def assert_use(self, hosts):
        for host in hosts:
            for name, text in self.content.items():
                read = host.file(f"{self.path}/{name}").content_string
                assert read == text, f"{host}: {self.path}/{name} holds {read!r}"
            refused = host.run(f"touch {shlex.quote(self.path + '/intruder')}")
            assert refused.rc != 0
            assert "Read-only file system" in refused.stderr


class Hosts:
    """Tests over the hypervisors of an inventory; `paths` or `shares` of the class are what they are asked about."""

    hypervisors = ("hv1", "hv2")
    shares: list

    @pytest.fixture
    def inventory(self, request):
        return request.config.option.ansible_inventory

    @pytest.fixture
    def hosts(self, inventory):
        return [connect(name, inventory) for name in self.hypervisors]

    @pytest.fixture
    def host(self, hypervisor, inventory):
        return connect(hypervisor, inventory)

    def pytest_generate_tests(self, metafunc):
        if "host" in metafunc.fixturenames:
            metafunc.parametrize("hypervisor", self.hypervisors)
        if "share" in metafunc.fixturenames:
            metafunc.parametrize("share", self.shares, ids=str)
        if "writable" in metafunc.fixturenames:
            metafunc.parametrize("writable", writable(self.shares), ids=str)
        # A scenario's own tests may use the name for what they are parametrized with themselves.
        if "path" in metafunc.fixturenames and hasattr(self, "paths"):
            metafunc.parametrize("path", self.paths)

    def test_the_inventory_has_these_hosts(self, inventory):
        """A wrong one matches no host, and nothing at all would be tested."""
        assert sorted(read(inventory).get_hosts("hypervisors")) == sorted(self.hypervisors)


class ConvergedHosts(Hosts):
    """The main job has run: `shares`, the guests' daemon and its users are there."""

    shares: list[Share] = []

    def test_hosts_are_different_ones(self, hosts):
        machines = [host.file("/etc/machine-id").content_string.strip() for host in hosts]
        assert all(machines) and len(set(machines)) == len(hosts) >= 2

    def test_share_is_mounted_from_its_source(self, host, share):
        layers = mounts_of(host, share.path)
        assert [mount.filesystem for mount in layers[:-1]] == ["autofs"] * share.on_demand
        assert (layers[-1].device, layers[-1].filesystem) == (share.source_on(host), share.filesystem)

    def test_options_are_live(self, host, share):
        assert share.options <= set(mounts_of(host, share.path)[-1].options)

    def test_share_comes_back_after_a_boot(self, host, share):
        assert fstab_sources(host, share.path) == [share.entry or share.source]
        assert host.run(f'systemctl cat "$({unit_of(share.path)})"').rc == 0

    def test_share_belongs_to_whom_it_was_declared_for(self, host, share):
        directory = host.file(share.path)
        assert (directory.user, directory.group, directory.mode) == share.owner

    def test_nobody_writes_to_the_directory_underneath(self, host, share):
        """Seen where the mount is taken away for one process only."""
        path = shlex.quote(share.path)
        script = f"umount {path} && " * len(mounts_of(host, share.path)) + f"stat --format '%U %a' {path}"
        seen = host.run(f"unshare --mount sh -c {shlex.quote(script)}")
        assert seen.rc == 0, seen.stderr
        assert not share.managed or seen.stdout.split() == ["root", "0"]

    def test_share_is_of_use_on_all_hosts(self, hosts, share):
        share.assert_use(hosts)

    def test_nothing_of_the_proof_is_left(self, host, share):
        listed = host.run(f"ls -A {shlex.quote(share.path)}")
        assert listed.rc == 0
        assert ".virtshare-proof" not in listed.stdout

    def test_virtiofsd_can_be_started(self, host):
        daemon = host.file("/usr/libexec/virtiofsd")
        assert daemon.is_file and daemon.mode & 0o111
        assert host.run("/usr/libexec/virtiofsd --version").rc == 0

    def test_guests_users_are_there(self, host):
        assert host.user("libvirt-qemu").exists
        assert "kvm" in host.user("oneadmin").groups


class TriedHosts(Hosts):
    """What share_access says of the writable `shares` is what the system's own tools say."""

    shares: list[Share] = []

    @pytest.fixture(scope="class")
    def tried(self, request, tmp_path_factory):
        """host -> path -> what share_access said of the share."""
        results = share_access(
            request.config.option.ansible_inventory, tmp_path_factory.mktemp("tried"),
            {share.path: [share.writer] for share in writable(self.shares)})
        return {host: {found["path"]: found for found in result["paths"]} for host, result in results.items()}

    def test_write_test_says_what_the_same_operations_do_by_hand(self, host, hypervisor, writable, tried):
        table = tried[hypervisor][writable.path]["writers"][writable.writer]["tests"]
        said = {operation: row["result"] for operation, row in table.items()}
        assert said == by_hand(host, writable.writer, writable.path)
        assert {operation for operation, result in said.items() if result != "supported"} == writable.lacks

    def test_somebody_else_is_denied_and_told_why(self, host, hypervisor, writable, tried):
        found = tried[hypervisor][writable.path]
        assert by_hand(host, OUTSIDER, writable.path) == {"create": "denied"}
        assert found["writers"][OUTSIDER]["tests"]["create"]["result"] == "denied"
        (problem,) = found["problems"]
        assert problem.startswith(f"{hypervisor}: {writable.path}: {OUTSIDER} may not write: create: EACCES")
        assert f"{OUTSIDER} is neither its owner nor in its group, so the bits for others count, and" in problem


class AbsentShares(Hosts):
    """The shares at `paths` were declared absent."""

    paths: list[str] = []

    def test_share_is_not_mounted(self, host, path):
        assert not host.mount_point(path).exists

    def test_share_does_not_come_back_after_a_boot(self, host, path):
        assert fstab_sources(host, path) == []
        assert host.run(f'systemctl cat "$({unit_of(path)})"').rc != 0

    def test_directory_is_gone(self, host, path):
        assert not host.file(path).exists


def shares_of(scenario):
    """The shares that the tests in a Molecule scenario's directory list."""
    (path,) = (Path(scenario) / "tests").glob("test_*.py")
    found = importlib.util.spec_from_file_location(path.stem, path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    tests: typing.Any
    (tests,) = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == path.stem]
    return tests.shares


def writable(shares):
    """Those of the shares that somebody may write to."""
    return [share for share in shares if isinstance(share, WritableShare)]


def mounts_of(host, path):
    """The mounts that lie on each other at a path, the lowest first. It is used before, so that systemd mounts it."""
    used = host.run(f"ls {shlex.quote(path)}/.")
    assert used.rc == 0, used.stderr
    return [mount for mount in host.mount_point.get_mountpoints() if mount.path == path.replace(" ", "\\040")]


def fstab_sources(host, path):
    """The first fields of a host's fstab entries for a path."""
    lines = [line.split() for line in host.file("/etc/fstab").content_string.splitlines()]
    written = path.replace(" ", "\\040")
    return [line[0] for line in lines if len(line) > 1 and not line[0].startswith("#") and line[1] == written]


def unit_of(path):
    """The command that prints the name of a path's mount unit."""
    return f"systemd-escape --path --suffix=mount {shlex.quote(path)}"
